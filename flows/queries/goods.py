"""Which products and variants of Patron are meant by what events name."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from crm.choices import Platform
from crm.models import Event, OrderLine, Product, Store, Variant
from flows.types import ShownVariant, SoldProduct

BIGINT_DIGITS: Final = 19
Named = tuple[int, str]
"""An event, or a store, and the id of something there."""


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


def find_variants(named: Mapping[tuple[int, datetime], str]) -> dict[int, int]:
    """Return the variant that each event names: by its id at the store of the event, else its own.

    Ids of Patron count only where no shop speaks: two shops, and Patron, may give one number to
    different things. Events that name no variant are left out; an id of Patron may be unknown.

    Args:
        named: what is named, by id and time of the event; the time names the partition.
    """
    wanted = {pk: said for (pk, _), said in named.items() if said}
    if not wanted:
        return {}
    times = [at for pk, at in named if pk in wanted]
    events = Event.objects.filter(
        pk__in=wanted,
        occurred_at__gte=min(times),
        occurred_at__lte=max(times),
        store_id__isnull=False,
    )
    stores = dict(events.values_list("pk", "store_id"))
    held = {store_id for store_id in stores.values() if store_id}
    of_store = _of_stores(held, set(wanted.values()))
    shops = Store.objects.filter(pk__in=held).exclude(platform=Platform.CUSTOM)
    speaking = set(shops.values_list("pk", flat=True)) if held else set()
    found: dict[int, int] = {}
    for pk, said in wanted.items():
        store_id = stores.get(pk) or 0
        own = None if store_id in speaking else _own_id(said)
        variant_id = of_store.get((store_id, said), own)
        if variant_id is not None:
            found[pk] = variant_id
    return found


def find_bought(
    product_ids: Collection[int],
    profile_ids: Collection[int],
    *,
    since: datetime,
    until: datetime,
) -> set[tuple[int, int]]:
    """Return product and person of the orders of a time that count; both ends are inside."""
    if not product_ids or not profile_ids:
        return set()
    lines = OrderLine.objects.filter(
        product_id__in=set(product_ids),
        order__profile_id__in=set(profile_ids),
        order__ordered_at__gte=since,
        order__ordered_at__lte=until,
        order__is_counted=True,
    )
    return set(lines.values_list("product_id", "order__profile_id"))


def name_goods(product_id: int, variant_ids: Collection[int]) -> str | None:
    """Return what a product is called, with those of its variants that are meant; None: unknown."""
    product = Product.objects.filter(pk=product_id).first()
    if product is None:
        return None
    variants = Variant.objects.filter(pk__in=set(variant_ids), product_id=product_id)
    titles = variants.order_by("pk").values_list("title", flat=True)
    names = ", ".join(title for title in titles if title)
    return f"{product} ({names})" if names else str(product)


def find_shown(variant_ids: Collection[int]) -> dict[int, ShownVariant]:
    """Return variants as their shops know them, by id of Patron; unknown ones are left out."""
    variants = Variant.objects.filter(pk__in=set(variant_ids)).select_related("product")
    return {
        variant.pk: ShownVariant(
            product_id=variant.product_id,
            store_id=variant.store_id,
            product=variant.product.external_id,
            external_id=variant.external_id,
            sku=variant.sku,
            title=variant.product.title,
        )
        for variant in variants
    }


def find_sold(product_ids: Collection[int]) -> dict[int, SoldProduct]:
    """Return products by id of Patron; those that cannot be bought are left out."""
    rows = Product.objects.filter(pk__in=set(product_ids), status="active", deleted_at__isnull=True)
    return {
        row.pk: SoldProduct(
            row.store_id,
            row.external_id,
            row.title,
            row.category or row.own_category,
            row.url,
            row.image_url,
        )
        for row in rows
    }


def _of_stores(store_ids: set[int], external_ids: set[str]) -> dict[Named, int]:
    """Return the variants of some stores by their ids there."""
    if not store_ids:
        return {}
    rows = Variant.objects.filter(store_id__in=store_ids, external_id__in=external_ids)
    return {
        (store_id, external_id): pk
        for pk, store_id, external_id in rows.values_list("pk", "store_id", "external_id")
    }


def _own_id(said: str) -> int | None:
    """Return an id of Patron; None for what cannot be one."""
    return int(said) if said.isdecimal() and len(said) < BIGINT_DIGITS else None
