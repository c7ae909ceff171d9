"""Whether as many events arrive as usual, and what of them is used."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from analytics.domain.health import Health, find_band, judge, windows_before
from analytics.models import EventHealth, EventVolume
from analytics.queries.attention import list_attention
from analytics.queries.received import list_alarms, list_properties, list_received
from analytics.services.event_health import count_due
from crm.models import Event, Store
from kernel.batches import Deadline
from tenants.models import Tenant
from tests.factories.crm import make_store
from tests.factories.flows import definition, make_flow
from tests.factories.segments import make_segment
from tests.factories.tenants import sign_in
from tests.flows.support import make_template

NOW = datetime(2026, 6, 29, 12, 5, tzinfo=UTC)
"""A Monday."""


def happen(store: Store, at: datetime, count: int, name: str = "Order Placed") -> None:
    """Let an event happen so many times within some minutes."""
    Event.objects.bulk_create(
        Event(
            name=name,
            occurred_at=at + timedelta(seconds=number),
            store_id=store.pk,
            source="webhook",
            properties={"total": "12.50"},
        )
        for number in range(count)
    )


def weeks(store: Store, *counts: int, name: str = "Order Placed") -> None:
    """Let an event happen at nine o'clock UTC of Mondays, the newest of them first."""
    for week, count in enumerate(counts):
        happen(store, NOW - timedelta(hours=3, weeks=week), count, name)


def count() -> None:
    while count_due(Deadline(seconds=None)):
        pass


@pytest.mark.parametrize(
    ("observed", "past", "word"),
    [
        (20, [22, 18, 25, 20], Health.USUAL),
        (0, [22, 18, 25, 20], Health.SILENT),
        (2, [60, 58, 65, 61], Health.FEW),
        (400, [22, 18, 25, 20], Health.MANY),
        (60, [22, 18, 25, 20], Health.USUAL),
        (0, [22, 18], Health.NEW),
        (0, [2, 0, 3, 1], Health.RARE),
        (90, [2, 0, 3, 1], Health.RARE),
        (500, [2, 0, 3, 1], Health.MANY),
        (0, [], Health.NEW),
    ],
)
def test_a_window_is_compared_with_the_same_hours_of_weeks_before(
    observed: int, past: list[int], word: Health
) -> None:
    assert judge(observed, find_band(past)) is word


@given(st.lists(st.integers(0, 10_000), min_size=3, max_size=8))
def test_no_week_of_the_past_itself_alarms(past: list[int]) -> None:
    band = find_band(past)
    assert band is not None
    assert band.low <= band.usual <= band.high
    usual = (Health.USUAL, Health.RARE, Health.MANY) if band.usual < 8 else (Health.USUAL,)
    assert {judge(observed, band) for observed in past} <= set(usual)


def test_a_change_of_the_clock_moves_no_window() -> None:
    windows = windows_before(datetime(2026, 4, 6, 11, tzinfo=UTC), ZoneInfo("Europe/London"))
    ends = [until for _, until in windows]
    assert ends[0] == datetime(2026, 4, 6, 11, tzinfo=UTC)
    assert ends[1] == datetime(2026, 3, 30, 11, tzinfo=UTC)
    assert ends[2] == datetime(2026, 3, 23, 12, tzinfo=UTC)


@time_machine.travel(NOW, tick=False)
def test_a_store_that_tells_nothing_is_named_once_with_what_is_usual(tenant: Tenant) -> None:
    store = make_store("Ada Shopify")
    weeks(store, 0, 22, 18, 25, 20)
    count()
    row = EventHealth.objects.get()
    assert (row.health, row.window_count, row.usual, row.month_count) == ("silent", 0, 22, 85)
    [(name, volume)] = list_alarms()
    assert (name, volume.store) == ("Order Placed", "Ada Shopify")
    [item] = [one for one in list_attention() if one.key.startswith("event:")]
    assert item.title == "Ada Shopify: Order Placed, silent"
    mark = item.mark
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        count()
        [item] = [one for one in list_attention() if one.key.startswith("event:")]
        assert item.mark == mark


