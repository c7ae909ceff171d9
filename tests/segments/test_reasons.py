"""Why is this person here, and when will they leave: answered for every kind of condition."""

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
from segments.types import GroupReason, Kind
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer, make_segment
from tests.factories.tenants import sign_in
from tests.segments.reason_cases import CASES, NOW, VIEWED, Case, days, field, midnight
from tests.segments.test_happenings import buy, happen


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
        tier_ends_at=datetime(2026, 7, 29, 23, tzinfo=UTC),
        tier_after="Silver",
        rank_after=1,
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
    assert either.whole == GroupReason("or", holds=True, parts=either.leaves)
    both = explain(ada, make_segment({"op": "and", "children": children[:2]}, "Both"))
    assert both.turns_at == midnight(7, 8)
    neither = explain(ada, make_segment({"op": "not", "children": children}, "Neither"))
    assert (neither.holds, neither.turns_at) == (False, midnight(7, 10))
    assert (neither.whole.op, neither.whole.holds) == ("not", False)


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
    at_home = {"op": "or", "children": [field("country", "=", "GB"), field("country", "=", "IE")]}
    steady = make_segment(
        {"op": "and", "children": [at_home, field("order_count", ">", 1)]}, "Near"
    )
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
        client = sign_in(tenant)
        leaving = read(client, f"/t/ada-soap/segments/{segment.pk}/?tab=why&who={ada}")
        staying = read(client, f"/t/ada-soap/segments/{steady.pk}/?tab=why&who={ada}")
        everything = read(client, f"/t/ada-soap/profiles/{ada}/segments/")
    assert "If nothing else happens, they leave" in leaving
    assert 'datetime="2026-07-10T23:00:00+00:00"' in leaving
    assert "Time alone changes nothing here." in staying
    assert staying.count("At least one of these") == 1
    assert "these" not in leaving[leaving.index('id="why"') :].partition("</details>")[0]
    assert "If nothing else happens, they leave" in everything


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()
