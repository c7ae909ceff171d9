"""What the builder of segments has to know of the language and of the merchant."""

from typing import Any, Final

from crm.choices import ProductFlag
from segments.domain.grammar import describe_grammar
from segments.domain.rfm import GROUP_LABELS
from segments.domain.standing import NO_GROUP
from segments.domain.starters import STARTERS
from segments.fields import describe_fields
from tenants.models import Tenant

OFFERED: Final = (
    "two_in_90_days",
    "lapse_risk",
    "cart_abandoners",
    "new_subscribers",
    "vip",
    "above_average",
)
"""Starters that an empty canvas offers, by key."""


def describe_language(tenant: Tenant) -> dict[str, Any]:
    """Return fields, grammar, words of stored keys, starters, and what is the merchant's own."""
    starters = {starter.key: starter for starter in STARTERS}
    return {
        "fields": describe_fields(),
        "grammar": describe_grammar(),
        "rfmGroups": [*GROUP_LABELS.items(), (NO_GROUP, "No group")],
        "flags": ProductFlag.choices,
        "starters": [
            {"name": starters[key].name, "definition": starters[key].definition} for key in OFFERED
        ],
        "country": tenant.country,
        "currency": tenant.currency,
        "zone": tenant.timezone,
    }
