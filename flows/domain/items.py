"""The items that an event names: of a cart, an order, or one product that was looked at. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from messaging.domain.items import list_named


@dataclass(frozen=True, slots=True)
class Item:
    """One item; ``product`` is its id at the store. Either may be empty."""

    sku: str = ""
    product: str = ""


def items_of(properties: Mapping[str, Any]) -> list[Item]:
    """Return what the properties of an event name: ``items``, ``products``, or the event itself."""
    items = [_read(each) for each in list_named(properties)]
    return [item for item in items if item.sku or item.product]


def _read(said: Mapping[str, Any]) -> Item:
    return Item(_text(said.get("sku")), _text(said.get("product_id")))


def _text(said: object) -> str:
    is_named = isinstance(said, str | int) and not isinstance(said, bool)
    return str(said).strip()[:200] if is_named else ""
