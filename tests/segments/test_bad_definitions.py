"""What goes wrong around definitions end to end: each has a stated outcome, and nothing changes.

Fields, operators, types, empty groups, sizes, depth and patterns are refused in
`test_definitions` and `test_language`; figures of nobody stand in `test_references`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from config.tenant_changes import TENANT_CHANGES
from crm.models import Event, Reaction
from crm.services.events import append_events
from crm.types import NewEvent
from kernel.batches import Deadline
from kernel.clock import simulated
from kernel.work import drain_tenant
from segments.errors import DefinitionError
from segments.models import Membership, Segment
from segments.queries import conditions
from segments.queries.reasons import explain_segments
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.rebuild import refresh_everything
from segments.services.segments import create_segment, update_segment
from segments.services.upkeep import rebuild_by_day
from tenants.models import Tenant
from tests.factories.segments import make_buyer, make_segment
from tests.factories.tenants import call_with, make_key, sign_in

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
BASE = "/t/ada-soap/segments/"
ONE = {"field": "order_count", "is": ">=", "value": 1}
DEEP = '{"op": "not", "children": [' * 20_000
"""Deeper than any program reads; the brackets are never closed."""


ENDLESS = {
    "deep and open": DEEP,
    "deep and closed": DEEP + '{"field": "email", "is": "exists"}' + "]}" * 20_000,
    "deep and read": '{"op": "not", "children": [' * 300 + '{"consent": "email"}' + "]}" * 300,
    "lists": "[" * 50_000,
    "open": "{",
    "no number": "NaN",
}


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


def in_stored(segment: Segment) -> list[int]:
    rows = Membership.objects.filter(segment_ids__contains=[segment.pk])
    return list(rows.order_by("profile_id").values_list("profile_id", flat=True))


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_json_without_end_is_refused_on_every_way_in(client: Client, text: str) -> None:
    shown = client.post(f"{BASE}preview/", {"definition": text})
    assert shown.status_code == 200
    refused = client.post(f"{BASE}new/", {"name": "Deep", "definition": text})
    assert refused.status_code == 422
    opened = client.get(f"{BASE}new/", {"definition": text[:2_000]})
    assert opened.status_code == 200
    assert not Segment.objects.exists()


def test_the_api_refuses_json_without_end(tenant: Tenant) -> None:
    caller = call_with(make_key(tenant))
    body = f'{{"name": "Deep", "definition": {DEEP}'
    for address in ("/api/v1/segments/", "/api/v1/segments/preview/"):
        answer = caller.post(address, body, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()["code"] == "parse_error"
    assert not Segment.objects.exists()


@pytest.mark.parametrize("name", ["Segment Entered", "Segment Exited"])
@pytest.mark.parametrize("word", ["event", "first_event", "last_event"])
def test_what_segments_tell_themselves_cannot_be_counted(
    tenant: Tenant, name: str, word: str
) -> None:
    with simulated(NOW):
        segment = create_segment(name="Buyers", definition=ONE)
        with pytest.raises(DefinitionError, match="is told by segments"):
            create_segment(name="Circle", definition={word: name})
        with pytest.raises(DefinitionError, match="is told by segments"):
            update_segment(segment.pk, definition={"op": "not", "children": [{word: name}]})
    segment.refresh_from_db()
    assert (segment.definition, Segment.objects.count()) == (ONE, 1)


def test_another_time_zone_moves_members_quietly_and_when_they_leave(tenant: Tenant) -> None:
    # Half past midnight on 2 May in London; still 1 May in New York.
    ada = make_buyer(last_order_at=datetime(2026, 5, 1, 23, 30, tzinfo=UTC))
    rule = {"field": "days_since_last_order", "is": ">=", "value": 60}
    with simulated(NOW):
        segment = create_segment(name="At risk", definition=rule)
        refresh_everything(NOW)
        assert in_stored(segment) == []
        # 1 July in London.
        assert explain_segments(ada, NOW)[0].turns_at == datetime(2026, 6, 30, 23, tzinfo=UTC)

        Tenant.objects.filter(pk=tenant.pk).update(timezone="America/New_York")
        rebuild_by_day()
        reevaluate_due(Deadline(seconds=None))

        assert in_stored(segment) == [ada]
        assert find_differences() == []
        tenant.timezone = "Europe/London"
        tenant.save()
        rebuild_by_day()
        reevaluate_due(Deadline(seconds=None))
        assert in_stored(segment) == []
        assert Membership.objects.get(profile_id=ada).reeval_at == datetime(
            2026, 6, 30, 23, tzinfo=UTC
        )
    assert not Event.objects.filter(name__startswith="Segment").exists()
    rebuilt = [one.service for one in TENANT_CHANGES["timezone"].rebuilt]
    assert "segments.services.upkeep.rebuild_by_day" in rebuilt


def test_a_definition_of_an_older_version_is_asked_said_and_explained(tenant: Tenant) -> None:
    ada = make_buyer(last_order_at=NOW)
    segment = make_segment({"not_bought": {"category": "Tea"}})
    with simulated(NOW):
        refresh_everything(NOW)
        assert in_stored(segment) == [ada]
        [reason] = explain_segments(ada, NOW)
    assert (reason.words, reason.leaves[0].actual) == ("Never bought category Tea", "0 orders")
    segment.refresh_from_db()
    assert segment.definition == {"not_bought": {"category": "Tea"}}


@pytest.mark.covers("S4")
@pytest.mark.parametrize(
    ("name", "is_backfill"),
    [("Quiz Done", False), ("Quiz Done", True), ("Note Added", False), ("Data Requested", False)],
)
def test_whatever_a_definition_counts_is_heard_also_out_of_history(
    tenant: Tenant, name: str, *, is_backfill: bool
) -> None:
    segment = make_segment({"event": name, "within": {"days": 30}})
    ada = make_buyer()
    with simulated(NOW):
        refresh_everything(NOW)
        tell(ada, name, is_backfill=is_backfill)
        tell(ada, "Page Rated", is_backfill=True)
        drain_tenant(tenant.pk, kinds=("reactions",))
        assert in_stored(segment) == [ada]
        assert find_differences() == []
        [entered] = Event.objects.filter(name="Segment Entered")
    assert entered.is_backfill is is_backfill


def test_history_is_heard_by_name_without_reading_a_definition(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    funnel = [{"event": "Quiz Begun"}, {"not": "Quiz Done"}]
    make_segment({"funnel": funnel, "complete_in": {"days": 3}})
    gone = make_segment({"event": "Quiz Shared"}, "Gone")
    Segment.objects.filter(pk=gone.pk).update(archived_at=NOW)
    ada = make_buyer()

    def refuse(*_: object) -> None:
        raise AssertionError("a definition was read")

    monkeypatch.setattr(conditions, "parse_definition", refuse)
    for name in ("Quiz Begun", "Quiz Done", "Quiz Shared", "Page Rated"):
        tell(ada, name, is_backfill=True)

    assert sorted(Reaction.objects.values_list("event_name", flat=True)) == [
        "Quiz Begun",
        "Quiz Done",
    ]


def tell(profile_id: int, name: str, **more: Any) -> None:
    at = NOW - timedelta(days=2)
    with transaction.atomic():
        append_events([NewEvent(name, at, "import", profile_id, **more)], now=NOW)


def test_a_definition_of_two_that_ask_for_each_other_explains_nobody(tenant: Tenant) -> None:
    ada = make_buyer()
    one = make_segment(ONE, "One")
    two = make_segment({"segment": str(one.pk), "is": "member"}, "Two")
    circle = {"segment": str(two.pk), "is": "member"}
    Segment.objects.filter(pk=one.pk).update(definition=circle)
    assert [reason.holds for reason in explain_segments(ada, NOW)] == [False, False]
