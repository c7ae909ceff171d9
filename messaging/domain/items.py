"""The items that an event names: of a cart, an order, or one product that was looked at. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kernel.money import MoneyError, to_minor

MOST: Final = 50
"""Items of one event that are looked at."""
_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class NamedItem:
    """One item, as far as its event says; what it does not say is empty, or None.

    Attributes:
        product_id: id at the store.
        price_minor: of one piece, in ``currency``.
    """

    title: str = ""
    url: str = ""
    image_url: str = ""
    sku: str = ""
    product_id: str = ""
    quantity: int = 1
    price_minor: int | None = None
    currency: str = ""


def list_named(properties: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what is said of each item: ``items``, ``products``, or the event itself.

    ``name`` of a message's event is that of the event; its ``title`` says what it is about.
    """
    for name in ("items", "products"):
        listed = properties.get(name)
        if isinstance(listed, list):
            yield from (each for each in listed[:MOST] if isinstance(each, Mapping))
            return
    yield {name: said for name, said in properties.items() if name != "name"}


def read_items(properties: Mapping[str, Any]) -> list[NamedItem]:
    """Return the items of an event's properties, in their order; what names nothing is left out."""
    currency = _text(properties, "currency").upper()
    found = [_read(each, currency) for each in list_named(properties)]
    return [item for item in found if item.title or item.sku or item.product_id]


def _read(said: Mapping[str, Any], currency: str) -> NamedItem:
    own = _text(said, "currency").upper() or currency
    return NamedItem(
        title=_text(said, "title") or _text(said, "name"),
        url=_address(said, "url"),
        image_url=_address(said, "image_url"),
        sku=_text(said, "sku"),
        product_id=_text(said, "product_id"),
        quantity=_whole(said.get("quantity")),
        price_minor=_price(said, own),
        currency=own,
    )


def _price(said: Mapping[str, Any], currency: str) -> int | None:
    known = said.get("price_minor")
    if isinstance(known, int) and not isinstance(known, bool):
        return known
    try:
        return to_minor(_text(said, "price"), currency)
    except MoneyError:
        return None


def _address(said: Mapping[str, Any], name: str) -> str:
    found = _text(said, name)
    return found if found.startswith(("https://", "http://")) else ""


def _whole(said: object) -> int:
    return said if isinstance(said, int) and not isinstance(said, bool) and said > 0 else 1


def _text(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    is_said = isinstance(found, str | int | float) and not isinstance(found, bool)
    return str(found).strip()[:_LONGEST] if is_said else ""
