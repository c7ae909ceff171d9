"""BigCommerce: thin webhooks, what they are about, and its REST API (V2 orders, V3 the rest)."""
