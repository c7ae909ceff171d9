"""A sale: thousands of prices fall at once, and each person hears of a product once."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Event, Product, Profile, Variant
from crm.services.events import append_events
from crm.types import EventRef, NewEvent
from flows.models import FlowRun, WantedChange
from flows.services import audiences, wanted
from flows.services.knocking import NewStart, start_runs
from flows.services.wanted import note_goods, start_wanted
from flows.types import Attempt
from kernel import clock
from kernel.arrays import columns
from kernel.batches import Deadline
from kernel.sql import execute, load_sql, run_sql, whole_tenant
from tenants.models import Tenant
from tests.factories.crm import make_store
from tests.factories.flows import definition, make_flow
from tests.factories.loyalty import make_profile
from tests.flows.support import make_event

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]


def test_questions_find_their_events_by_equality_and_the_events_are_read_once(
    tenant: Tenant,
) -> None:
    at = clock.now()
    rows = [
        (place, "Product Viewed", "", 1, f"p{place}", f"S{place}", at, at) for place in range(2_000)
    ]
    params: dict[str, Any] = {
        **columns("asks names gones stores products skus since untils", rows),
        "shown_by": "{Product Viewed}",
        "oldest": at,
        "newest": at,
        "profile_ids": None,
    }
    with whole_tenant():
        explained = execute(f"EXPLAIN (COSTS off) {load_sql('flows.find_interested')}", **params)
    plan = "\n".join(row[0] for row in explained)
    assert "Nested Loop" not in plan
    assert plan.count("ProjectSet") == 1
    assert "hashed SubPlan" in plan


@pytest.fixture
def soaps(tenant: Tenant) -> list[Variant]:
    """Three variants of one product."""
    store = make_store()
    product = Product.objects.create(store=store, external_id="p1", title="Soap")
    return [
        Variant.objects.create(product=product, store=store, external_id=f"v{n}", sku=f"SOAP-{n}")
        for n in range(3)
    ]


def fall(variants: list[Variant]) -> list[EventRef]:
    """Let the prices of variants fall."""
    return append_events(
        [
            NewEvent(
                name="Price Dropped",
                occurred_at=clock.now(),
                source="sync",
                store_id=variant.store_id,
                object_id=variant.pk,
                properties={"before": "10.00", "after": "5.00"},
            )
            for variant in variants
        ]
    )


def test_the_variants_of_a_product_ask_for_it_once(
    soaps: list[Variant], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flow(definition(trigger={"price_drop": {"by": 10}}))
    ada, ben, visitor, erased = (make_profile() for _ in range(4))
    Profile.objects.filter(pk=visitor.pk).update(is_anonymous=True)
    Profile.objects.filter(pk=erased.pk).update(erased_at=clock.now())
    for person in (ada, visitor, erased):
        make_event("Product Viewed", person, store_id=soaps[0].store_id, product_id="p1")
    make_event("Product Viewed", ada, sku="SOAP-1")
    make_event("Product Viewed", ben, items=[{"sku": "TEA"}, {"sku": "SOAP-2"}])
    asked: list[list[int]] = []
    knocked: list[int] = []

    def ask(name: str, **params: Any) -> list[Any]:
        found = run_sql(name, **params)
        asked.append([row.profile_id for row in found])
        return found

    def start(starts: list[NewStart]) -> list[Attempt]:
        knocked.extend(each.profile_id for each in starts)
        return start_runs(starts)

    monkeypatch.setattr(audiences, "run_sql", ask)
    monkeypatch.setattr(audiences, "start_runs", start)
    audiences.start_for_goods(fall(soaps))
    # By the product all three who looked at it, once; by their SKU each of the two others.
    assert asked == [[ada.pk, visitor.pk, erased.pk, ada.pk, ben.pk]]
    assert knocked == [ada.pk, ben.pk]
    assert list(FlowRun.objects.order_by("pk").values_list("profile_id", flat=True)) == knocked
    told = Event.objects.filter(name="Wanted Price Dropped").order_by("pk")
    assert [event.properties["variant_id"] for event in told] == ["v0", "v2"]


def test_what_changed_waits_for_a_worker_of_its_own_and_one_that_breaks_stops_no_other(
    soaps: list[Variant], noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flow(definition(trigger={"price_drop": {"by": 10}}))
    ada, ben = make_profile(), make_profile()
    make_event("Product Viewed", ada, sku="SOAP-0")
    make_event("Product Viewed", ben, sku="SOAP-2")
    bad, *_, good = refs = fall(soaps)
    for _ in range(2):
        note_goods(refs)
    assert (WantedChange.objects.count(), FlowRun.objects.count()) == (3, 0)

    def start(told: list[EventRef]) -> None:
        if any(ref.event_id == bad.event_id for ref in told):
            raise ValueError("nobody can read this")
        audiences.start_for_goods(told)

    monkeypatch.setattr(wanted, "start_for_goods", start)
    assert start_wanted(Deadline(seconds=None)) == 3
    assert [run.profile_id for run in FlowRun.objects.all()] == [ben.pk]
    assert [each.event_id for each in WantedChange.objects.all()] == [bad.event_id]
    assert start_wanted(Deadline(seconds=None)) == 0
    noon.shift(timedelta(hours=1))
    monkeypatch.setattr(wanted, "start_for_goods", audiences.start_for_goods)
    assert start_wanted(Deadline(seconds=None)) == 1
    assert {run.profile_id for run in FlowRun.objects.all()} == {ada.pk, ben.pk}
    note_goods([good])  # a reaction may be handled twice
    assert start_wanted(Deadline(seconds=None)) == 1
    assert FlowRun.objects.count() == 2


def test_a_change_that_never_works_is_given_up_after_a_day(
    soaps: list[Variant], noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flow(definition(trigger={"price_drop": {"by": 10}}))
    note_goods(fall(soaps[:1]))

    def start(told: list[EventRef]) -> None:
        raise ValueError(f"nobody can read {told}")

    monkeypatch.setattr(wanted, "start_for_goods", start)
    for hours in (0, 1, 24):
        noon.shift(timedelta(hours=hours))
        assert WantedChange.objects.count() == 1
        assert start_wanted(Deadline(seconds=None)) == 1
    assert not WantedChange.objects.exists()


def test_changes_that_no_flow_wants_are_not_kept(soaps: list[Variant]) -> None:
    note_goods(fall(soaps))
    assert not WantedChange.objects.exists()
