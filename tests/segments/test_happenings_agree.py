"""Conditions on what people did: all ways of asking say of any history what plain Python says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import eq, ge, gt, le, lt, ne
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Event
from crm.types import EventRef
from kernel.batches import Deadline
from kernel.clock import simulated
from segments.choices import Cause
from segments.models import Membership
from segments.services.clock import reevaluate_due
from segments.services.evaluate import matching
from segments.services.live import refresh_for_events
from segments.services.rebuild import rebuild
from tenants.models import Tenant
from tests.factories.segments import make_buyer, make_order, make_segment

LONDON = ZoneInfo("Europe/London")
# Some days before British clocks go back, so that days of 25 hours are among those looked at.
NOW = datetime(2026, 10, 22, 23, 15, tzinfo=UTC)
SIGNS = {"=": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
PEOPLE = 3
NAMES = ("Viewed", "Carted")
WORDS = ("tea", "soap")


@dataclass(frozen=True)
class Done:
    """Something that one of the people did; an order when it has no name."""

    person: int
    at: datetime
    name: str
    word: str


minutes = st.integers(0, 12 * 24 * 60)
doings = st.lists(
    st.builds(
        lambda person, ago, name, word: Done(person, NOW - timedelta(minutes=ago), name, word),
        st.integers(0, PEOPLE - 1),
        minutes,
        st.sampled_from(("", *NAMES)),
        st.sampled_from(WORDS),
    ),
    max_size=14,
)
counts = st.fixed_dictionaries(
    {"is": st.sampled_from(sorted(SIGNS)), "value": st.integers(0, 3)},
)
windows = st.one_of(
    st.just({}),
    st.builds(lambda days: {"within": {"days": days}}, st.integers(0, 9)),
    st.builds(lambda hours: {"within": {"hours": hours}}, st.integers(1, 100)),
    st.builds(lambda days: {"before": {"days": days}}, st.integers(0, 9)),
    st.builds(lambda hours: {"before": {"hours": hours}}, st.sampled_from((5, 24, 60, 100))),
    st.builds(
        lambda hours, days: {"before": {"hours": hours}, "within": {"days": days}},
        st.sampled_from((5, 24, 60)),
        st.integers(3, 9),
    ),
    st.builds(
        lambda near, more: {"before": {"days": near}, "within": {"days": near + more}},
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    st.builds(
        lambda first, more: {
            "since": (date(2026, 10, 10) + timedelta(days=first)).isoformat(),
            "until": (date(2026, 10, 10) + timedelta(days=first + more)).isoformat(),
        },
        st.integers(0, 9),
        st.integers(0, 9),
    ),
)
events = st.builds(
    lambda name, count, tests, window: {"event": name, "count": count, **tests, **window},
    st.sampled_from(NAMES),
    counts,
    st.one_of(
        st.just({}),
        st.builds(
            lambda key, word, sign: {"where": [{"property": key, "is": sign, "value": word}]},
            st.sampled_from(("word", "tags")),
            st.sampled_from(WORDS),
            st.sampled_from(("=", "!=")),
        ),
    ),
    windows,
)
orders = st.builds(lambda count, window: {"bought": {}, "count": count, **window}, counts, windows)
tests_of = st.one_of(
    st.just({}),
    st.builds(
        lambda word: {"where": [{"property": "word", "is": "=", "value": word}]},
        st.sampled_from(WORDS),
    ),
)
steps = st.builds(lambda name, test: {"event": name, **test}, st.sampled_from(NAMES), tests_of)
absents = st.builds(lambda name, test: {"not": name, **test}, st.sampled_from(NAMES), tests_of)
funnels = st.builds(
    lambda came, absent, hours, window: {
        "funnel": [*came, *absent] if len(came) + len(absent) > 1 else [*came, *came],
        "complete_in": {"hours": hours},
        **window,
    },
    st.lists(steps, min_size=1, max_size=3),
    st.lists(absents, max_size=1),
    st.sampled_from((5, 24, 60, 100)),
    windows,
)
edges = st.builds(
    lambda which, name, test, window: {which: name, **test, **window},
    st.sampled_from(("first_event", "last_event")),
    st.sampled_from(NAMES),
    tests_of,
    windows,
)
definitions = st.recursive(
    st.one_of(events, orders, funnels, edges),
    lambda inner: st.builds(
        lambda op, children: {"op": op, "children": children},
        st.sampled_from(("and", "or", "not")),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=4,
)


def meets(definition: Mapping[str, Any], done: Sequence[Done], now: datetime) -> bool:
    """Say by hand whether somebody who did all this meets a definition."""
    if "op" in definition:
        found = [meets(child, done, now) for child in definition["children"]]
        return {"and": all(found), "or": any(found), "not": not any(found)}[definition["op"]]
    if "funnel" in definition:
        return completes(definition, done, now)
    for edge in ("first_event", "last_event"):
        if edge in definition:
            return fits_edge(definition, edge, done, now)
    name = definition.get("event", "")
    count = sum(
        1 for one in done if fits(definition, one, name) and lies_within(definition, one.at, now)
    )
    wanted = definition["count"]
    return bool(SIGNS[wanted["is"]](count, wanted["value"]))


def fits(definition: Mapping[str, Any], one: Done, name: str) -> bool:
    tests = definition.get("where", [])
    return one.name == name and all(SIGNS[test["is"]](one.word, test["value"]) for test in tests)


def fits_edge(
    definition: Mapping[str, Any], edge: str, done: Sequence[Done], now: datetime
) -> bool:
    """Look at the first or the last of a name; of one instant they lie as they were recorded."""
    ordered = sorted((one for one in done if one.name == definition[edge]), key=lambda one: one.at)
    if not ordered:
        return False
    one = ordered[0] if edge == "first_event" else ordered[-1]
    return fits(definition, one, one.name) and lies_within(definition, one.at, now)


def completes(definition: Mapping[str, Any], done: Sequence[Done], now: datetime) -> bool:
    """Try every beginning of a funnel, and every way to go on."""
    ordered = sorted((one for one in done if one.name), key=lambda one: one.at)
    span = timedelta(**definition["complete_in"])
    first, *rest = definition["funnel"]
    return any(
        fits(first, one, first["event"])
        and lies_within(definition, one.at, now)
        and goes_on(rest, ordered[place + 1 :], one.at + span, now)
        for place, one in enumerate(ordered)
    )


def goes_on(
    steps: Sequence[Mapping[str, Any]], later: Sequence[Done], until: datetime, now: datetime
) -> bool:
    if not steps:
        return True
    step, *rest = steps
    in_time = [one for one in later if one.at <= until]
    if "not" in step:
        return until <= now and not any(fits(step, one, step["not"]) for one in in_time)
    return any(
        fits(step, one, step["event"]) and goes_on(rest, later[place + 1 :], until, now)
        for place, one in enumerate(in_time)
    )


def lies_within(window: Mapping[str, Any], at: datetime, now: datetime) -> bool:
    day, today = at.astimezone(LONDON).date(), now.astimezone(LONDON).date()
    within, before = window.get("within", {}), window.get("before", {})
    return (
        ("days" not in within or (today - day).days <= within["days"])
        and ("hours" not in within or now - at < timedelta(hours=within["hours"]))
        and ("days" not in before or (today - day).days >= before["days"])
        and ("hours" not in before or now - at >= timedelta(hours=before["hours"]))
        and ("since" not in window or day >= date.fromisoformat(window["since"]))
        and ("until" not in window or day <= date.fromisoformat(window["until"]))
    )


def turning_points(done: Sequence[Done]) -> list[datetime]:
    """Return the midnights ahead, and when what was done is a whole number of hours ago."""
    first = NOW.astimezone(LONDON).date()
    days = [first + timedelta(days=ahead) for ahead in range(1, 12)]
    midnights = [datetime(day.year, day.month, day.day, tzinfo=LONDON) for day in days]
    hours = [one.at + timedelta(hours=hours) for one in done[:2] for hours in (5, 24, 60, 100)]
    return sorted({at.astimezone(UTC) for at in (NOW, *midnights, *hours) if at >= NOW})


def record(people: Sequence[int], done: Sequence[Done]) -> list[EventRef]:
    """Record what was done; returns what those are told who listen."""
    recorded = Event.objects.bulk_create(
        Event(
            name=one.name,
            occurred_at=one.at,
            profile_id=people[one.person],
            source="api",
            properties={"word": one.word, "tags": ["all", one.word]},
        )
        for one in done
        if one.name
    )
    for number, one in enumerate(done):
        if not one.name:
            make_order(people[one.person], one.at, 100, f"{len(done)}-{number}")
    told = [(row.pk, row.name, row.occurred_at, row.profile_id) for row in recorded]
    told += [(0, "Order Placed", one.at, people[one.person]) for one in done if not one.name]
    return [EventRef(*one, None, is_backfill=False) for one in told]


def by_hand(definition: Mapping[str, Any], done: Sequence[Done], now: datetime) -> list[int]:
    return [
        person
        for person in range(PEOPLE)
        if meets(definition, [one for one in done if one.person == person], now)
    ]


@pytest.mark.django_db
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(definition=definitions, done=doings, known=st.integers(0, 14))
def test_sql_events_and_the_clock_say_what_plain_python_says(
    tenant: Tenant, definition: dict[str, Any], done: list[Done], known: int
) -> None:
    with transaction.atomic():
        people = [make_buyer() for _ in range(PEOPLE)]
        place = {pk: person for person, pk in enumerate(people)}
        record(people, done[:known])
        segment = make_segment(definition)
        with simulated(NOW):
            rebuild(NOW, Cause.DEFINITION)
            refresh_for_events(record(people, done[known:]))
        wanted = by_hand(definition, done, NOW)
        assert sorted(place[key] for key in matching(definition, people, NOW)) == wanted

        for at in turning_points(done):
            with simulated(at):
                reevaluate_due(Deadline(seconds=None))
            rows = Membership.objects.filter(segment_ids__contains=[segment.pk])
            found = sorted(place[row.profile_id] for row in rows)
            assert found == by_hand(definition, done, at), at
        transaction.set_rollback(True)
