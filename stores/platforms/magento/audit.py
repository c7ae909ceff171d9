"""Asking Magento which orders it has: their ids and totals, page by page, oldest first.

Orders of every state are listed, also those on hold and cancelled ones.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from kernel.http import Client
from stores.errors import PullUnavailable, Untranslatable
from stores.platforms.fields import currency, identifier, money
from stores.platforms.magento.api import Api, Filter, Item
from stores.platforms.magento.fetch import FIELD
from stores.platforms.magento.objects import COMPLETE, PATHS, pack_gone
from stores.platforms.magento.pull import read_scope
from stores.platforms.magento.reading import moment
from stores.types import AuditPage, OrderHead, Pulled, StoreAccess

PAGE_SIZE: Final = 300
FIELDS: Final = "entity_id,created_at,order_currency_code,grand_total"
ORDERS: Final = "orders"


class MagentoAudit:
    """The platform as a comparison sees it."""

    def list_orders(
        self,
        access: StoreAccess,
        client: Client,
        span: tuple[datetime, datetime],
        cursor: Mapping[str, Any],
    ) -> AuditPage:
        api = Api(access, client)
        stores = cursor.get("stores")
        if stores is None:
            stores = read_scope(api, access)["stores"]
        page = int(cursor.get("page", 1))
        since, until = span
        filters = [
            Filter("created_at", "gteq", _written(since)),
            # The second at the end is left to the caller.
            Filter("created_at", "lteq", _written(until)),
        ]
        if stores:
            filters.append(Filter("store_id", "in", str(stores)))
        order = ("created_at", FIELD)
        found = api.search(
            PATHS[ORDERS], filters, order=order, size=PAGE_SIZE, page=page, fields=FIELDS
        )
        heads = [_head(item, access) for item in found.items]
        more = bool(found.items) and page * PAGE_SIZE < found.total
        return AuditPage(heads, {"page": page + 1, "stores": stores} if more else None)

    def fetch_orders(
        self, access: StoreAccess, client: Client, external_ids: Sequence[str]
    ) -> Sequence[Pulled]:
        api = Api(access, client)
        return COMPLETE[ORDERS](api, access, api.list_of(PATHS[ORDERS], FIELD, external_ids))

    def tell_deleted(self, external_id: str) -> Pulled:
        return pack_gone("order", external_id)


def _head(item: Item, access: StoreAccess) -> OrderHead:
    try:
        code = currency(item, "order_currency_code", access.store.currency)
        ordered_at = moment(item, "created_at")
        total = money(item, "grand_total", code, required=True)
        external_id = identifier(item, FIELD)
    except Untranslatable as exc:
        raise PullUnavailable(f"The shop's list of orders cannot be read: {exc}") from exc
    if ordered_at is None:
        raise PullUnavailable("The shop's list of orders names no time")
    return OrderHead(external_id, ordered_at, code, total)


def _written(at: datetime) -> str:
    """Return a time as Magento keeps it, in UTC and without a zone."""
    return at.astimezone(UTC).isoformat(" ")[:19]
