"""New products: each person hears of one a day, page by page, and whatever dies stops no other."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Event, Product, Profile, Variant
from crm.services.events import append_events
from crm.types import EventRef, NewEvent
from flows.models import FlowRun, WantedChange
from flows.services import arrivals, wanted
from flows.services.wanted import note_goods, start_wanted
from kernel.arrays import columns
from kernel.batches import Deadline
from kernel.sql import run_sql
from tenants.models import Tenant
from tests.factories.crm import make_store
from tests.factories.flows import definition, make_flow
from tests.factories.loyalty import make_profile
from tests.flows.conftest import NOON
from tests.flows.support import make_event
from tests.flows.test_faults import Killed, die_everywhere

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F33")]

NEW = definition(trigger={"new_product": {"audience": "viewed", "within_days": 30}})


def say(name: str, object_id: int, at: datetime = NOON, **said: Any) -> EventRef:
    event = NewEvent(name=name, occurred_at=at, source="sync", object_id=object_id, properties=said)
    return append_events([event])[0]


def publish(title: str, category: str = "Soap", at: datetime = NOON) -> None:
    """Tell of a new product."""
    store = Product.objects.first()
    product = Product.objects.create(
        store=store.store if store else make_store(),
        external_id=title,
        title=title,
        category=category,
        status="active",
    )
    note_goods([say("Product Published", product.pk, at)])


def visit(*categories: str) -> Profile:
    """Return somebody who looked at goods of some categories."""
    person = make_profile()
    for category in categories:
        make_event("Product Viewed", person, at=NOON - timedelta(days=1), category=category)
    return person


def work() -> int:
    return start_wanted(Deadline(seconds=None))


def told() -> list[tuple[int, str]]:
    events = Event.objects.filter(name="Wanted Product Published").order_by(
        "profile_id", "occurred_at"
    )
    ordered = events.order_by("profile_id", "occurred_at")
    return [(event.profile_id or 0, event.properties["title"]) for event in ordered]


def test_each_person_is_found_once_whatever_is_new_and_page_by_page(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flow(NEW)
    people = [visit("Soap", "Tea"), visit("Tea"), visit("Soap"), visit("Soap", "Tea"), visit("Tea")]
    visit("Wood")
    for place, title in enumerate(("Lemon", "Green", "Rose", "Black")):
        publish(title, ("Soap", "Tea")[place % 2], NOON + timedelta(seconds=place))
    pages: list[list[tuple[int, int]]] = []

    def find(name: str, **params: Any) -> list[Any]:
        rows = run_sql(name, **params)
        pages.append([(row.ask, row.profile_id) for row in rows])
        return rows

    monkeypatch.setattr(arrivals, "run_sql", find)
    monkeypatch.setattr(arrivals, "PAGE", 2)
    assert work() == 4 * 3
    ids = [person.pk for person in people]
    asks = list(zip((0, 1, 0, 0, 1), ids, strict=True))
    assert pages == [asks[:2], asks[2:4], asks[4:]]
    titles = ("Lemon", "Green", "Lemon", "Lemon", "Green")
    assert told() == list(zip(ids, titles, strict=True))
    assert FlowRun.objects.count() == len(people)
    assert not WantedChange.objects.exists()


def test_two_flows_of_a_person_are_never_parted_by_the_end_of_a_page(tenant: Tenant) -> None:
    first, second = visit("Soap"), visit("Soap")
    rows = [(ask, ask, "Soap", "viewed", NOON - timedelta(days=30)) for ask in range(2)]
    found = run_sql(
        "flows.find_fans",
        **columns("asks turns categories affinities since", rows),
        oldest=NOON - timedelta(days=30),
        until=NOON,
        after=0,
        count=1,
    )
    assert [row.profile_id for row in found] == [first.pk] * 2
    assert second.pk > first.pk


def test_a_page_that_dies_is_begun_again_and_none_before_it(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "PAGE", 1)
    make_flow(NEW)
    people = [visit("Soap").pk for _ in range(2)]
    publish("Lemon")
    assert die_everywhere(work, Killed) > 5
    assert told() == [(person, "Lemon") for person in people]
    assert FlowRun.objects.count() == len(people)
    assert not WantedChange.objects.exists()


def test_a_batch_that_kills_its_workers_holds_up_no_other_and_is_halved(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted, "BATCH", 4)
    make_flow(NEW)
    make_flow(definition(trigger={"price_drop": {"by": 10}}), name="Prices")
    person = visit("Soap")
    for title in ("Lemon", "Rose", "Fig", "Oat"):
        publish(title)
    product = Product.objects.get(external_id="Lemon")
    soap = Variant.objects.create(
        product=product, store=product.store, external_id="v1", sku="SOAP-1"
    )
    make_event("Product Viewed", person, sku="SOAP-1")
    note_goods([say("Price Dropped", soap.pk, before="10.00", after="5.00")])
    sizes: list[int] = []

    def die(refs: Sequence[EventRef], after: int) -> int | None:
        sizes.append(len(refs))
        raise Killed

    monkeypatch.setattr(arrivals, "start_page", die)
    with time_machine.travel(NOON + timedelta(seconds=1), tick=False), pytest.raises(Killed):
        work()
    with time_machine.travel(NOON + timedelta(seconds=2), tick=False), pytest.raises(Killed):
        work()
    assert sizes == [4, 2]
    dropped = Event.objects.filter(name="Wanted Price Dropped")
    assert [event.profile_id for event in dropped] == [person.pk]
    left = WantedChange.objects.order_by("pk").values_list("event_name", "tries")
    assert list(left) == [("Product Published", tries) for tries in (2, 2, 1, 1)]


def test_what_kills_its_workers_for_a_day_is_given_up(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    make_flow(NEW)
    visit("Soap")
    publish("Lemon")
    WantedChange.objects.update(tries=wanted.MOST_TRIES)
    noon.shift(timedelta(days=1, seconds=1))
    assert work() == 0
    assert not WantedChange.objects.exists()
    assert told() == []


def test_a_day_is_one_of_the_tenants_zone(tenant: Tenant, noon: time_machine.Traveller) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(timezone="Australia/Sydney")  # ten hours ahead
    make_flow(NEW)
    make_flow(definition(trigger={"price_drop": {"by": 10}}), name="Prices")
    person = visit("Soap")
    store = make_store()
    product = Product.objects.create(store=store, external_id="p1", title="Soap")
    soap = Variant.objects.create(product=product, store=store, external_id="v1", sku="SOAP-1")
    make_event("Product Viewed", person, at=NOON - timedelta(days=1), sku="SOAP-1")
    midnight = datetime(2026, 6, 1, 0, tzinfo=UTC)
    noon.move_to(midnight + timedelta(hours=14))
    hours = [midnight + timedelta(minutes=minutes) for minutes in (-5, 5, 12 * 60, 14 * 60)]
    for at, hour in enumerate(hours):
        publish(f"Soap {at}", at=hour)
        note_goods([say("Price Dropped", soap.pk, hour, before="10.00", after="5.00")])
    work()
    assert told() == [(person.pk, "Soap 0"), (person.pk, "Soap 3")]
    fell = Event.objects.filter(name="Wanted Price Dropped").order_by("occurred_at")
    assert [event.occurred_at for event in fell] == [hours[0], hours[-1]]
