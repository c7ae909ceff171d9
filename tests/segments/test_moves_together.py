"""Entries and exits that are kept together are read as those that are kept one by one."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crm.services.ids import allocate_ids
from crm.types import EventRef
from kernel.clock import simulated
from kernel.sql import run_sql
from segments.choices import Cause
from segments.models import MembershipChange, MembershipMove, Segment
from segments.queries.listing import list_changes, list_members
from segments.queries.movement import count_causes, list_members_on
from segments.queries.reasons import explain_segments
from segments.services import memberships
from segments.services.checks import find_differences
from segments.services.live import refresh_for_events
from segments.services.rebuild import rebuild
from segments.services.segments import delete_segment
from segments.services.upkeep import rebuild_by_day
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer, make_segment
from tests.factories.tenants import call_with, make_key

BEGIN = datetime(2026, 6, 1, 9, tzinfo=UTC)
LATER = BEGIN + timedelta(days=2)
LAST = BEGIN + timedelta(days=4)
PART, ROOM = 8_192, 20
BUYERS = {"field": "order_count", "is": ">=", "value": 1}


def walk() -> tuple[Segment, dict[int, str]]:
    """Let five enter at once, three leave at once, and one come back by an order."""
    [last] = allocate_ids("crm_profile", 1)
    if last % PART > PART - ROOM:  # whose ids lie in two parts are kept in two rows
        allocate_ids("crm_profile", ROOM)
    people = {make_buyer(first_name=name, last_order_at=BEGIN): name for name in "abcde"}
    segment = make_segment(BUYERS, "Buyers")
    with simulated(BEGIN):
        rebuild(BEGIN, Cause.DEFINITION)
    for key, name in people.items():
        if name in "abc":
            change_facts(key, order_count=0)
    with simulated(LATER):
        rebuild(LATER, Cause.REFERENCE)
    [back, *_] = people
    change_facts(back, order_count=1)
    with simulated(LAST):
        refresh_for_events([EventRef(7, "Profile Updated", LAST, back, None, False)])
    return segment, people


MOVED = [
    *(("definition", "", True, BEGIN, name) for name in "abcde"),
    *(("reference", "", False, LATER, name) for name in "abc"),
    ("event", "Profile Updated", True, LAST, "a"),
]
TOGETHER = [("definition", 5), ("reference", 3)]


@pytest.fixture(params=[2, 4, 10_000])
def many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    found: int = request.param
    monkeypatch.setattr(memberships, "MANY", found)
    return found


def test_all_that_reads_moves_reads_both_kinds(tenant: Tenant, many: int) -> None:
    segment, people = walk()
    kept = MembershipMove.objects.order_by("id").values_list("cause", "people")
    assert list(kept) == [(cause, count) for cause, count in TOGETHER if count >= many]
    alone = [count for _, count in TOGETHER if count < many]
    assert MembershipChange.objects.count() == sum(alone) + 1

    rows = list_changes(segment.pk)
    said = [
        (row.cause, row.event_name, row.entered, row.at, people[row.profile_id]) for row in rows
    ]
    assert sorted(said, key=lambda one: (one[3], one[4])) == MOVED
    assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)
    assert list(read_in_pages(segment)) == [row.id for row in rows]

    entered = {"a": LAST, "d": BEGIN, "e": BEGIN}
    found = list_members(segment.pk)
    assert {people[row.profile_id]: row.entered_at for row in found} == entered
    before = list_members_on(segment.pk, date(2026, 6, 2), LAST, search="", after=None, limit=9)
    assert {people[row.profile_id]: row.entered_at for row in before} == dict.fromkeys(
        "abcde", BEGIN
    )
    reasons = {name: explain_segments(key, LAST)[0] for key, name in people.items()}
    assert {name: one.entered_at for name, one in reasons.items() if one.is_member} == entered
    assert {name: one.left_at for name, one in reasons.items() if not one.is_member} == {
        "b": LATER,
        "c": LATER,
    }
    causes = count_causes(segment, LAST, days=30)
    assert [(row.words, row.people) for row in causes.entered] == [
        ("The segment was changed", 5),
        ("Profile Updated", 1),
    ]
    assert [(row.words, row.people) for row in causes.left] == [("Nightly refresh", 3)]
    small = [
        run_sql("segments.list_small_buyers", segment_id=segment.pk, most=most) for most in (8, 9)
    ]
    assert [row.is_whole for [row] in small] == [False, True]
    with simulated(LAST):
        assert find_differences() == []
        rebuild_by_day()
        assert find_differences() == []


def read_in_pages(segment: Segment) -> list[int]:
    found: list[int] = []
    while rows := list_changes(segment.pk, before=found[-1] if found else None, limit=2):
        found += [row.id for row in rows]
    return found


def test_the_api_reads_them_page_by_page(tenant: Tenant, many: int) -> None:
    segment, people = walk()
    caller = call_with(make_key(tenant))
    address: str | None = f"/api/v1/segments/{segment.pk}/history/?limit=2"
    seen: list[dict[str, Any]] = []
    while address is not None:
        answer = caller.get(address)
        assert answer.status_code == 200
        seen += answer.json()["results"]
        address = answer.json()["next"]
    assert [one["id"] for one in seen] == [str(row.id) for row in list_changes(segment.pk)]
    assert len({one["id"] for one in seen}) == len(MOVED)
    assert (seen[0]["event_id"], seen[0]["cause"]) == ("7", "event")
    assert {people[int(one["profile_id"])] for one in seen} == set("abcde")
    for cursor in ("W10", "WyJ4Il0", "WzFlOTld"):
        assert (
            caller.get(f"/api/v1/segments/{segment.pk}/history/?cursor={cursor}").status_code == 400
        )


def test_a_deleted_segment_takes_them_along(tenant: Tenant, many: int) -> None:
    segment, _ = walk()
    other = make_segment({**BUYERS, "value": 0}, "Everybody")
    with simulated(LAST):
        rebuild(LAST, Cause.DEFINITION)
        kept = len(list_changes(other.pk))
        delete_segment(segment.pk)
    assert list_changes(segment.pk) == []
    assert len(list_changes(other.pk)) == kept == 5