@time_machine.travel(NOW, tick=False)
def test_what_comes_as_usual_alarms_nobody(tenant: Tenant) -> None:
    weeks(make_store(), 21, 22, 18, 25, 20)
    count()
    assert EventHealth.objects.get().health == "usual"
    assert list_alarms() == []


@time_machine.travel(NOW, tick=False)
def test_a_new_store_one_that_is_cut_off_and_our_own_events_alarm_nobody(tenant: Tenant) -> None:
    weeks(make_store("New"), 0, 22, 18)
    weeks(make_store("Cut off", status="disconnected"), 0, 22, 18, 25, 20)
    weeks(make_store("Ours"), 0, 22, 18, 25, 20, name="Profile Updated")
    count()
    assert sorted(EventHealth.objects.values_list("health", flat=True)) == [
        "new",
        "silent",
        "silent",
    ]
    assert list_alarms() == []


@time_machine.travel(NOW, tick=False)
def test_history_is_not_counted_and_what_comes_late_is(tenant: Tenant) -> None:
    store = make_store()
    happen(store, NOW - timedelta(hours=3), 2)
    Event.objects.update(is_backfill=True)
    count()
    assert EventVolume.objects.count() == 0
    happen(store, NOW - timedelta(hours=2), 3)
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        count()
    assert EventVolume.objects.get().count == 3
    assert count_due(Deadline(seconds=None)) == 0


@time_machine.travel(NOW, tick=False)
def test_each_event_says_what_uses_it(tenant: Tenant) -> None:
    store = make_store()
    happen(store, NOW - timedelta(hours=3), 2, "Product Viewed")
    happen(store, NOW - timedelta(hours=3), 1, "Quiz Finished")
    make_segment({"field": "days_since_last_viewed", "is": "<=", "value": 7}, "Browsers")
    often = {"event": "Quiz Finished", "count": {"is": ">=", "value": 2}}
    make_segment({"op": "and", "children": [often]}, "Quizzers")
    template = make_template("note")
    template.text = "You got {{ event.total }}"
    template.save(update_fields=["text"])
    condition = {"property": "total", "is": "=", "value": "12.50"}
    make_flow(definition(trigger={"event": "Quiz Finished", "filter": [condition]}), name="Quiz")
    count()
    viewed, quiz = list_received()
    assert (viewed.name, viewed.month_count) == ("Product Viewed", 2)
    assert [use.name for use in viewed.uses] == ["Browsers"]
    assert [(use.kind, use.name) for use in quiz.uses] == [
        ("Segment", "Quizzers"),
        ("Flow", "Quiz"),
    ]
    [total] = list_properties("Quiz Finished")
    assert (total.name, total.kind, total.share, total.example) == ("total", "text", 1, "12.50")
    assert [(use.kind, use.name) for use in total.uses] == [("Flow", "Quiz"), ("Template", "note")]
    [unused] = list_properties("Product Viewed")
    assert list(unused.uses) == []


@time_machine.travel(NOW, tick=False)
def test_the_pages_say_it_in_words(tenant: Tenant) -> None:
    member = sign_in(tenant)
    empty = member.get(reverse("analytics:received", args=["ada-soap"])).content.decode()
    assert "Nothing was received yet" in empty
    weeks(make_store("Ada Shopify"), 0, 22, 18, 25, 20)
    count()
    page = member.get(reverse("analytics:received", args=["ada-soap"])).content.decode()
    assert "Silent" in page
    detail = reverse("analytics:received_event", args=["ada-soap"]) + "?name=Order+Placed"
    shown = member.get(detail).content.decode()
    for words in ("total", "100%", "Ada Shopify", "12 to 31"):
        assert words in shown, words
    assert _status(member, detail.replace("Placed", "Lost")) == 404


def _status(member: Client, address: str) -> int:
    return int(member.get(address).status_code)
