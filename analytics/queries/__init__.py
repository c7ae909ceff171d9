"""Reads that answer questions about everything a tenant has."""
