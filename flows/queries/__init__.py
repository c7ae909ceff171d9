"""Reads of flows, and what flows must know of other apps."""
