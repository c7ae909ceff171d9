"""What visitors do starts flows, moves facts, and is joined to what the store says of orders."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import Order, Profile, ProfileFacts, ProfileMerge
from crm.services.checks import find_differences
from crm.services.ingest import apply_records
from crm.services.reactions import drain_reactions
from crm.services.stores import StoreData, create_store
from crm.types import OrderRecord
from flows.models import FlowEntry, FlowRun
from kernel import clock
from kernel.batches import Deadline
from segments.models import Membership, MembershipChange
from segments.services.rebuild import refresh_everything
from tests.factories.crm import order
from tests.factories.flows import definition, make_flow
from tests.factories.segments import make_segment
from tests.flows.support import make_template
from tests.support.tracking import FakeSite, identify, profiles, send, touches, track

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

NOW = "2026-05-04T10:00:00Z"


@pytest.fixture(autouse=True)
def at_ten() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)


def react(site: FakeSite, *items: dict[str, Any], **envelope: Any) -> None:
    """Post calls and let every handler see what they set off."""
    if items:
        send(site, *items, **envelope)
    drain_reactions(Deadline(seconds=None))


@transaction.atomic
def start_flow(event: str, **trigger: Any) -> None:
    make_template("note")
    make_flow(definition(trigger={"event": event, **trigger}))


@transaction.atomic
def runs() -> list[tuple[int, str]]:
    found = FlowRun.objects.order_by("pk").values_list("profile_id", "trigger__event")
    return [(int(profile_id), str(name)) for profile_id, name in found]


@transaction.atomic
def refusals() -> list[str]:
    return list(FlowEntry.objects.exclude(reason="").values_list("reason", flat=True))


@transaction.atomic
def buy(external_id: str = "5001", *, store: str = "Shopify", **fields: Any) -> Profile:
    """Let a store tell of an order of Ada's; returns her profile."""
    shop = create_store(StoreData(name=store, platform="shopify"))
    values: dict[str, Any] = {"ordered_at": clock.now(), "version_at": clock.now(), **fields}
    record: OrderRecord = order(external_id, **values)
    apply_records(shop.pk, [record], source="webhook", now=clock.now())
    return Profile.objects.get(pk=Order.objects.get(store_id=shop.pk).profile_id or 0)


def test_what_a_known_visitor_does_starts_a_flow(site: FakeSite) -> None:
    start_flow("Product Viewed", filter=[{"property": "category", "is": "=", "value": "How-to"}])
    seen = track(anonymousId="a-1", properties={"category": "How-to"})
    react(site, seen, identify("u-1", anonymousId="a-2"), track(userId="u-2"))
    assert runs() == []
    react(site, {**seen, "anonymousId": "a-2"})
    ada = next(each for each in profiles() if not each.is_anonymous)
    assert runs() == [(ada.pk, "Product Viewed")]


def test_an_event_that_the_merchant_made_up_starts_a_flow(site: FakeSite) -> None:
    start_flow("Quiz Finished")
    react(site, track("Quiz Finished", userId="u-1", messageId="m-1"))
    react(site, track("Quiz Finished", userId="u-1", messageId="m-1"))
    assert len(runs()) == 1


def test_history_and_what_comes_late_start_nothing(site: FakeSite) -> None:
    start_flow("Checkout Started")
    old = {"timestamp": "2026-05-02T10:00:00Z", "sentAt": NOW, "userId": "u-1"}
    react(site, track("Checkout Started", **old))
    assert refusals() == ["event_too_old"]
    history = {"batch": [track("Checkout Started", timestamp=NOW, userId="u-2")]}
    assert site.post("import", history).status_code == 200
    site.drain()
    react(site)
    assert runs() == []
    with transaction.atomic():
        times = ProfileFacts.objects.order_by("pk").values_list("last_checkout_at", flat=True)
        assert [f"{at:%d}" for at in times if at] == ["02", "04"]


