"""Lots of points: what is used first, what waits, what expires, and that they hold the balance."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Event, Profile, ProfileFacts, ProfileMerge
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from kernel.batches import Deadline
from kernel.clock import simulated
from kernel.work import drain_tenant
from loyalty.choices import EntryKind
from loyalty.errors import InsufficientPoints
from loyalty.models import PointsAccount, PointsEntry, PointsLot, Program
from loyalty.queries.in_mails import _points
from loyalty.queries.ledger import balance_of, usable_of
from loyalty.queries.lots import list_lots
from loyalty.services.accrual import post_for_orders
from loyalty.services.adjusting import adjust_points
from loyalty.services.checks import find_differences
from loyalty.services.expiry import work_off_lots
from loyalty.services.opening import Opening, post_openings
from loyalty.services.points import post_entry
from loyalty.services.program import ensure_program
from segments.models import Membership
from segments.queries.reasons import explain_segments
from tenants.models import Tenant
from tests.factories.loyalty import BOUGHT_AT, make_order, make_profile, make_refund
from tests.factories.segments import make_segment

pytestmark = pytest.mark.usefixtures("tenant")
JUNE_END = datetime(2027, 6, 1, 22, 59, 59, tzinfo=UTC)
"""The last second of the first of June 2027 in London: a year after `BOUGHT_AT`."""


def rule(**fields: int | None) -> None:
    ensure_program()
    Program.objects.update(**fields)


def buy(profile: Profile, points: int, *, days: int = 0) -> int:
    """Let somebody earn points so many days after `BOUGHT_AT`; returns the order."""
    at = BOUGHT_AT + timedelta(days=days)
    order = make_order(profile, 100 * points, ordered_at=at)
    post_for_orders([order.pk], now=at)
    return order.pk


def give(profile_id: int, points: int) -> None:
    adjust_points(
        profile_id=profile_id, points=points, reason="x", token=uuid4(), actor="ada@example.com"
    )


def lots() -> list[tuple[int, int]]:
    return list(PointsLot.objects.order_by("pk").values_list("earned", "remaining"))


@contextmanager
def on(at: datetime) -> Iterator[int]:
    """Let the clock work at an instant; gives how many accounts were due."""
    with simulated(at):
        yield work_off_lots(Deadline(seconds=None))


def told(name: str) -> list[dict[str, object]]:
    return list(Event.objects.filter(name=name).order_by("pk").values_list("properties", flat=True))


@pytest.mark.covers("L2")
def test_what_expires_first_is_used_first() -> None:
    ada = make_profile()
    buy(ada, 100)
    rule(expires_after_months=12)
    buy(ada, 40, days=1)
    rule(expires_after_months=1)
    buy(ada, 20, days=2)
    with simulated(BOUGHT_AT + timedelta(days=3)):
        give(ada.pk, -50)
    assert lots() == [(100, 100), (40, 10), (20, 0)]
    facts = ProfileFacts.objects.get(profile_id=ada.pk)
    assert (facts.points_balance, facts.points_expiring) == (110, 10)
    assert facts.points_expire_at == JUNE_END + timedelta(days=1)
    assert [lot.remaining for lot in list_lots(ada.pk, "Europe/London", limit=1).rows] == [10]
    assert list_lots(ada.pk, "Europe/London", limit=1).more == 100
    assert find_differences() == []


@pytest.mark.covers("L2")
def test_a_refund_takes_from_the_points_of_its_own_order() -> None:
    ada = make_profile()
    rule(expires_after_months=12)
    buy(ada, 100)
    rule(expires_after_months=24)
    order_id = buy(ada, 40, days=1)
    make_refund(Profile.objects.get().orders.get(pk=order_id), 3000)
    post_for_orders([order_id], now=BOUGHT_AT)
    assert lots() == [(100, 100), (40, 10)]
    # What the order no longer has comes from the others.
    give(ada.pk, -105)
    make_refund(Profile.objects.get().orders.get(pk=order_id), 1000)
    post_for_orders([order_id], now=BOUGHT_AT)
    assert (balance_of(ada.pk), lots()) == (-5, [(100, 0), (40, 0)])
    # What is owed is paid from what is earned next.
    buy(ada, 30)
    assert (balance_of(ada.pk), lots()) == (25, [(100, 0), (40, 0), (30, 25)])
    assert find_differences() == []


@pytest.mark.covers("L2")
def test_points_wait_until_the_time_of_return_is_over() -> None:
    ada = make_profile()
    rule(pending_days=14)
    buy(ada, 50)
    give(ada.pk, 10)
    facts = ProfileFacts.objects.get(profile_id=ada.pk)
    assert (facts.points_balance, facts.points_pending, usable_of(ada.pk)) == (60, 50, 10)
    assert (_points(facts)["usable"], _points(facts)["pending"]) == (10, 50)
    with pytest.raises(InsufficientPoints):
        post_entry(profile_id=ada.pk, kind=EntryKind.REDEEM, points=-11, source_key="r:1")
    assert lots() == [(50, 50), (10, 10)]
    free = BOUGHT_AT + timedelta(days=14)
    with on(free - timedelta(seconds=1)) as done:
        assert done == 0
    with on(free) as done:
        assert done == 1
    assert told("Points Activated") == [{"points": 50, "balance": 60}]
    with on(free) as done:
        assert done == 0
    post_entry(profile_id=ada.pk, kind=EntryKind.REDEEM, points=-11, source_key="r:1")
    facts.refresh_from_db()
    assert (facts.points_balance, facts.points_pending) == (49, 0)
    assert find_differences() == []


def test_what_is_added_to_an_order_waits_as_long_as_its_other_points() -> None:
    ada = make_profile()
    rule(pending_days=14)
    order_id = buy(ada, 50)
    ada.orders.filter(pk=order_id).update(gross_minor=8000, base_gross_minor=8000)
    later = BOUGHT_AT + timedelta(days=1)
    with simulated(later):
        post_for_orders([order_id], now=later)
    found = PointsLot.objects.order_by("pk").values_list("earned", "is_pending", "activates_at")
    free = BOUGHT_AT + timedelta(days=14)
    assert list(found) == [(50, True, free), (30, True, free)]
    assert usable_of(ada.pk) == 0


def test_points_whose_last_day_is_over_cannot_be_redeemed_before_the_clock_comes() -> None:
    ada = make_profile()
    rule(expires_after_months=1)
    buy(ada, 30)
    rule(expires_after_months=None)
    buy(ada, 20)
    with simulated(BOUGHT_AT + timedelta(days=60)):
        assert (balance_of(ada.pk), usable_of(ada.pk)) == (50, 20)
        with pytest.raises(InsufficientPoints):
            post_entry(profile_id=ada.pk, kind=EntryKind.REDEEM, points=-21, source_key="r:1")
        post_entry(profile_id=ada.pk, kind=EntryKind.REDEEM, points=-20, source_key="r:1")
        assert (lots(), usable_of(ada.pk)) == ([(30, 30), (20, 0)], 0)
        assert work_off_lots(Deadline(seconds=None)) == 1
    assert balance_of(ada.pk) == 0
    assert find_differences() == []


@pytest.mark.covers("L2")
def test_points_are_warned_of_three_times_and_expire_once() -> None:
    ada = make_profile()
    rule(expires_after_months=12)
    buy(ada, 30)
    buy(ada, 12)
    give(ada.pk, 5)
    PointsLot.objects.filter(earned=5).update(expires_at=None)
    for days in (31, 30, 29, 7, 1):
        with on(JUNE_END - timedelta(days=days, seconds=-1)):
            pass
    said = told("Points Expiring")
    assert [(each["warning_days"], each["points"], each["days_left"]) for each in said] == [
        (30, 42, 30),
        (7, 42, 7),
        (1, 42, 1),
    ]
    assert balance_of(ada.pk) == 47
    for seconds in (-1, 0, 1):
        with on(JUNE_END + timedelta(seconds=seconds)):
            pass
    entries = PointsEntry.objects.filter(kind=EntryKind.EXPIRE)
    assert sorted(entries.values_list("points", flat=True)) == [-30, -12]
    assert {entry.effective_at for entry in entries} == {JUNE_END}
    assert told("Points Expired") == [
        {"points": 42, "expired_at": JUNE_END.isoformat(), "balance": 5}
    ]
    assert not Event.objects.filter(name="Points Reversed").exists()
    assert PointsAccount.objects.get().due_at is None
    facts = ProfileFacts.objects.get(profile_id=ada.pk)
    assert (facts.points_balance, facts.points_expiring, facts.points_expire_at) == (5, 0, None)
    assert find_differences() == []


def test_only_the_last_warning_is_told_that_was_slept_through() -> None:
    ada = make_profile()
    rule(expires_after_months=12)
    buy(ada, 30)
    with on(JUNE_END - timedelta(days=5)):
        pass
    [said] = told("Points Expiring")
    assert (said["warning_days"], said["days_left"]) == (7, 5)


def test_points_of_years_ago_expire_as_history() -> None:
    ada = make_profile()
    rule(expires_after_months=12)
    with simulated(JUNE_END + timedelta(days=400)):
        buy(ada, 30)
        assert work_off_lots(Deadline(seconds=None)) == 1
    assert balance_of(ada.pk) == 0
    assert Event.objects.get(name="Points Expired").is_backfill is True
    assert told("Points Expiring") == []


def test_a_balance_of_another_tool_begins_to_age_here() -> None:
    ada = make_profile()
    rule(expires_after_months=12)
    with simulated(BOUGHT_AT):
        post_openings(
            [
                Opening(
                    points=70,
                    email=ada.email,
                    since=datetime(2020, 1, 1, tzinfo=UTC),
                    profile_id=ada.pk,
                )
            ],
            source="Smile",
            actor="x",
        )
    assert PointsLot.objects.get().expires_at == JUNE_END


def test_a_change_of_the_rule_leaves_what_was_earned() -> None:
    ada = make_profile()
    buy(ada, 10)
    rule(expires_after_months=12)
    buy(ada, 20)
    found = PointsLot.objects.order_by("pk").values_list("expires_at", flat=True)
    assert list(found) == [None, JUNE_END]


@pytest.mark.covers("L2")
def test_a_merge_moves_lots_and_undoing_it_gives_each_side_its_own() -> None:
    winner, loser = make_profile(), make_profile()
    rule(expires_after_months=12)
    buy(winner, 10)
    rule(expires_after_months=24)
    buy(loser, 100)
    merges = merge_profiles([(winner.pk, loser.pk)], rule="manual", now=BOUGHT_AT)
    facts = ProfileFacts.objects.get(profile_id=winner.pk)
    assert (facts.points_expiring, facts.points_expire_at) == (10, JUNE_END)
    assert set(PointsLot.objects.values_list("profile_id", flat=True)) == {winner.pk}
    # Both lots are used, and the first one expires, while they are one person.
    give(winner.pk, -4)
    with on(JUNE_END):
        pass
    assert (balance_of(winner.pk), find_differences()) == (100, [])
    with simulated(BOUGHT_AT + timedelta(days=1)):
        unmerge_profile(merges[0], now=BOUGHT_AT + timedelta(days=1))
    assert (balance_of(winner.pk), balance_of(loser.pk)) == (0, 100)
    assert lots() == [(10, 0), (100, 100)]
    assert find_differences() == []


def test_lots_that_a_merge_of_before_did_not_write_down_go_back_with_their_entries() -> None:
    winner, loser = make_profile(), make_profile()
    buy(winner, 10)
    buy(loser, 100)
    give(loser.pk, 5)
    merges = merge_profiles([(winner.pk, loser.pk)], rule="manual", now=BOUGHT_AT)
    merge = ProfileMerge.objects.get(pk=merges[0])
    assert len(merge.moved_ids.pop("loyalty_pointslot.profile_id")) == 2
    merge.save(update_fields=["moved_ids"])
    unmerge_profile(merges[0], now=BOUGHT_AT)
    assert (balance_of(winner.pk), balance_of(loser.pk)) == (10, 105)
    found = PointsLot.objects.order_by("pk").values_list("profile_id", "remaining")
    assert list(found) == [(winner.pk, 10), (loser.pk, 100), (loser.pk, 5)]
    assert find_differences() == []


def test_what_one_side_owed_is_paid_by_a_merge_and_owed_again_after_it() -> None:
    winner, loser = make_profile(), make_profile()
    order_id = buy(loser, 10)
    give(loser.pk, -10)
    make_refund(loser.orders.get(pk=order_id), 1000)
    post_for_orders([order_id], now=BOUGHT_AT)
    buy(winner, 25)
    merges = merge_profiles([(winner.pk, loser.pk)], rule="manual", now=BOUGHT_AT)
    assert (balance_of(winner.pk), lots()) == (15, [(10, 0), (25, 15)])
    assert find_differences() == []
    unmerge_profile(merges[0], now=BOUGHT_AT)
    assert (balance_of(winner.pk), balance_of(loser.pk)) == (25, -10)
    assert lots() == [(10, 0), (25, 25)]
    assert find_differences() == []


@pytest.mark.covers("P5", "S4")
def test_a_segment_of_expiring_points_fills_and_empties_by_the_clock(tenant: Tenant) -> None:
    ada = make_profile()
    soon = {"field": "points_expire_at", "is": "in_the_next", "value": {"days": 30}}
    segment = make_segment(soon, "Soon")
    rule(expires_after_months=12)
    with simulated(BOUGHT_AT):
        buy(ada, 30)
        drain_tenant(tenant.pk, kinds=("reactions",))

    def members(at: datetime) -> list[int]:
        with simulated(at):
            drain_tenant(tenant.pk, kinds=("points", "reactions", "segments"))
        rows = Membership.objects.filter(segment_ids__contains=[segment.pk])
        return list(rows.values_list("profile_id", flat=True))

    # The day thirty days before the first of June begins in London.
    begins = datetime(2027, 5, 1, 23, tzinfo=UTC)
    assert Membership.objects.get(profile_id=ada.pk).reeval_at == begins
    assert members(begins - timedelta(seconds=1)) == []
    assert members(begins) == [ada.pk]
    [reason] = explain_segments(ada.pk, begins)
    assert (reason.leaves[0].words, reason.leaves[0].actual, reason.turns_at) == (
        "Next points expire: in the next 30 days",
        "1 Jun 2027",
        datetime(2027, 6, 1, 23, tzinfo=UTC),
    )
    assert members(JUNE_END) == []
    assert Membership.objects.get(profile_id=ada.pk).reeval_at is None


def test_lots_that_hold_something_else_are_found() -> None:
    ada = make_profile()
    buy(ada, 10)
    PointsLot.objects.update(remaining=9)
    assert find_differences() == [f"lots of profile {ada.pk}: hold 9, balance 10"]
    PointsLot.objects.all().delete()
    assert find_differences() == [
        f"lots of profile {ada.pk}: hold 0, balance 10",
        f"lots of profile {ada.pk}: 1 are not those of the entries",
    ]


@pytest.mark.parametrize("lost", ["due", "facts"])
def test_what_time_will_do_is_compared_with_what_is_stored(lost: str) -> None:
    ada = make_profile()
    rule(expires_after_months=12)
    buy(ada, 10)
    assert find_differences() == []
    if lost == "due":
        PointsAccount.objects.update(due_at=None)
    else:
        ProfileFacts.objects.update(points_expiring=9)
    assert find_differences() == [
        f"lots of profile {ada.pk}: what time will do to them is not what is stored"
    ]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("buy", "refund", "cancel", "give", "take", "redeem", "merge", "part")),
        st.integers(0, 2),
        st.integers(1, 60),
        st.integers(0, 200),
    ),
    min_size=3,
    max_size=10,
)


@pytest.mark.covers("L2")
@given(steps=STEPS, months=st.sampled_from((None, 1, 6)), waits=st.sampled_from((0, 14)))
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_happens_the_lots_hold_the_balance(
    tenant: Tenant, steps: list[tuple[str, int, int, int]], months: int | None, waits: int
) -> None:
    with transaction.atomic():
        rule(expires_after_months=months, pending_days=waits)
        world = _World([make_profile() for _ in range(3)])
        for what, who, points, days in steps:
            world.now += timedelta(days=days)
            with simulated(world.now):
                getattr(world, what)(who, points)
                work_off_lots(Deadline(seconds=None))
            assert find_differences() == [], (what, who, points)
            assert not PointsLot.objects.filter(remaining__lt=0).exists()
        with simulated(world.now + timedelta(days=3 * 365)):
            work_off_lots(Deadline(seconds=None))
            assert find_differences() == []
            if months is not None:
                assert not PointsAccount.objects.filter(balance__gt=0).exists()
        transaction.set_rollback(True)


class _World:
    """Three people, of whom some may be one."""

    def __init__(self, people: list[Profile]) -> None:
        self.people = people
        self.now = BOUGHT_AT
        self.merges: list[int] = []

    def owner(self, who: int) -> int:
        profile = Profile.objects.get(pk=self.people[who].pk)
        return profile.merged_into_id or profile.pk

    def buy(self, who: int, points: int) -> None:
        owner = Profile.objects.get(pk=self.owner(who))
        order = make_order(owner, 100 * points, ordered_at=self.now)
        post_for_orders([order.pk], now=self.now)

    def refund(self, who: int, points: int) -> None:
        if order := Profile.objects.get(pk=self.owner(who)).orders.order_by("-pk").first():
            make_refund(order, 100 * points, refunded_at=self.now)
            post_for_orders([order.pk], now=self.now)

    def cancel(self, who: int, points: int) -> None:
        if order := Profile.objects.get(pk=self.owner(who)).orders.order_by("pk").first():
            order.is_counted = not order.is_counted
            order.save(update_fields=["is_counted"])
            post_for_orders([order.pk], now=self.now)

    def give(self, who: int, points: int) -> None:
        give(self.owner(who), points)

    def take(self, who: int, points: int) -> None:
        owner = self.owner(who)
        if balance_of(owner) > 0:
            give(owner, -min(points, balance_of(owner)))

    def redeem(self, who: int, points: int) -> None:
        owner = self.owner(who)
        if usable := min(points, usable_of(owner)):
            key = f"reward:{uuid4()}"
            post_entry(profile_id=owner, kind=EntryKind.REDEEM, points=-usable, source_key=key)

    def merge(self, who: int, points: int) -> None:
        winner, loser = self.owner(who), self.owner((who + 1) % 3)
        if winner != loser and not self.merges:
            self.merges = merge_profiles([(winner, loser)], rule="manual", now=self.now)

    def part(self, who: int, points: int) -> None:
        if self.merges:
            # Undone as if no month had passed: what counts here is what happened in between.
            merge_id = self.merges.pop()
            at = Event.objects.filter(name="Profile Merged").latest("pk").occurred_at
            unmerge_profile(merge_id, now=at)


@pytest.mark.unbound_sql
def test_balances_from_before_get_their_lots() -> None:
    ada, bob = make_profile(), make_profile()
    first = buy(ada, 100)
    buy(ada, 40, days=1)
    buy(bob, 7)
    make_refund(ada.orders.get(pk=first), 3000)
    post_for_orders([first], now=BOUGHT_AT)
    give(ada.pk, -80)
    expected = list(PointsLot.objects.order_by("pk").values_list("pk", "profile_id", "remaining"))
    PointsLot.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("loyalty.migrations.0007_lots_of_entries").LOTS)
    found = list(PointsLot.objects.order_by("pk").values_list("pk", "profile_id", "remaining"))
    assert found == expected
    assert find_differences() == []
