"""The same webhooks in any order, repeated and cut into any batches, end in the same shop.

Each example takes what was told of three people (customers, consent, orders, refunds, carts,
checkouts, calls of the site), all or a part, and which of them a member makes one. It is delivered
through the inbox, in a shop of its own that is rolled back: shuffled, with repeats, in batches of
any size, between which everything that reacts has its turn or has not. The shop must be alike, to
the last figure, to one that was told the same as it happened.

Left out is what depends on the order by intent: names and consent of two who both said something
when a member merges them (`tests/crm/test_identity_properties.py` says more).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as looked_at
from hypothesis import strategies as st
from pytest_django import Settings

from config.event_handlers import EVENT_HANDLERS
from crm.models import (
    Cart,
    ConsentEvent,
    Event,
    Identity,
    Order,
    Profile,
    ProfileFacts,
    Refund,
    Touchpoint,
)
from crm.services import checks
from crm.services.api_store import ensure_api_store
from crm.services.merging import merge_profiles
from crm.services.reactions import drain_reactions
from crm.services.stores import StoreData, create_store
from kernel.batches import Deadline
from loyalty.models import PointsAccount
from loyalty.services import checks as points_checks
from loyalty.services.program import ensure_program
from stores.models import InboxDelivery
from stores.services.inbox import drain_inbox
from tenants.models import Tenant

pytestmark = [pytest.mark.django_db, pytest.mark.covers("P1", "P2", "I1")]

HANDLERS = {
    name: tuple(each for each in handlers if not each.startswith(("segments.", "flows.")))
    for name, handlers in EVENT_HANDLERS.items()
}
"""What reacts here: figures, points, carts and visits; segments follow from them."""
EXAMPLES = 25 if looked_at.get_current_profile_name() == "patron" else looked_at().max_examples
TEN = datetime(2026, 5, 4, 10, tzinfo=UTC)
NOW = TEN + timedelta(minutes=50)
FOREVER = Deadline(seconds=None)
SHOP, SITE = "shop", "site"


@dataclass(frozen=True)
class Told:
    """One delivery of a store, or of the site."""

    source: str
    topic: str
    body: str


@dataclass(frozen=True)
class Together:
    """That a member makes one person of two, as soon as both are there, by their addresses."""

    winner: str
    loser: str


Step = Told | Together


@pytest.fixture(autouse=True)
def at_ten(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)
    settings.EVENT_HANDLERS = "tests.scenarios.test_any_order.HANDLERS"
    with time_machine.travel(NOW, tick=False):
        yield


def at(minute: int) -> str:
    return (TEN + timedelta(minutes=minute)).isoformat()


def told(topic: str, **body: Any) -> Told:
    return Told(SHOP, topic, json.dumps(body))


def call(minute: int, name: str, **body: Any) -> Told:
    kind = "identify" if name == "identify" else "track"
    said = {"type": kind, "event": name, "messageId": f"{name}-{minute}", "timestamp": at(minute)}
    return Told(SITE, f"tracking/{kind}", json.dumps({**said, "sentAt": NOW.isoformat(), **body}))


def person(minute: int, name: str) -> Told:
    return told(
        "customers/update",
        id=7,
        email="ada@example.com",
        first_name=name,
        created_at=at(-60),
        updated_at=at(minute),
    )


def consent(minute: int, state: str) -> Told:
    return told(
        "customers_email_marketing_consent/update",
        customer_id=7,
        email_address="ada@example.com",
        email_marketing_consent={"state": state, "consent_updated_at": at(minute)},
    )


def order(number: int, minute: int, changed: int, total: str = "20.00", **who: Any) -> Told:
    line = {"id": number * 10, "title": "Soap", "sku": "SOAP", "quantity": 2, "price": "10.00"}
    return told(
        "orders/updated",
        id=number,
        name=f"#{number}",
        created_at=at(minute),
        updated_at=at(changed),
        currency="GBP",
        total_price=total,
        financial_status="paid",
        line_items=[line],
        landing_site=f"/?utm_source=news{number}",
        **who,
    )


def refund(number: int, of: int, minute: int, amount: str) -> Told:
    payment = {"kind": "refund", "status": "success", "amount": amount, "currency": "GBP"}
    return told(
        "refunds/create", id=number, order_id=of, created_at=at(minute), transactions=[payment]
    )


def cart(minute: int, quantity: int) -> Told:
    line = {"title": "Oil", "sku": "OIL", "quantity": quantity, "price": "5.00"}
    line["line_price"] = f"{5 * quantity}.00"
    return told(
        "carts/update", token="cart-1", created_at=at(30), updated_at=at(minute), line_items=[line]
    )


def checkout(minute: int, quantity: int) -> Told:
    line = {"title": "Oil", "sku": "OIL", "quantity": quantity, "price": "5.00"}
    return told(
        "checkouts/update",
        token="checkout-1",
        cart_token="cart-1",
        email="ada@example.com",
        currency="GBP",
        created_at=at(35),
        updated_at=at(minute),
        total_price=f"{5 * quantity}.00",
        line_items=[line],
    )


ADA: dict[str, Any] = {"customer": {"id": 7, "email": "ada@example.com", "updated_at": at(-60)}}
GUEST: dict[str, Any] = {"email": "ada2@example.com", "phone": "+447911123456"}
STORY: Sequence[Told] = (
    person(0, "Ada"),
    call(1, "Products Searched", anonymousId="a-1"),
    consent(2, "subscribed"),
    order(1, 3, 3, **ADA),
    order(2, 4, 4, "30.00", **GUEST),
    call(5, "Product Viewed", anonymousId="a-1", properties={"sku": "OIL"}),
    refund(91, 1, 6, "5.00"),
    order(1, 3, 7, "25.00", **ADA),
    consent(8, "unsubscribed"),
    order(3, 9, 9, "40.00", email="bob@example.com"),
    call(10, "identify", anonymousId="a-1", userId="", traits={"email": "bob@example.com"}),
    order(4, 11, 11, "12.50", **ADA, **GUEST),
    refund(92, 2, 12, "30.00"),
    person(13, "Ada Augusta"),
    order(2, 4, 14, "30.00", cancelled_at=at(14), **GUEST),
    call(15, "Product Added", anonymousId="a-1", properties={"sku": "TOWEL", "price": 9}),
    cart(31, 1),
    cart(33, 2),
    checkout(35, 2),
    checkout(37, 3),
    order(5, 40, 40, "7.00", email="eve@example.com"),
)
"""As it happened: Ada, who also buys as a guest; Bob, whom the site names; Eve."""
MERGES: Sequence[Together] = (
    Together("ada@example.com", "bob@example.com"),
    Together("bob@example.com", "eve@example.com"),
)
LEFT_OUT: Sequence[tuple[int, ...]] = ((), (0, 6, 13, 16), (3, 4, 9, 18, 19))
"""Which of the story are not told: none; a refund and her profile; orders, and the checkouts."""
STRAIGHT: dict[tuple[tuple[int, ...], int], list[Any]] = {}
"""What a shop knows that was told all as it happened; one shop for each set of records."""


def deliver(steps: Sequence[Step], cuts: Sequence[tuple[int, bool]]) -> Any:
    """Let a new shop be told all that, and return all that it knows then.

    Args:
        steps: in order; one that stands there twice is delivered twice.
        cuts: after how many more steps everything that waits is applied, and whether everything
            reacts to it then.
    """
    with transaction.atomic():
        ensure_program()
        store = create_store(StoreData(name="Shop", platform="shopify", currency="GBP"))
        stores = {SHOP: store.pk, SITE: ensure_api_store()}
        todo = list(enumerate(steps))
        for size, reacts in [*cuts, (len(todo), True)]:
            batch, todo = todo[: size + 1], todo[size + 1 :]
            file_all(batch, stores)
            drain_inbox(FOREVER)
            merge_all([step for _, step in batch if isinstance(step, Together)])
            if reacts:
                drain_reactions(FOREVER)
        merge_all([step for step in steps if isinstance(step, Together)])
        drain_reactions(FOREVER)
        left = InboxDelivery.objects.exclude(status="applied").values_list("status", "reason")
        assert list(left) == []
        assert checks.find_differences() == []
        assert points_checks.find_differences() == []
        found = snapshot(stores)
        transaction.set_rollback(True)
    return found


def file_all(batch: Sequence[tuple[int, Step]], stores: dict[str, int]) -> None:
    """File deliveries as the edge does, each under an id of its own."""
    InboxDelivery.objects.bulk_create(
        InboxDelivery(
            store_id=stores[step.source],
            delivery_id=f"d-{number}",
            topic=step.topic,
            source="tracking" if step.source == SITE else "webhook",
            body=step.body.encode(),
            received_at=NOW,
        )
        for number, step in batch
        if isinstance(step, Told)
    )


def merge_all(wanted: Sequence[Together]) -> None:
    for step in wanted:
        ids = [owner_of(step.winner), owner_of(step.loser)]
        if ids[0] and ids[1] and ids[0] != ids[1]:
            merge_profiles([(ids[0], ids[1])], rule="manual", now=NOW)


def owner_of(email: str) -> int | None:
    found = Identity.objects.filter(kind="email", value_norm=email)
    return found.values_list("profile_id", flat=True).first()


def snapshot(stores: dict[str, int]) -> list[Any]:
    """Return everybody with everything, without ids, in an order of its own."""
    names = {f"{pk}:": f"{name}:" for name, pk in stores.items()}
    people = Profile.objects.filter(merged_into=None)
    return sorted((describe(each, names) for each in people), key=repr)


def describe(profile: Profile, names: dict[str, str]) -> Any:
    def of(model: Any, *fields: str, **filters: Any) -> list[Any]:
        rows = model.objects.filter(profile_id=profile.pk, **filters)
        return sorted(rows.values_list(*fields), key=repr)

    events = [
        (name, moment) for name, moment in of(Event, "name", "occurred_at") if name not in UNORDERED
    ]
    return {
        "profile": [getattr(profile, name) for name in FIELDS],
        "identities": sorted(
            (kind, plain(value, names), shared)
            for kind, value, shared in of(Identity, "kind", "value_norm", "is_shared")
        ),
        "figures": of(ProfileFacts, *FIGURES),
        "orders": of(Order, "external_id", "gross_minor", "refunded_minor", "is_counted", "state"),
        "refunds": of(Refund, "external_id", "amount_minor", "order__external_id"),
        "carts": of(Cart, "status", "total_minor", "piece_count", "started_at", "changed_at"),
        "points": of(PointsAccount, "balance"),
        "consent": of(ConsentEvent, "channel", "state", "occurred_at", "method"),
        "touches": of(Touchpoint, "occurred_at", "source"),
        "events": events,
    }


def plain(value: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        value = value.replace(old, new)
    return value


FIELDS = (
    "email",
    "phone",
    "first_name",
    "is_anonymous",
    "email_consent",
    "email_consent_at",
    "created_at",
)
FIGURES = (
    "order_count",
    "gross_minor",
    "refunded_minor",
    "net_minor",
    "first_order_at",
    "last_order_at",
    "last_viewed_at",
    "last_carted_at",
    "cart_at",
    "cart_minor",
    "points_balance",
    "points_pending",
    "loyalty_tier",
    "loyalty_rank",
    "points_expiring",
    "points_expire_at",
    "first_touch",
    "last_touch",
)
UNORDERED = frozenset(
    {
        "Consent Changed",
        "Order Updated",
        "Loyalty Tier Changed",
        "Points Earned",
        "Points Reversed",
        "Profile Created",
        "Profile Merged",
        "Profile Updated",
        "RFM Group Changed",
    }
)
"""What is said of the way on which a shop came to know, and not of what it knows."""


@looked_at(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    # Each example is hundreds of statements: to make a failing one smaller takes too long.
    phases=[Phase.explicit, Phase.generate],
)
@given(data=st.data())
def test_any_order_repetition_and_cut_ends_in_the_same_shop(
    tenant: Tenant, data: st.DataObject
) -> None:
    left_out = data.draw(st.sampled_from(LEFT_OUT), label="left out")
    merges = data.draw(st.sampled_from([(), MERGES[:1], MERGES]), label="merges")
    happened = [each for place, each in enumerate(STORY) if place not in left_out]
    steps: list[Step] = [*happened, *merges]
    repeated = data.draw(st.lists(st.sampled_from(steps), max_size=6), label="repeated")
    shuffled = data.draw(st.permutations([*steps, *repeated]), label="shuffled")
    cut = st.tuples(st.integers(0, 9), st.booleans())
    cuts = data.draw(st.lists(cut, max_size=4), label="cuts")

    key = (left_out, len(merges))
    if key not in STRAIGHT:
        STRAIGHT[key] = deliver(steps, [])
    assert differences(deliver(shuffled, cuts), STRAIGHT[key]) == []


def differences(one: list[Any], other: list[Any]) -> list[Any]:
    """Return what differs, part by part: a shop is much to look through."""
    if len(one) != len(other):
        return [[each["identities"] for each in side] for side in (one, other)]
    return [
        (mine["identities"], part, mine[part], theirs[part])
        for mine, theirs in zip(one, other, strict=True)
        for part in mine
        if mine[part] != theirs[part]
    ]