def test_what_visitors_do_moves_facts_and_segments(site: FakeSite) -> None:
    with transaction.atomic():
        left = make_segment({"field": "cart_value", "is": ">=", "value": 20})
        refresh_everything(clock.now())
    soap = {"name": "Soap", "price": 12, "quantity": 2, "currency": "GBP"}
    react(site, track("Product Added", userId="u-1", properties=soap))
    [ada] = profiles()
    with transaction.atomic():
        facts = ProfileFacts.objects.get()
        assert (facts.cart_at, facts.last_carted_at) == (clock.now(), clock.now())
        assert facts.cart_minor == 2400
        assert Membership.objects.get(profile_id=ada.pk).segment_ids == [left.pk]
    react(site, track("Product Removed", userId="u-1", properties=soap))
    with transaction.atomic():
        changes = MembershipChange.objects.order_by("pk").values_list("entered", flat=True)
        assert list(changes) == [True, False]


def test_what_somebody_did_before_they_were_known_counts(site: FakeSite) -> None:
    soap = {"name": "Soap", "price": 12, "currency": "GBP"}
    react(
        site, track(anonymousId="a-1"), track("Product Added", anonymousId="a-1", properties=soap)
    )
    with transaction.atomic():
        assert ProfileFacts.objects.count() == 0
    react(site, identify("u-1", anonymousId="a-1"))
    with transaction.atomic():
        facts = ProfileFacts.objects.get()
        assert (facts.last_viewed_at, facts.cart_minor) == (clock.now(), 1200)
        assert find_differences() == []


VISIT = {
    "type": "page",
    "anonymousId": "a-1",
    "context": {"page": {"url": "https://soap.example/?utm_source=news&utm_campaign=may"}},
}


def completed(**properties: Any) -> dict[str, Any]:
    """Return what a browser tells of an order; its revenue is nobody's business."""
    said = {"revenue": 99, "currency": "GBP", **properties}
    return track("Order Completed", anonymousId="a-1", properties=said)


@pytest.mark.parametrize(
    "named",
    [
        {"order_id": "5001"},
        {"order_id": 5001},
        {"order_id": "gid://shopify/Order/5001"},
        {"order_id": "#1042"},
        {"order_id": "unknown", "checkout_id": "tok-1"},
    ],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["browser first", "store first"])
def test_a_browser_shows_whose_visit_led_to_an_order(
    site: FakeSite, named: dict[str, Any], is_first: bool
) -> None:
    react(site, VISIT)
    if is_first:
        react(site, completed(**named))
        assert len(profiles()) == 1
    ada = buy(number="#1042", checkout_token="tok-1")
    if is_first:
        react(site)
    else:
        react(site, completed(**named))
    assert [each.pk for each in profiles()] == [ada.pk]
    assert touches() == [("news", "may"), ("news", "may")]
    with transaction.atomic():
        facts = ProfileFacts.objects.get()
        assert (facts.order_count, facts.net_minor) == (1, 1000)
        assert ProfileMerge.objects.get().rule == "order"
        assert find_differences() == []
    react(site, completed(**named))
    assert [each.pk for each in profiles()] == [ada.pk]


def test_an_order_of_that_name_in_two_stores_says_nothing(site: FakeSite) -> None:
    react(site, VISIT)
    buy("5001")
    buy("5001", store="Second", email="bob@example.com")
    react(site, completed(order_id="5001"))
    assert len(profiles()) == 3


def test_an_order_of_another_year_says_nothing(site: FakeSite) -> None:
    react(site, VISIT)
    buy("5001", ordered_at=clock.now() - timedelta(days=300))
    react(site, completed(order_id="5001"))
    assert len(profiles()) == 2


def test_a_visitor_who_is_known_stays_who_they_are(site: FakeSite) -> None:
    react(site, identify("u-1", anonymousId="a-1"))
    buy("5001")
    react(site, completed(order_id="5001"))
    assert len(profiles()) == 2
