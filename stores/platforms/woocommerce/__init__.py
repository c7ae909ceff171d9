"""WooCommerce: signatures, topics and payloads of its webhooks, which are objects of REST v3."""
