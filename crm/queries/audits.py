"""Orders of a store as a comparison with its platform needs them."""

from datetime import datetime
from typing import NamedTuple

from crm.models import Order


class KeptOrder(NamedTuple):
    """An order in its own currency; ``is_over``: it was cancelled or is a test."""

    external_id: str
    currency: str
    gross_minor: int
    is_over: bool


def list_kept_orders(store_id: int, since: datetime, until: datetime) -> list[KeptOrder]:
    """Return the orders of a store that were placed from one instant to before another."""
    found = Order.objects.filter(
        store_id=store_id, ordered_at__gte=since, ordered_at__lt=until
    ).values_list("external_id", "currency", "gross_minor", "cancelled_at", "is_test")
    return [
        KeptOrder(name, currency, minor, cancelled_at is not None or is_test)
        for name, currency, minor, cancelled_at, is_test in found
    ]


def list_newest_orders(store_id: int, since: datetime, until: datetime, *, limit: int) -> list[str]:
    """Return the ids of a store's newest orders that count and lie outside of a span."""
    found = Order.objects.filter(store_id=store_id, cancelled_at=None, is_test=False)
    outside = found.exclude(ordered_at__gte=since, ordered_at__lt=until)
    newest = outside.order_by("-ordered_at", "-id").values_list("external_id", flat=True)
    return list(newest[:limit])
