"""Why is this person here, and when will they leave: answered for every kind of condition."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from django.test import Client

from crm.choices import SuppressionReason
from crm.models import Suppression
from crm.services.addresses import address_hash
from kernel.batches import Deadline
from kernel.clock import simulated
from segments.choices import Cause
from segments.domain.comparisons import operators_of_kind
from segments.domain.definitions import LEAVES, KeptLeaf, Leaf, leaves, parse
from segments.domain.grammar import LEAF_KINDS
from segments.fields import FIELDS, KNOWN_FIELDS
from segments.models import Membership, RfmChange, Segment, Upkeep
from segments.queries import turns
from segments.queries.reasons import explain_segments
from segments.services.clock import reevaluate_due
from segments.services.evaluate import matching
from segments.services.rebuild import rebuild
from segments.types import Kind
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer, make_segment
from tests.factories.tenants import sign_in
from tests.segments.test_happenings import buy, happen

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
"""One o'clock in London, where midnight is 23:00 UTC."""
VIEWED = "Product Viewed"


@dataclass(frozen=True)
class Case:
    """A condition that is asked of Ada, and what is to be said.

    Attributes:
        turns_at: when she leaves by time alone or, where it does not hold, enters.
    """

    definition: dict[str, Any]
    words: str
    actual: str
    holds: bool = True
    turns_at: datetime | None = None


