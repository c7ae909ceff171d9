"""Asking BigCommerce for everything, and for what changed.

Products, customers and orders are walked by when they changed (`platforms/walking.py`). Subscribers
cannot be ordered so; they are walked from the last page to the first, where one that is deleted
moves others only to pages that are still to come.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from kernel.http import Client
from stores.errors import Untranslatable
from stores.platforms import walking
from stores.platforms.bigcommerce import naming, objects
from stores.platforms.bigcommerce.api import Api, Item
from stores.platforms.bigcommerce.hooks import can_register, ensure_hooks
from stores.platforms.bigcommerce.reading import moment
from stores.types import Pulled, PulledPage, PullPlan, StoreAccess

STAGES: Final = ("products", "customers", "subscribers", "orders")
KINDS: Final = {"products": naming.PRODUCT, "customers": naming.CUSTOMER}
SIZES: Final = {"products": 50, "customers": 100, "subscribers": 250, "orders": 25}
"""Objects of a page. An order may cost two more requests, and a small shop has 150 in half a
minute, so that a page of orders never uses the quota up."""
WORDS: Final = {"products": "product", "customers": "customer", "orders": "order"}


class BigCommercePull:
    """The platform as a pull sees it."""

    def check(self, access: StoreAccess, client: Client) -> str:
        """Count what there is; whoever may do that may read what is needed."""
        api = Api(access, client)
        shop = api.get("v2/store")
        name = str(shop.get("name") or "the shop") if isinstance(shop, dict) else "the shop"
        counts = {stage: _count(api, walking.begin(stage, None)) for stage in WORDS}
        found = ", ".join(
            f"{number:,} {stage if number != 1 else WORDS[stage]}"
            for stage, number in counts.items()
        )
        return f"BigCommerce answers for {name}: {found}."

    def start(self, access: StoreAccess, client: Client, since: datetime | None) -> PullPlan:
        """Count what is to come; webhooks that BigCommerce gave up are switched on first."""
        api = Api(access, client)
        if can_register(access.webhook_url):
            ensure_hooks(api, access.webhook_url)
        cursors = [walking.begin(stage, since) for stage in STAGES]
        expected = sum(_count(api, cursor) for cursor in cursors)
        return PullPlan(cursor=cursors[0], expected=expected)

    def fetch(self, access: StoreAccess, client: Client, cursor: Mapping[str, Any]) -> PulledPage:
        stage = str(cursor["stage"])
        api = Api(access, client)
        if stage == "subscribers":
            return _fetch_subscribers(api, cursor)
        items = _list(api, stage, _params(cursor))
        read = walking.count_fresh(cursor, items, _id)
        following = walking.begin_next(STAGES, cursor)
        if len(items) >= SIZES[stage]:
            following = walking.go_on(cursor, items, changed_at=_changed_at, name=_id)
        return PulledPage(_complete(api, access, cursor, items), read, following)


def _list(api: Api, stage: str, params: Mapping[str, str]) -> list[Item]:
    if stage == "orders":
        return api.list_v2(objects.ORDERS, params)
    path = objects.PRODUCTS if stage == "products" else objects.CUSTOMERS
    return api.list_v3(path, params)


def _params(cursor: Mapping[str, Any]) -> dict[str, str]:
    stage = str(cursor["stage"])
    params = {"limit": str(SIZES[stage]), "page": str(cursor["page"]), **_changed_since(cursor)}
    if stage == "orders":
        return params | objects.ORDER_PARAMS | {"sort": "date_modified:asc"}
    if stage == "customers":
        return params | objects.CUSTOMER_PARAMS | {"sort": "date_modified:asc"}
    return params | objects.PRODUCT_PARAMS | {"sort": "date_modified", "direction": "asc"}


def _changed_since(cursor: Mapping[str, Any]) -> dict[str, str]:
    after = str(cursor["after"])
    if not after:
        return {}
    name = "min_date_modified" if cursor["stage"] == "orders" else "date_modified:min"
    return {name: f"{after}+00:00"}


def _complete(
    api: Api, access: StoreAccess, cursor: Mapping[str, Any], items: list[Item]
) -> list[Pulled]:
    """Put to each object what hangs on it; parcels of long ago are left out."""
    stage = str(cursor["stage"])
    if stage == "orders":
        whole = objects.complete_orders(api, items, with_parcels=bool(cursor["since"]))
        return [objects.pack_order(item) for item in whole]
    if stage == "products":
        items = objects.name_groups(api, items, access.url)
    else:
        items = objects.name_attributes(api, items)
    return [objects.pack(KINDS[stage], item, _id(item)) for item in items]


def _fetch_subscribers(api: Api, cursor: Mapping[str, Any]) -> PulledPage:
    size = SIZES["subscribers"]
    page = int(cursor["page"])
    following = walking.begin_next(STAGES, cursor)
    if not cursor.get("is_last_known"):
        page = max(1, -(-_count(api, cursor) // size))
    params = {"limit": str(size), "page": str(page), **_changed_since(cursor)}
    items = api.list_v3(objects.SUBSCRIBERS, params)
    if page > 1:
        following = {**cursor, "page": page - 1, "is_last_known": True}
    pulled = [objects.pack(naming.SUBSCRIBER, item, _id(item)) for item in items]
    return PulledPage(pulled, len(items), following)


def _count(api: Api, cursor: Mapping[str, Any]) -> int:
    stage = str(cursor["stage"])
    if stage == "orders":
        found = api.get(f"{objects.ORDERS}/count", _changed_since(cursor))
        number = found.get("count") if isinstance(found, dict) else 0
        return number if isinstance(number, int) else 0
    paths = {
        "products": objects.PRODUCTS,
        "customers": objects.CUSTOMERS,
        "subscribers": objects.SUBSCRIBERS,
    }
    return api.count_v3(paths[stage], _changed_since(cursor))


def _changed_at(item: Item) -> datetime | None:
    try:
        return moment(item, "date_modified")
    except Untranslatable:
        return None


def _id(item: Item) -> str:
    return str(item.get("id", ""))
