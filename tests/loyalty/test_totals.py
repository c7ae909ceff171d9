"""Points by day and people with points, kept in step with entries and balances."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from crm.models import Profile
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from kernel.tenancy import tenant_scope
from loyalty.choices import EntryKind
from loyalty.models import HolderCount, PointsCalendar, PointsDay
from loyalty.queries import overview
from loyalty.services.accrual import post_for_orders
from loyalty.services.adjusting import adjust_points
from loyalty.services.checks import find_differences
from loyalty.services.points import post_entry
from loyalty.services.totals import rebuild_days
from tenants.models import Tenant
from tenants.services.general import GeneralData, update_general
from tests.factories.loyalty import BOUGHT_AT, make_order, make_profile, make_refund


def give(profile: Profile, points: int) -> None:
    adjust_points(
        profile_id=profile.pk, points=points, reason="Gift", token=uuid4(), actor="ada@example.com"
    )


def days() -> dict[tuple[str, str], int]:
    rows = PointsDay.objects.values_list("day", "kind", "points")
    return {(day.isoformat(), kind): points for day, kind, points in rows if points}


def owed() -> tuple[int, int]:
    found = overview.find_liability()
    return found.points, found.holders


def test_who_has_points_is_counted_when_a_balance_leaves_zero_and_returns(tenant: Tenant) -> None:
    ada, bob = make_profile(), make_profile()
    give(ada, 10)
    give(ada, 5)
    give(bob, 1)
    assert owed() == (16, 2)
    give(ada, -15)
    assert owed() == (1, 1)
    assert find_differences() == []


def test_a_balance_below_zero_is_owed_by_nobody(tenant: Tenant) -> None:
    order = make_order(make_profile(), 1000)
    post_for_orders([order.pk], now=BOUGHT_AT)
    give(Profile.objects.get(), -10)
    make_refund(order, 1000)
    post_for_orders([order.pk], now=BOUGHT_AT)
    assert owed() == (-10, 0)
    assert find_differences() == []


def test_a_merge_makes_one_holder_of_two_and_undoing_it_two_of_one(tenant: Tenant) -> None:
    winner, loser, empty = make_profile(), make_profile(), make_profile()
    give(winner, 5)
    give(loser, 10)
    merges = merge_profiles([(winner.pk, loser.pk), (winner.pk, empty.pk)], rule="manual")
    assert owed() == (15, 1)
    assert find_differences() == []
    unmerge_profile(merges[0])
    assert owed() == (15, 2)
    assert find_differences() == []


def test_a_day_is_that_of_the_merchant_and_follows_another_zone(tenant: Tenant) -> None:
    late = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
    order = make_order(make_profile(), 1000, ordered_at=late)
    post_for_orders([order.pk], now=late)
    assert days() == {("2026-06-02", "earn"): 10}  # half past midnight in London

    data = GeneralData(
        name=tenant.name,
        country=tenant.country,
        timezone="America/New_York",
        currency=tenant.currency,
        week_start=tenant.week_start,
    )
    update_general(data, actor="ada@example.com")
    assert days() == {("2026-06-01", "earn"): 10}
    assert PointsCalendar.objects.get().zone == "America/New_York"
    second = make_order(Profile.objects.get(), 500, ordered_at=late)
    post_for_orders([second.pk], now=late)
    assert days() == {("2026-06-01", "earn"): 15}
    assert find_differences() == []


def test_a_repeated_rebuild_ends_in_the_same_rows(tenant: Tenant) -> None:
    order = make_order(make_profile(), 1000)
    post_for_orders([order.pk], now=BOUGHT_AT)
    before = days()
    rebuild_days()
    rebuild_days()
    assert days() == before == {("2026-06-01", "earn"): 10}
    assert find_differences() == []


def test_wrong_sums_are_found(tenant: Tenant) -> None:
    order = make_order(make_profile(), 1000)
    post_for_orders([order.pk], now=BOUGHT_AT)
    PointsDay.objects.update(points=11)
    HolderCount.objects.update(holders=4)
    assert find_differences() == [
        "earn on 2026-06-01: stored 11, entries sum up to 10",
        "people with points: stored 4, counted 1",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_merge_does_not_wait_for_a_posting_that_counts_holders(tenant: Tenant) -> None:
    with transaction.atomic():
        ada, winner, loser = make_profile(), make_profile(), make_profile()
        give(winner, 5)
        give(loser, 10)
    with transaction.atomic():
        give(ada, 7)
        merge = partial(merge_profiles, [(winner.pk, loser.pk)], rule="manual")
        with ThreadPoolExecutor(1) as pool:
            merged = pool.submit(in_scope, tenant, merge).result(timeout=120)
    with transaction.atomic():
        assert len(merged) == 1
        assert owed() == (22, 2)
        assert HolderCount.objects.count() == 2
        assert find_differences() == []


@pytest.mark.django_db(transaction=True)
def test_ten_workers_post_and_every_point_is_counted(tenant: Tenant) -> None:
    with transaction.atomic():
        people = [make_profile().pk for _ in range(10)]

    def post(profile_id: int) -> object:
        key = f"gift:{profile_id}"
        entry = partial(post_entry, kind=EntryKind.EARN, points=3, source_key=key)
        return in_scope(tenant, partial(entry, profile_id=profile_id))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(post, people))
    with transaction.atomic():
        assert owed() == (30, 10)
        assert sum(days().values()) == 30
        assert find_differences() == []


def in_scope(tenant: Tenant, work: Callable[[], Any]) -> Any:
    try:
        with tenant_scope(tenant.pk):
            return work()
    finally:
        connection.close()
