"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class EntryKind(TextChoices):
    """Why points move."""

    EARN = "earn"
    REVERSE = "reverse"
    REDEEM = "redeem"
    EXPIRE = "expire"
    ADJUST = "adjust"
