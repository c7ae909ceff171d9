"""Scoring in SQL against the plain rules, row for row."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from crm.models import Event, ProfileFacts, Refund
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from segments.domain.rfm import (
    group_of,
    quantile_bounds,
    score_buyer,
    score_by_share,
    threshold_bounds,
)
from segments.models import RfmChange, RfmDay, RfmHistory, RfmScale, RfmScore, RfmSum
from segments.queries.rfm import explain_recency, list_grid, list_groups
from segments.services.checks import find_differences
from segments.services.rfm import score_all, score_changed
from segments.types import BuyerMeasures, GroupMove, Scores
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer, make_order

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
TODAY = date(2026, 6, 30)


@dataclass(frozen=True)
class Spec:
    days: int
    orders: int
    net: int


def make_buyers(specs: list[Spec]) -> list[BuyerMeasures]:
    made = []
    for spec in specs:
        at = NOW - timedelta(days=spec.days)
        key = make_buyer(orders=spec.orders, net=spec.net, last_order_at=at)
        made.append(BuyerMeasures(key, at.date(), spec.orders, spec.net))
    return made


def stored() -> dict[int, Scores]:
    return {
        row.profile_id: Scores(row.recency, row.frequency, row.monetary, row.group)
        for row in RfmScore.objects.all()
    }


def sums() -> dict[tuple[int, int, str], tuple[int, int]]:
    return {
        (row.recency, row.frequency, row.group): (row.profile_count, row.net_minor)
        for row in RfmSum.objects.all()
        if (row.profile_count, row.net_minor) != (0, 0)
    }


def last_days() -> dict[int, int]:
    """Return how many buyers ordered last so many days ago."""
    return {
        (TODAY - row.last_order_on).days: row.profile_count
        for row in RfmDay.objects.exclude(profile_count=0)
    }


def many(count: int) -> list[Spec]:
    return [
        Spec(
            days=index * 7 % 400,
            orders=1 if index % 10 < 7 else index % 9 + 1,
            net=index * 37 % 900 * 10 - 500,
        )
        for index in range(count)
    ]


def test_two_hundred_buyers_are_scored_by_their_share(tenant: Tenant) -> None:
    make_buyer()  # never bought: not scored
    buyers = make_buyers(many(203))

    assert score_all(NOW) == []

    recency = score_by_share([buyer.last_order_on for buyer in buyers])
    frequency = score_by_share([buyer.order_count for buyer in buyers])
    monetary = score_by_share([buyer.net_minor for buyer in buyers])
    assert stored() == {
        buyer.profile_id: Scores(r, f, m, group_of(r, f, m, order_count=buyer.order_count))
        for buyer, r, f, m in zip(buyers, recency, frequency, monetary, strict=True)
    }
    scale = RfmScale.objects.get()
    bounds = quantile_bounds(buyers)
    assert (scale.mode, scale.buyers, scale.is_pinned) == ("quantile", 203, False)
    assert scale.recency_bounds == list(bounds.recency)
    assert scale.frequency_bounds == list(bounds.frequency)
    assert scale.monetary_bounds == list(bounds.monetary)
    assert find_differences() == []


def test_fewer_buyers_are_scored_by_thresholds(tenant: Tenant) -> None:
    buyers = make_buyers(many(40))

    score_all(NOW)

    bounds = threshold_bounds(
        today=TODAY,
        net_minor=sum(buyer.net_minor for buyer in buyers),
        order_count=sum(buyer.order_count for buyer in buyers),
    )
    assert stored() == {buyer.profile_id: score_buyer(buyer, bounds) for buyer in buyers}
    assert RfmScale.objects.get().mode == "thresholds"


def test_a_tenant_without_buyers_has_a_scale_and_no_scores(tenant: Tenant) -> None:
    score_all(NOW)
    assert RfmScale.objects.get().buyers == 0
    assert not RfmScore.objects.exists()
    assert find_differences() == []


def test_days_are_those_of_the_tenants_zone(tenant: Tenant) -> None:
    # 23:30 UTC on 31 May is 1 June in London.
    key = make_buyer(last_order_at=datetime(2026, 5, 31, 23, 30, tzinfo=UTC))
    score_all(NOW)
    assert RfmScore.objects.get(profile_id=key).last_order_on == date(2026, 6, 1)


def test_facts_carry_the_scores_and_lose_them_with_the_last_order(tenant: Tenant) -> None:
    key = make_buyer(last_order_at=NOW)
    score_all(NOW)
    facts = ProfileFacts.objects.get(profile_id=key)
    assert (facts.recency, facts.frequency, facts.monetary) == (5, 1, 3)
    assert facts.rfm_group == "potential"

    change_facts(key, lookback_order_count=0, lookback_net_minor=0, last_order_at=None)
    assert score_changed([key], NOW) == [GroupMove(key, "potential", "")]

    facts = ProfileFacts.objects.get(profile_id=key)
    assert (facts.recency, facts.frequency, facts.monetary, facts.rfm_group) == (
        None,
        None,
        None,
        "",
    )
    assert not RfmScore.objects.exists()


def test_the_first_scoring_is_no_movement_and_a_repeat_writes_nothing(tenant: Tenant) -> None:
    make_buyers(many(30))
    score_all(NOW)
    before = {row.profile_id: row.changed_at for row in RfmScore.objects.all()}

    assert score_all(NOW + timedelta(minutes=5)) == []

    assert {row.profile_id: row.changed_at for row in RfmScore.objects.all()} == before
    assert not RfmChange.objects.exists()
    assert not Event.objects.exists()


def test_a_changed_buyer_is_scored_by_the_kept_bounds_and_moves(tenant: Tenant) -> None:
    buyers = make_buyers(many(210))
    score_all(NOW)
    bounds = quantile_bounds(buyers)
    mover = buyers[1]
    change_facts(mover.profile_id, lookback_order_count=8, lookback_net_minor=90_000)
    change_facts(mover.profile_id, last_order_at=NOW)
    newcomer = make_buyer(last_order_at=NOW)
    untouched = stored()[buyers[2].profile_id]

    moves = score_changed([mover.profile_id, newcomer], NOW, history_ids={newcomer})

    was = score_buyer(mover, bounds).group
    assert moves == [
        GroupMove(mover.profile_id, was, "champions"),
        GroupMove(newcomer, "", "potential"),
    ]
    assert stored()[buyers[2].profile_id] == untouched
    assert RfmScore.objects.get(profile_id=mover.profile_id).previous_group == was
    # A first group is kept as a change, and is no event.
    assert list(
        RfmChange.objects.order_by("pk").values_list("profile_id", "from_group", "to_group")
    ) == [
        (mover.profile_id, was, "champions"),
        (newcomer, "", "potential"),
    ]
    event = Event.objects.get(name="RFM Group Changed")
    assert event.profile_id == mover.profile_id
    assert event.properties == {"from": was, "to": "champions"}
    assert event.is_backfill is False


def test_facts_that_were_made_anew_take_over_the_scores(tenant: Tenant) -> None:
    [buyer] = make_buyers([Spec(1, 1, 500)])
    score_all(NOW)
    change_facts(buyer.profile_id, recency=None, frequency=None, monetary=None, rfm_group="")
    assert score_changed([buyer.profile_id], NOW) == []
    assert ProfileFacts.objects.get().rfm_group == "potential"
    assert find_differences() == []


def test_a_move_from_an_import_starts_no_flow(tenant: Tenant) -> None:
    [buyer] = make_buyers([Spec(100, 1, 500)])
    score_all(NOW)
    change_facts(buyer.profile_id, last_order_at=NOW)
    score_changed([buyer.profile_id], NOW, history_ids={buyer.profile_id})
    assert Event.objects.get(name="RFM Group Changed").is_backfill is True


def test_the_night_moves_groups_by_time_alone(tenant: Tenant) -> None:
    [buyer] = make_buyers([Spec(30, 1, 500)])
    score_all(NOW)
    later = NOW + timedelta(days=31)
    assert score_all(later) == [GroupMove(buyer.profile_id, "potential", "one_time_lapsed")]
    assert list(RfmHistory.objects.order_by("on").values_list("on", "group", "profile_count")) == [
        (TODAY, "potential", 1),
        (later.date(), "one_time_lapsed", 1),
    ]


def test_history_that_ended_is_scored_as_of_its_last_day(tenant: Tenant) -> None:
    ada, bob = make_buyer(), make_buyer()
    last_day = date(2011, 12, 9)
    make_order(ada, datetime(2011, 12, 9, 23, 59, tzinfo=UTC), 9_000, "1")
    make_order(ada, datetime(2011, 12, 10, 0, 0, tzinfo=UTC), 7_000, "2")  # the day after
    make_order(bob, datetime(2011, 11, 1, 12, tzinfo=UTC), 4_000, "3")
    make_order(bob, datetime(2009, 12, 9, 12, tzinfo=UTC), 5_000, "4")  # before the look-back
    store_id = make_order(bob, datetime(2011, 10, 1, 12, tzinfo=UTC), 1_000, "5").store_id
    Refund.objects.create(
        store_id=store_id,
        external_id="r1",
        profile_id=bob,
        refunded_at=datetime(2011, 12, 1, tzinfo=UTC),
        currency="GBP",
        amount_minor=600,
        base_amount_minor=600,
        source_version_at=NOW,
    )

    score_all(NOW, as_of=last_day)

    bounds = threshold_bounds(today=last_day, net_minor=13_400, order_count=3)
    assert stored() == {
        ada: score_buyer(BuyerMeasures(ada, last_day, 1, 9_000), bounds),
        bob: score_buyer(BuyerMeasures(bob, date(2011, 11, 1), 2, 4_400), bounds),
    }
    assert RfmScale.objects.get().is_pinned is True
    assert find_differences() == []


def test_while_a_past_day_is_looked_at_new_orders_do_not_move_it(tenant: Tenant) -> None:
    ada = make_buyer()
    make_order(ada, datetime(2011, 12, 9, 12, tzinfo=UTC), 9_000, "1")
    score_all(NOW, as_of=date(2011, 12, 9))
    before = stored()

    make_order(ada, NOW, 9_000, "2")
    assert score_changed([ada], NOW) == []
    assert stored() == before

    # A document of that time does move it, so that a late import leaves no difference.
    make_order(ada, datetime(2011, 11, 9, 12, tzinfo=UTC), 9_000, "3")
    score_changed([ada], NOW)
    assert RfmScore.objects.get().order_count == 2
    assert find_differences() == []


def test_differences_are_found(tenant: Tenant) -> None:
    first, second, third = make_buyers([Spec(1, 1, 500), Spec(2, 2, 900), Spec(70, 3, 900)])
    score_all(NOW)
    RfmScore.objects.filter(profile_id=first.profile_id).update(recency=1)
    change_facts(second.profile_id, monetary=1)
    RfmScore.objects.filter(profile_id=third.profile_id).delete()
    found = find_differences()
    assert [line.split(":")[0] for line in found] == [
        f"rfm of profile {first.profile_id}",
        f"rfm of profile {second.profile_id}",
        f"rfm of profile {third.profile_id}",
        "rfm sum of recency 1, frequency 1, potential",
        "rfm sum of recency 3, frequency 3, needs_attention",
        "rfm sum of recency 5, frequency 1, potential",
        f"buyers who last ordered on {TODAY - timedelta(days=70)}",
    ]


def test_the_sums_follow_an_order_a_refund_and_the_last_order_that_counts(tenant: Tenant) -> None:
    first, second, third = make_buyers([Spec(1, 1, 500), Spec(2, 1, 900), Spec(70, 3, 900)])
    score_all(NOW)
    assert sums() == {(5, 1, "potential"): (2, 1_400), (3, 3, "needs_attention"): (1, 900)}

    change_facts(first.profile_id, lookback_order_count=3, lookback_net_minor=1_500)
    change_facts(second.profile_id, lookback_net_minor=200)
    change_facts(third.profile_id, lookback_order_count=0, lookback_net_minor=0)
    score_changed([buyer.profile_id for buyer in (first, second, third)], NOW)

    assert sums() == {(5, 1, "potential"): (1, 200), (5, 3, "promising"): (1, 1_500)}
    assert find_differences() == []
    before = list(RfmSum.objects.order_by("pk").values_list("pk", "profile_count", "net_minor"))
    score_changed([first.profile_id], NOW)
    score_all(NOW)
    after = list(RfmSum.objects.order_by("pk").values_list("pk", "profile_count", "net_minor"))
    assert after == before


def test_the_grid_and_the_groups_add_up(tenant: Tenant) -> None:
    buyers = make_buyers(many(50))
    score_all(NOW)
    cells = list_grid()
    assert len(cells) == 25
    assert sum(cell.profile_count for cell in cells) == 50
    assert sum(cell.net_minor for cell in cells) == sum(spec.net for spec in many(50))
    groups = list_groups(TODAY)
    assert [group.label for group in groups][:3] == ["Champions", "Loyal", "Potential"]
    expected = {group.group: (0, 0, 0) for group in groups}
    for buyer in buyers:
        name = stored()[buyer.profile_id].group
        people, net, orders = expected[name]
        expected[name] = (people + 1, net + buyer.net_minor, orders + buyer.order_count)
    assert {
        group.group: (group.profile_count, group.net_minor, group.order_count) for group in groups
    } == expected
    assert [group.people_share for group in groups] == [
        people / 50 for people, _, _ in expected.values()
    ]
    assert {group.before_count for group in groups} == {None}


def test_the_line_that_explains_recency(tenant: Tenant) -> None:
    old, *_ = make_buyers([Spec(130, 1, 500), Spec(2, 1, 500), Spec(3, 1, 500)])
    stranger = make_buyer()
    score_all(NOW)
    assert explain_recency(old.profile_id, NOW) == (
        "R = 2: last order 130 days ago; 66% of buyers are more recent"
    )
    assert explain_recency(stranger, NOW) is None


def test_the_days_of_last_orders_follow_orders_merges_and_erasures(tenant: Tenant) -> None:
    first, second, third = make_buyers([Spec(1, 1, 500), Spec(2, 1, 900), Spec(70, 3, 900)])
    score_all(NOW)
    assert last_days() == {1: 1, 2: 1, 70: 1}

    change_facts(third.profile_id, last_order_at=NOW - timedelta(days=2))
    score_changed([third.profile_id], NOW)
    assert last_days() == {1: 1, 2: 2}

    merge_profiles([(first.profile_id, second.profile_id)], rule="manual")
    erase_profiles([third.profile_id])
    assert last_days() == {1: 1}
    assert [line for line in find_differences() if "ordered" in line] == []


@pytest.mark.django_db
def test_the_command_prints_what_it_did(tenant: Tenant) -> None:
    ada = make_buyer()
    make_order(ada, datetime(2011, 12, 9, 12, tzinfo=UTC), 9_000, "1")
    out = io.StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("score", "--tenant", "ada-soap", "--as-of", "2011-12-09", "--json", stdout=out)
    printed = json.loads(out.getvalue().splitlines()[-1])
    assert printed["buyers"] == 1
    assert printed["mode"] == "thresholds"
    assert printed["as_of"] == "2011-12-09"
    assert printed["is_pinned"] is True
    assert printed["groups"]["potential"] == 1
    assert sum(printed["groups"].values()) == 1
    assert printed["bounds"]["frequency"] == [2, 3, 5, 8]
    assert printed["bounds"]["recency"] == ["2011-06-12", "2011-09-10", "2011-10-10", "2011-11-09"]


def test_the_command_names_what_is_wrong(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="no tenant has the slug 'nobody'"):
        call_command("score", "--tenant", "nobody")
    with pytest.raises(CommandError, match="'yesterday' is not a date; write 2011-12-09"):
        call_command("score", "--tenant", "ada-soap", "--as-of", "yesterday")
