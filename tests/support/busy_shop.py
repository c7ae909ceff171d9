"""A shop that is busy for some weeks, hour by hour: what people, the merchant and time do to it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from crm.models import Profile, ProfileMerge, Store
from crm.services.erasure import erase_profiles
from crm.services.events import append_events
from crm.services.ingest import apply_records
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.services.tags import change_tags
from crm.types import (
    AddressData,
    ConsentRecord,
    CustomerRecord,
    LineData,
    NewEvent,
    OrderRecord,
    Record,
    RefundRecord,
)
from segments.models import Segment
from segments.services.archiving import archive_segment, unarchive_segment
from segments.services.segments import create_segment, update_segment

CATEGORIES = ("Tea", "Soap", "Skincare", "Gifts")
COUNTRIES = ("GB", "GB", "DE", "FR")
NAMES = ("Product Viewed", "Product Viewed", "Checkout Started", "Quiz Done")


def days(count: int) -> dict[str, int]:
    return {"days": count}


def both(*children: dict[str, Any]) -> dict[str, Any]:
    return {"op": "and", "children": list(children)}


def asked(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": name, "is": operator, "value": value}


TWICE = {"bought": {}, "count": {"is": ">=", "value": 2}, "within": days(30)}
DEFINITIONS: dict[str, dict[str, Any]] = {
    "one": asked("order_count", "=", 1),
    "regulars": asked("order_count", ">=", 3),
    "best": asked("net_revenue", "top", {"percent": 10}),
    "fine": asked("average_order_value", ">", {"store": "mean"}),
    "at risk": asked("days_since_last_order", "between", [14, 30]),
    "gone": asked("days_since_last_order", ">", 45),
    "new": asked("created_at", "in_the_last", days(10)),
    "sent back": both(asked("refunded", ">", 0), asked("net_revenue", "<", 60)),
    "promising": asked("rfm_group", "=", "promising"),
    "press": asked("tags", "contains", "Press"),
    "subscribed": both({"consent": "email", "is": "subscribed"}, asked("order_count", "=", 0)),
    "lookers": {
        "event": "Product Viewed",
        "count": {"is": ">=", "value": 2},
        "where": [{"property": "category", "is": "=", "value": "tea"}],
        "within": days(7),
    },
    "lately": {"event": "Product Viewed", "within": {"hours": 30}},
    "did not come back": both(
        {"event": "Product Viewed", "before": days(5)},
        {"event": "Product Viewed", "count": {"is": "=", "value": 0}, "within": days(4)},
    ),
    "worth": {
        "event": "Quiz Done",
        "sum": {"property": "value", "is": ">", "value": 40},
        "within": days(20),
    },
    "twice": TWICE,
    "tea, not soap": both(
        {"bought": {"category": "Tea"}, "within": days(40)},
        {"not_bought": {"category": "Soap"}, "within": days(20)},
    ),
    "left the checkout": {
        "funnel": [{"event": "Checkout Started"}, {"not": "Order Placed"}],
        "complete_in": {"hours": 20},
        "within": days(9),
    },
    "quiz led to a look": {
        "funnel": [{"event": "Quiz Done"}, {"event": "Product Viewed"}],
        "complete_in": days(3),
    },
    "quiz was long ago": {"last_event": "Quiz Done", "before": days(12)},
}
"""By name; two more refer to some of these, see `_make_store`."""

EDITS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("at risk", asked("days_since_last_order", "between", [10, 25])),
    ("twice", {**TWICE, "within": days(15)}),
    ("regulars", asked("order_count", ">", 1)),
    ("lately", {"event": "Quiz Done", "within": {"hours": 50}}),
    ("best", asked("net_revenue", "top", {"percent": 25})),
    ("gone", asked("days_since_last_order", ">=", 20)),
    ("left the checkout", {**DEFINITIONS["left the checkout"], "complete_in": {"hours": 44}}),
    ("fine", asked("average_order_value", "<", {"store": "mean"})),
    ("quiz was long ago", {"last_event": "Quiz Done", "within": days(3)}),
)
"""What the merchant changes, one after another."""


@dataclass
class Shop:
    """One shop and who is known there.

    Attributes:
        rate: how much happens: with 1 one in a hundred people does each thing in one turn.
        people: profile ids of those who may do something, by customer id.
        orders: those that may be refunded or cancelled: number, pence, customer and instant.
    """

    store: Store
    draw: random.Random
    rate: float = 1.0
    people: dict[str, int] = field(default_factory=dict)
    orders: list[tuple[str, int, str, datetime]] = field(default_factory=list)
    met: int = 0
    ordered: int = 0
    refunded: int = 0
    changed: int = 0

    def some(self, per_mille: float) -> list[str]:
        """Draw customers, so many of a thousand; seldom nobody."""
        wanted = len(self.people) * per_mille * self.rate / 1_000
        count = int(wanted) + (self.draw.random() < wanted % 1)
        return self.draw.sample(sorted(self.people), min(count, len(self.people)))

    def who(self, customer: str, at: datetime, **more: Any) -> CustomerRecord:
        return CustomerRecord(
            external_id=customer, version_at=at, email=f"{customer}@example.com", **more
        )

    def apply(self, records: Sequence[Record], now: datetime, *, is_backfill: bool = False) -> None:
        """Let the shop tell of all this, and keep who it was about."""
        with transaction.atomic():
            done = apply_records(
                self.store.pk, records, source="webhook", is_backfill=is_backfill, now=now
            )
        refused = [outcome for outcome in done.outcomes if outcome.startswith("rejected")]
        if refused:
            raise AssertionError(refused[0])

    @transaction.atomic
    def meet(self, count: int, now: datetime) -> None:
        """Let so many new people be known."""
        names = [f"c{self.met + place}" for place in range(count)]
        self.met += count
        self.apply(
            [
                self.who(
                    name,
                    now,
                    created_at=now,
                    address=AddressData(country=self.draw.choice(COUNTRIES)),
                    email_consent=self.draw.choice(("", "subscribed")),
                    consent_at=now,
                )
                for name in names
            ],
            now,
        )
        found = Profile.objects.filter(email_norm__in=[f"{name}@example.com" for name in names])
        for pk, email in found.values_list("pk", "email_norm"):
            self.people[email.partition("@")[0]] = pk

    def buy(self, customers: Sequence[str], now: datetime, *, since: timedelta) -> list[Record]:
        """Return orders of some customers within some time before now."""
        records: list[Record] = []
        for customer in customers:
            self.ordered += 1
            at = now - since * self.draw.random()
            pence = self.draw.randrange(500, 9_000)
            number = f"o{self.ordered}"
            self.orders.append((number, pence, customer, at))
            records.append(self._order(number, pence, customer, at, version_at=now))
        return records

    def _order(
        self, number: str, pence: int, customer: str, at: datetime, **fields: Any
    ) -> OrderRecord:
        category = CATEGORIES[int(number[1:]) % len(CATEGORIES)]
        return OrderRecord(
            external_id=number,
            ordered_at=at,
            currency="GBP",
            gross_minor=pence,
            lines=[LineData("1", 1, 1, pence, pence, title="A thing", category=category)],
            customer=self.who(customer, at),
            **fields,
        )

    def give_back(self, count: int, now: datetime) -> list[Record]:
        """Return refunds of some orders, half of them in part, and cancellations of a few."""
        records: list[Record] = []
        for _ in range(min(count, len(self.orders))):
            place = self.draw.randrange(len(self.orders))
            number, pence, customer, at = self.orders.pop(place)
            self.refunded += 1
            if self.refunded % 4 == 0:
                records.append(
                    self._order(number, pence, customer, at, version_at=now, cancelled_at=now)
                )
                continue
            amount = pence if self.refunded % 2 else pence // 3
            records.append(
                RefundRecord(f"r{self.refunded}", now, now, "GBP", amount, order_external_id=number)
            )
        return records

    @transaction.atomic
    def do(self, customers: Sequence[str], now: datetime, *, since: timedelta) -> None:
        """Let some customers do something on the site."""
        events = [
            NewEvent(
                name=self.draw.choice(NAMES),
                occurred_at=now - since * self.draw.random(),
                source="api",
                profile_id=self.people[customer],
                properties={
                    "category": self.draw.choice(("tea", "soap")),
                    "value": self.draw.randrange(5, 50),
                },
            )
            for customer in customers
        ]
        append_events(events, now=now)

    def merge(self, count: int, now: datetime) -> None:
        """Find that some pairs are one shopper."""
        chosen = self.draw.sample(sorted(self.people), min(2 * count, len(self.people) // 4 * 2))
        pairs = [
            (self.people[winner], self.people.pop(loser))
            for winner, loser in zip(chosen[::2], chosen[1::2], strict=True)
        ]
        if pairs:
            losers = set(chosen[1::2])
            self.orders = [order for order in self.orders if order[2] not in losers]
            merge_profiles(pairs, rule="email", now=now)

    def part(self, now: datetime) -> None:
        """Undo the newest merge that can be undone."""
        newest = ProfileMerge.objects.filter(undone_at=None).order_by("-pk").first()
        is_free = newest is not None and newest.winner_id in set(self.people.values())
        if newest is not None and is_free and newest.merged_at > now - timedelta(days=20):
            unmerge_profile(newest.pk, now=now)

    def erase(self, count: int, now: datetime) -> None:
        """Erase some people for good."""
        gone = self.draw.sample(sorted(self.people), min(count, len(self.people) // 4))
        self.orders = [order for order in self.orders if order[2] not in gone]
        erase_profiles([self.people.pop(customer) for customer in gone], now=now)

    @transaction.atomic
    def turn(self, now: datetime) -> None:
        """Let some hours of an ordinary day pass: what came in, in batches as it does."""
        self.meet(1 + len(self.some(1.5)), now)
        hours = timedelta(hours=6)
        self.apply(
            [
                *self.buy(self.some(9), now, since=hours),
                *self.give_back(len(self.some(2)), now),
                *(
                    ConsentRecord(
                        "email",
                        self.draw.choice(("subscribed", "unsubscribed")),
                        external_id=customer,
                        occurred_at=now,
                    )
                    for customer in self.some(2)
                ),
                *(
                    self.who(
                        customer, now, address=AddressData(country=self.draw.choice(COUNTRIES))
                    )
                    for customer in self.some(2)
                ),
            ],
            now,
        )
        late = self.buy(self.some(1), now, since=timedelta(days=25))
        self.apply(late, now, is_backfill=True)
        self.do(self.some(30), now, since=hours)
        self.do(self.some(3), now, since=timedelta(days=8))
        tagged = [self.people[customer] for customer in self.some(2)]
        change_tags(tagged, added=["Press"], actor="ada@example.com")
        untagged = [self.people[customer] for customer in self.some(2)]
        change_tags(untagged, removed=["Press"], actor="ada@example.com")

    @transaction.atomic
    def upset(self, day: int, now: datetime) -> None:
        """Let what is rare happen: merges and their undoing, erasures."""
        self.merge(1 + len(self.some(0.3)), now)
        if day % 4 == 3:
            self.part(now)
        if day % 7 == 5:
            self.erase(1, now)

    @transaction.atomic
    def edit(self, day: int) -> bool:
        """Let the merchant change, archive or bring back a segment; returns whether they did."""
        if day % 6 == 2 and self.changed < len(EDITS):
            name, definition = EDITS[self.changed]
            self.changed += 1
            update_segment(Segment.objects.get(name=name).pk, definition=definition)
        if day % 20 == 9:
            archive_segment(Segment.objects.get(name="press").pk)
        if day % 20 == 14:
            unarchive_segment(Segment.objects.get(name="press").pk)
        return day % 6 == 2 or day % 20 in (9, 14)


def open_shop(people: int, now: datetime, *, seed: int) -> Shop:
    """Make the shop with its segments and so many people, who bought and looked before."""
    shop = Shop(_make_store(), random.Random(seed))  # noqa: S311 a drawn history
    step = 2_000
    for first in range(0, people, step):
        shop.meet(min(step, people - first), now - timedelta(days=30))
    everybody = sorted(shop.people)
    for first in range(0, people, step):
        some = [c for c in everybody[first : first + step] if shop.draw.random() < 0.7]
        again = [c for c in some if shop.draw.random() < 0.4]
        orders = shop.buy([*some, *again], now, since=timedelta(days=60))
        shop.apply(orders, now, is_backfill=True)
        shop.do(some, now, since=timedelta(days=20))
    return shop


@transaction.atomic
def _make_store() -> Store:
    """Make a store and all segments."""
    store = Store.objects.create(
        name="Shop", platform="custom", currency="GBP", timezone="Europe/London"
    )
    for name, definition in DEFINITIONS.items():
        create_segment(name=name, definition=definition)
    named = dict(Segment.objects.values_list("name", "pk"))
    twice, gone = str(named["twice"]), str(named["gone"])
    british = both({"segment": twice, "is": "member"}, asked("country", "=", "GB"))
    inner = create_segment(name="twice in Britain", definition=british)
    neither = both(
        {"segment": str(inner.pk), "is": "not_member"},
        {"segment": gone, "is": "not_member"},
        asked("order_count", ">", 0),
    )
    create_segment(name="neither", definition=neither)
    return store
