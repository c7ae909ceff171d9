"""What a message's event names, with what the catalogue knows of it, for templates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm.queries.shelves import Goods, find_named
from messaging.domain.items import NamedItem, read_items
from messaging.types import PendingMessage

SHOWN = 12
"""Items of one message that are shown."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Products by SKU, and by their id at the store where one store alone has it."""

    skus: Mapping[str, Goods]
    ids: Mapping[str, Goods]

    def fill(self, item: NamedItem) -> NamedItem:
        """Return an item with what its event did not say."""
        goods = self.skus.get(item.sku) or self.ids.get(item.product_id)
        if goods is None:
            return replace(item, title=item.title or item.sku)
        filled = replace(
            item,
            title=item.title or goods.title,
            url=item.url or goods.url,
            image_url=item.image_url or goods.image_url,
        )
        if item.price_minor is None and goods.price_minor is not None:
            return replace(filled, price_minor=goods.price_minor, currency=goods.currency)
        return filled


def item_values(messages: Sequence[PendingMessage]) -> dict[int, list[dict[str, Any]]]:
    """``items``: what the event that started the flow names; none where it names nothing.

    Each has title, url, image_url, quantity, price_minor and currency. What the event left out is
    taken from the catalogue, asked once for the batch.
    """
    told = {message.id: read_items(message.context.get("event", {})) for message in messages}
    known = _find_known(item for items in told.values() for item in items)
    return {
        message_id: [_write(item) for each in items[:SHOWN] if (item := known.fill(each)).title]
        for message_id, items in told.items()
    }


def _find_known(items: Iterable[NamedItem]) -> _Known:
    wanted = list(items)
    skus = {item.sku for item in wanted if item.sku}
    ids = {item.product_id for item in wanted if item.product_id}
    return _Known(*find_named(skus, ids)) if skus or ids else _Known({}, {})


def _write(item: NamedItem) -> dict[str, Any]:
    has_price = item.price_minor is not None and item.currency
    return {
        "title": item.title,
        "url": item.url,
        "image_url": item.image_url,
        "quantity": item.quantity,
        "price_minor": item.price_minor if has_price else None,
        "currency": item.currency,
    }
