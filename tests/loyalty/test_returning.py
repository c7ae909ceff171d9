"""Points that expired and are taken back: nobody loses them twice, whichever came first."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Event, Order, Profile
from kernel.batches import Deadline
from kernel.clock import simulated
from loyalty.choices import EntryKind
from loyalty.models import PointsEntry, PointsLot, Program
from loyalty.queries.ledger import balance_of
from loyalty.services.accrual import post_for_orders
from loyalty.services.checks import find_differences
from loyalty.services.expiry import work_off_lots
from loyalty.services.opening import Opening, post_back, post_openings
from loyalty.services.points import post_entry
from loyalty.services.program import ensure_program
from tenants.models import Tenant
from tests.factories.loyalty import BOUGHT_AT, make_order, make_profile, make_refund

pytestmark = pytest.mark.usefixtures("tenant")
LATER = BOUGHT_AT + timedelta(days=60)
"""When points that last a month have expired."""


def lasting(months: int | None) -> None:
    ensure_program()
    Program.objects.update(expires_after_months=months)


def buy(profile: Profile, points: int) -> Order:
    [order] = buy_each([profile], points)
    return order


def buy_each(people: Sequence[Profile], points: int) -> list[Order]:
    """Let everybody buy the same; it is posted as one batch."""
    orders = [make_order(person, 100 * points) for person in people]
    post_for_orders([order.pk for order in orders], now=BOUGHT_AT)
    return orders


def expire() -> None:
    with simulated(LATER):
        work_off_lots(Deadline(seconds=None))


def refund(order: Order, points: int) -> None:
    refund_each([order], points)


def refund_each(orders: Sequence[Order], points: int) -> None:
    """Give back as much of several orders; it is posted as one batch."""
    for order in orders:
        make_refund(order, 100 * points, refunded_at=LATER)
        order.refunded_minor += 100 * points
        order.save(update_fields=["refunded_minor"])
    post(*orders)


def post(*orders: Order) -> None:
    with simulated(LATER):
        post_for_orders([order.pk for order in orders], now=LATER)


@pytest.mark.covers("L2")
@pytest.mark.parametrize("first", ["expiry", "refund"])
def test_an_order_is_refunded_and_its_points_expire(first: str) -> None:
    ada = make_profile()
    lasting(1)
    order = buy(ada, 100)
    if first == "refund":
        refund(order, 100)
    expire()
    if first == "expiry":
        refund(order, 100)
    assert balance_of(ada.pk) == 0
    moved = [("earn", 100), ("reverse", -100)]
    if first == "expiry":
        moved = [("earn", 100), ("expire", -100), ("reverse", -100), ("expire", 100)]
    found = PointsEntry.objects.order_by("pk").values_list("kind", "points")
    assert list(found) == moved
    assert list(PointsLot.objects.values_list("earned", "remaining")) == [(100, 0)]
    told = Event.objects.get(name="Points Reversed").properties
    assert (told["points"], told["balance"]) == (-100, 0)
    assert not Event.objects.filter(name="Points Earned", properties__kind="expire").exists()
    # Again changes nothing.
    post(order)
    expire()
    assert (PointsEntry.objects.count(), find_differences()) == (len(moved), [])
    # What is earned next is kept.
    lasting(None)
    buy(ada, 30)
    assert (balance_of(ada.pk), find_differences()) == (30, [])


@pytest.mark.covers("L2")
@pytest.mark.parametrize("order_of_things", [*permutations(("expiry", 30, 70))])
def test_what_was_redeemed_of_a_refunded_order_is_owed(
    order_of_things: tuple[str | int, ...],
) -> None:
    ada = make_profile()
    lasting(1)
    order = buy(ada, 100)
    with simulated(BOUGHT_AT):
        post_entry(profile_id=ada.pk, kind=EntryKind.REDEEM, points=-60, source_key=f"r:{uuid4()}")
    for what in order_of_things:
        if isinstance(what, int):
            refund(order, what)
        else:
            expire()
        assert find_differences() == []
    assert balance_of(ada.pk) == -60


def test_an_order_that_is_cancelled_or_becomes_smaller_gives_expired_points_back_first() -> None:
    ada, bob = make_profile(), make_profile()
    lasting(1)
    cancelled, smaller = buy(ada, 100), buy(bob, 100)
    expire()
    Order.objects.filter(pk=cancelled.pk).update(is_counted=False)
    Order.objects.filter(pk=smaller.pk).update(gross_minor=8000, base_gross_minor=8000)
    with simulated(LATER):
        post_for_orders([cancelled.pk, smaller.pk], now=LATER)
    assert (balance_of(ada.pk), balance_of(bob.pk)) == (0, 0)
    backs = PointsEntry.objects.filter(kind=EntryKind.EXPIRE, points__gt=0)
    assert sorted(backs.values_list("points", flat=True)) == [20, 100]
    assert find_differences() == []


@pytest.mark.covers("L2")
def test_an_expired_order_that_goes_to_somebody_else_brings_no_fresh_points() -> None:
    ada, bob = make_profile(), make_profile()
    lasting(1)
    order = buy(ada, 100)
    ended = PointsLot.objects.get().expires_at
    lasting(12)
    expire()
    Order.objects.filter(pk=order.pk).update(profile=bob)
    post(order)
    lots = PointsLot.objects.order_by("pk").values_list("profile_id", "remaining", "expires_at")
    assert list(lots) == [(ada.pk, 0, ended), (bob.pk, 100, ended)]
    expire()
    assert (balance_of(ada.pk), balance_of(bob.pk), find_differences()) == (0, 0, [])
    told = Event.objects.get(name="Points Expired", profile_id=bob.pk)
    assert (told.properties["points"], told.is_backfill) == (100, True)
    # Back again, and refunded in the end: nobody has points or owes any.
    Order.objects.filter(pk=order.pk).update(profile=ada)
    post(order)
    expire()
    refund(order, 100)
    assert (balance_of(ada.pk), balance_of(bob.pk), find_differences()) == (0, 0, [])


@pytest.mark.covers("L2")
@pytest.mark.parametrize("order_of_things", [*permutations(("expiry", "growth", 60))])
def test_what_an_order_gets_later_expires_with_its_other_points(
    order_of_things: tuple[str | int, ...],
) -> None:
    ada = make_profile()
    lasting(1)
    order = buy(ada, 100)
    for what in order_of_things:
        if what == "growth":
            order.gross_minor = order.base_gross_minor = 12_000
            order.save(update_fields=["gross_minor", "base_gross_minor"])
            post(order)
        elif isinstance(what, int):
            refund(order, what)
        else:
            expire()
        assert find_differences() == []
    expire()
    assert (balance_of(ada.pk), find_differences()) == (0, [])


@pytest.mark.parametrize("first", ["expiry", "back"])
def test_a_balance_of_another_tool_is_posted_back_and_expires(first: str) -> None:
    ada = make_profile()
    lasting(1)
    with simulated(BOUGHT_AT):
        brought = [Opening(points=70, email=ada.email, profile_id=ada.pk)]
        post_openings(brought, source="Smile", actor="x")
    entry = PointsEntry.objects.get()
    lasting(None)
    buy(ada, 8)
    if first == "expiry":
        expire()
    with simulated(LATER):
        post_back([entry], note="Undone", now=LATER)
        post_back([entry], note="Undone", now=LATER)
    expire()
    assert (balance_of(ada.pk), find_differences()) == (8, [])


ORDERS = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.sampled_from((None, 1, 12)),
        st.lists(st.integers(1, 60), max_size=3),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.covers("L2")
@given(orders=ORDERS, waits=st.sampled_from((0, 14)))
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_refunds_before_and_after_expiry_leave_the_same_balance(
    tenant: Tenant, orders: list[tuple[int, int | None, list[int]]], waits: int
) -> None:
    with transaction.atomic():
        ensure_program()
        Program.objects.update(pending_days=waits)
        before, between, after = range(3)
        people = [make_profile() for _ in range(3)]
        todo: list[tuple[list[Order], int]] = []
        for points, months, parts in orders:
            lasting(months)
            bought = buy_each(people, points)
            todo += [(bought, part) for part in parts]
        half = len(todo) // 2
        for step, (bought, part) in enumerate(todo):
            early = (before, between) if step < half else (before,)
            refund_each([bought[who] for who in early], part)
        expire()
        for step, (bought, part) in enumerate(todo):
            late = (between, after) if step >= half else (after,)
            refund_each([bought[who] for who in late], part)
        assert find_differences() == []
        kept = sum(max(0, points - sum(parts)) for points, months, parts in orders if months != 1)
        assert [balance_of(each.pk) for each in people] == [kept] * 3
        transaction.set_rollback(True)
