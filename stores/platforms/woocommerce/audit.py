"""Asking WooCommerce which orders it has: their ids and totals, page by page, oldest first."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kernel.http import Client
from stores.errors import PullUnavailable, Untranslatable
from stores.platforms.fields import currency, identifier, money, text
from stores.platforms.woocommerce.orders import DRAFTS
from stores.platforms.woocommerce.pull import PAGE_SIZE, ask, complete, read_list
from stores.platforms.woocommerce.reading import moment
from stores.types import AuditPage, OrderHead, Pulled, StoreAccess

FIELDS: Final = "id,status,total,currency,date_created,date_created_gmt"
ORDERS: Final = "orders"


class WooCommerceAudit:
    """The platform as a comparison sees it."""

    def list_orders(
        self,
        access: StoreAccess,
        client: Client,
        span: tuple[datetime, datetime],
        cursor: Mapping[str, Any],
    ) -> AuditPage:
        page = int(cursor.get("page", 1))
        since, until = span
        params = {
            # Both ends are left out by WooCommerce.
            "after": _written(since - timedelta(seconds=1)),
            "before": _written(until),
            "dates_are_gmt": "true",
            "orderby": "date",
            "order": "asc",
            "status": "any",
            "per_page": str(PAGE_SIZE),
            "page": str(page),
            "_fields": FIELDS,
        }
        items = read_list(ask(access, client, ORDERS, params), ORDERS)
        heads = [_head(item, access) for item in items if text(item, "status") not in DRAFTS]
        more = len(items) >= PAGE_SIZE
        return AuditPage(heads=heads, cursor={"page": page + 1} if more else None)

    def fetch_orders(
        self, access: StoreAccess, client: Client, external_ids: Sequence[str]
    ) -> Sequence[Pulled]:
        params = {
            "include": ",".join(external_ids),
            "status": "any",
            "per_page": str(PAGE_SIZE),
            "page": "1",
        }
        items = read_list(ask(access, client, ORDERS, params), ORDERS)
        return [each for item in items for each in complete(access, client, ORDERS, item)]

    def tell_deleted(self, external_id: str) -> Pulled:
        body = json.dumps({"id": external_id}).encode()
        return Pulled(name=f"order:{external_id}", topic="order.deleted", body=body)


def _head(item: dict[str, Any], access: StoreAccess) -> OrderHead:
    try:
        code = currency(item, "currency", access.store.currency)
        ordered_at = moment(item, "date_created", access.store)
        total = money(item, "total", code, required=True)
        external_id = identifier(item)
    except Untranslatable as exc:
        raise PullUnavailable(f"The shop's list of orders cannot be read: {exc}") from exc
    if ordered_at is None:
        raise PullUnavailable("The shop's list of orders names no time")
    return OrderHead(external_id, ordered_at, code, total)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()[:19]
