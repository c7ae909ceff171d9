"""Conditions asked of people as they were."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.models import Profile, ProfileFacts
from kernel.arrays import array, columns
from kernel.sql import execute, load_sql
from segments.choices import Cause
from segments.models import Membership, MembershipChange, MembershipMove, Segment
from segments.queries.conditions import FROM_PAST, get_compiler, parse_definition
from segments.services.evaluate import Asked, matching_then
from tenants.models import Tenant
from tests.factories.loyalty import make_order, make_profile, make_refund
from tests.factories.samples import make_event
from tests.factories.segments import make_segment

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = NOON + 90 * DAY

pytestmark = pytest.mark.covers("X1")


def days_met(definition: object, person: Profile) -> list[int]:
    """Return on which of the days 0 to 9 somebody met a condition."""
    asked: list[Asked] = [(person.pk, NOON + day * DAY) for day in range(10)]
    met = matching_then(definition, asked, NOW)
    return [day for day, one in enumerate(asked) if one in met]


def test_orders_refunds_and_days_count_as_they_did(tenant: Tenant) -> None:
    ada, bob = make_profile(country="GB"), make_profile()
    order = make_order(ada, 10_000, ordered_at=NOON + 2 * DAY)
    make_order(ada, 5_000, ordered_at=NOON + 5 * DAY)
    make_order(ada, 9_000, ordered_at=NOON + 3 * DAY, is_counted=False)
    make_refund(order, 4_000, refunded_at=NOON + 7 * DAY)
    orders = {"field": "order_count", "is": ">=", "value": 1}
    assert days_met(orders, ada) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert days_met(orders, bob) == []
    assert days_met({"field": "order_count", "is": ">=", "value": 2}, ada) == [5, 6, 7, 8, 9]
    assert days_met({"field": "net_revenue", "is": ">=", "value": "120.00"}, ada) == [5, 6]
    since = {"field": "days_since_last_order", "is": "between", "value": [1, 2]}
    assert days_met(since, ada) == [3, 4, 6, 7]
    both = {"op": "and", "children": [orders, {"field": "country", "is": "=", "value": "GB"}]}
    assert days_met(both, ada) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert matching_then(orders, [], NOW) == set()


def test_what_was_bought_and_done_later_is_not_seen(tenant: Tenant) -> None:
    ada = make_profile()
    make_order(ada, 10_000, ordered_at=NOON + 2 * DAY)
    make_order(ada, 10_000, ordered_at=NOON + 6 * DAY)
    make_event(ada, name="Cart Viewed", occurred_at=NOON + 3 * DAY)
    make_event(ada, name="Quiz Done", occurred_at=NOON + 5 * DAY)
    after_two = list(range(2, 10))
    assert days_met({"bought": {}}, ada) == after_two
    assert days_met({"bought": {}, "count": {"is": "=", "value": 1}}, ada) == [2, 3, 4, 5]
    assert days_met({"event": "Cart Viewed"}, ada) == after_two[1:]
    never = {"event": "Quiz Done", "count": {"is": "=", "value": 0}}
    assert days_met(never, ada) == [0, 1, 2, 3, 4]
    both = [{"event": "Cart Viewed"}, {"event": "Quiz Done"}]
    assert days_met({"funnel": both, "complete_in": {"days": 7}}, ada) == [5, 6, 7, 8, 9]
    missing = [{"event": "Cart Viewed"}, {"not": "Quiz Done"}]
    assert days_met({"funnel": missing, "complete_in": {"days": 1}}, ada) == [4, 5, 6, 7, 8, 9]


def test_hours_are_counted_from_the_moment_of_each(tenant: Tenant) -> None:
    ada, bob, hour = make_profile(), make_profile(), timedelta(hours=1)
    for person, at in ((ada, NOON - 5 * hour), (bob, NOON + 5 * hour)):
        make_event(person, name="Cart Viewed", occurred_at=at)
        make_order(person, 100, ordered_at=at)
    morning, evening = NOON - 4 * hour, NOON + 6 * hour
    asked = [(person.pk, at) for person in (ada, bob) for at in (morning, evening)]
    met = {(ada.pk, morning), (bob.pk, evening)}
    within = {"event": "Cart Viewed", "within": {"hours": 3}}
    ordered = {"field": "last_order_at", "is": "in_the_last", "value": {"hours": 3}}
    assert matching_then(within, asked, NOW) == met
    assert matching_then(ordered, asked, NOW) == met


def test_a_tier_is_that_of_today_whatever_was_foreseen_of_it(tenant: Tenant) -> None:
    ada = make_profile()
    ProfileFacts.objects.update_or_create(
        profile=ada,
        defaults={
            "loyalty_tier": "Gold",
            "tier_ends_at": NOON + 5 * DAY,
            "tier_after": "Silver",
        },
    )
    gold = {"field": "loyalty_tier", "is": "=", "value": "Gold"}
    assert days_met(gold, ada) == list(range(10))


def test_figures_of_the_past_read_no_line_of_an_order(tenant: Tenant) -> None:
    asked = {"ids": array([]), "until": None, **columns("places profile_ids ats", [])}
    rows = execute(f"EXPLAIN {load_sql('crm.figures_then')}", **asked)
    plan = "\n".join(row[0] for row in rows)
    assert ("crm_order" in plan, "crm_orderline" in plan) == (True, False)


def test_who_was_in_a_segment_is_told_by_the_moves_around_the_moment(tenant: Tenant) -> None:
    segment = make_segment({"field": "order_count", "is": ">=", "value": 1})
    ada, bob, cyd, dan = (make_profile() for _ in range(4))
    for person, entered, day, cause in (
        (ada, True, 3, Cause.EVENT),
        (ada, False, 6, Cause.TIME),
        (bob, False, 4, Cause.EVENT),
        (cyd, True, 20, Cause.DEFINITION),
    ):
        MembershipChange.objects.create(
            profile_id=person.pk,
            segment_id=segment.pk,
            entered=entered,
            at=NOON + day * DAY,
            cause=cause,
        )
    MembershipMove.objects.create(
        id=10**6,
        segment_id=segment.pk,
        part=dan.pk >> 13,
        entered=True,
        at=NOON + 8 * DAY,
        cause=Cause.REFERENCE,
        people=1,
        profile_ids=[dan.pk],
    )
    for person in (cyd, dan):
        Membership.objects.create(profile=person, segment_ids=[segment.pk])
    member = {"segment": str(segment.pk), "is": "member"}
    assert days_met(member, ada) == [3, 4, 5]
    assert days_met(member, bob) == [0, 1, 2, 3]
    assert days_met(member, cyd) == list(range(10))
    assert days_met(member, dan) == [8, 9]
    assert Segment.objects.count() == 1
    found = scans_of_moves(member, [ada, dan])
    assert found == 1


def scans_of_moves(definition: object, people: list[Profile]) -> float:
    """Return how often moves together are looked through for ten moments of some people."""
    asked = [(one.pk, NOON + day * DAY) for one in people for day in range(10)]
    compiler = get_compiler(NOW, {}, is_past=True)
    condition = compiler.compile(parse_definition(definition))
    rows = [(place, profile_id, at) for place, (profile_id, at) in enumerate(asked)]
    past = FROM_PAST.replace("{figures}", load_sql("crm.figures_then"))
    [explained] = execute(
        f"EXPLAIN (ANALYZE, TIMING off, FORMAT json) SELECT a.place {past} WHERE {condition}",
        ids=array({one.pk for one in people}),
        until=None,
        **columns("places profile_ids ats", rows),
        **compiler.params,
    )
    return float(sum(node["Actual Loops"] for node in nodes_of(explained[0][0]["Plan"])))


def nodes_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the places of a plan at which moves together are read."""
    own = [plan] if plan.get("Relation Name") == "segments_membershipmove" else []
    return own + [node for part in plan.get("Plans", []) for node in nodes_of(part)]
