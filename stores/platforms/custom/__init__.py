"""A shop of the merchant's own making: signed webhooks with the bodies of the REST API."""