def field(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    leaf = {"field": name, "is": operator, **more}
    return leaf if value is None else {**leaf, "value": value}


def days(count: int) -> dict[str, int]:
    return {"days": count}


def midnight(month: int, day: int) -> datetime:
    """Return when a day of the summer of 2026 begins in London."""
    return datetime(2026, month, day, tzinfo=UTC) - timedelta(hours=1)


@pytest.fixture
def ada(tenant: Tenant) -> int:
    """Three orders, the last on 10 June; looked twice at something, began a checkout today."""
    ada = make_buyer(
        orders=3,
        net=30_000,
        last_order_at=datetime(2026, 6, 10, 15, tzinfo=UTC),
        first_name="Ada",
        email="ada@example.com",
        email_norm="ada@example.com",
        email_consent="subscribed",
        country="GB",
        tags=["VIP"],
        created_at=datetime(2026, 1, 10, 9, tzinfo=UTC),
        properties={
            "birthday": "1990-07-04",
            "colour": "teal",
            "size": "38",
            "renews": "2026-07-05",
            "is_member": True,
            "likes": ["tea", "soap"],
            "latitude": 51.752,
            "longitude": -1.2577,
        },
    )
    change_facts(
        ada,
        first_order_at=datetime(2024, 12, 5, tzinfo=UTC),
        last_seen_at=NOW - timedelta(hours=2),
        rfm_group="champions",
        recency=5,
        loyalty_tier="Gold",
        loyalty_rank=2,
        points_balance=340,
        points_expiring=40,
        points_expire_at=datetime(2026, 7, 19, 23, tzinfo=UTC),
    )
    RfmChange.objects.create(
        profile_id=ada, at=NOW - timedelta(days=20), from_group="loyal", to_group="champions"
    )
    happen(ada, NOW - timedelta(hours=2), price=12.5, category="Tea")
    happen(ada, NOW - timedelta(days=3), price="7.50", category="Soap")
    happen(ada, NOW - timedelta(hours=5), "Checkout Started")
    happen(ada, NOW - timedelta(days=9), "Quiz Done", skin="dry")
    buy(ada, datetime(2024, 12, 5, tzinfo=UTC), ("Tea", "Leaf", "T1"))
    buy(ada, datetime(2025, 12, 20, tzinfo=UTC), ("Tea", "Leaf", "T2"))
    buy(ada, datetime(2026, 6, 10, 15, tzinfo=UTC), ("Soap", "Foam", "S1"))
    return ada


FIELDS_ASKED: list[Case] = [
    Case(field("order_count", ">=", 2), "Orders: at least 2", "3 orders"),
    Case(field("order_count", "missing"), "Orders: not known", "3 orders", holds=False),
    Case(field("net_revenue", ">", 100), "Net revenue: more than £100.00", "£300.00"),
    Case(
        field("net_revenue", ">=", {"store": "mean"}),
        "Net revenue: at least the store’s average",
        "£300.00",
    ),
    Case(
        field("net_revenue", ">", {"store": {"percentile": 75}}),
        "Net revenue: more than percentile 75 of the store",
        "£300.00",
        holds=False,
    ),
    Case(
        field("net_revenue", "top", {"percent": 10}),
        "Net revenue: top 10% of buyers",
        "£300.00",
    ),
    Case(
        field("net_revenue", "in_quartile", [1, 4]),
        "Net revenue: lowest quarter or highest quarter of buyers",
        "£300.00",
    ),
    Case(
        field("days_since_last_order", "<", 30),
        "Days since last order: less than 30",
        "20 days",
        turns_at=midnight(7, 10),
    ),
    Case(
        field("days_since_last_order", "between", [60, 119]),
        "Days since last order: 60 to 119",
        "20 days",
        holds=False,
        turns_at=midnight(8, 9),
    ),
    Case(
        field("last_order_at", "in_the_last", days(30)),
        "Last order: in the last 30 days",
        "10 Jun 2026",
        turns_at=midnight(7, 11),
    ),
    Case(
        field("last_order_at", "not_in_the_last", days(30)),
        "Last order: not in the last 30 days",
        "10 Jun 2026",
        holds=False,
        turns_at=midnight(7, 11),
    ),
    Case(
        field("last_seen_at", "in_the_last", {"hours": 24}),
        "Last visit: in the last 24 hours",
        "30 Jun 2026",
        turns_at=NOW + timedelta(hours=22),
    ),
    Case(
        field("last_order_at", "between_ago", [days(7), days(21)]),
        "Last order: between 7 and 21 days ago",
        "10 Jun 2026",
        turns_at=midnight(7, 2),
    ),
    Case(
        field("first_order_at", "at_least_ago", days(365)),
        "First order: at least 365 days ago",
        "5 Dec 2024",
    ),
    Case(
        field("created_at", "before", "2026-05-31"),
        "First known: before 31 May 2026",
        "10 Jan 2026",
    ),
    Case(field("created_at", "in_month", [1]), "First known: in January", "10 Jan 2026"),
    Case(
        field("first_order_at", "anniversary", {"next": days(7)}),
        "First order: anniversary in the next 7 days",
        "5 Dec 2024",
        holds=False,
        turns_at=datetime(2026, 11, 28, tzinfo=UTC),
    ),
    Case(field("last_opened_at", "missing"), "Last open: not known", "not known"),
    Case(field("country", "=", "GB"), "Country: GB", "GB"),
    Case(field("rfm_group", "=", "champions"), "RFM group: Champions", "Champions"),
    Case(field("loyalty_tier", "=", "gold"), "Loyalty tier: gold", "Gold"),
    Case(field("loyalty_tier", "!=", "Gold"), "Loyalty tier: not Gold", "Gold", holds=False),
    Case(field("loyalty_rank", ">=", 2), "Loyalty tier level (1 is the lowest): at least 2", "2"),
    Case(field("points_balance", ">", 300), "Points balance: more than 300", "340 points"),
    Case(
        # On the 20th in London: that day is still ahead of her when it begins.
        field("points_expire_at", "in_the_next", days(30)),
        "Next points expire: in the next 30 days",
        "20 Jul 2026",
        turns_at=midnight(7, 21),
    ),
    Case(field("has_email", "=", True), "Has an email address: yes", "yes"),
    Case(field("tags", "contains", "VIP"), "Tags: contains VIP", "VIP"),
]
PROPERTIES_ASKED: list[Case] = [
    Case(field("properties.colour", "=", "teal"), "Property “colour”: teal", "teal"),
    Case(field("properties.size", ">", 36), "Property “size”: more than 36", "38"),
    Case(field("properties.is_member", "=", True), "Property “is_member”: yes", "yes"),
    Case(
        field("properties.likes", "contains_any", ["tea", "wax"], type="list"),
        "Property “likes”: any of tea, wax",
        "tea, soap",
    ),
    Case(
        field("properties.renews", "in_the_next", days(7), type="date"),
        "Property “renews”: in the next 7 days",
        "5 Jul 2026",
        turns_at=midnight(7, 6),
    ),
    Case(
        field("properties.birthday", "anniversary", "this_week", type="date"),
        "Property “birthday”: anniversary this week",
        "4 Jul 1990",
        turns_at=midnight(7, 6),
    ),
    Case(field("properties.shoes", "exists"), "Property “shoes”: known", "not known", holds=False),
]
HAPPENINGS_ASKED: list[Case] = [
    Case(
        {"event": VIEWED, "count": {"is": ">=", "value": 2}, "within": days(7)},
        "“Product Viewed”: at least twice in the last 7 days",
        "twice",
        turns_at=midnight(7, 5),
    ),
    Case(
        # The older of both leaves first, which changes nothing.
        {"event": VIEWED, "within": days(7)},
        "“Product Viewed”: at least once in the last 7 days",
        "twice",
        turns_at=midnight(7, 8),
    ),
    Case(
        {"event": VIEWED, "sum": {"property": "price", "is": ">", "value": 15}, "within": days(7)},
        "“Product Viewed”: sum of price more than 15 in the last 7 days",
        "20",
        turns_at=midnight(7, 5),
    ),
    Case(
        {"event": "Checkout Started", "within": {"hours": 24}},
        "“Checkout Started”: at least once in the last 24 hours",
        "once",
        turns_at=NOW + timedelta(hours=19),
    ),
    Case(
        {"event": "Checkout Started", "before": days(3)},
        "“Checkout Started”: at least once at least 3 days ago",
        "not once",
        holds=False,
        turns_at=midnight(7, 3),
    ),
    Case(
        {"event": "Message Opened", "count": {"is": "=", "value": 0}},
        "“Message Opened”: never",
        "not once",
    ),
    Case(
        {"first_event": VIEWED, "where": [{"property": "category", "is": "=", "value": "Soap"}]},
        "First “Product Viewed” where category is Soap",
        "27 Jun 2026",
    ),
    Case(
        {"last_event": VIEWED, "within": days(7)},
        "Most recent “Product Viewed” was in the last 7 days",
        "30 Jun 2026",
        turns_at=midnight(7, 8),
    ),
    Case(
        {"funnel": [{"event": "Quiz Done"}, {"event": VIEWED}], "complete_in": days(7)},
        "“Quiz Done”, then “Product Viewed”, within 7 days",
        "21 Jun 2026",
    ),
    Case(
        {
            "funnel": [{"event": "Checkout Started"}, {"not": "Order Placed"}],
            "complete_in": days(3),
            "within": days(10),
        },
        "“Checkout Started”, then not “Order Placed”, within 3 days, begun in the last 10 days",
        "never",
        holds=False,
        turns_at=NOW - timedelta(hours=5) + timedelta(days=3),
    ),
    Case(
        {"bought": {"category": "Soap"}, "within": days(60)},
        "Bought category Soap in the last 60 days",
        "1 order",
        turns_at=midnight(8, 10),
    ),
    Case({"bought": {"brand": "Acme"}}, "Bought brand Acme", "0 orders", holds=False),
    Case(
        {"not_bought": {"category": "Soap"}, "within": days(60)},
        "Never bought category Soap in the last 60 days",
        "1 order",
        holds=False,
        turns_at=midnight(8, 10),
    ),
    Case(
        {"season": {"months": [11, 12]}, "share": {"percent": 60}},
        "Bought in November or December of at least 2 years, with at least 60% of all orders",
        "2 years",
    ),
]
STANDINGS_ASKED: list[Case] = [
    Case({"consent": "email", "is": "subscribed"}, "Email: subscribed", "subscribed"),
    Case({"consent": "sms", "is": "subscribed"}, "SMS: subscribed", "never asked for", holds=False),
    Case({"reachable": "email"}, "Email: reachable for promotions", "subscribed"),
    Case({"reachable": "sms"}, "SMS: reachable for promotions", "no address", holds=False),
    Case(
        {"rfm_moved": {"from": "loyal"}, "within": days(30)},
        "RFM group moved from Loyal compared with 30 days ago",
        "Loyal then, Champions now",
        turns_at=midnight(7, 11),
    ),
    Case(
        {"near": {"latitude": 51.5074, "longitude": -0.1278}, "within": {"km": 85}},
        "Lives within 85 km of 51.5074, -0.1278",
        "82.6 km away",
    ),
    Case(
        # She bought on 10 June, 172 days after the order before.
        {"stage": ["won_back", "loyal"]},
        "Lifecycle stage: Loyal or Won back",
        "Won back",
        turns_at=midnight(8, 9),
    ),
    Case(
        {"stage": "churned"},
        "Lifecycle stage: Churned",
        "Won back",
        holds=False,
        turns_at=midnight(10, 8),
    ),
    Case({"random_bucket": {"percent": 99.99}}, "In a random 99.99% of all", "at {drawn}%"),
    Case(
        {"segment": "{recent}", "is": "member"},
        "In segment “Recent”",
        "in it",
        True,
        midnight(7, 11),
    ),
    Case(
        {"segment": "{recent}", "is": "not_member"},
        "Not in segment “Recent”",
        "in it",
        holds=False,
        turns_at=midnight(7, 11),
    ),
]
CASES = [*FIELDS_ASKED, *PROPERTIES_ASKED, *HAPPENINGS_ASKED, *STANDINGS_ASKED]
RECENT = field("last_order_at", "in_the_last", days(30))


def explain(profile_id: int, segment: Segment) -> Any:
    [reason] = explain_segments(profile_id, NOW, segment_id=segment.pk)
    return reason


@pytest.mark.covers("S4")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.words)
def test_why_somebody_is_here_and_when_they_leave(ada: int, case: Case) -> None:
    definition = dict(case.definition)
    if "segment" in definition:
        definition["segment"] = str(make_segment(RECENT, "Recent").pk)
    segment = make_segment(definition)
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)

    reason = explain(ada, segment)

    [leaf] = reason.leaves
    drawn = leaf.actual.removeprefix("at ").removesuffix("%")
    assert (leaf.words, leaf.actual) == (case.words, case.actual.replace("{drawn}", drawn))
    assert (leaf.holds, leaf.flips_at) == (case.holds, case.turns_at)
    assert (reason.words, reason.holds, reason.is_member) == (case.words, case.holds, case.holds)
    assert (reason.turns_at, reason.is_open) == (case.turns_at, False)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.turns_at], ids=lambda case: case.words
)
def test_what_is_said_of_the_future_comes_true_by_the_clock(ada: int, case: Case) -> None:
    definition = dict(case.definition)
    if "segment" in definition:
        definition["segment"] = str(make_segment(RECENT, "Recent").pk)
    segment = make_segment(definition)
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
    Upkeep.objects.update(due_at=None)
    assert case.turns_at is not None
    for at, is_member in (
        (case.turns_at - timedelta(seconds=1), case.holds),
        (case.turns_at, not case.holds),
    ):
        with simulated(at):
            reevaluate_due(Deadline(seconds=None))
        stored = Membership.objects.filter(profile_id=ada, segment_ids__contains=[segment.pk])
        assert stored.exists() is is_member, at


