"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class DeliveryStatus(TextChoices):
    """What became of one delivery."""

    PENDING = "pending"
    APPLIED = "applied"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


class DeliverySource(TextChoices):
    """How a delivery came in."""

    WEBHOOK = "webhook"
    IMPORT = "import"
    API = "api"
