"""Refunds that came before their orders."""

from collections.abc import Collection

from crm.models import Refund


def find_waiting_refunds(store_id: int, order_external_ids: Collection[str]) -> set[str]:
    """Return those of the store's order ids that a refund waits for."""
    if not order_external_ids:
        return set()
    waiting = Refund.objects.filter(
        store_id=store_id, order=None, order_external_id__in=order_external_ids
    )
    return set(waiting.values_list("order_external_id", flat=True))