def test_no_kind_of_condition_is_without_a_case() -> None:
    trees = [parse(_named(case.definition), FIELDS) for case in CASES]
    asked = [leaf for tree in trees for leaf in leaves(tree)]
    words = {word for case in CASES for word in LEAVES if word in case.definition}
    assert words == set(LEAVES) == {kind.name for kind in LEAF_KINDS}
    # Nothing that can be written is read as the last one.
    assert {type(leaf) for leaf in asked} == set(get_args(Leaf)) - {KeptLeaf}
    kinds = {FIELDS[leaf.field.name].kind for leaf in asked if hasattr(leaf, "field")}
    assert kinds == set(Kind)
    dated = {case.definition["is"] for case in CASES if _is_of_date(case)}
    relative = set(operators_of_kind(Kind.DATE)) - {"after", "on", "between", "exists"}
    assert relative <= dated


def _named(definition: dict[str, Any]) -> dict[str, Any]:
    return {**definition, "segment": "1"} if "segment" in definition else definition


def _is_of_date(case: Case) -> bool:
    name = case.definition.get("field", "")
    is_field = name in KNOWN_FIELDS and KNOWN_FIELDS[name].kind is Kind.DATE
    return is_field or case.definition.get("type") == "date"


def test_she_stays_as_long_as_one_of_two_reasons_does(ada: int) -> None:
    children = [
        {"event": VIEWED, "within": days(7)},
        field("days_since_last_order", "<", 30),
        field("country", "=", "DE"),
    ]
    either = explain(ada, make_segment({"op": "or", "children": children}, "Either"))
    assert either.words == (
        "“Product Viewed”: at least once in the last 7 days or days since last order:"
        " less than 30 or country: DE"
    )
    assert [leaf.flips_at for leaf in either.leaves] == [midnight(7, 8), midnight(7, 10), None]
    assert (either.flips_at, either.turns_at) == (midnight(7, 5), midnight(7, 10))
    both = explain(ada, make_segment({"op": "and", "children": children[:2]}, "Both"))
    assert both.turns_at == midnight(7, 8)
    neither = explain(ada, make_segment({"op": "not", "children": children}, "Neither"))
    assert (neither.holds, neither.turns_at) == (False, midnight(7, 10))


