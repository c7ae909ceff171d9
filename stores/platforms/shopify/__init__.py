"""Shopify: signatures, topics and payloads of its Admin API webhooks."""
