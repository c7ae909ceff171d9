"""Webhook bodies as Shopify words them, for the live part of a make-believe store. Pure."""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from kernel.money import to_minor, to_text
from stores.simulator.catalogue import Item, Shop
from stores.simulator.people import Shopper, make_shopper
from stores.simulator.stock import LOCATION, Shelves, inventory_item

FIRST_ORDER_ID: Final = 6_000_000_000_000
FIRST_CUSTOMER_ID: Final = 7_200_000_000_000
IDS_PER_RUN: Final = 1_000_000
RUNS: Final = 1_000_000_000
RETURNING_SHARE: Final = 0.45
REFUND_SHARE: Final = 0.06
SIGN_UP_SHARE: Final = 0.12
DISCOUNT_SHARE: Final = 0.15
CART_LAY: Final = timedelta(hours=1)
"""So long ago a cart was left when it is told of: it is abandoned at once."""
COUNT_ORDERS: Final = 4
"""Every so many orders the store says what is left of what was bought, the first time at once."""
SHIP_AFTER: Final = timedelta(seconds=25)
REFUND_AFTER: Final = timedelta(seconds=90)
SHIPPING_MINOR: Final = 395
FREE_SHIPPING_FROM_MINOR: Final = 4000
LANDINGS: Final = (
    "/",
    "/collections/all?utm_source=google&utm_medium=cpc&utm_campaign=brand",
    "/collections/new?utm_source=instagram&utm_medium=social&utm_campaign=autumn",
    "/?utm_source=patron&utm_medium=email&utm_campaign=win-back",
)

