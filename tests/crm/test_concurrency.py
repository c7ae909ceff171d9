"""Two writers at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction

from crm.errors import IngestConflict
from crm.models import Event, EventKey, Identity, Order, OrderLine, Profile, Store
from crm.services.events import append_events
from crm.services.facts import refresh_facts
from crm.services.ingest import apply_records
from crm.services.merging import merge_profiles
from crm.services.reactions import drain_reactions
from crm.types import NewEvent
from kernel.batches import Deadline
from kernel.tenancy import tenant_scope
from tenants.models import Tenant
from tests.crm import handlers
from tests.factories.crm import NOON, make_store, order

WORKERS = 6
pytestmark = [
    pytest.mark.usefixtures("noting_handlers", "broker"),
    pytest.mark.django_db(transaction=True),
]


def at_once(tenant: Tenant, work: Callable[[int], object], workers: int = WORKERS) -> list[object]:
    """Run work in threads that start together, each with a connection and scope of its own."""
    barrier = Barrier(workers)

    def run(number: int) -> object:
        try:
            with tenant_scope(tenant.pk):
                barrier.wait()
                return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, range(workers)))


def test_one_order_from_many_workers_is_one_order(tenant: Tenant) -> None:
    with transaction.atomic():
        store = make_store()

    def write(_: int) -> str:
        with transaction.atomic():
            return apply_records(store.pk, [order()], source="webhook", now=NOON).outcomes[0]

    outcomes = at_once(tenant, write)

    assert sorted(map(str, outcomes)) == ["new", *["unchanged"] * (WORKERS - 1)]
    with transaction.atomic():
        assert Order.objects.count() == 1
        assert OrderLine.objects.count() == 1
        assert Profile.objects.count() == 1
        assert Event.objects.filter(name="Order Placed").count() == 1
        assert EventKey.objects.count() == 1


def test_one_person_from_many_stores_is_one_person(tenant: Tenant) -> None:
    with transaction.atomic():
        stores = [make_store(f"Store {number}") for number in range(WORKERS)]

    def write(number: int) -> bool:
        try:
            with transaction.atomic():
                apply_records(stores[number].pk, [order()], source="webhook", now=NOON)
        except IngestConflict:
            return write(number)
        return True

    at_once(tenant, write)

    with transaction.atomic():
        assert Order.objects.count() == WORKERS
        assert Profile.objects.count() == 1
        assert Identity.objects.count() == 1
        assert Event.objects.filter(name="Profile Created").count() == 1


def test_one_key_from_many_workers_is_one_event(tenant: Tenant) -> None:
    new = NewEvent("Order Placed", NOON, "api", dedupe_key="k")

    appended = at_once(tenant, lambda _: len(append_events([new])))

    assert sorted(map(int, map(str, appended))) == [*[0] * (WORKERS - 1), 1]


def test_many_workers_hand_each_event_over_once(tenant: Tenant) -> None:
    with transaction.atomic():
        append_events(
            [NewEvent("Profile Updated", NOON, "api", object_id=number) for number in range(50)]
        )

    at_once(tenant, lambda _: drain_reactions(Deadline(seconds=None)))

    handed = [object_id for _, ids in handlers.SEEN for object_id in ids]
    assert sorted(number for number in handed if number is not None) == list(range(50))


def test_an_event_and_a_merge_at_once_leave_nothing_at_the_loser(tenant: Tenant) -> None:
    with transaction.atomic():
        winner, loser = Profile.objects.create(), Profile.objects.create()

    def work(number: int) -> object:
        if number == 0:
            return merge_profiles([(winner.pk, loser.pk)], rule="manual", now=NOON)
        return append_events([NewEvent("Viewed", NOON, "api", profile_id=loser.pk)])

    at_once(tenant, work)

    with transaction.atomic():
        assert Event.objects.filter(name="Viewed", profile_id=winner.pk).count() == WORKERS - 1
        assert not Event.objects.filter(profile_id=loser.pk).exists()


def test_refreshes_at_once_end_with_the_newest_figures(tenant: Tenant) -> None:
    with transaction.atomic():
        store: Store = make_store()
        apply_records(store.pk, [order("0")], source="webhook", now=NOON)
        profile_id = Profile.objects.get().pk

    def work(number: int) -> object:
        with transaction.atomic():
            bought = order(f"o{number}", ordered_at=NOON + timedelta(hours=number))
            apply_records(store.pk, [bought], source="webhook", now=NOON)
        return refresh_facts([profile_id], NOON)

    at_once(tenant, work)

    with transaction.atomic():
        assert refresh_facts([profile_id], NOON) == []
