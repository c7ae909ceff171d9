"""Live membership, the flip schedule and the rebuild."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.models import Event, Profile
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.types import EventRef
from kernel.batches import Deadline
from kernel.clock import simulated
from kernel.sql import execute
from segments.choices import Cause
from segments.errors import DefinitionError
from segments.models import (
    Membership,
    MembershipChange,
    RfmScore,
    Segment,
    SegmentReference,
    Upkeep,
)
from segments.queries.reasons import explain_segments
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.library import install_core_segments
from segments.services.live import refresh_for_events
from segments.services.rebuild import rebuild, refresh_everything
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer, make_segment

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def ref(profile_id: int | None, name: str = "Order Placed", **fields: Any) -> EventRef:
    values: dict[str, Any] = {
        "event_id": 1,
        "name": name,
        "occurred_at": NOW,
        "profile_id": profile_id,
        "object_id": None,
        "is_backfill": False,
    }
    return EventRef(**{**values, **fields})


def handle(*refs: EventRef, at: datetime = NOW) -> None:
    with simulated(at):
        refresh_for_events(list(refs))


def tick(at: datetime) -> int:
    with simulated(at):
        return reevaluate_due(Deadline(seconds=None))


def segments_of(profile_id: int) -> list[str]:
    row = Membership.objects.filter(profile_id=profile_id).first()
    keys = dict(Segment.objects.values_list("id", "key"))
    return [keys[key] for key in row.segment_ids] if row else []


def sizes() -> dict[str, int]:
    return dict(Segment.objects.values_list("key", "member_count"))


def events() -> list[tuple[str, int | None, str, bool]]:
    rows = Event.objects.filter(name__startswith="Segment").order_by("id")
    return [(row.name, row.profile_id, row.properties["key"], row.is_backfill) for row in rows]


def reeval_at(profile_id: int) -> datetime | None:
    return Membership.objects.get(profile_id=profile_id).reeval_at


@pytest.fixture
def core(tenant: Tenant) -> None:
    with simulated(NOW):
        install_core_segments()


def test_the_core_segments_are_installed_once(core: None) -> None:
    Segment.objects.filter(key="vip").update(name="Best buyers")
    install_core_segments()
    assert list(Segment.objects.order_by("id").values_list("key", flat=True)) == [
        "new_subscribers",
        "first_time",
        "repeat",
        "vip",
        "at_risk",
        "churned",
        "unhappy",
    ]
    assert Segment.objects.get(key="vip").name == "Best buyers"


def test_core_segments_installed_late_find_who_is_there(tenant: Tenant) -> None:
    ada = make_buyer(orders=2, last_order_at=NOW - timedelta(days=70))
    with simulated(NOW):
        install_core_segments()
    assert segments_of(ada) == ["repeat", "vip", "at_risk"]
    assert events() == []
    assert set(MembershipChange.objects.values_list("cause", flat=True)) == {"definition"}


def plans() -> dict[str, int]:
    """Return how often each decision that the server keeps for this connection was made."""
    found = execute(
        "SELECT statement, generic_plans + custom_plans AS runs FROM pg_prepared_statements"
        " WHERE statement LIKE 'WITH different%%'"
    )
    return {row.statement: row.runs for row in found}


def scans_of(statement: str) -> list[str]:
    """Return where a kept decision reads a whole table, planned for any people."""
    [kept] = execute(
        "SELECT name, cardinality(parameter_types) AS params FROM pg_prepared_statements"
        " WHERE statement = %(statement)s",
        statement=statement,
    )
    execute("SET LOCAL plan_cache_mode = force_generic_plan")
    params = ", ".join(["NULL"] * kept.params)
    lines = execute(f'EXPLAIN (COSTS off) EXECUTE "{kept.name}"({params})')
    execute("SET LOCAL plan_cache_mode = auto")
    return [line[0].strip() for line in lines if "Seq Scan" in line[0]]


def test_a_decision_is_planned_once_for_whoever_comes_until_a_definition_changes(
    core: None,
) -> None:
    ada, bob, cy = (make_buyer(orders=2, last_order_at=NOW) for _ in range(3))
    before = plans().keys()
    for one in (ada, bob):
        handle(ref(one))
    assert [runs for text, runs in plans().items() if text not in before] == [2]
    Segment.objects.filter(key="repeat").update(definition={"field": "country", "is": "missing"})
    handle(ref(cy))
    assert sorted(runs for text, runs in plans().items() if text not in before) == [1, 2]
    assert segments_of(bob) == ["repeat", "vip"]
    assert segments_of(cy) == ["repeat", "vip"]
    change_facts(ada, order_count=1)
    handle(ref(ada))
    assert "repeat" in segments_of(ada)
    assert [scans_of(text) for text in plans().keys() - before] == [[], []]


def test_an_order_moves_a_profile_at_once(core: None) -> None:
    ada = make_buyer(email_consent="subscribed")
    handle(ref(ada, "Profile Created", event_id=5))
    assert segments_of(ada) == ["new_subscribers"]

    change_facts(ada, order_count=1, lookback_order_count=1, last_order_at=NOW, net_minor=100)
    handle(ref(ada, event_id=9))

    assert segments_of(ada) == ["first_time", "vip"]
    assert sizes() == {
        "new_subscribers": 0,
        "first_time": 1,
        "repeat": 0,
        "vip": 1,
        "at_risk": 0,
        "churned": 0,
        "unhappy": 0,
    }
    keys = dict(Segment.objects.values_list("pk", "key"))
    changes = MembershipChange.objects.order_by("id")
    assert [
        (keys[row.segment_id], row.entered, row.cause, row.event_id, row.event_name)
        for row in changes
    ] == [
        ("new_subscribers", True, "event", 5, "Profile Created"),
        ("first_time", True, "event", 9, "Order Placed"),
        ("vip", True, "event", 9, "Order Placed"),
        ("new_subscribers", False, "event", 9, "Order Placed"),
    ]
    assert events() == [
        ("Segment Entered", ada, "new_subscribers", False),
        ("Segment Exited", ada, "new_subscribers", False),
        ("Segment Entered", ada, "first_time", False),
        ("Segment Entered", ada, "vip", False),
    ]
    with simulated(NOW):
        assert find_differences() == []


def test_a_repeat_finds_no_difference(core: None) -> None:
    ada = make_buyer(last_order_at=NOW)
    handle(ref(ada))
    before = (events(), sizes(), MembershipChange.objects.count())
    handle(ref(ada), ref(ada, "Order Updated", event_id=2))
    assert (events(), sizes(), MembershipChange.objects.count()) == before


def test_only_the_changed_profiles_are_decided(core: None) -> None:
    ada, bob = make_buyer(last_order_at=NOW), make_buyer(last_order_at=NOW)
    handle(ref(ada), ref(None))
    assert segments_of(ada) == ["first_time", "vip"]
    assert not Membership.objects.filter(profile_id=bob).exists()


def test_history_enters_segments_and_starts_no_flow(core: None) -> None:
    ada, bob = make_buyer(last_order_at=NOW), make_buyer(net=900, last_order_at=NOW)
    handle(ref(ada, is_backfill=True), ref(bob, event_id=2), ref(bob, event_id=3, is_backfill=True))
    assert set(events()) == {
        ("Segment Entered", ada, "first_time", True),
        ("Segment Entered", ada, "vip", True),
        ("Segment Entered", bob, "first_time", False),
    }
    causes = MembershipChange.objects.values_list("profile_id", "cause", "event_id").distinct()
    # Of a batch with both, the live event is the cause.
    assert set(causes) == {(ada, "import", 1), (bob, "event", 2)}


def test_time_alone_moves_a_profile_at_local_midnight(core: None) -> None:
    # 20:00 UTC on 1 May is 21:00 in London; 60 days later is 30 June.
    ada = make_buyer(last_order_at=datetime(2026, 5, 1, 20, tzinfo=UTC))
    start = datetime(2026, 6, 1, 9, tzinfo=UTC)
    handle(ref(ada), at=start)
    flip = datetime(2026, 6, 29, 23, tzinfo=UTC)  # midnight in London
    assert reeval_at(ada) == flip
    Upkeep.objects.update(due_at=None)

    assert tick(flip - timedelta(seconds=1)) == 0
    assert segments_of(ada) == ["first_time", "vip"]

    assert tick(flip) == 1
    assert segments_of(ada) == ["first_time", "vip", "at_risk"]
    assert events()[-1] == ("Segment Entered", ada, "at_risk", False)
    change = MembershipChange.objects.latest("id")
    assert (change.cause, change.event_id, change.at) == ("time", None, flip)

    churned_at = datetime(2026, 8, 28, 23, tzinfo=UTC)
    assert reeval_at(ada) == churned_at
    assert tick(churned_at) == 1
    assert segments_of(ada) == ["first_time", "vip", "churned"]
    assert reeval_at(ada) is None
    assert tick(churned_at + timedelta(days=900)) == 0


def test_a_day_before_the_flip_nothing_differs_and_after_it_the_clock_is_due(core: None) -> None:
    ada = make_buyer(last_order_at=NOW - timedelta(days=59))
    handle(ref(ada))
    late = NOW + timedelta(days=3)
    with simulated(late):
        # Due, and not had its turn: not wrong yet.
        assert find_differences() == []
        Membership.objects.update(reeval_at=None)
        assert len(find_differences()) == 1


def test_a_consent_alone_is_enough(core: None) -> None:
    ada = make_buyer()
    handle(ref(ada, "Profile Created"))
    Profile.objects.filter(pk=ada).update(email_consent="subscribed")
    handle(ref(ada, "Consent Changed", event_id=7))
    assert segments_of(ada) == ["new_subscribers"]


def test_a_merge_empties_the_loser(core: None) -> None:
    ada, bob = make_buyer(last_order_at=NOW), make_buyer(last_order_at=NOW)
    handle(ref(ada), ref(bob))
    assert sizes()["first_time"] == 2
    told = len(events())
    with simulated(NOW):
        [merge_id] = merge_profiles([(ada, bob)], rule="email")
    assert len(events()) == told
    change_facts(ada, order_count=2, lookback_order_count=2)

    handle(ref(ada, "Profile Merged", event_id=8))

    assert segments_of(ada) == ["repeat", "vip"]
    assert segments_of(bob) == []
    assert (sizes()["first_time"], sizes()["repeat"]) == (0, 1)
    first_time = Segment.objects.get(key="first_time").pk
    last = MembershipChange.objects.filter(profile_id=bob, segment_id=first_time).latest("id")
    assert (last.entered, last.cause) == (False, "merge")
    assert not RfmScore.objects.filter(profile_id=bob).exists()
    with simulated(NOW):
        assert find_differences() == []
        unmerge_profile(merge_id)
    change_facts(ada, order_count=1, lookback_order_count=1)
    handle(ref(ada, "Profile Merged", event_id=9), ref(bob, "Profile Merged", event_id=10))
    assert segments_of(ada) == ["first_time", "vip"]
    with simulated(NOW):
        assert find_differences() == []


def test_an_erased_profile_leaves_at_once_and_without_events(core: None) -> None:
    ada = make_buyer(last_order_at=NOW)
    handle(ref(ada))
    before = Event.objects.filter(name__startswith="Segment").count()
    with simulated(NOW):
        erase_profiles([ada])
        assert find_differences() == []
    assert segments_of(ada) == []
    assert sizes()["first_time"] == 0
    assert not RfmScore.objects.exists()
    assert Event.objects.filter(name__startswith="Segment").count() == before


def test_segments_refer_to_segments_in_order_of_dependence(tenant: Tenant) -> None:
    ada, bob = make_buyer(orders=3, country="GB", last_order_at=NOW), make_buyer(country="GB")
    # The one that refers is older than the one referred to.
    outer = make_segment({"consent": "email", "is": "subscribed"}, "British regulars")
    inner = make_segment({"field": "order_count", "is": ">=", "value": 2}, "Regulars")
    Segment.objects.filter(pk=outer.pk).update(
        definition={
            "op": "and",
            "children": [
                {"segment": str(inner.pk), "is": "member"},
                {"field": "country", "is": "=", "value": "GB"},
            ],
        }
    )
    third = make_segment({"segment": str(outer.pk), "is": "not_member"}, "Others")

    handle(ref(ada), ref(bob))

    members = dict(Membership.objects.values_list("profile_id", "segment_ids"))
    assert members == {ada: [outer.pk, inner.pk], bob: [third.pk]}


def test_a_circle_of_segments_is_refused(tenant: Tenant) -> None:
    one = make_segment({"consent": "email", "is": "subscribed"}, "One")
    two = make_segment({"segment": str(one.pk), "is": "member"}, "Two")
    Segment.objects.filter(pk=one.pk).update(definition={"segment": str(two.pk), "is": "member"})
    make_buyer()
    with pytest.raises(DefinitionError, match="segments refer to each other"):
        rebuild(NOW, Cause.DEFINITION)


def test_a_rebuild_finds_everybody_in_chunks_and_writes_differences_only(core: None) -> None:
    for n in range(25):
        make_buyer(orders=n % 3, net=n, last_order_at=NOW if n % 3 else None)
    assert rebuild(NOW, Cause.IMPORT, chunk=7) == 8 + 8 + 2
    assert {key: size for key, size in sizes().items() if size} == {
        "first_time": 8,
        "repeat": 8,
        "vip": 2,
    }
    assert {is_backfill for *_, is_backfill in events()} == {True}
    assert rebuild(NOW, Cause.REFERENCE, chunk=7) == 0


def test_the_line_of_the_top_tenth_is_kept_and_moves_with_the_night(core: None) -> None:
    keys = [make_buyer(net=100 * n, last_order_at=NOW) for n in range(1, 21)]
    with simulated(NOW):
        refresh_everything(NOW)
    line = SegmentReference.objects.get()
    assert (line.key, line.population) == ("net_revenue:top:10", 20)
    assert line.value == Decimal(1_900)
    vips = [key for key in keys if "vip" in segments_of(key)]
    assert vips == keys[-2:]

    change_facts(keys[0], net_minor=5_000, lookback_net_minor=5_000)
    with simulated(NOW):
        refresh_everything(NOW + timedelta(days=1))
    assert SegmentReference.objects.get().value == Decimal(2_000)
    assert [key for key in keys if "vip" in segments_of(key)] == [keys[0], keys[-1]]
    with simulated(NOW + timedelta(days=1)):
        assert find_differences() == []


def test_a_tenth_of_the_buyers_changed_makes_everything_due_before_the_night(core: None) -> None:
    keys = [make_buyer(last_order_at=NOW) for _ in range(40)]
    with simulated(NOW):
        refresh_everything(NOW)
    night = datetime(2026, 7, 1, 1, 30, tzinfo=UTC)  # 02:30 in London
    handle(*(ref(key, event_id=key) for key in keys[:3]))
    assert Upkeep.objects.get().due_at == night
    handle(ref(keys[3], event_id=4, is_backfill=True))
    assert (Upkeep.objects.get().due_at, Upkeep.objects.get().cause) == (NOW, "import")

    assert tick(NOW) == 1

    assert (Upkeep.objects.get().due_at, Upkeep.objects.get().changed_count) == (night, 0)
    assert tick(NOW) == 0
    assert tick(night) == 1


def test_why_she_is_here(core: None) -> None:
    ada = make_buyer(
        orders=2, net=12_350, last_order_at=NOW - timedelta(days=59), email_consent="subscribed"
    )
    handle(ref(ada, event_id=3))
    reasons = {reason.key: reason for reason in explain_segments(ada, NOW)}

    repeat = reasons["repeat"]
    assert (repeat.words, repeat.holds, repeat.is_member) == ("Orders: at least 2", True, True)
    assert (repeat.entered_at, repeat.cause, repeat.event_name) == (NOW, "event", "Order Placed")
    assert repeat.flips_at is None

    at_risk = reasons["at_risk"]
    [leaf] = at_risk.leaves
    assert leaf.words == "Days since last order: 60 to 119"
    assert (leaf.actual, leaf.holds) == ("59 days", False)
    assert at_risk.flips_at == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert (at_risk.is_member, at_risk.entered_at) == (False, None)

    subscribers = reasons["new_subscribers"]
    assert [(leaf.words, leaf.actual, leaf.holds) for leaf in subscribers.leaves] == [
        ("Email: subscribed", "subscribed", True),
        ("Orders: 0", "2 orders", False),
    ]
    assert (subscribers.holds, subscribers.is_member) == (False, False)

    vip = reasons["vip"]
    assert vip.words == "Net revenue: top 10% of buyers"
    assert vip.leaves[0].actual == "£123.50"
    assert explain_segments(ada + 1_000, NOW) == []
