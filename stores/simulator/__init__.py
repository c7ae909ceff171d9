"""A make-believe storefront: a catalogue, shoppers, a year of history, and live webhooks."""
