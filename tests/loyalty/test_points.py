"""One movement by a person: once, never below zero, and one at a time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from kernel.errors import NotFound
from kernel.tenancy import tenant_scope
from loyalty.choices import EntryKind
from loyalty.errors import InsufficientPoints
from loyalty.models import PointsAccount, PointsEntry
from loyalty.queries.ledger import balance_of, entries_of, list_entries
from loyalty.services.accrual import post_for_orders
from loyalty.services.checks import find_differences
from loyalty.services.points import post_entry
from tenants.models import Tenant
from tests.factories.loyalty import BOUGHT_AT, make_order, make_profile


def test_an_entry_is_posted_once_per_kind_and_cause(tenant: Tenant) -> None:
    ada = make_profile()
    first = post_entry(profile_id=ada.pk, kind=EntryKind.ADJUST, points=50, source_key="gift:1")
    again = post_entry(profile_id=ada.pk, kind=EntryKind.ADJUST, points=50, source_key="gift:1")
    assert again == first
    assert balance_of(ada.pk) == 50
    assert [entry.pk for entry in entries_of(ada.pk)] == [first.pk]
    assert list_entries(before=first.pk) == []


def test_a_person_cannot_take_more_than_there_is(tenant: Tenant) -> None:
    ada = make_profile()
    post_entry(profile_id=ada.pk, kind=EntryKind.ADJUST, points=10, source_key="gift:1")
    with pytest.raises(InsufficientPoints):
        post_entry(profile_id=ada.pk, kind=EntryKind.REDEEM, points=-11, source_key="reward:1")
    assert balance_of(ada.pk) == 10
    assert PointsEntry.objects.count() == 1


def test_points_of_nobody_are_refused(tenant: Tenant) -> None:
    with pytest.raises(NotFound):
        post_entry(profile_id=404, kind=EntryKind.ADJUST, points=10, source_key="gift:1")
    assert not PointsAccount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ten_workers_post_one_entry(tenant: Tenant) -> None:
    with transaction.atomic():
        profile_id = make_profile().pk

    def post(_: int) -> int:
        try:
            with tenant_scope(tenant.pk):
                return post_entry(
                    profile_id=profile_id, kind=EntryKind.EARN, points=50, source_key="order:1"
                ).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        entries = set(pool.map(post, range(10)))
    with transaction.atomic():
        assert len(entries) == 1
        assert PointsAccount.objects.get().balance == 50
        assert find_differences() == []


@pytest.mark.django_db(transaction=True)
def test_ten_workers_accrue_the_same_orders_once(tenant: Tenant) -> None:
    with transaction.atomic():
        ada, bob = make_profile(), make_profile()
        orders = [make_order(person, 1000 * at) for at in range(1, 6) for person in (ada, bob)]
        order_ids = [order.pk for order in orders]

    def accrue(at: int) -> int:
        try:
            with tenant_scope(tenant.pk):
                return len(post_for_orders(order_ids[at % 5 :], now=BOUGHT_AT))
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(accrue, range(10))) == 10
    with transaction.atomic():
        assert (balance_of(ada.pk), balance_of(bob.pk)) == (150, 150)
        assert find_differences() == []
