"""Objects of a make-believe Shopify shop, in the shape of the Admin API."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, overload

from tests.support.payloads import load_payload
from tests.support.shopify_graph import Node

_ORDER = load_payload("shopify/graph_order")

START = datetime(2026, 5, 1, tzinfo=UTC)


def stamp(seconds: int) -> str:
    """Return a time that many seconds after the first of May."""
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def money(amount: str, code: str = "GBP") -> Node:
    """Return an amount, in the shop's currency and in that of the shopper."""
    found = {"amount": amount, "currencyCode": code}
    return {"shopMoney": found, "presentmentMoney": found}


def graph_order(number: int, at: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return a paid order of one line by a guest of its own, changed at that second."""
    node = {
        **_ORDER,
        "id": f"gid://shopify/Order/{number}",
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "createdAt": stamp(0),
        "processedAt": stamp(0),
        "updatedAt": stamp(number if at is None else at),
        "email": f"shopper{number}@example.com",
        "customer": None,
        "lineItems": [graph_line(number)],
        "refunds": [],
        "fulfillments": [],
    }
    return {**node, **changes}


def graph_line(number: int) -> dict[str, Any]:
    """Return a line of one soap."""
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "quantity": 1,
        "sku": "SOAP",
        "title": "Soap",
        "originalUnitPriceSet": money("12.50"),
        "totalDiscountSet": money("0.00"),
        "discountAllocations": [],
        "product": None,
        "variant": None,
    }


def graph_refund(number: int, amount: str = "2.50", lines: int = 1) -> dict[str, Any]:
    """Return a refund of an order, paid back."""
    refunded = {
        "quantity": 1,
        "lineItem": {"id": f"gid://shopify/LineItem/{number}"},
        "subtotalSet": money(amount),
        "totalTaxSet": money("0.00"),
    }
    return {
        "id": f"gid://shopify/Refund/{number}",
        "legacyResourceId": str(number),
        "createdAt": stamp(9),
        "note": "",
        "refundLineItems": [dict(refunded) for _ in range(lines)],
        "transactions": [{"kind": "REFUND", "status": "SUCCESS", "amountSet": money(amount)}],
        "orderAdjustments": [],
        "refundShippingLines": [],
    }


class ManyOrders(Sequence[Node]):
    """Orders 1 to ``size`` that are made when they are looked at; every tenth has a refund."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, place: int) -> Node: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Node]: ...
    def __getitem__(self, place: int | slice) -> Node | Sequence[Node]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(self.size))]
        if not 0 <= place < self.size:
            raise IndexError(place)
        number = place + 1
        refunds = [graph_refund(number)] if number % 10 == 0 else []
        return graph_order(number, refunds=refunds)

    def find(self, gid: str) -> Node | None:
        """Return an order or a refund by its id; both have the order's number."""
        kind, number = gid.rsplit("/", 2)[-2:]
        order = self[int(number) - 1]
        return order["refunds"][0] if kind == "Refund" else order

    def __iter__(self) -> Iterator[Node]:
        return (self[place] for place in range(self.size))