REFERRERS: Final = {"google": "https://www.google.com/", "instagram": "https://instagram.com/"}
GATEWAYS: Final = (
    *("shopify_payments",) * 5,
    *("paypal",) * 2,
    "apple_pay",
    "klarna",
    "gift_card",
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Post:
    """One webhook to send.

    Attributes:
        due_at: not before.
        delivery_id: the same at every attempt.
    """

    due_at: datetime
    topic: str
    payload: Json
    delivery_id: str


class LiveStore:
    """Makes up what happens in one store; the same seed makes the same people buy the same."""

    def __init__(
        self, shop: Shop, *, seed: int, known: Sequence[Shopper] = (), only: Shopper | None = None
    ) -> None:
        """Start a run.

        Args:
            shop: what is sold.
            seed: of names, baskets and ids; two runs with one seed send the same deliveries.
            known: shoppers of the past, some of whom come back.
            only: who does everything; None draws lots.
        """
        self.shop = shop
        self.known = list(known)
        self._only = only
        self._rng = random.Random(f"{shop.slug}:{seed}")
        self._base = (seed % RUNS) * IDS_PER_RUN
        self._made = 0
        self._shelves = Shelves(shop)

    def find_shopper(self, email: str) -> Shopper | None:
        """Return a shopper of the past or of this run, or None."""
        return next((shopper for shopper in self.known if shopper.email == email), None)

    def purchase(self, at: datetime, shopper: Shopper | None = None) -> Iterator[Post]:
        """Yield what one purchase sends: the order, later its parcel, now and then more.

        That is a new customer, what is left of the goods, a refund.

        Args:
            at: when.
            shopper: who; None is somebody new or of the past.
        """
        self._made += 1
        shopper = shopper or self._pick_shopper()
        order = self._order(shopper, at)
        if self._rng.random() < SIGN_UP_SHARE and shopper.external_id:
            yield self._post("customers/create", _customer(shopper, at), at)
        yield self._post("orders/create", order, at)
        levels = [self._level(line, at) for line in order["line_items"]]
        if self._made % COUNT_ORDERS == 1:
            for level in levels:
                yield self._post("inventory_levels/update", level, at)
        shipped_at = at + SHIP_AFTER
        yield self._post("fulfillments/create", self._parcel(order, shipped_at), shipped_at)
        if self._rng.random() < REFUND_SHARE:
            refunded_at = at + REFUND_AFTER
            yield self._post("refunds/create", self._refund(order, refunded_at), refunded_at)

    def leave_cart(self, at: datetime) -> Iterator[Post]:
        """Yield what is told of a shopper who went to the checkout an hour ago and left."""
        self._made += 1
        shopper, left_at = self._pick_shopper(), at - CART_LAY
        if shopper.external_id:
            yield self._post("customers/create", _customer(shopper, left_at), at)
        yield self._post("checkouts/create", self._checkout(shopper, left_at), at)

    def _post(self, topic: str, payload: Json, at: datetime) -> Post:
        return Post(at, topic, payload, str(uuid.UUID(int=self._rng.getrandbits(128), version=4)))

    def _id(self, first: int) -> int:
        return first + self._base + self._made

    def _pick_shopper(self) -> Shopper:
        if self._only is not None:
            return self._only
        if self.known and self._rng.random() < RETURNING_SHARE:
            return self._rng.choice(self.known)
        fresh = make_shopper(self._rng, self.shop, self._rng.randint(2000, 9999))
        if fresh.external_id:
            fresh = replace(fresh, external_id=str(self._id(FIRST_CUSTOMER_ID)))
        self.known.append(fresh)
        return fresh

    def _order(self, shopper: Shopper, at: datetime) -> Json:
        lines = [self._line(place, *pick) for place, pick in enumerate(self._basket(), start=1)]
        subtotal = sum(
            to_minor(line["price"], self.shop.currency) * line["quantity"] for line in lines
        )
        discount = subtotal // 10 if self._rng.random() < DISCOUNT_SHARE else 0
        shipping = 0 if subtotal - discount >= FREE_SHIPPING_FROM_MINOR else SHIPPING_MINOR
        if discount:
            lines[0]["discount_allocations"] = [{"amount": self._money(discount)}]
        total = self._money(subtotal - discount + shipping)
        number = 100_000 + (self._base // IDS_PER_RUN * 37 + self._made) % 900_000
        return {
            "id": self._id(FIRST_ORDER_ID),
            "name": f"#{number}",
            "order_number": number,
            "created_at": at.isoformat(),
            "processed_at": at.isoformat(),
            "updated_at": at.isoformat(),
            "currency": self.shop.currency,
            "presentment_currency": self.shop.currency,
            "total_price": total,
            "total_price_set": self._money_set(total),
            "subtotal_price": self._money(subtotal - discount),
            "total_discounts": self._money(discount),
            "total_tax": self._money(0),
            "total_shipping_price_set": self._money_set(self._money(shipping)),
            "discount_codes": [{"code": "HELLO10"}] if discount else [],
            "financial_status": "paid",
            "fulfillment_status": None,
            **visit_of(number, self._rng.choice(LANDINGS)),
            "test": False,
            "email": shopper.email,
            "phone": None,
            "buyer_accepts_marketing": shopper.is_subscribed,
            "customer_locale": "en",
            "customer": _customer(shopper, at) if shopper.external_id else None,
            "billing_address": _address(shopper),
            "shipping_address": _address(shopper),
            "line_items": lines,
            "refunds": [],
            "fulfillments": [],
        }

    def _checkout(self, shopper: Shopper, at: datetime) -> Json:
        lines = [self._line(place, *pick) for place, pick in enumerate(self._basket(), start=1)]
        total = sum(
            to_minor(line["price"], self.shop.currency) * line["quantity"] for line in lines
        )
        token = f"checkout-{self._id(FIRST_ORDER_ID)}"
        return {
            "id": self._id(FIRST_ORDER_ID),
            "token": token,
            "created_at": at.isoformat(),
            "updated_at": at.isoformat(),
            "completed_at": None,
            "currency": self.shop.currency,
            "email": shopper.email,
            "phone": shopper.phone or None,
            "customer": _customer(shopper, at) if shopper.external_id else None,
            "line_items": lines,
            "total_price": self._money(total),
            "abandoned_checkout_url": f"https://{self.shop.domain}/checkouts/{token}/recover",
        }

    def _basket(self) -> list[tuple[Item, int]]:
        weights = [item.weight for item in self.shop.items]
        count = self._rng.choices((1, 2, 3, 4), (58, 27, 11, 4))[0]
        chosen = dict.fromkeys(self._rng.choices(self.shop.items, weights, k=count))
        return [(item, self._rng.choices((1, 2, 3), (82, 14, 4))[0]) for item in chosen]

    def _line(self, place: int, item: Item, quantity: int) -> Json:
        return {
            "id": self._id(FIRST_ORDER_ID) * 10 + place,
            "product_id": item.external_id,
            "variant_id": f"{item.external_id}V",
            "sku": item.sku,
            "title": item.title,
            "quantity": quantity,
            "price": self._money(item.price_minor),
            "total_discount": "0.00",
            "discount_allocations": [],
        }

    def _level(self, line: Json, at: datetime) -> Json:
        return {
            "inventory_item_id": inventory_item(line["product_id"]),
            "location_id": LOCATION,
            "available": self._shelves.sell(line["product_id"], line["quantity"]),
            "updated_at": at.isoformat(),
        }

    def _parcel(self, order: Json, at: datetime) -> Json:
        tracking = f"PM{self._rng.randrange(10**9):09d}"
        return {
            "id": order["id"] + 500,
            "order_id": order["id"],
            "status": "success",
            "created_at": at.isoformat(),
            "updated_at": at.isoformat(),
            "tracking_company": "Parcel Mail",
            "tracking_number": tracking,
            "tracking_url": f"https://parcels.example/{tracking}",
            "shipment_status": None,
        }

    def _refund(self, order: Json, at: datetime) -> Json:
        line = order["line_items"][0]
        amount = self._money(to_minor(line["price"], self.shop.currency))
        return {
            "id": order["id"] + 700,
            "order_id": order["id"],
            "created_at": at.isoformat(),
            "processed_at": at.isoformat(),
            "note": "Changed my mind",
            "refund_line_items": [
                {"line_item_id": line["id"], "quantity": 1, "subtotal": amount, "total_tax": "0.00"}
            ],
            "transactions": [
                {
                    "kind": "refund",
                    "status": "success",
                    "amount": amount,
                    "currency": self.shop.currency,
                }
            ],
        }

    def _money(self, minor: int) -> str:
        return to_text(minor, self.shop.currency) or ""

    def _money_set(self, text: str) -> Json:
        money = {"amount": text, "currency_code": self.shop.currency}
        return {"shop_money": money, "presentment_money": money}


def visit_of(number: int, landing: str) -> Json:
    """Return where an order came from and how it was paid, by its number; one in 12 at a till."""
    gateway = {"payment_gateway_names": [GATEWAYS[number * 7 % len(GATEWAYS)]]}
    if number % 12 == 0:
        return {
            "source_name": "pos",
            "landing_site": None,
            "referring_site": None,
            "payment_gateway_names": ["cash" if number % 24 == 0 else "shopify_payments"],
        }
    referrer = next((site for name, site in REFERRERS.items() if name in landing), None)
    return {
        "source_name": "web",
        "landing_site": landing,
        "referring_site": referrer,
        **gateway,
    }


def _customer(shopper: Shopper, at: datetime) -> Json:
    customer = {
        "id": int(shopper.external_id),
        "created_at": at.isoformat(),
        "updated_at": at.isoformat(),
        "first_name": shopper.first_name,
        "last_name": shopper.last_name,
        "email": shopper.email,
        "phone": shopper.phone or None,
        "state": "enabled",
        "tags": "",
        "default_address": _address(shopper),
    }
    if shopper.is_subscribed:
        customer["email_marketing_consent"] = {
            "state": "subscribed",
            "opt_in_level": "single_opt_in",
            "consent_updated_at": at.isoformat(),
        }
    if shopper.phone:
        customer["sms_marketing_consent"] = {
            "state": "subscribed",
            "opt_in_level": "single_opt_in",
            "consent_updated_at": at.isoformat(),
        }
    return customer


def _address(shopper: Shopper) -> Json:
    return {
        "first_name": shopper.first_name,
        "last_name": shopper.last_name,
        "city": shopper.city,
        "country_code": shopper.country,
    }
