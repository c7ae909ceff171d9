"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class EntryKind(TextChoices):
    """Why points move."""

    EARN = "earn", "Earned"
    REVERSE = "reverse", "Taken back"
    REDEEM = "redeem", "Redeemed"
    EXPIRE = "expire", "Expired"
    ADJUST = "adjust", "Adjusted"
    OPEN = "open", "Opening balance"
