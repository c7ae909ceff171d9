"""Calls of sites and apps, from the address to the event."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import (
    Event,
    Identity,
    Order,
    ProfileFacts,
)
from crm.services.api_store import ensure_api_store
from stores.services.inbox import retry_deliveries
from tests.support.tracking import (
    FakeSite,
    events,
    identify,
    identities,
    outcomes,
    profiles,
    send,
    touches,
    track,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

NOW = "2026-05-04T10:00:00Z"


@pytest.fixture(autouse=True)
def at_ten() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)


def test_an_event_is_kept_with_what_it_says(site: FakeSite) -> None:
    send(site, track(userId="u-1", properties={"product_id": "p1", "price": 29.99}))
    [profile] = profiles()
    with transaction.atomic():
        event = Event.objects.get(name="Product Viewed")
        assert Identity.objects.get(kind="customer_id").store_id == ensure_api_store()
    assert (event.profile_id, event.source) == (profile.pk, "tracking")
    assert event.properties == {"product_id": "p1", "price": 29.99}
    assert not event.is_backfill
    assert outcomes(site) == [("applied", "")]
    assert identities(profile) == {("customer_id", "u-1")}


def test_pages_screens_and_groups_are_events(site: FakeSite) -> None:
    page = {"url": "https://shop.example/tee", "title": "Tee", "referrer": ""}
    send(
        site,
        {"type": "page", "userId": "u", "name": "Tee", "category": "Shop"},
        {"type": "screen", "userId": "u", "name": "Home", "properties": {"tab": 1}},
        {"type": "group", "userId": "u", "groupId": "c-1", "traits": {"name": "Acme"}},
        context={"page": page},
    )
    with transaction.atomic():
        found = dict(Event.objects.values_list("name", "properties"))
    assert found["Page Viewed"] == {
        "url": "https://shop.example/tee",
        "title": "Tee",
        "name": "Tee",
        "category": "Shop",
    }
    assert found["Screen Viewed"] == {"name": "Home", "tab": 1}
    assert found["Group Joined"] == {"group_id": "c-1", "name": "Acme"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("product viewed", "Product Viewed"),
        ("Viewed Product", "Product Viewed"),
        ("order_completed", "Order Completed"),
        (" Ring Sized ", "Ring Sized"),
        ("Order Refunded", "Order Refunded (reported)"),
        ("Order Placed", "Order Placed (reported)"),
    ],
)
def test_names_of_events(site: FakeSite, sent: str, kept: str) -> None:
    send(site, track(sent, userId="u"))
    assert events() == [kept]


def test_orders_of_a_browser_are_no_revenue(site: FakeSite) -> None:
    order = {"order_id": "o-1", "total": 59.98, "currency": "GBP"}
    send(site, track("Order Completed", userId="u", properties=order))
    send(site, track("Order Placed", userId="u", properties=order))
    with transaction.atomic():
        assert Order.objects.count() == 0
        facts = ProfileFacts.objects.get()
    assert (facts.order_count, facts.gross_minor) == (0, 0)


def test_a_clock_that_is_two_days_off_is_put_right(site: FakeSite) -> None:
    fast = {"timestamp": "2026-05-06T09:59:00Z", "sentAt": "2026-05-06T10:00:30Z"}
    slow = {"timestamp": "2026-05-02T09:58:00Z"}
    send(
        site,
        track("Fast", userId="u", **fast),
        track("Slow", userId="u", **slow),
        track("None", userId="u"),
        sentAt="2026-05-02T10:00:00Z",
    )
    with transaction.atomic():
        found = dict(Event.objects.filter(source="tracking").values_list("name", "occurred_at"))
    ten = datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert found["Fast"] == ten - timedelta(seconds=90)
    assert found["Slow"] == ten - timedelta(minutes=2)
    assert found["None"] == ten


def test_nothing_happens_in_the_future(site: FakeSite) -> None:
    send(site, track(userId="u", timestamp="2026-05-09T10:00:00Z"))
    with transaction.atomic():
        event = Event.objects.get(name="Product Viewed")
    assert event.occurred_at == datetime(2026, 5, 4, 10, tzinfo=UTC)


def test_history_keeps_its_times_and_starts_nothing(site: FakeSite) -> None:
    item = track(userId="u", timestamp="2024-01-02T03:04:05Z")
    site.post("import", {"batch": [item], "sentAt": "2026-05-06T10:00:00Z"})
    site.drain()
    with transaction.atomic():
        event = Event.objects.get(name="Product Viewed")
    assert event.occurred_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert event.is_backfill


def test_a_message_id_counts_once_whatever_brings_it(site: FakeSite) -> None:
    item = track(userId="u", messageId="m-1")
    send(site, item, item)
    site.post("track", item)
    site.drain()
    send(site, item, track(userId="u", messageId="m-2"))
    assert events() == ["Product Viewed", "Product Viewed"]
    assert outcomes(site) == [
        ("applied", "1 of 2 repeated in the same request"),
        ("applied", "Known already"),
        ("applied", ""),
    ]


def test_a_call_that_cannot_be_applied_stands_by_itself_and_can_be_retried(site: FakeSite) -> None:
    old = track("Ancient", userId="u", messageId="m-1", timestamp="1999-01-01T00:00:00Z")
    send(site, old, track(userId="u", messageId="m-2"))
    assert events() == ["Product Viewed"]
    (_, whole), (status, reason) = outcomes(site)
    assert whole == "1 of 2 put aside, each listed by itself"
    assert status == "quarantined"
    assert reason == "the time of the event is out of range: 1999-01-01T00:00:00+00:00"
    with transaction.atomic():
        aside = site.filed()[1]
    assert retry_deliveries([aside.pk]) == 1
    site.drain()
    assert outcomes(site)[1] == (status, reason)
    assert len(site.filed()) == 2


def test_a_single_call_that_cannot_be_applied_is_put_aside_itself(site: FakeSite) -> None:
    site.post("track", track(userId="u", timestamp="1999-01-01T00:00:00Z"))
    site.drain()
    [(status, reason)] = outcomes(site)
    assert status == "quarantined"
    assert reason.startswith("the time of the event is out of range")


def test_one_poisoned_call_does_not_stop_its_neighbours(
    site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crm.services import behaviour  # noqa: PLC0415

    note = behaviour._note

    def refuse(batch: Any, item: Any, *rest: Any) -> None:
        if item.record.name == "Poison":
            raise ValueError
        note(batch, item, *rest)

    monkeypatch.setattr(behaviour, "_note", refuse)
    send(site, track("One", userId="u"), track("Poison", userId="u"), track("Two", userId="u"))
    assert events() == ["One", "Two"]
    assert [status for status, _ in outcomes(site)] == ["applied", "quarantined"]


def test_what_was_refused_at_the_edge_is_told_of(site: FakeSite) -> None:
    send(site, track(userId="u"), {"type": "track", "userId": "u"})
    [(status, reason)] = outcomes(site)
    assert status == "applied"
    assert reason == "1 of 2 refused: event says what happened, in at most 255 letters."


def test_visits_say_when_somebody_was_last_seen(site: FakeSite) -> None:
    send(site, {"type": "page", "userId": "u", "timestamp": "2026-05-03T10:00:00Z"})
    send(site, {"type": "page", "userId": "u", "timestamp": "2026-05-02T10:00:00Z"})
    send(site, identify("u", plan="gold"))
    with transaction.atomic():
        facts = ProfileFacts.objects.get()
    assert facts.last_seen_at == datetime(2026, 5, 3, 10, tzinfo=UTC)


def test_context_may_stand_beside_the_batch(site: FakeSite) -> None:
    send(site, identify("u-1"), context={"timezone": "Asia/Tokyo"})
    assert profiles()[0].timezone == "Asia/Tokyo"


def test_what_json_cannot_hold_is_left_out(site: FakeSite) -> None:
    raw = b'{"userId": "u", "event": "x", "properties": {"a": NaN, "b": "\\u0000\\ud800c"}}'
    assert site.post("track", raw).status_code == 200
    site.drain()
    with transaction.atomic():
        assert Event.objects.get(name="x").properties == {"a": None, "b": "c"}


def test_a_batch_costs_a_fixed_number_of_statements(
    site: FakeSite, django_assert_max_num_queries: Any
) -> None:
    calls = [
        track(anonymousId=f"a-{number}", messageId=f"m-{number}", properties={"n": number})
        for number in range(1_000)
    ]
    assert site.batch(*calls).status_code == 200
    with django_assert_max_num_queries(60):
        site.drain()
    assert len(events()) == 1_000


def test_a_visit_says_where_it_came_from(site: FakeSite) -> None:
    page = {"url": "https://shop.example/tee?utm_source=news", "referrer": ""}
    inside = {"url": "https://shop.example/cart", "referrer": "https://shop.example/tee"}
    found = {"url": "https://shop.example/", "referrer": "https://www.google.com/"}
    campaign = {"source": "news", "medium": "email", "name": "spring"}
    send(
        site,
        {"type": "page", "anonymousId": "a", "context": {"page": page, "campaign": campaign}},
        {"type": "page", "anonymousId": "a", "context": {"page": inside}},
    )
    send(site, {"type": "page", "anonymousId": "a", "properties": found})
    with transaction.atomic():
        assert not ProfileFacts.objects.exists()
    send(site, identify("u-1", anonymousId="a"))
    send(site, identify("u-2", anonymousId="b"))
    assert touches() == [("news", "spring"), ("google", "")]
