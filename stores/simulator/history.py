"""A believable year of one store, as canonical records in order of time.

Mostly one-time buyers, a loyal few, a season, guests, refunds. Pure: the same seed and end give
the same year.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils.text import slugify

from crm.types import (
    AddressData,
    CustomerRecord,
    LineData,
    OrderRecord,
    ProductRecord,
    Record,
    RefundRecord,
    VariantData,
)
from stores.platforms.shopify.payments import read_payment_names
from stores.platforms.shopify.visits import read_visit
from stores.simulator.catalogue import Item, Shop
from stores.simulator.payloads import LANDINGS, visit_of
from stores.simulator.people import Shopper, make_shopper
from stores.simulator.stock import Shelves, full_shelf, inventory_item

DAYS: Final = 365
COUNT_DAYS: Final = 7
"""The stock is counted every so many days, the last time on the last day."""
NEW_SHOPPER_SHARE: Final = 0.64
REFUND_SHARE: Final = 0.045
SIGN_UP_SHARE: Final = 0.35
SHIPPING_MINOR: Final = 395
FREE_SHIPPING_FROM_MINOR: Final = 4000


@dataclass(slots=True)
class Day:
    """Records of one day, in order of time, and the instant the day ended."""

    ends_at: datetime
    records: list[Record] = field(default_factory=list)


def build_catalogue(shop: Shop, at: datetime) -> list[Record]:
    """Return the products of a store as of ``at``."""
    return [
        ProductRecord(
            external_id=item.external_id,
            version_at=at,
            title=item.title,
            category=item.category,
            brand=shop.brand,
            handle=item.title.lower().replace(" ", "-").replace(",", ""),
            url=f"https://{shop.domain}/products/{item.external_id.lower()}",
            image_url=f"{settings.PUBLIC_URL}{settings.STATIC_URL}demo/{slugify(item.category)}.png",
            published_at=at,
            variants=[
                VariantData(
                    external_id=f"{item.external_id}V",
                    sku=item.sku,
                    title="Default",
                    price_minor=item.price_minor,
                    currency=shop.currency,
                    inventory_quantity=full_shelf(item),
                    inventory_item=inventory_item(item.external_id),
                )
            ],
        )
        for item in shop.items
    ]


class Year:
    """The year of one store, told day by day; the listener may send shoppers back meanwhile."""

    def __init__(self, shop: Shop, *, until: datetime, seed: int) -> None:
        """Start a year.

        Args:
            shop: what is sold, and the shape of its year.
            until: aware end of the last day.
            seed: of the random generator.
        """
        self.shop = shop
        self.until = until
        self.rng = random.Random(seed)
        self.again: list[tuple[datetime, str]] = []
        self.shoppers: list[Shopper] = []
        self.loyal: list[Shopper] = []
        self.orders = 0
        self.refunds: dict[int, list[RefundRecord]] = defaultdict(list)
        self._shelves = Shelves(shop)

    @property
    def starts_at(self) -> datetime:
        """The end of the first day."""
        return self.until - timedelta(days=DAYS - 1)

    def tell(self) -> Iterator[Day]:
        """Yield the days, first to last; each is made up when it is asked for."""
        for back in range(DAYS, 0, -1):
            yield self.day(self.until - timedelta(days=back - 1), back)

    def buy_again(self, email: str, at: datetime) -> None:
        """Have a shopper buy at an instant of a day that is still to be told."""
        self.again.append((at, email))

    def day(self, ends_at: datetime, back: int) -> Day:
        """Build one day; ``back`` counts down to 1, the last day."""
        season = self.shop.monthly[ends_at.month - 1] * (1.25 if ends_at.weekday() >= 5 else 0.9)  # noqa: PLR2004
        growth = 0.85 + 0.3 * (DAYS - back) / DAYS
        expected = self.shop.orders / DAYS * season * growth
        count = int(expected) + (self.rng.random() < expected % 1)
        day = Day(ends_at)
        moments = [self.rng.randrange(60, 86_000) for _ in range(count)]
        wanted = [(ends_at - timedelta(seconds=86_400 - moment), "") for moment in moments]
        wanted += [want for want in self.again if want[0] <= ends_at]
        self.again = [want for want in self.again if want[0] > ends_at]
        for at, email in sorted(wanted):
            self._purchase(day, at, back, email)
        if self.rng.random() < SIGN_UP_SHARE:
            day.records.append(self._sign_up(ends_at))
        day.records.extend(self.refunds.pop(back, []))
        if back % COUNT_DAYS == 1:
            day.records.extend(self._shelves.count(ends_at))
        return day

    def _purchase(self, day: Day, at: datetime, back: int, email: str) -> None:
        shopper = self._find_shopper(email) or self._pick_shopper()
        order = self._order(shopper, at)
        day.records.append(order)
        self._shelves.sell_lines(order.lines)
        if self.rng.random() < REFUND_SHARE and back > 12:  # noqa: PLR2004 it must come back in time
            when = back - self.rng.randint(3, 11)
            self.refunds[when].append(self._refund(order, at + timedelta(days=back - when)))

    def _find_shopper(self, email: str) -> Shopper | None:
        return next((each for each in self.shoppers if email and each.email == email), None)

    def _pick_shopper(self) -> Shopper:
        if self.loyal and self.rng.random() > NEW_SHOPPER_SHARE:
            return self.rng.choice(self.loyal)
        shopper = make_shopper(self.rng, self.shop, len(self.shoppers) + 1)
        self.shoppers.append(shopper)
        if self.rng.random() < 0.24:  # noqa: PLR2004 share of buyers who come back
            self.loyal.append(shopper)
        if len(self.loyal) > 160:  # noqa: PLR2004 the early ones fall asleep
            self.loyal.pop(self.rng.randrange(40))
        return shopper

    def _order(self, shopper: Shopper, at: datetime) -> OrderRecord:
        self.orders += 1
        lines = self._lines()
        subtotal = sum(line.total_minor for line in lines)
        shipping = 0 if subtotal >= FREE_SHIPPING_FROM_MINOR else SHIPPING_MINOR
        visit = visit_of(self.orders, LANDINGS[self.orders * 5 // 3 % len(LANDINGS)])
        return OrderRecord(
            external_id=str(5_300_000_000_000 + self.orders),
            number=f"#{1000 + self.orders}",
            version_at=at,
            ordered_at=at,
            currency=self.shop.currency,
            gross_minor=subtotal + shipping,
            subtotal_minor=subtotal,
            shipping_minor=shipping,
            lines=lines,
            customer=customer_record(shopper, at),
            email=shopper.email,
            financial_status="paid",
            fulfillment_status="fulfilled",
            channel=visit["source_name"],
            attribution=read_visit(visit),
            payment_names=read_payment_names(visit, self.shop.currency),
            country=shopper.country,
            city=shopper.city,
        )

    def _lines(self) -> list[LineData]:
        weights = [item.weight for item in self.shop.items]
        count = self.rng.choices((1, 2, 3, 4), (58, 27, 11, 4))[0]
        chosen: dict[str, Item] = {}
        for item in self.rng.choices(self.shop.items, weights, k=count):
            chosen.setdefault(item.sku, item)
        return [
            _line(place, item, self.rng.choices((1, 2, 3), (82, 14, 4))[0])
            for place, item in enumerate(chosen.values(), start=1)
        ]

    def _refund(self, order: OrderRecord, at: datetime) -> RefundRecord:
        line = order.lines[0]
        amount = order.gross_minor if self.rng.random() < 0.5 else line.total_minor  # noqa: PLR2004
        return RefundRecord(
            external_id=f"R{order.external_id}",
            version_at=at,
            refunded_at=at,
            currency=order.currency,
            amount_minor=amount,
            order_external_id=order.external_id,
            note="Changed my mind",
        )

    def _sign_up(self, at: datetime) -> CustomerRecord:
        shopper = make_shopper(self.rng, self.shop, len(self.shoppers) + 1)
        self.shoppers.append(shopper)
        joined = at - timedelta(seconds=self.rng.randrange(1, 80_000))
        return customer_record(shopper, joined, subscribed=True, number=len(self.shoppers))


def customer_record(
    shopper: Shopper, at: datetime, *, subscribed: bool | None = None, number: int = 0
) -> CustomerRecord:
    """Return a shopper as a customer record.

    Args:
        shopper: who.
        at: when the store tells it; consent is dated likewise.
        subscribed: overrides the shopper's own wish.
        number: gives somebody without a store id one (a sign-up always has an account).
    """
    wants = shopper.is_subscribed if subscribed is None else subscribed
    external_id = shopper.external_id or (str(7_900_000_000_000 + number) if number else "")
    return CustomerRecord(
        external_id=external_id,
        version_at=at,
        email=shopper.email,
        first_name=shopper.first_name,
        last_name=shopper.last_name,
        address=AddressData(country=shopper.country, city=shopper.city),
        created_at=at,
        email_consent="subscribed" if wants else "",
        consent_at=at if wants else None,
    )


def _line(place: int, item: Item, quantity: int) -> LineData:
    return LineData(
        line_key=str(place),
        position=place,
        quantity=quantity,
        unit_price_minor=item.price_minor,
        total_minor=quantity * item.price_minor,
        sku=item.sku,
        title=item.title,
        category=item.category,
        product_external_id=item.external_id,
        variant_external_id=f"{item.external_id}V",
    )
