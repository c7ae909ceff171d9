"""How long WhatsApp takes free words after somebody wrote. Pure."""

from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)
MARGIN = timedelta(minutes=5)
"""So long before its end the window counts as closed: a message takes a while to get there."""


def window_end(wrote_at: datetime) -> datetime:
    """Return until when free words are taken from the merchant."""
    return wrote_at + WINDOW - MARGIN
