"""Profiles with facts, and segments over them, with dull defaults."""

from datetime import datetime
from typing import Any

from crm.models import Order, Profile, ProfileFacts, Store
from segments.models import Segment


def make_buyer(
    *, orders: int = 1, net: int = 1_000, last_order_at: datetime | None = None, **profile: Any
) -> int:
    """Create a profile with facts and return its id; ``net`` in minor units.

    All orders lie in the look-back; without a time of the last order it has none.
    """
    created = Profile.objects.create(**profile)
    count = orders if last_order_at else 0
    ProfileFacts.objects.create(
        profile=created,
        order_count=count,
        net_minor=net if count else 0,
        gross_minor=net if count else 0,
        last_order_at=last_order_at,
        first_order_at=last_order_at,
        lookback_order_count=count,
        lookback_net_minor=net if count else 0,
    )
    return created.pk


def change_facts(profile_id: int, **fields: Any) -> None:
    """Change the facts of a profile, as an order would."""
    ProfileFacts.objects.filter(profile_id=profile_id).update(**fields)


def make_segment(definition: dict[str, Any], name: str = "Some") -> Segment:
    """Create a segment, not computed yet."""
    return Segment.objects.create(name=name, definition=definition)


def make_order(profile_id: int, ordered_at: datetime, gross: int, external_id: str) -> Order:
    """Create an order that counts; ``gross`` in minor units of GBP."""
    store = Store.objects.first() or Store.objects.create(
        platform="custom", name="Import", currency="GBP", timezone="Europe/London"
    )
    return Order.objects.create(
        store=store,
        external_id=external_id,
        profile_id=profile_id,
        ordered_at=ordered_at,
        currency="GBP",
        gross_minor=gross,
        base_gross_minor=gross,
        source_version_at=ordered_at,
    )
