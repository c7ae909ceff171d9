"""Fetching what webhooks are about: the ids of many deliveries in as few requests as there can be.

Customers, subscribers and products are asked for together (``id:in``); orders and checkouts have no
such filter. One that BigCommerce fails to tell holds nothing else up.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from kernel.http import Client, HttpUnavailable
from stores.errors import PullBusy, PullRefused, PullUnavailable, Untranslatable
from stores.platforms.bigcommerce import naming, objects
from stores.platforms.bigcommerce.api import Api, Item, NotGranted
from stores.platforms.bigcommerce.naming import KINDS, Named, name_object
from stores.platforms.fields import child, read_object, text
from stores.types import Delivery, Fetched, Pulled, StoreAccess

TOGETHER: Final = {naming.PRODUCT: 50, naming.CUSTOMER: 50, naming.SUBSCRIBER: 100}
"""How many objects one request asks for; of other kinds it is one."""
FAILURES: Final = 3
"""After so many objects in a row that cannot be had the rest is left for later."""

Load = Callable[[Sequence[str]], dict[str, Item | None]]


class BigCommerceFetch:
    """The platform as thin deliveries see it."""

    def name(self, delivery: Delivery) -> str:
        """Return what a delivery is about, such as ``order:15``; empty where nothing is fetched."""
        found = _name(delivery)
        return f"{found.kind}:{found.id}" if found else ""

    def fetch(self, access: StoreAccess, client: Client, deliveries: Sequence[Delivery]) -> Fetched:
        wanted = [found for each in deliveries if (found := _name(each))]
        fetched = Fetched()
        try:
            _fetch_all(Api(access, client), access.url, list(dict.fromkeys(wanted)), fetched)
        except (PullBusy, PullRefused, PullUnavailable, HttpUnavailable) as exc:
            fetched.stopped_by = exc
        return fetched


def _name(delivery: Delivery) -> Named | None:
    try:
        notice = read_object(delivery.body)
    except Untranslatable:
        return None
    return name_object(text(notice, "scope"), child(notice, "data"))


def _fetch_all(api: Api, shop: str, wanted: Sequence[Named], fetched: Fetched) -> None:
    """Fetch in an order that lets products and customers come before the orders that name them."""
    loads: dict[str, Load] = {
        naming.PRODUCT: lambda some: objects.load_products(api, some, shop),
        naming.CUSTOMER: lambda some: objects.load_customers(api, some),
        naming.SUBSCRIBER: lambda some: objects.load_subscribers(api, some),
        naming.ORDER: lambda some: objects.load_orders(api, some),
        naming.CHECKOUT: lambda some: objects.load_checkouts(api, some),
    }
    failures = 0
    for kind, some in _parts(wanted):
        try:
            found = loads[kind](some)
        except NotGranted as exc:
            fetched.refused |= {f"{kind}:{each}": str(exc) for each in some}
        except PullUnavailable as exc:
            fetched.failed |= {f"{kind}:{each}": str(exc) for each in some}
            failures += 1
            if failures >= FAILURES:
                raise
        else:
            failures = 0
            fetched.found |= {
                f"{kind}:{each}": _pack(kind, each, item) for each, item in found.items()
            }


def _parts(wanted: Sequence[Named]) -> Iterator[tuple[str, list[str]]]:
    for kind in KINDS:
        some = [each.id for each in wanted if each.kind == kind]
        size = TOGETHER.get(kind, 1)
        for first in range(0, len(some), size):
            yield kind, some[first : first + size]


def _pack(kind: str, name: str, item: Item | None) -> Pulled:
    return objects.pack_gone(kind, name) if item is None else objects.pack(kind, item, name)
