"""What somebody has in the cart, read of what they did. Pure.

Sites tell what is put in and taken out, storefronts what is in it, orders that it was bought. All
of that are events, whatever the order in which they arrive, so the carts of a shopper are read of
their events again each time something is added: one cart at a time, which an order ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from kernel.money import MoneyError, is_currency, to_decimal, to_minor

IDLE: Final = timedelta(hours=1)
"""A cart that nobody touches for so long is abandoned."""
EXPIRES: Final = timedelta(days=30)
"""Whoever comes back after so long begins another cart."""
SAME_PURCHASE: Final = timedelta(days=1)
"""A browser tells of an order before or after the store does; by then it is the same one."""

PRODUCT_ADDED: Final = "Product Added"
PRODUCT_REMOVED: Final = "Product Removed"
CART_VIEWED: Final = "Cart Viewed"
CART_UPDATED: Final = "Cart Updated"
CHECKOUT_STARTED: Final = "Checkout Started"
ORDER_COMPLETED: Final = "Order Completed"
ORDER_PLACED: Final = "Order Placed"
CART_EVENTS: Final = frozenset(
    {
        PRODUCT_ADDED,
        PRODUCT_REMOVED,
        CART_VIEWED,
        CART_UPDATED,
        CHECKOUT_STARTED,
        ORDER_COMPLETED,
        ORDER_PLACED,
    }
)
"""What carts are read of; `crm/sql/list_cart_events.sql` and its index name the same."""

MAX_LINES: Final = 50
MAX_TEXT: Final = 300
MAX_QUANTITY: Final = 1_000_000
MAX_MINOR: Final = 10**13


@dataclass(frozen=True, slots=True)
class CartEvent:
    """One event that says something of a cart; ``object_id`` of an order is the order."""

    name: str
    at: datetime
    event_id: int
    properties: Mapping[str, Any] = field(default_factory=dict)
    object_id: int | None = None
    store_id: int | None = None
    is_backfill: bool = False


@dataclass(frozen=True, slots=True)
class CartLine:
    """What of one product is in a cart; the price of one piece, None where nobody told it."""

    key: str
    title: str
    quantity: int
    price_minor: int | None = None
    sku: str = ""
    product_id: str = ""
    url: str = ""
    image_url: str = ""


@dataclass(slots=True)
class Cart:
    """One cart from its beginning to its end, or as it stands.

    Attributes:
        changed_at: when it was last touched.
        abandoned_at: when it had first lain for an hour before somebody came back or bought it;
            None where it never had. Of the last stretch of a cart nobody bought the clock decides.
        total_minor: what the store said, else the sum of the lines; None without prices.
        url: where it can be taken up again.
        is_backfill: its last event is history.
        names: under which storefronts told of it.
    """

    started_at: datetime
    changed_at: datetime
    currency: str = ""
    lines: dict[str, CartLine] = field(default_factory=dict)
    told_minor: int | None = None
    url: str = ""
    checkout_at: datetime | None = None
    abandoned_at: datetime | None = None
    converted_at: datetime | None = None
    order_id: int | None = None
    store_id: int | None = None
    is_backfill: bool = False
    names: set[str] = field(default_factory=set)

    @property
    def total_minor(self) -> int | None:
        """What it is worth in minor units of its currency."""
        if self.told_minor is not None:
            return self.told_minor
        prices = [line.price_minor for line in self.lines.values()]
        if not prices or None in prices:
            return None
        amounts = ((line.price_minor or 0) * line.quantity for line in self.lines.values())
        return sum(amounts)

    @property
    def piece_count(self) -> int:
        """How many pieces are in it."""
        return sum(line.quantity for line in self.lines.values())


def fold_carts(events: Iterable[CartEvent], *, currency: str) -> list[Cart]:
    """Return the carts of one shopper, oldest first; those that ended empty are left out.

    Args:
        events: in any order.
        currency: of amounts that do not say theirs.
    """
    carts: list[Cart] = []
    cart: Cart | None = None
    for event in sorted(events, key=lambda event: (event.at, event.event_id)):
        if event.name in (ORDER_PLACED, ORDER_COMPLETED):
            _convert(cart or _just_bought(carts, event), event)
            cart = None
            continue
        if cart is not None and event.at - cart.changed_at > EXPIRES:
            _leave(cart, event.at)
            cart = None
        if cart is None:
            if not _says_contents(event) or _is_bought(carts, event):
                continue
            cart = Cart(started_at=event.at, changed_at=event.at)
            carts.append(cart)
        _leave(cart, event.at)
        _take(cart, event, currency)
        if not cart.lines:
            carts.pop()
            cart = None
    return carts


def describe_lines(cart: Cart) -> list[dict[str, Any]]:
    """Return the lines as plain values, prices as decimal text."""
    return [
        {
            "title": line.title,
            "quantity": line.quantity,
            "price": ""
            if line.price_minor is None
            else f"{to_decimal(line.price_minor, cart.currency):f}",
            "price_minor": line.price_minor,
            "sku": line.sku,
            "product_id": line.product_id,
            "url": line.url,
            "image_url": line.image_url,
        }
        for line in cart.lines.values()
    ]


def _just_bought(carts: Sequence[Cart], event: CartEvent) -> Cart | None:
    """Return the cart that a browser said was bought and no order of the store is known of yet."""
    last = carts[-1] if carts else None
    if last is None or last.converted_at is None or last.order_id is not None:
        return None
    return last if event.at - last.converted_at <= SAME_PURCHASE else None


def _convert(cart: Cart | None, event: CartEvent) -> None:
    if cart is None:
        return
    if cart.converted_at is None:
        _leave(cart, event.at)
        cart.converted_at = cart.changed_at = event.at
        cart.is_backfill = event.is_backfill
    if event.name == ORDER_PLACED:
        cart.order_id = event.object_id


def _is_bought(carts: Sequence[Cart], event: CartEvent) -> bool:
    """Say whether a storefront tells once more of a cart that an order has ended.

    It comes with a time behind the order's, and is nothing that anybody left.
    """
    name = _name(event)
    return bool(name) and any(cart.converted_at and name in cart.names for cart in carts)


def _name(event: CartEvent) -> str:
    """Return the name of a cart in its storefront; what sites tell names none to rely on."""
    return _text(event.properties, "cart_id") if event.name == CART_UPDATED else ""


def _leave(cart: Cart, until: datetime) -> None:
    """Note that a cart lay too long before something happened again."""
    if cart.abandoned_at is None and until - cart.changed_at >= IDLE:
        cart.abandoned_at = cart.changed_at + IDLE


def _says_contents(event: CartEvent) -> bool:
    if event.name == PRODUCT_ADDED:
        return True
    return event.name != PRODUCT_REMOVED and bool(_products(event.properties))


def _take(cart: Cart, event: CartEvent, currency: str) -> None:
    said = event.properties
    cart.changed_at = event.at
    cart.is_backfill = event.is_backfill
    cart.store_id = event.store_id or cart.store_id
    cart.names |= {name} if (name := _name(event)) else set()
    cart.currency = _currency(said, cart.currency or currency)
    cart.url = _web_address(said, "checkout_url") or _web_address(said, "cart_url") or cart.url
    if event.name == CHECKOUT_STARTED or said.get("is_checkout") is True:
        cart.checkout_at = cart.checkout_at or event.at
    match event.name:
        case "Product Added":
            _put_in(cart, _read_line(said, cart.currency))
        case "Product Removed":
            _take_out(cart, _read_line(said, cart.currency))
        case _:
            _replace(cart, event)


def _replace(cart: Cart, event: CartEvent) -> None:
    """Take over what is in a cart; a page that only says that it was looked at changes nothing."""
    said = event.properties
    products = _products(said)
    if not products and said.get("products") != []:
        return
    cart.lines = {}
    for product in products[:MAX_LINES]:
        _put_in(cart, _read_line(product, cart.currency))
    names = ("value", "total", "revenue")
    told = (_amount(said.get(name), cart.currency) for name in names)
    cart.told_minor = next((minor for minor in told if minor is not None), None)


def _put_in(cart: Cart, line: CartLine | None) -> None:
    if line is None:
        return
    cart.told_minor = None
    known = cart.lines.get(line.key)
    if known is not None:
        quantity = min(known.quantity + line.quantity, MAX_QUANTITY)
        price = line.price_minor if line.price_minor is not None else known.price_minor
        cart.lines[line.key] = replace(known, quantity=quantity, price_minor=price)
    elif len(cart.lines) < MAX_LINES:
        cart.lines[line.key] = line


def _take_out(cart: Cart, line: CartLine | None) -> None:
    known = cart.lines.get(line.key) if line else None
    if line is None or known is None:
        return
    cart.told_minor = None
    if known.quantity > line.quantity:
        cart.lines[line.key] = replace(known, quantity=known.quantity - line.quantity)
    else:
        del cart.lines[line.key]


def _read_line(product: Mapping[str, Any], currency: str) -> CartLine | None:
    sku, product_id = _text(product, "sku"), _text(product, "product_id")
    variant = _text(product, "variant_id") or _text(product, "variant")
    title = _text(product, "name") or _text(product, "title")
    if not (sku or product_id or title):
        return None
    return CartLine(
        key=sku or (f"{product_id}/{variant}" if product_id else title),
        title=title or sku or product_id,
        quantity=_quantity(product.get("quantity")),
        price_minor=_amount(product.get("price"), currency),
        sku=sku,
        product_id=product_id,
        url=_web_address(product, "url"),
        image_url=_web_address(product, "image_url"),
    )


def _products(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = said.get("products")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _quantity(raw: Any) -> int:
    try:
        return min(max(int(str(raw)), 1), MAX_QUANTITY)
    except ValueError:
        return 1


def _amount(raw: Any, currency: str) -> int | None:
    if raw is None or isinstance(raw, bool) or not currency:
        return None
    try:
        minor = to_minor(str(raw), currency)
    except (MoneyError, ArithmeticError):
        return None
    return minor if 0 <= minor <= MAX_MINOR else None


def _currency(said: Mapping[str, Any], known: str) -> str:
    found = _text(said, "currency").upper()
    return found if is_currency(found) else known


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    is_word = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value).strip()[:MAX_TEXT] if is_word else ""


def _web_address(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or len(value) > 2_000:  # noqa: PLR2004 no address is longer
        return ""
    return value.strip() if value.strip().startswith(("https://", "http://")) else ""
