"""Asking BigCommerce which orders it has: their ids and totals, page by page, oldest first.

Archived orders have a list of their own, which is asked for behind the other: archiving tidies up
and ends no order. A checkout that is not finished is in the list and no order yet.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kernel.http import Client
from stores.errors import PullUnavailable, Untranslatable
from stores.platforms.bigcommerce import naming, objects
from stores.platforms.bigcommerce.api import LIMIT, Api, Item
from stores.platforms.bigcommerce.orders import INCOMPLETE, read_total
from stores.platforms.bigcommerce.reading import moment
from stores.platforms.fields import identifier, whole
from stores.types import AuditPage, OrderHead, Pulled, StoreAccess

ARCHIVED: Final = "is_deleted"


class BigCommerceAudit:
    """The platform as a comparison sees it."""

    def list_orders(
        self,
        access: StoreAccess,
        client: Client,
        span: tuple[datetime, datetime],
        cursor: Mapping[str, Any],
    ) -> AuditPage:
        api = Api(access, client)
        page, is_aside = int(cursor.get("page", 1)), bool(cursor.get("is_aside"))
        since, until = span
        params = {
            # Whether its ends belong to a span is not written anywhere; the caller looks.
            "min_date_created": _written(since - timedelta(seconds=1)),
            "max_date_created": _written(until + timedelta(seconds=1)),
            ARCHIVED: "true" if is_aside else "false",
            "sort": "date_created:asc",
            "limit": str(LIMIT),
            "page": str(page),
        }
        items = api.list_v2(objects.ORDERS, params)
        following: dict[str, Any] | None = None
        if len(items) >= LIMIT:
            following = {"page": page + 1, "is_aside": is_aside}
        elif not is_aside:
            following = {"page": 1, "is_aside": True}
        heads = [_head(item, access) for item in items if whole(item, "status_id") != INCOMPLETE]
        return AuditPage(heads, following, api.rest)

    def fetch_orders(
        self, access: StoreAccess, client: Client, external_ids: Sequence[str]
    ) -> Sequence[Pulled]:
        found = objects.load_orders(Api(access, client), external_ids)
        return [objects.pack_order(item) for item in found.values() if item is not None]

    def tell_deleted(self, external_id: str) -> Pulled:
        return objects.pack_gone(naming.ORDER, external_id)


def _head(item: Item, access: StoreAccess) -> OrderHead:
    try:
        code, total = read_total(item, access.store)
        ordered_at = moment(item, "date_created")
        external_id = identifier(item)
    except Untranslatable as exc:
        raise PullUnavailable(f"The shop's list of orders cannot be read: {exc}") from exc
    if ordered_at is None:
        raise PullUnavailable("The shop's list of orders names no time")
    return OrderHead(external_id, ordered_at, code, total, item.get(ARCHIVED) is True)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
