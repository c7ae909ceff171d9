"""Conditions on what people did: who meets each, when time changes it, what is refused."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crm.models import Event, OrderLine, Product, Store
from crm.types import EventRef
from kernel.batches import Deadline
from kernel.clock import simulated
from segments.choices import Cause
from segments.domain.definitions import parse
from segments.domain.words import describe
from segments.errors import DefinitionError
from segments.fields import FIELDS
from segments.models import Membership, Segment
from segments.queries.reasons import explain_segments
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.evaluate import matching
from segments.services.live import refresh_for_events
from segments.services.rebuild import rebuild
from tenants.models import Tenant
from tests.factories.segments import make_buyer, make_order, make_segment

# 23:30 on 30 June in London: still 30 June there, though 22:30 UTC.
NOW = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
VIEWED = "Product Viewed"


def happen(profile_id: int, at: datetime, name: str = VIEWED, **properties: Any) -> Event:
    return Event.objects.create(
        name=name, occurred_at=at, profile_id=profile_id, source="api", properties=properties
    )


def buy(profile_id: int, at: datetime, *lines: tuple[str, str, str], **fields: Any) -> None:
    """Place an order of lines, each a category, a brand and a SKU."""
    order = make_order(profile_id, at, 1_000, f"{profile_id}-{at.isoformat()}")
    for name, value in fields.items():
        setattr(order, name, value)
    order.save()
    for place, (category, brand, sku) in enumerate(lines):
        product, _ = Product.objects.get_or_create(
            store=Store.objects.get(), external_id=sku, defaults={"brand": brand, "title": sku}
        )
        OrderLine.objects.create(
            order=order,
            line_key=str(place),
            position=place,
            product=product,
            sku=sku,
            title=f"A {sku}",
            category=category,
            quantity=1,
            unit_price_minor=100,
            total_minor=100,
        )


@pytest.fixture
def people(tenant: Tenant) -> dict[int, str]:
    """Ada views and buys a lot, Bob a little and long ago, Cy nothing."""
    ada, bob, cy = (make_buyer(first_name=name) for name in ("Ada", "Bob", "Cy"))
    happen(ada, NOW - timedelta(hours=2), category="How-to", price=12.5, tags=["new", "sale"])
    happen(ada, NOW - timedelta(days=3), category="how-to", price="7.50")
    # Half past midnight in London, seven calendar days ago.
    happen(ada, datetime(2026, 6, 22, 23, 30, tzinfo=UTC), category="Soap", price="free")
    happen(ada, NOW, "Quiz Done", result={"skin": "dry"}, is_first=True)
    happen(
        ada,
        datetime(2025, 12, 3, tzinfo=UTC),
        "Order Completed",
        products=[{"category": "Soap"}, {"category": "Tea"}],
    )
    happen(bob, datetime(2026, 6, 22, 22, 30, tzinfo=UTC), category="Soap", price=-3)
    buy(ada, datetime(2024, 12, 5, tzinfo=UTC), ("Tea", "Leaf", "T1"))
    buy(ada, datetime(2025, 12, 20, tzinfo=UTC), ("Tea", "Leaf", "T2"), ("Soap", "Foam", "S1"))
    buy(ada, datetime(2026, 3, 1, tzinfo=UTC), ("Soap", "Foam", "S1"))
    buy(bob, datetime(2026, 4, 30, 23, 30, tzinfo=UTC), ("Tea", "Foam", "T9"))
    buy(bob, datetime(2026, 5, 1, 12, tzinfo=UTC), ("Soap", "Foam", "S1"), is_counted=False)
    return {ada: "ada", bob: "bob", cy: "cy"}


def times(sign: str, value: int) -> dict[str, Any]:
    return {"count": {"is": sign, "value": value}}


def where(key: str, operator: str, value: Any = None) -> dict[str, Any]:
    test = {"property": key, "is": operator}
    return {"where": [test if value is None else {**test, "value": value}]}


VIEW = {"event": VIEWED}
CASES: list[tuple[dict[str, Any], str]] = [
    (VIEW, "ada bob"),
    ({**VIEW, **times(">=", 3)}, "ada"),
    ({**VIEW, **times("=", 1)}, "bob"),
    ({**VIEW, **times("=", 0)}, "cy"),
    ({**VIEW, **times("!=", 1)}, "ada cy"),
    ({**VIEW, **times("<", 3)}, "bob cy"),
    ({**VIEW, "within": {"days": 7}}, "ada"),
    ({**VIEW, "within": {"days": 7}, **times("=", 3)}, "ada"),
    ({**VIEW, "within": {"days": 6}, **times("=", 2)}, "ada"),
    ({**VIEW, "within": {"weeks": 2}}, "ada bob"),
    ({**VIEW, "within": {"hours": 3}, **times("=", 1)}, "ada"),
    ({**VIEW, "within": {"hours": 2}}, ""),
    ({**VIEW, "before": {"days": 8}}, "bob"),
    ({**VIEW, "before": {"days": 7}}, "ada bob"),
    ({**VIEW, "within": {"days": 7}, "before": {"days": 3}, **times("=", 2)}, "ada"),
    ({**VIEW, "since": "2026-06-23"}, "ada"),
    ({**VIEW, "until": "2026-06-22"}, "bob"),
    ({**VIEW, "since": "2026-06-22", "until": "2026-06-22"}, "bob"),
    ({"event": "Order Completed", "months": [12]}, "ada"),
    ({"event": "Order Completed", "months": [1, 11]}, ""),
    ({"event": "Order Completed", "anniversary": "this_month"}, ""),
    ({**VIEW, **where("category", "=", "How-to"), **times(">=", 2)}, "ada"),
    ({**VIEW, **where("category", "!=", "how-to")}, "ada bob"),
    ({**VIEW, **where("category", "in", ["Tea", "soap"])}, "ada bob"),
    ({**VIEW, **where("category", "not_in", ["soap"]), **times("=", 2)}, "ada"),
    ({**VIEW, **where("category", "contains", "OW-")}, "ada"),
    ({**VIEW, **where("category", "not_contains", "o")}, ""),
    ({**VIEW, **where("category", "starts_with", "so")}, "ada bob"),
    ({**VIEW, **where("category", "ends_with", "to")}, "ada"),
    ({**VIEW, **where("price", ">=", 7.5), **times("=", 2)}, "ada"),
    ({**VIEW, **where("price", "<", 0)}, "bob"),
    ({**VIEW, **where("price", "=", 7.50)}, "ada"),
    ({**VIEW, **where("tags", "=", "sale")}, "ada"),
    ({**VIEW, **where("tags", "exists")}, "ada"),
    ({**VIEW, **where("tags", "missing")}, "ada bob"),
    ({"event": "Quiz Done", **where("result.skin", "=", "Dry")}, "ada"),
    ({"event": "Quiz Done", **where("is_first", "=", True)}, "ada"),
    ({"event": "Quiz Done", **where("is_first", "=", False)}, ""),
    ({"event": "Order Completed", **where("products.category", "=", "Tea")}, "ada"),
    ({**VIEW, "sum": {"property": "price", "is": "=", "value": 20}}, "ada"),
    ({**VIEW, "sum": {"property": "price", "is": "<", "value": 0}}, "bob"),
    ({**VIEW, "sum": {"property": "price", "is": "=", "value": 0}}, "cy"),
    ({"bought": {}}, "ada bob"),
    ({"bought": {}, **times(">=", 3)}, "ada"),
    ({"bought": {"category": "tea"}}, "ada bob"),
    ({"bought": {"category": "Soap"}}, "ada"),
    ({"bought": {"category": ["Soap", "Wax"]}, **times("=", 2)}, "ada"),
    ({"bought": {"category": "Soap"}, **times("=", 0)}, "bob cy"),
    ({"not_bought": {"category": "Soap"}}, "bob cy"),
    ({"bought": {"brand": "foam"}}, "ada bob"),
    ({"bought": {"brand": "foam", "category": "tea"}}, "bob"),
    ({"bought": {"sku": "t2"}}, "ada"),
    ({"bought": {"title": "A S1"}}, "ada"),
    ({"bought": {"product": "999999"}}, ""),
    ({"bought": {}, "within": {"days": 60}}, "bob"),
    ({"not_bought": {}, "within": {"days": 59}}, "ada bob cy"),
    ({"bought": {}, "months": [5]}, "bob"),
    ({"bought": {}, "anniversary": {"next": {"days": 200}}}, "ada"),
    ({"bought": {}, "anniversary": {"next": {"days": 350}}, **times("=", 3)}, "ada"),
    ({"not_bought": {}, "anniversary": {"next": {"days": 350}}}, "cy"),
    ({"bought": {"category": "Tea"}, "months": [12], **times("=", 2)}, "ada"),
    ({"season": {"months": [12]}}, "ada"),
    ({"season": {"quarter": 4}, "years": 2, "share": {"percent": 66}}, "ada"),
    ({"season": {"quarter": 4}, "share": {"percent": 67}}, ""),
    ({"season": {"each": "month"}}, "ada"),
    ({"season": {"each": "quarter"}, "years": 3}, ""),
    ({"season": {"months": [5]}, "years": 1}, "bob"),
]


@pytest.mark.parametrize(("definition", "expected"), CASES, ids=str)
def test_who_meets_a_condition(
    people: dict[int, str], definition: dict[str, Any], expected: str
) -> None:
    found = matching(definition, list(people), NOW)
    assert " ".join(sorted(people[key] for key in found)) == expected


def test_a_product_is_named_by_our_id(people: dict[int, str]) -> None:
    tea = Product.objects.get(external_id="T9")
    found = matching({"bought": {"product": str(tea.pk)}}, list(people), NOW)
    assert [people[key] for key in found] == ["bob"]


def test_a_random_share_is_drawn_once_and_another_seed_draws_others(tenant: Tenant) -> None:
    everybody = [make_buyer() for _ in range(400)]
    half = {"random_bucket": {"percent": 50}}
    first = matching(half, everybody, NOW)
    assert matching(half, everybody, NOW + timedelta(days=400)) == first
    assert 150 < len(first) < 250
    assert matching({"random_bucket": {"percent": 20}}, everybody, NOW) < first
    other = matching({"random_bucket": {"percent": 50, "seed": "spring"}}, everybody, NOW)
    assert 50 < len(first & other) < 150


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"event": ""}, ".event", "must be text that is not empty"),
    ({**VIEW, "count": 3}, ".count", 'must be {"is": ">=", "value": 3}'),
    ({**VIEW, **times("~", 3)}, ".count.is", "must be one of: =, !=, >, >=, <, <="),
    ({**VIEW, **times(">=", -1)}, ".count.value", "must be a whole number from 0 to 1000000"),
    (
        {**VIEW, **times(">=", 1), "sum": {"property": "x", "is": ">", "value": 1}},
        ".sum",
        "cannot stand beside “count”",
    ),
    (
        {**VIEW, "sum": 5},
        ".sum",
        'must be {"property": "value", "is": ">=", "value": 100}',
    ),
    ({**VIEW, "where": {}}, ".where", "must be a list of at most 10 tests"),
    (
        {**VIEW, "where": ["x"]},
        ".where[0]",
        'must be {"property": "category", "is": "=", "value": "Tea"}',
    ),
    ({**VIEW, **where("a..b", "=", "x")}, ".where[0].property", "has a dot that leads nowhere"),
    ({**VIEW, **where("a", ">", "x")}, ".where[0].value", "'x' is not a number"),
    ({**VIEW, **where("a", "in", [])}, ".where[0].value", "must be a list with at least one value"),
    (
        {**VIEW, "within": {"years": 1}},
        ".within",
        'must be {"days": 30}, {"weeks": 4} or {"hours": 24}',
    ),
    (
        {**VIEW, "within": {"days": 2}, "before": {"days": 3}},
        ".before",
        "must not be longer ago than “within” reaches",
    ),
    (
        {**VIEW, "since": "2026-02-01", "until": "2026-01-01"},
        ".until",
        "must not be before “since”",
    ),
    ({**VIEW, "months": [13]}, ".months[0]", "must be a whole number from 1 to 12"),
    ({**VIEW, "anniversary": "soon"}, ".anniversary", "must be “today”, “this_week”"),
    (
        {**VIEW, "within": {"days": 7}, "anniversary": "today"},
        ".anniversary",
        "cannot stand beside “within” or “before”",
    ),
    (
        {**VIEW, "during": 1},
        ".during",
        "is not known; known are event, count, sum, where, within, ",
    ),
    ({"bought": "Tea"}, ".bought", 'must be {"category": "Skincare"}'),
    (
        {"bought": {"colour": "red"}},
        ".bought.colour",
        "is not known; known are category, brand, product, sku, title",
    ),
    ({"bought": {"product": "soap"}}, ".bought.product", "must be the id of a product"),
    ({"bought": {"category": []}}, ".bought.category", "must be a list with at least one value"),
    (
        {"season": {"month": 1}},
        ".season",
        'must be {"months": [11, 12]}, {"quarter": 4} or {"each": "month"}',
    ),
    ({"random_bucket": 10}, ".random_bucket", 'must be {"percent": 10}'),
    (
        {"random_bucket": {"percent": 100}},
        ".random_bucket.percent",
        "must be above 0 and below 100",
    ),
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
        {**VIEW, **times(">=", 3), **where("category", "=", "How-to"), "within": {"days": 7}},
        "“Product Viewed” where category is How-to: at least 3 times in the last 7 days",
    ),
    (
        {**VIEW, **times("=", 0), "before": {"days": 30}},
        "“Product Viewed”: never at least 30 days ago",
    ),
    (
        {**VIEW, "sum": {"property": "value", "is": ">", "value": 1000}, "since": "2026-01-05"},
        "“Product Viewed”: sum of value more than 1,000 since 5 Jan 2026",
    ),
    (
        {"bought": {"category": "Skincare"}, "months": [1, 2, 3]},
        "Bought category Skincare in January to March",
    ),
    ({"not_bought": {"brand": ["A", "B"]}}, "Never bought brand A or B"),
    (
        {"bought": {"brand": "A"}, "anniversary": "this_week"},
        "Bought brand A with an anniversary this week",
    ),
    (
        {"bought": {}, **times(">=", 2), "within": {"days": 90}},
        "Bought anything in at least 2 orders in the last 90 days",
    ),
    (
        {"season": {"quarter": 4}, "share": {"percent": 30}},
        "Bought in October to December of at least 2 years, with at least 30% of all orders",
    ),
    ({"random_bucket": {"percent": 10}}, "In a random 10% of all"),
    (
        {
            "op": "or",
            "children": [
                {
                    "op": "and",
                    "children": [
                        {"bought": {"title": "BALM"}},
                        {"reachable": "sms"},
                        {"event": "Quiz"},
                    ],
                },
                {"op": "not", "children": [{"not_bought": {"brand": ["Acme"]}}]},
            ],
        },
        (
            "(Bought title BALM and SMS: reachable for promotions and “Quiz”: at least once)"
            " or not (never bought brand Acme)"
        ),
    ),
    (
        {"op": "not", "children": [{"bought": {"sku": "B-1"}}, {"random_bucket": {"percent": 1}}]},
        "Not (bought sku B-1 or in a random 1% of all)",
    ),
]


@pytest.mark.parametrize(("definition", "words"), WORDS)
def test_a_condition_is_said_in_words(definition: dict[str, Any], words: str) -> None:
    assert describe(parse(definition, FIELDS), str, {}) == words


def ref(event: Event) -> EventRef:
    return EventRef(
        event_id=event.pk,
        name=event.name,
        occurred_at=event.occurred_at,
        profile_id=event.profile_id,
        object_id=None,
        is_backfill=False,
    )


def members(segment: Segment) -> list[int]:
    rows = Membership.objects.filter(segment_ids__contains=[segment.pk])
    return list(rows.order_by("profile_id").values_list("profile_id", flat=True))


def tick(at: datetime) -> int:
    with simulated(at):
        return reevaluate_due(Deadline(seconds=None))


def test_an_event_moves_a_member_at_once_and_time_takes_it_back_to_the_minute(
    tenant: Tenant,
) -> None:
    segment = make_segment({**VIEW, **times(">=", 2), "within": {"days": 7}})
    ada = make_buyer()
    happen(ada, datetime(2026, 6, 28, 12, tzinfo=UTC))
    with simulated(NOW):
        refresh_for_events([ref(happen(ada, NOW))])
    assert members(segment) == [ada]
    # The older one leaves with the end of 5 July in London.
    leaves_at = datetime(2026, 7, 5, 23, tzinfo=UTC)
    assert Membership.objects.get(profile_id=ada).reeval_at == leaves_at
    with simulated(NOW):
        [reason] = explain_segments(ada, NOW)
    assert (reason.leaves[0].actual, reason.flips_at) == ("twice", leaves_at)
    assert tick(leaves_at - timedelta(seconds=1)) == 0
    assert tick(leaves_at) == 1
    assert members(segment) == []
    with simulated(leaves_at):
        assert find_differences() == []


def test_time_brings_somebody_in_who_did_not_come_back(tenant: Tenant) -> None:
    definition = {
        "op": "and",
        "children": [
            {**VIEW, "before": {"days": 3}},
            {**VIEW, **times("=", 0), "within": {"days": 2}},
        ],
    }
    segment = make_segment(definition)
    ada = make_buyer()
    with simulated(NOW):
        refresh_for_events([ref(happen(ada, NOW))])
    assert members(segment) == []
    comes_at = datetime(2026, 7, 2, 23, tzinfo=UTC)
    assert Membership.objects.get(profile_id=ada).reeval_at == comes_at
    assert tick(comes_at) == 1
    assert members(segment) == [ada]


def test_hours_are_counted_to_the_second(tenant: Tenant) -> None:
    segment = make_segment({**VIEW, "within": {"hours": 4}})
    ada = make_buyer()
    with simulated(NOW):
        refresh_for_events([ref(happen(ada, NOW - timedelta(hours=1)))])
    assert members(segment) == [ada]
    assert Membership.objects.get(profile_id=ada).reeval_at == NOW + timedelta(hours=3)
    assert tick(NOW + timedelta(hours=3)) == 1
    assert members(segment) == []


def test_events_that_no_definition_counts_are_passed_by(tenant: Tenant) -> None:
    make_segment(VIEW)
    ada = make_buyer()
    with simulated(NOW):
        refresh_for_events([ref(happen(ada, NOW, "Quiz Done"))])
        assert not Membership.objects.exists()
        refresh_for_events([ref(happen(ada, NOW))])
    assert Membership.objects.get().profile_id == ada


def test_a_rebuild_and_the_live_way_agree(people: dict[int, str]) -> None:
    segments = {str(case): make_segment(case, str(case)).pk for case, _ in CASES}
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
        assert find_differences() == []
    named = {pk: name for name, pk in segments.items()}
    found: dict[str, list[str]] = {name: [] for name in segments}
    for row in Membership.objects.order_by("profile_id"):
        for pk in row.segment_ids:
            found[named[pk]].append(people[row.profile_id])
    assert found == {str(case): expected.split() for case, expected in CASES}


def test_a_day_at_which_the_clock_changes_is_as_long_as_it_is(tenant: Tenant) -> None:
    segment = make_segment({**VIEW, "within": {"days": 1}})
    ada = make_buyer()
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    with simulated(before):
        refresh_for_events([ref(happen(ada, before))])
    assert members(segment) == [ada]
    # Midnight after Sunday 25 October, when London goes back to GMT.
    assert Membership.objects.get(profile_id=ada).reeval_at == datetime(2026, 10, 26, tzinfo=UTC)
    assert date(2026, 10, 25).weekday() == 6
