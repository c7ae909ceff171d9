"""Which products of Patron the items of events are, where they carry no SKU."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from crm.models import Event, Product

Named = tuple[int, str]
"""An event, and the id of a product at its store."""


def find_products(named: Mapping[tuple[int, datetime], Sequence[str]]) -> dict[Named, int]:
    """Return products by event and id at its store, each of the store of its event.

    Args:
        named: ids at the store, by id and time of the event; the time names the partition.
    """
    times = [at for _, at in named]
    events = Event.objects.filter(
        pk__in=[pk for pk, _ in named],
        occurred_at__gte=min(times),
        occurred_at__lte=max(times),
        store_id__isnull=False,
    )
    stores = {pk: store_id or 0 for pk, store_id in events.values_list("pk", "store_id")}
    external = {each for listed in named.values() for each in listed}
    rows = Product.objects.filter(store_id__in=set(stores.values()), external_id__in=external)
    known = {
        (store_id, external_id): pk
        for pk, store_id, external_id in rows.values_list("pk", "store_id", "external_id")
    }
    return {
        (pk, each): known[stores[pk], each]
        for (pk, _), listed in named.items()
        for each in listed
        if pk in stores and (stores[pk], each) in known
    }