def test_a_stop_that_ends_is_counted_in(ada: int) -> None:
    until = NOW + timedelta(hours=5)
    Suppression.objects.create(
        channel="email",
        address_hash=address_hash("email", "ada@example.com"),
        reason=SuppressionReason.HARD_BOUNCE,
        scope="all",
        until=until,
        created_at=NOW,
    )
    reason = explain(ada, make_segment({"reachable": "email"}))
    assert (reason.leaves[0].actual, reason.holds) == ("suppressed", False)
    assert reason.turns_at == until


@pytest.mark.parametrize("bound", ["STEPS", "ASKED"])
def test_what_turns_too_often_is_left_open(
    ada: int, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(turns, bound, 1)
    reason = explain(ada, make_segment({"event": VIEWED, "within": days(7)}))
    assert (reason.turns_at, reason.is_open) == (None, True)
    assert reason.flips_at == midnight(7, 5)


def test_a_segment_in_a_segment_in_a_segment_is_followed(ada: int) -> None:
    inner = make_segment(RECENT, "Recent")
    outer = make_segment({"segment": str(inner.pk), "is": "not_member"}, "Not recent")
    last = make_segment({"segment": str(outer.pk), "is": "member"}, "Last")
    reason = explain(ada, last)
    assert (reason.leaves[0].actual, reason.holds) == ("not in it", False)
    assert reason.turns_at == midnight(7, 11)
    assert matching(RECENT, [ada], midnight(7, 11)) == set()


def test_segments_that_name_each_other_twice_are_worked_out_once_each(ada: int) -> None:
    last = make_segment(RECENT, "Recent")
    for place in range(20):
        other = {"segment": str(last.pk), "is": "member"}
        both = {"op": "and", "children": [other, dict(other)]}
        last = make_segment(both, f"On top of {place}")
    reason = explain(ada, last)
    assert (reason.holds, reason.turns_at) == (True, midnight(7, 11))
    assert [leaf.actual for leaf in reason.leaves] == ["in it", "in it"]
    assert [leaf.flips_at for leaf in reason.leaves] == [midnight(7, 11)] * 2


def test_the_page_says_when_they_leave(ada: int, tenant: Tenant) -> None:
    segment = make_segment(RECENT, "Recent")
    steady = make_segment(field("country", "=", "GB"), "British")
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
        client = sign_in(tenant)
        leaving = read(client, f"/t/ada-soap/segments/{segment.pk}/?tab=why&who={ada}")
        staying = read(client, f"/t/ada-soap/segments/{steady.pk}/?tab=why&who={ada}")
        everything = read(client, f"/t/ada-soap/profiles/{ada}/segments/")
    assert "If nothing else happens, they leave" in leaving
    assert 'datetime="2026-07-10T23:00:00+00:00"' in leaving
    assert "Time alone changes nothing here." in staying
    assert "If nothing else happens, they leave" in everything


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()
