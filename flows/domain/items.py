"""The items that an event names: of a cart, an order, or one product that was looked at. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 50
"""Items of one event that are looked at."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item; ``product`` is its id at the store. Either may be empty."""

    sku: str = ""
    product: str = ""


def items_of(properties: Mapping[str, Any]) -> list[Item]:
    """Return what the properties of an event name: ``items``, ``products``, or the event itself."""
    for name in ("items", "products"):
        listed = properties.get(name)
        if isinstance(listed, list):
            items = [_read(each) for each in listed[:MOST] if isinstance(each, Mapping)]
            return [item for item in items if item.sku or item.product]
    alone = _read(properties)
    return [alone] if alone.sku or alone.product else []


def _read(said: Mapping[str, Any]) -> Item:
    return Item(_text(said.get("sku")), _text(said.get("product_id")))


def _text(said: object) -> str:
    is_named = isinstance(said, str | int) and not isinstance(said, bool)
    return str(said).strip()[:200] if is_named else ""
