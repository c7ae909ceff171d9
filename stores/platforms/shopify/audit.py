"""Asking Shopify which orders it has: their ids and totals, by when they were placed.

`ordered_at` of an order is Shopify's ``processedAt``, so that both sides mean the same day. No
filter by status: closed, cancelled and test orders are listed too.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from kernel.http import Client
from stores.errors import PullRefused, PullUnavailable, Untranslatable
from stores.platforms.fields import (
    Json,
    child,
    children,
    currency,
    identifier,
    instant,
    money,
    text,
)
from stores.platforms.shopify.admin import TooCostly, ask
from stores.platforms.shopify.graphql import BY_ID, CHILD_PAGE, LISTED
from stores.platforms.shopify.pull import SAME_PAGE, complete, next_size, stamp
from stores.types import AuditPage, OrderHead, Pulled, StoreAccess

FIRST_SIZE: Final = 100
WHOLE_AT_ONCE: Final = 5
"""Whole orders of one request, each with its first lines; twice as many cost too much."""
_GID: Final = "gid://shopify/Order/"


class ShopifyAudit:
    """The platform as a comparison sees it."""

    def list_orders(
        self,
        access: StoreAccess,
        client: Client,
        span: tuple[datetime, datetime],
        cursor: Mapping[str, Any],
    ) -> AuditPage:
        size = int(cursor.get("size", FIRST_SIZE))
        variables = {"first": size, "after": cursor.get("page"), "filter": _filter(span)}
        try:
            reply = ask(access, client, LISTED, variables)
        except TooCostly as exc:
            if size == 1:
                raise PullRefused(f"Shopify does not let the orders be listed: {exc}") from exc
            return AuditPage([], {**cursor, "size": max(1, size // 2)})
        orders = child(reply.data, "orders")
        heads = [_head(node) for node in children(orders, "nodes")]
        info = child(orders, "pageInfo")
        if info.get("hasNextPage") is not True:
            return AuditPage(heads, None)
        page = text(info, "endCursor")
        if page in ("", cursor.get("page")):
            raise PullUnavailable(SAME_PAGE)
        rest = reply.cost.rest() if reply.cost else 0.0
        return AuditPage(heads, {"page": page, "size": next_size(size, reply.cost)}, rest)

    def fetch_orders(
        self, access: StoreAccess, client: Client, external_ids: Sequence[str]
    ) -> Sequence[Pulled]:
        found: list[Pulled] = []
        at_once, start = WHOLE_AT_ONCE, 0
        while start < len(external_ids):
            some = external_ids[start : start + at_once]
            ids = [f"{_GID}{each}" for each in some]
            try:
                reply = ask(access, client, BY_ID, {"ids": ids, "inside": CHILD_PAGE["orders"]})
            except TooCostly:
                if at_once == 1:
                    raise
                at_once = max(1, at_once // 2)
                continue
            start += len(some)
            found += complete(access, client, "orders", children(reply.data, "nodes"))
        return found

    def tell_deleted(self, external_id: str) -> Pulled:
        body = json.dumps({"id": external_id}).encode()
        return Pulled(name=f"order:{external_id}", topic="orders/delete", body=body)


def _filter(span: tuple[datetime, datetime]) -> str:
    """Return the filter of a span; the second at its end is left to the caller."""
    since, until = span
    behind = stamp(until + timedelta(seconds=1))
    return f"processed_at:>='{stamp(since)}' processed_at:<'{behind}'"


def _head(node: Json) -> OrderHead:
    try:
        code = currency(node, "currencyCode")
        ordered_at = instant(node, "processedAt")
        total = money(child(child(node, "totalPriceSet"), "shopMoney"), "amount", code)
        external_id = identifier(node, "legacyResourceId")
    except Untranslatable as exc:
        raise PullUnavailable(f"Shopify's list of orders cannot be read: {exc}") from exc
    if ordered_at is None:
        raise PullUnavailable("Shopify's list of orders names no time")
    return OrderHead(external_id, ordered_at, code, total)
