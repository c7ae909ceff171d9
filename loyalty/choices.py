"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class TierWindow(TextChoices):
    """In which time people climb the ladder of tiers."""

    LIFETIME = "lifetime", "Ever"
    ROLLING = "rolling", "The last 12 months"
    CALENDAR = "calendar", "A calendar year"


class TierNeeds(TextChoices):
    """How many of its thresholds a tier asks for."""

    ANY = "any", "One of them is enough"
    ALL = "all", "All of them"


class EntryKind(TextChoices):
    """Why points move."""

    EARN = "earn", "Earned"
    REVERSE = "reverse", "Taken back"
    REDEEM = "redeem", "Redeemed"
    EXPIRE = "expire", "Expired"
    ADJUST = "adjust", "Adjusted"
    OPEN = "open", "Opening balance"
