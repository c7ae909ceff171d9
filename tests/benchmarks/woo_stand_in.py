"""A shop of WooCommerce that has as many orders as `BENCH_ORDERS` says, made as they are asked for.

Each order changed two seconds after the one before, so that an instant says where a page begins.
Every third buyer is one who bought before.
"""

import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from tests.support.payloads import load_payload

COUNT = int(os.environ.get("BENCH_ORDERS", "0"))
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
APART = 2
PREFIX = "/wp-json/wc/v3/"
TEMPLATE = {**load_payload("woocommerce/order"), "refunds": []}
StartResponse = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answer a page of orders; of products and customers there are none."""
    params = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    is_orders = environ["PATH_INFO"] == f"{PREFIX}orders"
    items, count = _page(params) if is_orders else ([], 0)
    body = json.dumps(items).encode()
    headers = [("Content-Type", "application/json"), ("X-WP-Total", str(count))]
    start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def make_order(number: int) -> dict[str, Any]:
    """Return an order; those of one number are equal."""
    buyer = number // 3 if number % 3 == 0 else number
    at = (BEGIN + timedelta(seconds=number * APART)).isoformat()[:19]
    return {
        **TEMPLATE,
        "id": number + 1,
        "number": str(number + 1),
        "customer_id": 0,
        "billing": {"email": f"shopper{buyer}@example.com", "country": "GB", "first_name": "S"},
        "date_created_gmt": at,
        "date_modified_gmt": at,
    }


def _page(params: dict[str, str]) -> tuple[list[dict[str, Any]], int]:
    first = 0
    if after := params.get("modified_after"):
        seconds = (datetime.fromisoformat(after).replace(tzinfo=UTC) - BEGIN).total_seconds()
        first = max(0, int(seconds // APART) + 1)
    size = int(params["per_page"])
    begin = first + (int(params.get("page", "1")) - 1) * size
    numbers = range(begin, min(begin + size, COUNT))
    return [make_order(number) for number in numbers], max(0, COUNT - first)
