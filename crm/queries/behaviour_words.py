"""What the timeline says of what people did on a site, in an app or in a cart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crm.models import Event
from crm.panels import EventWords
from kernel.formats import format_money
from kernel.money import to_minor

MAX_SHOWN = 120
_NAMED = 3

Said = Mapping[str, Any]


def speak(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word what people did."""
    return {event.pk: _SPEAKERS[event.name](event.properties) for event in events}


def _word(said: Said, *names: str) -> str:
    """Return the first of some properties that says something."""
    values = (said.get(name) for name in names)
    words = (str(value) for value in values if isinstance(value, str | int | float))
    return next((word[:MAX_SHOWN] for word in words if word), "")


def _product(said: Said) -> str:
    return _word(said, "name", "title", "sku", "product_id") or "a product"


def _amount(said: Said, *names: str) -> str:
    currency = _word(said, "currency").upper()
    try:
        return format_money(to_minor(_word(said, *names), currency), currency)
    except ValueError:
        return ""


def _goods(said: Said) -> str:
    """Name what is in a cart, its value first."""
    found = said.get("products") or said.get("items")
    items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    more = len(items) - _NAMED
    names = ", ".join(_product(item) for item in items[:_NAMED])
    names += f" and {more} more" if more > 0 else ""
    return " · ".join(filter(None, [_amount(said, "value", "total", "revenue"), names]))


def _page(said: Said) -> EventWords:
    page = _word(said, "title", "name", "path", "url")
    return EventWords("eye", f"Looked at {page}" if page else "Looked at a page", _path(said))


def _path(said: Said) -> str:
    return _word(said, "path") if _word(said, "title", "name") else ""


def _left(said: Said) -> EventWords:
    seconds = _word(said, "seconds")
    return EventWords("eye", f"Stayed {seconds} s on a page", _word(said, "path"))


def _of_product(symbol: str, text: str) -> Callable[[Said], EventWords]:
    def word(said: Said) -> EventWords:
        return EventWords(symbol, text.format(_product(said)), _amount(said, "price"))

    return word


def _of_cart(symbol: str, title: str, tone: str = "neutral") -> Callable[[Said], EventWords]:
    return lambda said: EventWords(symbol, title, _goods(said), tone)


def _searched(said: Said) -> EventWords:
    query = _word(said, "query")
    return EventWords("search", f"Searched for “{query}”" if query else "Searched")


def _completed(said: Said) -> EventWords:
    number = _word(said, "order_id", "order_number")
    return EventWords("order", f"The browser told of order {number}".strip(), _goods(said))


_SPEAKERS: dict[str, Callable[[Said], EventWords]] = {
    "Page Viewed": _page,
    "Screen Viewed": _page,
    "Page Left": _left,
    "Product Viewed": _of_product("eye", "Looked at {}"),
    "Product Clicked": _of_product("eye", "Chose {}"),
    "Product Added": _of_product("cart", "Put {} into the cart"),
    "Product Removed": _of_product("cart", "Took {} out of the cart"),
    "Product Added to Wishlist": _of_product("star", "Put {} on the wish list"),
    "Product Removed from Wishlist": _of_product("star", "Took {} off the wish list"),
    "Products Searched": _searched,
    "Cart Viewed": _of_cart("cart", "Looked at the cart"),
    "Cart Updated": _of_cart("cart", "Changed the cart"),
    "Cart Abandoned": _of_cart("cart", "Left the cart for an hour", "bad"),
    "Checkout Started": _of_cart("cart", "Went to the checkout", "accent"),
    "Order Completed": _completed,
}
EVENTS = tuple(_SPEAKERS)
