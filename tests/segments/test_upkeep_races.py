"""Who decides first tells: nothing that is quiet takes an entry away that was about to be told."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Event, OrderLine, Product, Reaction
from crm.services.erasure import erase_profiles
from crm.services.events import append_events
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.services.reactions import drain_reactions
from crm.types import EventRef, NewEvent
from kernel.batches import Deadline
from kernel.sql import execute, load_sql, whole_tenant
from segments.choices import Cause
from segments.models import (
    Defect,
    GoodsChange,
    ListEntry,
    Membership,
    MembershipChange,
    Segment,
    Upkeep,
)
from segments.queries.listing import list_member_ids
from segments.services import auditing, memberships
from segments.services import rebuild as rebuilding
from segments.services.auditing import audit_memberships
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.goods import decide_buyers
from segments.services.lists import add_to_list, create_list, remove_from_list
from segments.services.live import refresh_for_events
from segments.services.rebuild import rebuild, refresh_everything
from segments.services.segments import create_segment, update_segment
from segments.services.upkeep import lock_upkeep, request_refresh
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer, make_order, make_segment
from tests.segments.test_costs import SLOW, _make_slow

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ADA = "ada@example.com"
TWO = {"field": "order_count", "is": ">=", "value": 2}
LEAF = {"bought": {"brand": "Leaf"}}
FRESH = {"field": "days_since_last_order", "is": "<", "value": 60}


@pytest.fixture(autouse=True)
def today() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


def settle() -> None:
    while reevaluate_due(Deadline(seconds=None)):
        pass


def wait_for(profile_id: int, *, is_backfill: bool = False, name: str = "Order Placed") -> int:
    """Let an event of somebody wait, as after a webhook; returns its id."""
    new = NewEvent(name, NOW, "webhook", profile_id=profile_id, is_backfill=is_backfill)
    [ref] = append_events([new])
    return ref.event_id


def told(segment: Segment) -> list[tuple[int | None, str, bool]]:
    rows = Event.objects.filter(name__startswith="Segment", object_id=segment.pk).order_by("id")
    return [(row.profile_id, row.name.removeprefix("Segment "), row.is_backfill) for row in rows]


def causes(segment: Segment) -> list[tuple[int, bool, str, int | None]]:
    rows = MembershipChange.objects.filter(segment_id=segment.pk).order_by("id")
    return list(rows.values_list("profile_id", "entered", "cause", "event_id"))


def buy_tea(profile_id: int) -> Product:
    """Let somebody have bought a tea that later turns out to be of a brand."""
    order = make_order(profile_id, NOW, 1_000, f"tea-{profile_id}")
    tea, _ = Product.objects.get_or_create(
        store_id=order.store_id, external_id="tea", defaults={"title": "Tea"}
    )
    OrderLine.objects.create(
        order=order,
        line_key="1",
        position=0,
        product=tea,
        quantity=1,
        unit_price_minor=100,
        total_minor=100,
    )
    return tea


def describe(tea: Product) -> None:
    Product.objects.filter(pk=tea.pk).update(brand="Leaf")
    GoodsChange.objects.create(product_id=tea.pk)
    assert decide_buyers(Deadline(seconds=None)) > 0


@pytest.mark.covers("S4")
def test_a_product_put_right_takes_no_entry_from_an_event_that_waits(tenant: Tenant) -> None:
    ada, bob = make_buyer(last_order_at=NOW), make_buyer(last_order_at=NOW)
    tea = [buy_tea(ada), buy_tea(bob)][0]
    regulars, leaf = make_segment(TWO, "Regulars"), make_segment(LEAF, "Leaf")
    refresh_everything(NOW)
    change_facts(ada, order_count=2)
    event = wait_for(ada)

    describe(tea)

    assert told(regulars) == [(ada, "Entered", False)]
    assert causes(regulars) == [(ada, True, "event", event)]
    # What may come of either is told for whom an event waits, and quiet for everybody else.
    assert told(leaf) == [(ada, "Entered", False)]
    assert causes(leaf) == [(ada, True, "event", event), (bob, True, "catalog", None)]
    refresh_for_events([EventRef(event, "Order Placed", NOW, ada, None, False)])
    assert told(regulars) == [(ada, "Entered", False)]


def test_a_product_put_right_takes_no_entry_from_the_clock(
    tenant: Tenant, today: time_machine.Traveller
) -> None:
    ada = make_buyer(last_order_at=NOW - timedelta(days=59))
    tea = buy_tea(ada)
    stale, leaf = make_segment({**FRESH, "is": ">="}, "Stale"), make_segment(LEAF, "Leaf")
    refresh_everything(NOW)
    today.move_to(NOW + timedelta(days=1))
    describe(tea)
    assert told(stale) == [(ada, "Entered", False)]
    assert causes(stale) == [(ada, True, "time", None)]
    assert (told(leaf), causes(leaf)) == ([], [(ada, True, "catalog", None)])


@pytest.mark.parametrize("is_waiting", [True, False])
def test_a_copy_on_a_list_is_quiet_and_takes_no_entry_from_an_event(
    tenant: Tenant, is_waiting: bool
) -> None:
    ada = make_buyer(last_order_at=NOW)
    fair = create_list(name="Fair")
    regulars = make_segment(TWO, "Regulars")
    refresh_everything(NOW)
    event = wait_for(ada) if is_waiting else None
    change_facts(ada, order_count=2)
    add_to_list(fair.pk, [ada], actor=ADA, is_quiet=True)
    assert (told(fair), causes(fair)) == ([], [(ada, True, "definition", None)])
    assert told(regulars) == [(ada, "Entered", False)]
    assert causes(regulars) == [(ada, True, "event" if is_waiting else "time", event)]


def test_who_is_put_on_a_list_by_hand_enters_it_by_hand_whatever_waits(tenant: Tenant) -> None:
    ada = make_buyer(last_order_at=NOW)
    fair, regulars = create_list(name="Fair"), make_segment(TWO, "Regulars")
    refresh_everything(NOW)
    event = wait_for(ada, is_backfill=True)
    change_facts(ada, order_count=2)
    add_to_list(fair.pk, [ada], actor=ADA)
    assert (told(fair), causes(fair)) == (
        [(ada, "Entered", False)],
        [(ada, True, "manual", None)],
    )
    # An import's order starts no flow, whoever decides first.
    assert told(regulars) == [(ada, "Entered", True)]
    assert causes(regulars) == [(ada, True, "import", event)]


def test_the_clock_makes_no_news_of_history_that_waits(
    tenant: Tenant, today: time_machine.Traveller
) -> None:
    ada = make_buyer(last_order_at=NOW - timedelta(days=59))
    regulars, fresh = make_segment(TWO, "Regulars"), make_segment(FRESH, "Fresh")
    refresh_everything(NOW)
    event = wait_for(ada, is_backfill=True)
    change_facts(ada, order_count=2)
    Upkeep.objects.update(due_at=None)
    today.move_to(NOW + timedelta(days=1))
    settle()
    assert told(regulars) == [(ada, "Entered", True)]
    assert causes(regulars) == [(ada, True, "import", event)]
    assert [entered for _, entered, *_ in causes(fresh)] == [True, False]


def test_history_takes_no_entry_from_a_live_event_of_another_batch(tenant: Tenant) -> None:
    ada = make_buyer(last_order_at=NOW)
    regulars = make_segment(TWO, "Regulars")
    refresh_everything(NOW)
    change_facts(ada, order_count=2)
    old, live = wait_for(ada, is_backfill=True), wait_for(ada)
    refresh_for_events([EventRef(old, "Order Placed", NOW, ada, None, True)])
    assert told(regulars) == [(ada, "Entered", False)]
    assert causes(regulars) == [(ada, True, "event", live)]


def test_an_event_that_segments_have_seen_waits_for_them_no_more(tenant: Tenant) -> None:
    ada = make_buyer(last_order_at=NOW)
    tea = buy_tea(ada)
    leaf = make_segment(LEAF, "Leaf")
    refresh_everything(NOW)
    wait_for(ada)
    Reaction.objects.update(stage=6)  # exits are next
    describe(tea)
    assert (told(leaf), causes(leaf)) == ([], [(ada, True, "catalog", None)])


def test_what_waits_for_a_merged_profile_waits_for_its_winner(tenant: Tenant) -> None:
    ada, bob = make_buyer(last_order_at=NOW), make_buyer(last_order_at=NOW)
    tea = buy_tea(ada)
    regulars = make_segment(TWO, "Regulars")
    make_segment(LEAF, "Leaf")
    refresh_everything(NOW)
    event = wait_for(bob)
    merge_profiles([(ada, bob)], rule="email")
    Reaction.objects.exclude(event_id=event).delete()
    change_facts(ada, order_count=2)
    describe(tea)
    assert told(regulars) == [(ada, "Entered", False)]
    assert causes(regulars) == [(ada, True, "event", event)]


def test_an_undone_merge_takes_no_entry_from_an_event_that_waits(tenant: Tenant) -> None:
    ada, bob = make_buyer(last_order_at=NOW), make_buyer(last_order_at=NOW)
    regulars = make_segment(TWO, "Regulars")
    refresh_everything(NOW)
    [merge] = merge_profiles([(ada, bob)], rule="email")
    Reaction.objects.all().delete()
    event = wait_for(ada)
    change_facts(ada, order_count=2)
    unmerge_profile(merge)
    assert told(regulars) == [(ada, "Entered", False)]
    assert causes(regulars) == [(ada, True, "event", event)]


@pytest.mark.covers("S4")
def test_a_changed_definition_is_quiet_for_its_own_segment_alone(tenant: Tenant) -> None:
    ada, bob = make_buyer(orders=1, last_order_at=NOW), make_buyer(orders=2, last_order_at=NOW)
    edited, other = make_segment(TWO, "Edited"), make_segment({**TWO, "value": 3}, "Other")
    outer = make_segment({"segment": str(edited.pk), "is": "member"}, "Outer")
    refresh_everything(NOW)
    before = len(told(edited))
    change_facts(bob, order_count=3)  # nobody heard of it yet
    update_segment(edited.pk, definition={**TWO, "value": 1})
    settle()
    assert list_member_ids(edited.pk) == list_member_ids(outer.pk) == [ada, bob]
    assert len(told(edited)) == before
    assert causes(edited)[-1] == causes(outer)[-1] == (ada, True, "definition", None)
    assert (told(other), causes(other)) == (
        [(bob, "Entered", False)],
        [(bob, True, "reference", None)],
    )
    edited.refresh_from_db()
    assert edited.redefined_at is None


@pytest.mark.covers("S4")
@pytest.mark.parametrize("is_waiting", [False, True])
def test_an_event_before_a_changed_definition_is_counted_is_quiet_for_it_alone(
    tenant: Tenant, is_waiting: bool
) -> None:
    ada, bob = (make_buyer(orders=1, last_order_at=NOW) for _ in range(2))
    edited, other = make_segment(TWO, "Edited"), make_segment({**TWO, "value": 3}, "Other")
    outer = make_segment({"segment": str(edited.pk), "is": "member"}, "Outer")
    refresh_everything(NOW)
    update_segment(edited.pk, definition={**TWO, "value": 1})
    change_facts(ada, order_count=3)
    event = wait_for(ada)
    if is_waiting:
        settle()  # everybody is counted before segments hear of it
    else:
        refresh_for_events([EventRef(event, "Tags Changed", NOW, ada, None, False)])
        assert list_member_ids(edited.pk) == list_member_ids(outer.pk) == [ada]
    assert told(edited) == told(outer) == []
    assert causes(edited)[0] == causes(outer)[0] == (ada, True, "definition", None)
    assert told(other) == [(ada, "Entered", False)]
    assert causes(other) == [(ada, True, "event", event)]
    settle()
    assert causes(edited)[1:] == [(bob, True, "definition", None)]
    assert told(edited) == []


@pytest.mark.covers("S4")
def test_an_event_after_a_changed_definition_was_counted_is_told(tenant: Tenant) -> None:
    ada = make_buyer(orders=1, last_order_at=NOW)
    edited = make_segment({**TWO, "value": 9}, "Edited")
    outer = make_segment({"segment": str(edited.pk), "is": "member"}, "Outer")
    refresh_everything(NOW)
    update_segment(edited.pk, definition=TWO)
    refresh_for_events([EventRef(1, "Tags Changed", NOW, ada, None, False)])
    settle()
    assert causes(edited) == []
    change_facts(ada, order_count=2)
    event = wait_for(ada)
    refresh_for_events([EventRef(event, "Order Placed", NOW, ada, None, False)])
    for one in (edited, outer):
        assert told(one) == [(ada, "Entered", False)]
        assert causes(one) == [(ada, True, "event", event)]


@pytest.mark.parametrize("is_wide", [False, True])
def test_no_statistics_make_a_batch_read_all_that_waits(tenant: Tenant, is_wide: bool) -> None:
    execute(
        "INSERT INTO crm_reaction (tenant_id, event_id, occurred_at, event_name, profile_id, "
        "is_backfill) SELECT %(tenant_id)s, n, now(), 'Order Placed', n, true "
        "FROM generate_series(1, 100000) AS n"
    )
    moved = "SELECT n AS profile_id, true AS is_live FROM generate_series(1, 500) AS n"
    begin = "EXPLAIN (ANALYZE, COSTS off, TIMING off) WITH moved AS MATERIALIZED ({})"
    statement = "\n".join((begin.format(moved), load_sql("segments.events_that_wait")))
    columns = {"heard": "{Order Placed}", "places": "{5}"}
    with whole_tenant() if is_wide else nullcontext():
        plan = "\n".join(row[0] for row in execute(statement, **columns))
    assert "reaction_profile_idx" in plan
    assert "Scan on crm_reaction" not in plan.replace("Bitmap Heap Scan", "")
    assert "Scan on crm_profile" not in plan.replace("Bitmap Heap Scan", "")
    assert "Rows Removed" not in plan


def test_no_other_decision_tells_of_a_definition_that_is_not_counted_yet(tenant: Tenant) -> None:
    ada = make_buyer(orders=2, last_order_at=NOW - timedelta(days=59))
    make_segment(FRESH, "Fresh")
    fair = create_list(name="Fair")
    refresh_everything(NOW)
    made = create_segment(name="Regulars", definition=TWO)
    add_to_list(fair.pk, [ada], actor=ADA)
    assert (told(made), causes(made)) == ([], [(ada, True, "definition", None)])


def test_what_an_import_made_due_stays_history_after_an_edit(tenant: Tenant) -> None:
    ada = make_buyer(orders=2, last_order_at=NOW)
    regulars, edited = make_segment(TWO, "Regulars"), make_segment(TWO, "Edited")
    request_refresh(Cause.IMPORT, NOW)
    update_segment(edited.pk, definition={**TWO, "value": 1})
    assert Upkeep.objects.get().cause == Cause.IMPORT
    settle()
    assert told(regulars) == [(ada, "Entered", True)]
    assert told(edited) == []


def test_an_audit_undoes_no_newer_decision(
    tenant: Tenant, today: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_buyer(last_order_at=NOW)
    due = make_buyer(last_order_at=NOW - timedelta(days=59))
    stale = make_segment({**FRESH, "is": ">="}, "Stale")
    refresh_everything(NOW)
    before = auditing.find_wrong

    def find_wrong(now: datetime, **part: Any) -> list[Any]:
        found = before(now, **part)
        if part["upto"] == first:  # the next part is looked at a day later
            today.move_to(NOW + timedelta(days=1))
            Upkeep.objects.update(due_at=None)
            reevaluate_due(Deadline(seconds=None))
            Reaction.objects.all().delete()
        return found

    monkeypatch.setattr(auditing, "find_wrong", find_wrong)
    assert audit_memberships(NOW, chunk=1) == 0
    assert not Defect.objects.exists()
    assert causes(stale) == [(due, True, "time", None)]
    assert told(stale) == [(due, "Entered", False)]
    assert Upkeep.objects.get().audited_at == NOW


def test_a_rebuild_undoes_no_newer_decision(
    tenant: Tenant, today: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_buyer(last_order_at=NOW)
    due = make_buyer(last_order_at=NOW - timedelta(days=59))
    stale = make_segment({**FRESH, "is": ">="}, "Stale")
    refresh_everything(NOW)
    before, parts = memberships.write_memberships, [0]

    def write(*args: Any, **fields: Any) -> Any:
        moves = before(*args, **fields)
        parts[0] += 1
        if parts[0] == 1:
            today.move_to(NOW + timedelta(days=1))
            Upkeep.objects.update(due_at=None)
            reevaluate_due(Deadline(seconds=None))
        return moves

    monkeypatch.setattr(rebuilding, "write_memberships", write)
    rebuild(NOW, Cause.REFERENCE, chunk=1)
    assert parts[0] == 2
    assert causes(stale) == [(due, True, "time", None)]


@pytest.mark.parametrize("work", ["audit", "rebuild"])
def test_a_definition_edited_meanwhile_is_no_defect_and_tells_nobody(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    one, other = (make_buyer(orders=1, last_order_at=NOW) for _ in range(2))
    segment = make_segment(TWO, "Edited")
    refresh_everything(NOW)
    module: Any = auditing if work == "audit" else rebuilding
    name = "find_wrong" if work == "audit" else "write_memberships"
    before, parts = getattr(module, name), [0]

    def during(*args: Any, **fields: Any) -> Any:
        found = before(*args, **fields)
        parts[0] += 1
        if parts[0] == 1:
            update_segment(segment.pk, definition={**TWO, "value": 1})
        return found

    monkeypatch.setattr(module, name, during)
    if work == "audit":
        assert audit_memberships(NOW, chunk=1) == 0
    else:
        assert rebuild(NOW, Cause.REFERENCE, chunk=1) == 0
    assert (Defect.objects.count(), causes(segment)) == (0, [])
    monkeypatch.undo()
    settle()
    came = [(each, True, "definition", None) for each in (one, other)]
    assert sorted(causes(segment)) == came
    assert told(segment) == []


def test_an_instant_is_read_once_the_row_is_locked(
    tenant: Tenant, today: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_buyer(last_order_at=NOW - timedelta(days=59))
    stale = make_segment({**FRESH, "is": ">="}, "Stale")
    refresh_everything(NOW)

    def lock() -> Upkeep:
        today.move_to(NOW + timedelta(days=1))  # somebody else held it until then
        return lock_upkeep()

    monkeypatch.setattr("segments.services.live.lock_upkeep", lock)
    refresh_for_events([EventRef(1, "Order Placed", NOW, ada, None, False)])
    assert list_member_ids(stale.pk) == [ada]
    assert MembershipChange.objects.get().at == NOW + timedelta(days=1)


def test_undoing_merges_puts_each_back_on_the_lists_they_were_on(tenant: Tenant) -> None:
    winner, loser, second = (
        make_buyer(last_order_at=NOW, email=f"{name}@example.com") for name in "abc"
    )
    both, theirs, left = (create_list(name=name) for name in ("Both", "Theirs", "Left"))
    add_to_list(both.pk, [winner, loser], actor=ADA)
    add_to_list(theirs.pk, [loser, second], actor=ADA)
    add_to_list(left.pk, [winner, loser], actor=ADA)
    merges = merge_profiles([(winner, loser), (winner, second)], rule="manual")
    drain_reactions(Deadline(seconds=None))
    for one in (both, theirs, left):
        assert list_member_ids(one.pk) == [winner]
    assert remove_from_list(left.pk, [winner], actor=ADA) == [winner]
    assert add_to_list(theirs.pk, [winner], actor=ADA) == []

    unmerge_profile(merges[0])

    assert list_member_ids(both.pk) == [winner, loser]
    # The second one, who was on it as well, is still a part of the winner.
    assert list_member_ids(theirs.pk) == [winner, loser]
    assert list_member_ids(left.pk) == []
    unmerge_profile(merges[1])
    assert list_member_ids(both.pk) == [winner, loser]
    assert list_member_ids(theirs.pk) == [loser, second]
    assert not ListEntry.objects.filter(profile=winner, segment=theirs).exists()
    erase_profiles([winner, loser, second])
    assert not ListEntry.objects.exists()
    assert find_differences() == []


def test_a_slow_definition_is_stopped_on_the_live_path_and_the_others_go_on(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = make_segment(SLOW, "Slow"), make_segment(TWO, "Quick")
    ada = make_buyer(orders=2, last_order_at=NOW, city="slow")
    _make_slow(monkeypatch)
    monkeypatch.setattr(memberships, "STATEMENT_SECONDS", 0.5)
    event = wait_for(ada)
    refresh_for_events([EventRef(event, "Order Placed", NOW, ada, None, False)])
    assert list_member_ids(quick.pk) == [ada]
    assert told(quick) == [(ada, "Entered", False)]
    stopped = Segment.objects.filter(stopped_at=NOW)
    assert [(one.pk, one.stopped_seconds) for one in stopped] == [(slow.pk, 0)]
    assert list_member_ids(slow.pk) == []


def test_a_slow_definition_is_stopped_in_an_audit_and_the_others_are_looked_at(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = make_segment(SLOW, "Slow"), make_segment(TWO, "Quick")
    ada = make_buyer(orders=2, last_order_at=NOW, city="slow")
    refresh_everything(NOW)
    Membership.objects.update(segment_ids=[])
    Reaction.objects.all().delete()
    _make_slow(monkeypatch)
    monkeypatch.setattr(auditing, "STATEMENT_SECONDS", 0.5)
    assert audit_memberships(NOW) == 1
    assert list(Defect.objects.values_list("profile", "segment")) == [(ada, quick.pk)]
    assert list(Segment.objects.filter(stopped_at=NOW)) == [slow]
    assert Upkeep.objects.get().audited_at == NOW
