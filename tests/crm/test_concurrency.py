"""Two writers at the same moment."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction

from crm.choices import ReturnStatus
from crm.errors import IngestConflict
from crm.models import (
    Event,
    EventKey,
    Identity,
    Order,
    OrderLine,
    Postcode,
    Profile,
    ProfileMerge,
    Return,
    Store,
)
from crm.queries.giving_back import find_giving_back
from crm.services import strays
from crm.services.batch import Batch
from crm.services.events import append_events
from crm.services.facts import refresh_facts
from crm.services.giving_back import REASONS, WantedBack, ask_back, move_return
from crm.services.ingest import apply_records
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.services.postcodes import note_places, settle_postcodes
from crm.services.reactions import drain_reactions
from crm.services.repointing import count_left_behind
from crm.types import NewEvent, PlaceData
from kernel.arrays import array
from kernel.batches import Deadline
from kernel.errors import Conflict
from kernel.sql import run_sql
from kernel.tenancy import tenant_scope
from tenants.models import Tenant
from tenants.types import JobTurn
from tests.crm import handlers
from tests.factories.crm import NOON, customer, make_store, order
from tests.support.database import until_somebody_waits

WORKERS = 6
WAIT = 120
"""Seconds after which a thread gives the other one up."""
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


def test_two_merges_of_one_pair_at_once_are_one_merge(tenant: Tenant) -> None:
    with transaction.atomic():
        one, other = Profile.objects.create().pk, Profile.objects.create().pk
    pairs = [(one, other), (other, one)]

    merged = at_once(
        tenant, lambda number: merge_profiles([pairs[number % 2]], rule="manual", now=NOON)
    )

    assert sorted(map(len, merged)) == [*[0] * (WORKERS - 1), 1]  # type: ignore[arg-type] # lists
    with transaction.atomic():
        assert ProfileMerge.objects.count() == 1
        assert Profile.objects.filter(merged_into=None).count() == 1


def test_deliveries_applied_during_a_merge_end_at_the_winner(tenant: Tenant) -> None:
    with transaction.atomic():
        stores = [make_store(f"Store {number}") for number in range(WORKERS)]
        apply_records(
            stores[0].pk,
            [customer("c1", email="ada@example.com"), customer("c2", email="eve@example.com")],
            source="webhook",
            now=NOON,
        )
        found = Identity.objects.filter(kind="email").order_by("value_norm")
        winner, loser = found.values_list("profile_id", flat=True)

    def write(number: int) -> object:
        if number == 0:
            return merge_profiles([(winner, loser)], rule="manual", now=NOON)
        records = [order(f"{number}-{each}", email="eve@example.com") for each in range(5)]
        try:
            with transaction.atomic():
                return apply_records(stores[number].pk, records, source="webhook", now=NOON)
        except IngestConflict:
            return write(number)

    at_once(tenant, write)

    with transaction.atomic():
        orders = Order.objects.values_list("profile_id", flat=True)
        assert list(orders) == [winner] * (WORKERS - 1) * 5
        placed = Event.objects.filter(name="Order Placed", profile_id=winner)
        assert placed.count() == (WORKERS - 1) * 5
        assert Profile.objects.filter(merged_into=None).count() == 1
        assert count_left_behind() == {}


def test_of_two_who_undo_a_merge_at_once_one_does(tenant: Tenant) -> None:
    with transaction.atomic():
        one, other = Profile.objects.create().pk, Profile.objects.create().pk
        [merge_id] = merge_profiles([(one, other)], rule="manual", now=NOON)

    def undo(_: int) -> bool:
        try:
            return bool(unmerge_profile(merge_id, now=NOON))
        except Conflict:
            return False

    assert sorted(map(bool, at_once(tenant, undo))) == [*[False] * (WORKERS - 1), True]


def test_linking_orders_of_two_stores_waits_for_no_ingest_that_waits_for_it(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction.atomic():
        first, second = make_store(), make_store("Wax Shop")
        for store, name in ((second, "ada"), (first, "bo")):
            known = customer("c1", email=f"{name}@example.com")
            bought = order(email=f"{name}@@example.com")
            apply_records(store.pk, [known, bought], source="webhook", now=NOON)
        ada, bo = Profile.objects.order_by("pk").values_list("pk", flat=True)
    has_bo, has_ada, link = threading.Event(), threading.Event(), strays._link_of_store

    def link_and_wait(batch: Batch, orders: Sequence[Order]) -> None:
        link(batch, orders)
        if not has_bo.is_set():
            has_bo.set()
            assert has_ada.wait(WAIT)

    def work(number: int) -> int:
        if number == 0:
            cursor, done = None, 0
            while True:
                with transaction.atomic():
                    step = strays.link_batch(JobTurn(0, {}, cursor, done, None, "", None))
                cursor, done = step.cursor, done + step.rows
                if cursor is None:
                    return done
        assert has_bo.wait(WAIT)
        with transaction.atomic():
            # As an ingest does: people by their ids, the older one first.
            run_sql("crm.load_profiles", ids=array([ada]))
            has_ada.set()
            run_sql("crm.load_profiles", ids=array([bo]))
        return 0

    monkeypatch.setattr(strays, "_link_of_store", link_and_wait)

    assert at_once(tenant, work, workers=2) == [2, 0]

    with transaction.atomic():
        owners = Order.objects.order_by("store_id").values_list("profile_id", flat=True)
        assert list(owners) == [bo, ada]


def test_settling_postcodes_waits_for_no_address_that_waits_for_it(tenant: Tenant) -> None:
    def teach(code: str) -> None:
        note_places([PlaceData("GB", code, 51.5, -0.1)], NOON)

    with transaction.atomic():
        for code in ("N9 9ZZ", "A1 1AA"):
            teach(code)
    is_taught, is_waited_for = threading.Event(), threading.Event()

    def work(number: int) -> int:
        with transaction.atomic():
            if number == 0:
                assert is_taught.wait(WAIT)
                return settle_postcodes(NOON)
            teach("A1 1AA")
            is_taught.set()
            assert is_waited_for.wait(WAIT)
            teach("N9 9ZZ")
            return 0

    with ThreadPoolExecutor(1) as pool:
        both = pool.submit(at_once, tenant, work, 2)
        until_somebody_waits(both.done)
        is_waited_for.set()
        assert both.result(WAIT) == [4, 0]

    with transaction.atomic():
        found = Postcode.objects.order_by("code").values_list("code", "seen_count", "latitude")
        assert list(found) == [(code, 2, 51.5) for code in ("A1", "A11AA", "N9", "N99ZZ")]


def refused_after(tenant: Tenant, first: Callable[[], object], second: Callable[[], object]) -> str:
    """Do one thing, and another in a thread that waits for its end; return why that was refused."""

    def run() -> str:
        try:
            with tenant_scope(tenant.pk), pytest.raises(Conflict) as refused:
                second()
            return refused.value.detail
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            later = pool.submit(run)
            until_somebody_waits(later.done)
        return later.result(WAIT)


def test_of_two_who_decide_a_return_the_second_sees_what_the_first_did(tenant: Tenant) -> None:
    with transaction.atomic():
        store = make_store()
        apply_records(store.pk, [order()], source="webhook", now=NOON)
        [placed] = Order.objects.all()
        [line] = find_giving_back(placed).lines
    wanted = WantedBack(pieces={line.line.line_key: 1}, reason=REASONS[0])
    member = "bob@example.com"

    asked_twice = refused_after(
        tenant,
        lambda: ask_back(placed.pk, wanted, actor=member),
        lambda: ask_back(placed.pk, wanted, actor=member),
    )
    with transaction.atomic():
        [asked] = Return.objects.all()
        Return.objects.update(status="requested")
    called_off = refused_after(
        tenant,
        lambda: move_return(asked.pk, ReturnStatus.APPROVED, actor=member),
        lambda: move_return(asked.pk, ReturnStatus.CANCELLED),
    )
    decided_twice = refused_after(
        tenant,
        lambda: move_return(asked.pk, ReturnStatus.RECEIVED, actor=member),
        lambda: move_return(asked.pk, ReturnStatus.CANCELLED, actor=member),
    )

    assert (asked_twice, called_off, decided_twice) == (
        "A return of this order is open already.",
        "It is on its way already. Please write to us.",
        "It went on meanwhile. Look once more.",
    )
    with transaction.atomic():
        assert Return.objects.get().status == "received"
