"""Making, changing, deleting and reading segments."""

from datetime import UTC, date, datetime, timedelta

import pytest

from crm.models import Profile
from kernel.batches import Deadline
from kernel.clock import simulated
from kernel.errors import Conflict, NotFound
from kernel.tenancy import tenant_scope
from segments.choices import Cause
from segments.errors import DefinitionError
from segments.models import Membership, MembershipDay, Segment
from segments.queries.listing import (
    describe_segment,
    find_segment_by_key,
    get_segment,
    list_changes,
    list_member_ids,
    list_members,
    list_segments,
    list_sizes,
)
from segments.queries.overview import summarize
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.library import install_core_segments
from segments.services.rebuild import rebuild
from segments.services.segments import (
    create_segment,
    delete_segment,
    note_use,
    update_segment,
)
from segments.services.upkeep import rebuild_by_day
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
BOUGHT = {"field": "order_count", "is": ">=", "value": 1}


def settle(at: datetime = NOW) -> None:
    with simulated(at):
        while reevaluate_due(Deadline(seconds=None)):
            pass


def create(name: str = "Buyers", definition: object = BOUGHT, at: datetime = NOW) -> Segment:
    with simulated(at):
        return create_segment(name=name, definition=definition)


def test_members_of_a_new_segment_follow(tenant: Tenant) -> None:
    ada, _ = make_buyer(last_order_at=NOW), make_buyer()
    segment = create()
    settle()
    assert list_member_ids(segment.pk) == [ada]
    segment.refresh_from_db()
    assert (segment.member_count, segment.refreshed_at) == (1, NOW)


def test_a_changed_threshold_moves_members_without_events(tenant: Tenant) -> None:
    ada, bob = make_buyer(orders=1, last_order_at=NOW), make_buyer(orders=2, last_order_at=NOW)
    segment = create()
    settle()
    with simulated(NOW + timedelta(hours=1)):
        update_segment(segment.pk, definition={**BOUGHT, "value": 2})
    settle(NOW + timedelta(hours=1))
    assert list_member_ids(segment.pk) == [bob]
    [change] = [row for row in list_changes(segment.pk) if not row.entered]
    assert (change.profile_id, change.cause) == (ada, "definition")
    with simulated(NOW + timedelta(hours=1)):
        assert find_differences() == []


def test_names_are_unique_and_not_empty(tenant: Tenant) -> None:
    create("Buyers")
    other = create("Others")
    with pytest.raises(Conflict, match="a segment called 'Buyers' exists"):
        create("Buyers")
    with pytest.raises(Conflict), simulated(NOW):
        update_segment(other.pk, name="Buyers")
    with pytest.raises(DefinitionError, match="name: must not be empty"):
        create("  ")
    assert Segment.objects.count() == 2


def test_a_segment_refers_to_segments_that_exist_and_never_to_itself(tenant: Tenant) -> None:
    one = create("One")
    two = create("Two", {"segment": str(one.pk), "is": "member"})
    with pytest.raises(DefinitionError, match="no segment has id 999"):
        create("Three", {"segment": "999", "is": "member"})
    assert get_segment(two.pk).definition == {"segment": str(one.pk), "is": "member"}
    with pytest.raises(DefinitionError) as refused, simulated(NOW):
        update_segment(one.pk, definition={"segment": str(one.pk), "is": "member"})
    assert refused.value.fields == {
        "definition.segment": "segments refer to each other: “One” → “One”"
    }
    assert get_segment(one.pk).definition == BOUGHT


def test_a_circle_is_named_as_it_runs_at_the_condition_that_closes_it(tenant: Tenant) -> None:
    late, one = create("Late"), create("One")
    two = create("Two", {"segment": str(one.pk), "is": "member"})
    three = create("Three", {"segment": str(two.pk), "is": "not_member"})
    # It stands on the circle and is no part of it.
    with simulated(NOW):
        update_segment(late.pk, definition={"segment": str(three.pk), "is": "member"})
    closing = {"op": "or", "children": [BOUGHT, {"segment": str(three.pk), "is": "member"}]}
    with pytest.raises(DefinitionError) as refused, simulated(NOW):
        update_segment(one.pk, definition=closing)
    assert refused.value.fields == {
        "definition.children[1].segment": (
            "segments refer to each other: “One” → “Three” → “Two” → “One”"
        )
    }
    assert get_segment(one.pk).definition == BOUGHT


def test_a_segment_in_use_is_not_deleted(tenant: Tenant) -> None:
    ada = make_buyer(last_order_at=NOW)
    one = create("One")
    two = create("Two", {"segment": str(one.pk), "is": "member"})
    settle()
    with pytest.raises(Conflict, match="One is used by Two"):
        delete_segment(one.pk)
    assert Membership.objects.get(profile_id=ada).segment_ids == [one.pk, two.pk]
    delete_segment(two.pk)
    assert Membership.objects.get(profile_id=ada).segment_ids == [one.pk]
    with pytest.raises(NotFound):
        get_segment(two.pk)
    with simulated(NOW):
        assert find_differences() == []


