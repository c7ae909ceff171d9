"""Scans of dates: in pages, each person once, and no flow in the way of another."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction

from crm.models import CatalogCount, Event, OrderLine, Product, Profile
from crm.services.merging import merge_profiles
from crm.services.refills import keep_purchases
from flows.models import DateScan, FlowRun
from flows.services import dates
from flows.services.dates import scan_due
from flows.services.knocking import NewStart, start_runs
from flows.types import Attempt
from kernel import clock
from kernel.batches import Deadline
from kernel.scope import tenant_scope
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow
from tests.factories.loyalty import make_order, make_profile
from tests.flows.support import advance, queued

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]

QUARTER = 15 * 60
BIRTHDAY = definition(trigger={"date": {"property": "birthday", "at": "13:30"}})


class OnePage(Deadline):
    """A turn that is over after one page."""

    left = 1

    @property
    def passed(self) -> bool:
        self.left -= 1
        return self.left < 0


def scan() -> int:
    return scan_due(Deadline(seconds=None))


def born(day: str = "1990-06-01") -> Profile:
    return make_profile(properties={"birthday": day})


def people_in(flow_id: int) -> list[int]:
    runs = FlowRun.objects.filter(flow_id=flow_id).order_by("pk")
    return list(runs.values_list("profile_id", flat=True))


class Knocks:
    """Lets people knock, and remembers who did; those of one flow break."""

    def __init__(self, broken: int = 0) -> None:
        self.broken = broken
        self.people: list[int] = []

    def __call__(self, starts: Sequence[NewStart]) -> list[Attempt]:
        if any(start.flow_id == self.broken for start in starts):
            raise ValueError("no date")
        self.people += [start.profile_id for start in starts]
        return start_runs(starts)


def test_a_scan_goes_on_where_a_worker_left_it_and_tells_nobody_twice(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.queries.dates.PAGE", 2)
    flow = make_flow(BIRTHDAY)
    people = [born().pk for _ in range(5)]
    noon.shift(3600)
    begun = clock.now()
    assert scan_due(OnePage()) == 1
    assert people_in(flow.pk) == people[:2]
    scanned = DateScan.objects.get()
    assert (scanned.after, scanned.until, scanned.due_at < begun) == (people[1], begun, True)

    noon.shift(60)
    assert scan() == 2
    assert people_in(flow.pk) == people
    scanned = DateScan.objects.get()
    assert (scanned.after, scanned.until, scanned.seen_until) == (0, None, begun)
    assert scanned.due_at == begun + timedelta(minutes=15)

    knocks = Knocks()
    monkeypatch.setattr(dates, "start_runs", knocks)
    late = born()
    noon.shift(QUARTER)
    assert scan() == 4  # the last page is empty: nobody knows before
    assert knocks.people == [late.pk]
    assert people_in(flow.pk) == [*people, late.pk]


def test_a_flow_whose_scan_breaks_stops_no_other(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = make_flow(BIRTHDAY, name="Broken"), make_flow(BIRTHDAY)
    ada = born()
    noon.shift(3600)
    begun = DateScan.objects.get(flow=broken).seen_until
    monkeypatch.setattr(dates, "start_runs", Knocks(broken=broken.pk))
    assert scan() == 2
    assert (people_in(broken.pk), people_in(other.pk)) == ([], [ada.pk])
    scanned = DateScan.objects.get(flow=broken)
    assert (scanned.seen_until, scanned.after, scanned.until) == (begun, 0, None)
    assert scanned.due_at == clock.now() + timedelta(minutes=15)

    monkeypatch.setattr(dates, "start_runs", Knocks())
    noon.shift(QUARTER)
    assert scan() == 2
    assert (people_in(broken.pk), people_in(other.pk)) == ([ada.pk], [ada.pk])


def test_who_is_merged_on_the_day_enters_once(tenant: Tenant, noon: time_machine.Traveller) -> None:
    flow = make_flow(BIRTHDAY)
    guest, ada = born(), make_profile()
    noon.shift(3600)
    scan()
    advance()
    assert queued() == [("note", guest.pk)]
    merge_profiles([(ada.pk, guest.pk)], rule="manual")
    ada.refresh_from_db()
    assert ada.properties["birthday"] == "1990-06-01"
    noon.shift(QUARTER)
    scan()
    advance()
    assert people_in(flow.pk) == [ada.pk]
    assert queued() == [("note", ada.pk)]


def test_a_purchase_of_who_is_merged_runs_out_once(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow = make_flow(definition(trigger={"refill": {"percent": 80}}))
    guest, ada = make_profile(), make_profile()
    bought = make_order(guest, 500, ordered_at=clock.now())
    soap = Product.objects.create(store=bought.store, external_id="p1", title="S", refill_days=10)
    line = OrderLine.objects.create(
        order=bought,
        line_key="0",
        position=0,
        product=soap,
        quantity=1,
        unit_price_minor=500,
        total_minor=500,
    )
    of_a_dealer = make_order(make_profile(), 500, ordered_at=clock.now())
    OrderLine.objects.create(
        order=of_a_dealer,
        line_key="0",
        position=0,
        product=soap,
        quantity=10**9,
        unit_price_minor=500,
        total_minor=500,
    )
    keep_purchases()
    noon.shift(timedelta(days=8))
    assert scan() == 1
    merge_profiles([(ada.pk, guest.pk)], rule="manual")
    noon.shift(QUARTER)
    assert scan() == 1
    assert people_in(flow.pk) == [ada.pk]
    assert FlowRun.objects.get().run_key == f"refill:{line.pk}"
    assert Event.objects.filter(name="Refill Due").count() == 1


def test_what_runs_out_before_all_purchases_are_known_is_found_once_they_are(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow = make_flow(definition(trigger={"refill": {"percent": 100}}))
    began = DateScan.objects.get().seen_until
    ada = make_profile()
    bought = make_order(ada, 500, ordered_at=clock.now())
    soap = Product.objects.create(store=bought.store, external_id="p1", title="S", refill_days=1)
    OrderLine.objects.create(
        order=bought,
        line_key="0",
        position=0,
        product=soap,
        quantity=1,
        unit_price_minor=500,
        total_minor=500,
    )
    # As the update leaves it that began to keep purchases: the next count finds those of before.
    counted = CatalogCount.objects.create(
        counted_at=clock.now(), first_day=clock.now().date(), zone="UTC"
    )
    for _ in range(2):
        noon.shift(timedelta(days=1.5))
        assert scan() == 1
    assert (people_in(flow.pk), DateScan.objects.get().seen_until) == ([], began)
    keep_purchases()
    CatalogCount.objects.filter(pk=counted.pk).update(refills_at=clock.now())
    noon.shift(QUARTER)
    assert scan() == 1
    assert people_in(flow.pk) == [ada.pk]
    assert DateScan.objects.get().seen_until == clock.now()


def test_only_what_begins_with_a_day_is_a_date(tenant: Tenant) -> None:
    said = {"birthday": "1990-06-01", "when": "2020-01-01T10:00:00Z", "size": 38, "note": "soon"}
    person = make_profile(properties=said)
    person.refresh_from_db()
    assert sorted(person.dated) == ["birthday", "when"]
    assert make_profile().dated == []


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once_let_everybody_in_once(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.queries.dates.PAGE", 3)
    with transaction.atomic():
        flow = make_flow(BIRTHDAY)
        people = [born().pk for _ in range(8)]
    noon.shift(2 * 3600)

    def work(_: int) -> None:
        try:
            with tenant_scope(tenant.pk):
                scan()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with transaction.atomic():
        assert people_in(flow.pk) == people
        assert Event.objects.filter(name="Date Reached").count() == len(people)
