"""A shop's profiles, orders and refunds as the ledger finds them, without ingest."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from crm.models import Order, Profile, Refund, Store
from crm.types import EventRef

BOUGHT_AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
ONE_TIER = {
    "window": "rolling",
    "grace_days": "30",
    "tiers-TOTAL_FORMS": "1",
    "tiers-INITIAL_FORMS": "0",
    "tiers-0-name": "Club",
    "tiers-0-needs": "any",
}
"""What the page of the tiers sends for a ladder of one."""
FORMS = {
    "loyalty/accounts/<int:profile_id>/adjust/": {
        "way": "give",
        "points": "5",
        "reason": "sorry",
        "token": "00000000-0000-4000-8000-000000000000",
    },
    "loyalty/settings/": {
        "name": "Petals",
        "points_per_unit": "2",
        "value_per_point": "0.01",
        "is_active": "on",
    },
    "loyalty/tiers/": ONE_TIER,
    "loyalty/tiers/start/": {},
}
"""What the pages of loyalty are sent so that something changes, by address."""
_numbers = count(1)


def make_profile(**fields: Any) -> Profile:
    return Profile.objects.create(email=f"p{next(_numbers)}@example.com", **fields)


def make_order(profile: Profile | None, total_minor: int, **fields: Any) -> Order:
    """Store an order in pounds that counts."""
    store, _ = Store.objects.get_or_create(
        name="Shop", defaults={"platform": "custom", "currency": "GBP", "timezone": "UTC"}
    )
    return Order.objects.create(
        **{
            "store": store,
            "external_id": f"o{next(_numbers)}",
            "profile": profile,
            "ordered_at": BOUGHT_AT,
            "currency": "GBP",
            "gross_minor": total_minor,
            "base_gross_minor": total_minor,
            "source_version_at": BOUGHT_AT,
            **fields,
        }
    )


def make_refund(order: Order, amount_minor: int, **fields: Any) -> Refund:
    return Refund.objects.create(
        **{
            "store": order.store,
            "external_id": f"r{next(_numbers)}",
            "order": order,
            "profile": order.profile,
            "refunded_at": BOUGHT_AT,
            "currency": order.currency,
            "amount_minor": amount_minor,
            "base_amount_minor": amount_minor,
            "source_version_at": BOUGHT_AT,
            **fields,
        }
    )


def make_ref(name: str, object_id: int | None, profile_id: int | None, **fields: Any) -> EventRef:
    return EventRef(
        **{
            "event_id": next(_numbers),
            "name": name,
            "occurred_at": BOUGHT_AT,
            "profile_id": profile_id,
            "object_id": object_id,
            "is_backfill": False,
            **fields,
        }
    )