def test_another_tenant_sees_nothing(tenant: Tenant, other_tenant: Tenant) -> None:
    make_buyer(last_order_at=NOW)
    segment = create()
    settle()
    with tenant_scope(other_tenant.pk):
        assert summarize(list(list_segments()), NOW) == []
        assert list_member_ids(segment.pk) == []
        with pytest.raises(NotFound):
            get_segment(segment.pk)


def test_the_list_says_size_movement_and_line(tenant: Tenant) -> None:
    make_buyer(net=31_000, last_order_at=NOW)
    make_buyer(net=500, last_order_at=NOW)
    with simulated(NOW):
        install_core_segments()
    vip = find_segment_by_key("vip")
    assert vip is not None
    create("British VIP", {"segment": str(vip.pk), "is": "member"})
    settle()
    with simulated(NOW):
        note_use(vip.pk)
    rows = {row.segment.name: row for row in summarize(list(list_segments()), NOW)}
    assert rows["VIP"].words == "Net revenue: top 10% of buyers"
    assert rows["VIP"].lines == (
        "Top 10%: £310.00 and more, among 2 buyers, as of 30 Jun 2026, 13:00",
    )
    assert [user.name for user in rows["VIP"].used_by] == ["British VIP"]
    assert (rows["First-time buyers"].entered, rows["First-time buyers"].left) == (2, 0)
    assert rows["First-time buyers"].sizes == (*[0] * 29, 2)
    assert (rows["VIP"].used_at, rows["At risk"].used_at) == (NOW, None)
    assert rows["British VIP"].words == "In segment “VIP”"
    assert describe_segment(rows["At risk"].segment) == "Days since last order: 60 to 119"
    assert find_segment_by_key("") is None


def test_members_are_searched_and_paged(tenant: Tenant) -> None:
    keys = [
        make_buyer(
            orders=2,
            net=5_000 + n,
            last_order_at=NOW,
            first_name="Ada",
            last_name=f"N{n}",
            name_norm=f"ada n{n}",
            email=f"ada{n}@example.com",
            email_norm=f"ada{n}@example.com",
        )
        for n in range(5)
    ]
    segment = create()
    settle()
    first = list_members(segment.pk, limit=2)
    assert [row.profile_id for row in first] == [keys[4], keys[3]]
    row = first[0]
    assert (row.name, row.email, row.order_count) == ("Ada N4", "ada4@example.com", 2)
    assert (row.net_minor, row.last_order_at, row.entered_at) == (5_004, NOW, NOW)
    rest = list_members(segment.pk, after=keys[3])
    assert [one.profile_id for one in rest] == [keys[2], keys[1], keys[0]]
    found = list_members(segment.pk, search="ADA N2")
    assert [one.profile_id for one in found] == [keys[2]]
    assert [one.profile_id for one in list_members(segment.pk, search="ada1@")] == [keys[1]]
    assert list_members(segment.pk, search="%") == []


def test_sizes_are_counted_back_from_entries_and_exits(tenant: Tenant) -> None:
    ada = make_buyer(last_order_at=NOW)
    segment = create(at=NOW - timedelta(days=3))
    settle(NOW - timedelta(days=3))
    make_buyer(last_order_at=NOW)
    rebuild(NOW - timedelta(days=1), Cause.REFERENCE)
    change_facts(ada, order_count=0)
    rebuild(NOW, Cause.REFERENCE)
    segment.refresh_from_db()
    assert list_sizes(segment, NOW, days=5) == [
        (date(2026, 6, 26), 0),
        (date(2026, 6, 27), 1),
        (date(2026, 6, 28), 1),
        (date(2026, 6, 29), 2),
        (date(2026, 6, 30), 1),
    ]


def test_movement_by_day_follows_the_tenants_zone(tenant: Tenant) -> None:
    late = datetime(2026, 6, 29, 23, 30, tzinfo=UTC)  # 30 June in London
    make_buyer(last_order_at=late)
    segment = create(at=late)
    settle(late)
    days = MembershipDay.objects.filter(segment=segment).values_list("on", "entered", "left_count")
    assert list(days) == [(date(2026, 6, 30), 1, 0)]

    Tenant.objects.filter(pk=tenant.pk).update(timezone="UTC")
    with simulated(NOW):
        assert [line.split(": ", 1)[1] for line in find_differences()] == [
            "stored (0, 0), counted (1, 0)",
            "stored (1, 0), counted (0, 0)",
        ]
        rebuild_by_day()
        assert find_differences() == []
    assert list(days.all()) == [(date(2026, 6, 29), 1, 0)]


def test_a_deleted_segment_takes_its_movement_along(tenant: Tenant) -> None:
    make_buyer(last_order_at=NOW)
    segment = create()
    settle()
    assert MembershipDay.objects.get().entered == 1
    delete_segment(segment.pk)
    assert not MembershipDay.objects.exists()


def test_an_erased_profile_is_in_no_segment(tenant: Tenant) -> None:
    ada = make_buyer(last_order_at=NOW)
    segment = create()
    settle()
    Profile.objects.filter(pk=ada).update(erased_at=NOW)
    rebuild(NOW, Cause.REFERENCE)
    assert list_member_ids(segment.pk) == []
