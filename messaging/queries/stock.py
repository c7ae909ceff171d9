"""What messages that name products or variants need to know of their stock."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from crm.choices import StockState
from crm.queries.stock import Shelf, Stock, find_bought, find_exchanges, find_stock
from messaging.domain.goods import Goods, goods_of
from messaging.types import PendingMessage

FEW = 10
"""So many pieces or fewer are worth a word."""
MOST_EXCHANGES = 12
EXCLUSIVE = frozenset({"vip exclusive", "vip only"})
"""Tags of products that are for the best customers alone."""


def load_shelf(all_goods: Iterable[Goods]) -> Shelf:
    """Return the stock of everything that some messages name; two statements for any number."""
    products: set[int] = set()
    variants: set[int] = set()
    skus: set[str] = set()
    for goods in all_goods:
        products.update(goods.product_ids)
        variants.update(goods.variant_ids)
        skus.update(goods.skus)
    return find_stock(products, variants, skus)


def pick(shelf: Shelf, goods: Goods) -> Iterator[Stock]:
    """Yield what one message names, as far as it is known; the narrowest name goes first."""
    for key in goods.variant_ids:
        if key in shelf.variants:
            yield shelf.variants[key]
    for sku in goods.skus:
        if sku in shelf.skus:
            yield shelf.skus[sku]
    for key in goods.product_ids:
        if key in shelf.products:
            yield shelf.products[key]


def low_stock_values(messages: Sequence[PendingMessage]) -> dict[int, int | None]:
    """``low_stock_left``: pieces left of what a message names, while few are; otherwise nothing."""
    return {key: _few(found) for key, found in _find(messages).items()}


def backorder_values(messages: Sequence[PendingMessage]) -> dict[int, date | None]:
    """``backordered_until``: the day on which what a message names is back; otherwise nothing."""
    return {key: _back_on(found) for key, found in _find(messages).items()}


def exclusive_values(messages: Sequence[PendingMessage]) -> dict[int, bool]:
    """``vip_exclusive``: whether what a message names is for the best customers alone.

    The context says so (``vip_exclusive``), or everything that is named has such a tag.
    """
    found = _find(messages)
    return {
        message.id: message.context.get("vip_exclusive") is True or _is_exclusive(found[message.id])
        for message in messages
    }


def exchange_values(messages: Sequence[PendingMessage]) -> dict[int, list[dict[str, str]]]:
    """``exchanges``: what can be had in the place of the items that its event names.

    Only variants of the products that were bought with its order, in stock; at most 12.
    """
    asked = {message.id: (message.order_id, _event_skus(message)) for message in messages}
    bought = find_bought(
        {order_id for order_id, _ in asked.values() if order_id},
        {sku for _, skus in asked.values() for sku in skus},
    )
    found = find_exchanges(set(bought.values()))
    values = {}
    for message_id, (order_id, skus) in asked.items():
        products = [bought.get((order_id, sku), 0) for sku in skus]
        variants = {one.pk: one for product in products for one in found.get(product, [])}
        values[message_id] = [
            {
                "title": str(one.product),
                "variant": one.title,
                "sku": one.sku,
                "url": one.product.url,
            }
            for one in list(variants.values())[:MOST_EXCHANGES]
        ]
    return values


def _event_skus(message: PendingMessage) -> list[str]:
    event: Any = message.context.get("event")
    items = event.get("items") if isinstance(event, dict) else None
    named = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return [sku for item in named if isinstance(sku := item.get("sku"), str) and sku]


def _find(messages: Sequence[PendingMessage]) -> dict[int, list[Stock]]:
    goods = {message.id: goods_of(message.context) for message in messages}
    named = [one for one in goods.values() if one]
    if not named:
        return {key: [] for key in goods}
    shelf = load_shelf(named)
    return {key: list(pick(shelf, one)) for key, one in goods.items()}


def _few(found: Sequence[Stock]) -> int | None:
    counts = [one.left for one in found if one.left is not None and 0 < one.left <= FEW]
    return min(counts) if counts else None


def _back_on(found: Sequence[Stock]) -> date | None:
    days = [
        one.back_on
        for one in found
        if one.back_on is not None and one.state == StockState.BACKORDER
    ]
    return max(days) if days else None


def _is_exclusive(found: Sequence[Stock]) -> bool:
    return bool(found) and all(
        any(tag.lower().replace("-", " ").replace("_", " ") in EXCLUSIVE for tag in one.tags)
        for one in found
    )
