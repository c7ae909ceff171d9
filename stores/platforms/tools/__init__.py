"""Tools beside a shop: reviews and helpdesks."""
