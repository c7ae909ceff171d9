"""Conditions on the order in which things happened: who meets each, and when time changes it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.models import Event
from crm.types import EventRef
from kernel.batches import Deadline
from kernel.clock import simulated
from segments.domain.definitions import events_named, parse
from segments.domain.words import describe
from segments.errors import DefinitionError
from segments.fields import FIELDS
from segments.models import Membership
from segments.queries.reasons import explain_segments
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.evaluate import matching
from segments.services.live import refresh_for_events
from tenants.models import Tenant
from tests.factories.segments import make_buyer, make_segment

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
CART, PAID = "Checkout Started", "Quiz Done"


def happen(profile_id: int, ago: timedelta, name: str, **properties: Any) -> Event:
    return Event.objects.create(
        name=name,
        occurred_at=NOW - ago,
        profile_id=profile_id,
        source="api",
        properties=properties,
    )


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


@pytest.fixture
def people(tenant: Tenant) -> dict[int, str]:
    """Ada went on after two hours, Bob after four days, Cy not yet, Dee went the other way."""
    ada, bob, cy, dee = (make_buyer(first_name=name) for name in ("Ada", "Bob", "Cy", "Dee"))
    happen(ada, hours(50), CART, value=80)
    happen(ada, hours(48), PAID, skin="dry")
    happen(bob, hours(24 * 10), CART, value=20)
    happen(bob, hours(24 * 6), PAID, skin="oily")
    happen(cy, hours(5), CART, value=60)
    happen(dee, hours(30), PAID, skin="dry")
    happen(dee, hours(29), CART, value=10)
    return {ada: "ada", bob: "bob", cy: "cy", dee: "dee"}


def funnel(*steps: dict[str, Any], days: int = 3, **window: Any) -> dict[str, Any]:
    return {"funnel": list(steps), "complete_in": {"days": days}, **window}


def where(key: str, operator: str, value: Any) -> dict[str, Any]:
    return {"where": [{"property": key, "is": operator, "value": value}]}


BEGUN, DONE, NEVER = {"event": CART}, {"event": PAID}, {"not": PAID}
CASES: list[tuple[dict[str, Any], str]] = [
    (funnel(BEGUN, DONE), "ada"),
    (funnel(BEGUN, DONE, days=4), "ada bob"),
    (funnel(DONE, BEGUN), "dee"),
    (funnel(BEGUN, DONE, days=4, within={"days": 7}), "ada"),
    (funnel(BEGUN, DONE, days=4, before={"days": 7}), "bob"),
    (funnel({**BEGUN, **where("value", ">", 50)}, DONE, days=4), "ada"),
    (funnel(BEGUN, {**DONE, **where("skin", "=", "oily")}, days=4), "bob"),
    (funnel(BEGUN, NEVER), "bob"),
    (funnel(BEGUN, NEVER, days=1), "bob dee"),
    (funnel({**BEGUN, **where("value", "<", 50)}, NEVER, days=1), "bob dee"),
    (funnel(BEGUN, DONE, {"not": CART}, days=1), "ada"),
    ({"first_event": CART}, "ada bob cy dee"),
    ({"first_event": PAID, **where("skin", "=", "dry")}, "ada dee"),
    ({"last_event": CART, "within": {"days": 1}}, "cy dee"),
    ({"last_event": CART, "before": {"days": 2}}, "ada bob"),
    ({"last_event": CART, "within": {"hours": 30}, **where("value", "<", 50)}, "dee"),
    ({"last_event": PAID, "since": "2026-06-29"}, "dee"),
    ({"first_event": CART, "anniversary": {"next": {"days": 363}}}, "ada bob"),
    (funnel(BEGUN, DONE, anniversary={"next": {"days": 363}}), "ada"),
    (funnel(BEGUN, DONE, anniversary={"next": {"days": 362}}), ""),
]


@pytest.mark.covers("S5")
@pytest.mark.parametrize(("definition", "expected"), CASES, ids=str)
def test_who_meets_a_condition(
    people: dict[int, str], definition: dict[str, Any], expected: str
) -> None:
    found = matching(definition, list(people), NOW)
    assert " ".join(sorted(people[key] for key in found)) == expected


def test_only_the_first_and_the_last_of_a_name_are_looked_at(tenant: Tenant) -> None:
    ada = make_buyer()
    for ago, skin in ((9, "dry"), (5, "oily"), (1, "dry")):
        happen(ada, hours(ago), PAID, skin=skin)
    oily, dry = where("skin", "=", "oily"), where("skin", "=", "dry")
    assert matching({"event": PAID, **oily}, [ada], NOW) == {ada}
    for which in ("first_event", "last_event"):
        assert matching({which: PAID, **oily}, [ada], NOW) == set()
        assert matching({which: PAID, **dry}, [ada], NOW) == {ada}


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"funnel": [BEGUN], "complete_in": {"days": 1}}, ".funnel", "must be a list of 2 to 5 steps"),
    ({"funnel": [BEGUN, DONE]}, ".complete_in", 'must be {"hours": 24}, {"days": 3}'),
    (
        funnel(NEVER, DONE),
        ".funnel[0]",
        'must be {"event": "Checkout Started"}; the last may say “not”',
    ),
    (funnel(BEGUN, {**DONE, "within": {"days": 1}}), ".funnel[1].within", "is not known"),
    (funnel(BEGUN, DONE, days=0), ".complete_in.days", "must be a whole number from 1 to 36500"),
    ({"first_event": ""}, ".first_event", "must be text that is not empty"),
    ({"last_event": CART, "count": {}}, ".count", "is not known; known are last_event, where"),
]


@pytest.mark.parametrize(("definition", "place", "reason"), REFUSED)
def test_what_is_not_understood_is_refused_at_its_place(
    definition: dict[str, Any], place: str, reason: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(definition, FIELDS)
    assert refused.value.path == f"definition{place}"
    assert refused.value.reason.startswith(reason)


WORDS: list[tuple[dict[str, Any], str]] = [
    (
        funnel({**BEGUN, **where("value", ">", 50)}, DONE, NEVER, days=1, within={"days": 30}),
        (
            "“Checkout Started” where value more than 50, then “Quiz Done”, then not “Quiz Done”,"
            " within 1 day, begun in the last 30 days"
        ),
    ),
    (
        {"funnel": [BEGUN, DONE], "complete_in": {"hours": 36}},
        "“Checkout Started”, then “Quiz Done”, within 36 hours",
    ),
    (
        {"last_event": PAID, **where("skin", "=", "dry"), "within": {"days": 9}},
        "Most recent “Quiz Done” where skin is dry was in the last 9 days",
    ),
    ({"first_event": PAID}, "Has a “Quiz Done”"),
    (
        {"first_event": PAID, "anniversary": {"next": {"weeks": 1}}},
        "First “Quiz Done” with an anniversary in the next 7 days",
    ),
    (
        funnel(BEGUN, DONE, anniversary="today"),
        "“Checkout Started”, then “Quiz Done”, within 3 days, begun with an anniversary today",
    ),
]


@pytest.mark.parametrize(("definition", "words"), WORDS)
def test_a_condition_is_said_in_words(definition: dict[str, Any], words: str) -> None:
    assert describe(parse(definition, FIELDS), str, {}) == words


def test_every_step_is_listened_to() -> None:
    trees = [
        parse(funnel(BEGUN, DONE, {"not": "Unboxed"}), FIELDS),
        parse({"first_event": "X"}, {}),
    ]
    assert events_named(trees) == {CART, PAID, "Unboxed", "X"}


def ref(event: Event) -> EventRef:
    return EventRef(event.pk, event.name, event.occurred_at, event.profile_id, None, False)


@pytest.mark.covers("S4")
def test_who_did_not_go_on_comes_in_when_the_time_is_over(tenant: Tenant) -> None:
    segment = make_segment(funnel(BEGUN, NEVER, within={"days": 30}))
    ada, bob = make_buyer(), make_buyer()
    with simulated(NOW):
        refresh_for_events([ref(happen(one, hours(0), CART)) for one in (ada, bob)])
        [reason] = explain_segments(ada, NOW)
    over = NOW + timedelta(days=3)
    assert (reason.leaves[0].actual, reason.leaves[0].holds) == ("never", False)
    assert reason.flips_at == over
    with simulated(NOW + hours(1)):
        refresh_for_events([ref(happen(bob, hours(-1), PAID))])
    for at, members in ((over - timedelta(seconds=1), []), (over, [ada])):
        with simulated(at):
            reevaluate_due(Deadline(seconds=None))
            assert find_differences() == []
        found = Membership.objects.filter(segment_ids__contains=[segment.pk])
        assert [row.profile_id for row in found] == members
    [reason] = explain_segments(ada, over)
    # The checkout leaves the last 30 days with 30 July in London.
    assert (reason.leaves[0].actual, reason.flips_at) == (
        "30 Jun 2026",
        datetime(2026, 7, 30, 23, tzinfo=UTC),
    )
