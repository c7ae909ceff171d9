"""No single definition stops the others: days at the ends of the calendar, and what breaks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import transaction

from analytics.queries.attention import list_attention
from crm.services.events import append_events
from crm.types import EventRef, NewEvent
from kernel.tenancy import tenant_scope
from segments.choices import Cause
from segments.domain import compile as compiling
from segments.models import Segment
from segments.queries.listing import list_member_ids
from segments.services.auditing import audit_memberships
from segments.services.checks import find_differences
from segments.services.live import refresh_for_events
from segments.services.rebuild import rebuild
from segments.services.segments import update_segment
from tenants.models import Tenant
from tests.factories.segments import make_buyer, make_order, make_segment
from tests.factories.tenants import call_with, make_key, sign_in

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
BUYERS = {"field": "order_count", "is": ">=", "value": 1}
ENDS = "9999-12-31"
BEGINS = "0001-01-01"
VIEWED = {"event": "Product Viewed", "count": {"is": ">=", "value": 1}}
ALL: dict[str, dict[str, Any]] = {
    "before the end": {"field": "first_order_at", "is": "before", "value": ENDS},
    "after the beginning": {"field": "first_order_at", "is": "after", "value": BEGINS},
    "between both": {"field": "first_order_at", "is": "between", "value": [BEGINS, ENDS]},
    "event until the end": {**VIEWED, "until": ENDS},
    "event since the beginning": {**VIEWED, "since": BEGINS},
    "never bought tea in all time": {
        "bought": {"category": "Tea"},
        "count": {"is": "=", "value": 0},
        "since": BEGINS,
        "until": ENDS,
    },
}
NOBODY: dict[str, dict[str, Any]] = {
    "before the beginning": {"field": "first_order_at", "is": "before", "value": BEGINS},
    "after the end": {"field": "first_order_at", "is": "after", "value": ENDS},
    "on the last day": {"field": "first_order_at", "is": "on", "value": ENDS},
    "event since the end": {**VIEWED, "since": ENDS},
    "event until the beginning": {**VIEWED, "until": BEGINS},
}


@pytest.fixture(autouse=True)
def today() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


def hear(profile_id: int) -> None:
    """Let the handler of segments see that somebody looked at a product."""
    [ref] = append_events([NewEvent("Product Viewed", NOW, "api", profile_id=profile_id)])
    order = EventRef(ref.event_id, "Order Placed", NOW, profile_id, None, False)
    refresh_for_events([order])


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_the_ends_of_the_calendar_are_for_ever_in_every_place(tenant: Tenant, zone: str) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(timezone=zone)
    caller = call_with(make_key(tenant))
    made = {}
    for name, definition in {**ALL, **NOBODY, "Plain": BUYERS}.items():
        body = {"name": name, "definition": definition}
        answer = caller.post("/api/v1/segments/", body, content_type="application/json")
        assert answer.status_code == 201, answer.json()
        made[name] = int(answer.json()["id"])
        looked = caller.post("/api/v1/segments/preview/", body, content_type="application/json")
        assert looked.status_code == 200
    with tenant_scope(tenant.pk):
        ada = make_buyer(last_order_at=NOW)
        make_order(ada, NOW, 1_000, "1")
        hear(ada)
        found = {name: list_member_ids(key) for name, key in made.items()}
        assert found == {
            **{key: [ada] for key in ALL},
            **{key: [] for key in NOBODY},
            "Plain": [ada],
        }
        rebuild(NOW, Cause.DEFINITION)
        assert audit_memberships(NOW) == 0
        assert find_differences() == []
        assert not Segment.objects.exclude(stopped_at=None).exists()


@pytest.mark.parametrize("number", ["1e-20000", "1e-999999999999", "0." + "1" * 31, 1e-40])
def test_numbers_that_no_column_holds_are_refused(tenant: Tenant, number: object) -> None:
    caller = call_with(make_key(tenant))
    for definition in (
        {"field": "order_count", "is": ">=", "value": number},
        {"event": "Quiz", "where": [{"property": "score", "is": ">", "value": number}]},
    ):
        for address in ("/api/v1/segments/", "/api/v1/segments/preview/"):
            body = {"name": "Small", "definition": definition}
            answer = caller.post(address, body, content_type="application/json")
            assert answer.status_code == 400, answer.json()
            assert "at most 30 digits after the point" in answer.json()["detail"]
    assert not Segment.objects.exists()


def test_zero_is_zero_however_it_is_written(tenant: Tenant) -> None:
    ada = make_buyer(last_order_at=NOW)
    segment = make_segment({"field": "order_count", "is": ">", "value": "0e-20000"})
    rebuild(NOW, Cause.DEFINITION)
    assert list_member_ids(segment.pk) == [ada]


def test_half_a_character_is_refused_wherever_a_definition_says_it(tenant: Tenant) -> None:
    client = sign_in(tenant)
    for definition in (
        '{"field": "city", "is": "=", "value": "\\ud83d"}',
        '{"field": "properties.a\\u0000b", "is": "=", "value": "x"}',
    ):
        body = {"name": "Half", "definition": definition}
        assert client.post("/t/ada-soap/segments/new/", body).status_code == 422
        assert client.post("/t/ada-soap/segments/preview/", body).status_code == 200
    assert not Segment.objects.exists()


def test_what_cannot_be_read_any_more_is_stopped_with_the_reason(tenant: Tenant) -> None:
    broken = make_segment({"field": "order_count", "is": ">", "value": "1e-20000"}, "Broken")
    outer = make_segment({"segment": str(broken.pk), "is": "not_member"}, "Outer")
    plain = make_segment(BUYERS, "Plain")
    ada = make_buyer(last_order_at=NOW)
    hear(ada)
    assert [list_member_ids(one.pk) for one in (broken, outer, plain)] == [[], [ada], [ada]]
    stopped = Segment.objects.get(stopped_at=NOW)
    assert (stopped.pk, stopped.stopped_reason) == (
        broken.pk,
        "definition.value: must have at most 30 digits after the point",
    )
    client = sign_in(tenant)
    page = client.get(f"/t/ada-soap/segments/{broken.pk}/").content.decode()
    assert "Its conditions cannot be asked: definition.value: must have at most 30 digits" in page
    assert client.get("/t/ada-soap/segments/").status_code == 200
    assert client.get("/t/ada-soap/segments/").content.decode().count("Stopped</span>") == 1
    [told] = list_attention()
    assert told.title == "Counting “Broken” was stopped"
    assert told.text.startswith("Its conditions cannot be asked: definition.value: must have")

    rebuild(NOW, Cause.DEFINITION)
    assert find_differences() == []
    update_segment(broken.pk, definition=BUYERS)
    rebuild(NOW, Cause.DEFINITION)
    broken.refresh_from_db()
    assert (broken.stopped_at, broken.stopped_reason) == (None, "")
    assert [list_member_ids(one.pk) for one in (broken, outer, plain)] == [[ada], [], [ada]]
    assert list_attention() == []


@pytest.mark.parametrize("way", ["live", "rebuild"])
def test_what_cannot_be_compiled_is_stopped_and_the_others_go_on(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    ada = make_buyer(last_order_at=NOW, city="Bath")
    broken = make_segment({"field": "first_order_at", "is": "before", "value": "2027-01-01"}, "B")
    plain = make_segment(BUYERS, "Plain")

    def fail(*_: object) -> str:
        raise OverflowError("date value out of range")

    monkeypatch.setattr(compiling, "compare_calendar", fail)
    if way == "live":
        hear(ada)
    else:
        rebuild(NOW, Cause.REFERENCE)
    assert [list_member_ids(one.pk) for one in (broken, plain)] == [[], [ada]]
    [stopped] = Segment.objects.exclude(stopped_at=None)
    assert (stopped.pk, stopped.stopped_reason) == (broken.pk, "date value out of range")
    assert find_differences() == []


def test_what_the_database_refuses_is_stopped_and_what_nobody_is_to_blame_for_is_raised(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_buyer(last_order_at=NOW)
    broken = make_segment({"field": "first_order_at", "is": "before", "value": "2027-01-01"}, "B")
    plain = make_segment(BUYERS, "Plain")
    with monkeypatch.context() as patch:
        patch.setattr(compiling, "compare_calendar", lambda *_: "('x'::text)::bigint > 0")
        hear(ada)
    assert [list_member_ids(one.pk) for one in (broken, plain)] == [[], [ada]]
    [stopped] = Segment.objects.exclude(stopped_at=None)
    assert stopped.pk == broken.pk
    assert stopped.stopped_reason.startswith('invalid input syntax for type bigint: "x"')

    def fail(*_: object) -> None:
        raise ValueError("not of a definition")

    monkeypatch.setattr("segments.services.memberships.ring", fail)
    bob = make_buyer(last_order_at=NOW)
    with pytest.raises(ValueError, match="not of a definition"), transaction.atomic():
        hear(bob)
    assert Segment.objects.exclude(stopped_at=None).count() == 1
