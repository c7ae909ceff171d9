"""What a change would do before it is saved, what people buy, and what the audit puts right."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import Event, OrderLine, Product, Reaction, Store
from crm.services.ids import allocate_ids
from flows.choices import FlowStatus
from flows.services.flows import create_flow, publish, set_status
from kernel.batches import Deadline
from segments.models import BuyerSample, Defect, Membership, RfmScale, RfmScore, Segment, Upkeep
from segments.queries import impact, insight
from segments.queries.conditions import LIVE_PROFILES
from segments.queries.impact import measure_impact
from segments.queries.insight import find_insight
from segments.queries.listing import list_member_ids
from segments.queries.rfm import list_group_moves
from segments.services import rfm
from segments.services.auditing import audit_memberships
from segments.services.clock import reevaluate_due
from segments.services.rebuild import refresh_everything
from segments.services.segments import create_segment
from tenants.models import Tenant
from tests.factories.flows import definition
from tests.factories.segments import change_facts, make_buyer, make_order, make_segment
from tests.factories.tenants import call_with, make_key, sign_in
from tests.flows.support import make_template

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
BASE = "/t/ada-soap/segments/"
ONE = {"field": "order_count", "is": ">=", "value": 1}
TWO = {"field": "order_count", "is": ">=", "value": 2}


@pytest.fixture(autouse=True)
def today() -> object:
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


def settle() -> None:
    while reevaluate_due(Deadline(seconds=None)):
        pass


@pytest.mark.covers("X3")
def test_a_preview_says_who_comes_who_goes_and_saves_nothing(client: Client) -> None:
    once = make_buyer(orders=1, last_order_at=NOW, first_name="Once")
    twice = make_buyer(orders=2, last_order_at=NOW, first_name="Twice")
    segment = create_segment(name="One order", definition={**ONE, "is": "="})
    settle()
    found = measure_impact(TWO, NOW, segment_id=segment.pk)
    assert found is not None
    assert (found.members, found.gained, found.lost, found.is_estimate) == (1, 1, 1, False)
    assert [person.pk for person in found.gained_sample] == [twice]
    assert [person.pk for person in found.lost_sample] == [once]
    data = {"segment": str(segment.pk), "definition": json.dumps(TWO)}
    shown = client.post(f"{BASE}preview/", data).content.decode()
    assert "Twice" in shown
    assert "No flow starts by it" in shown
    assert (
        "must be one of"
        in client.post(
            f"{BASE}preview/", {"definition": '{"field": "order_count", "is": "?"}'}
        ).content.decode()
    )
    assert list_member_ids(segment.pk) == [once]


@pytest.mark.covers("X3")
def test_a_preview_names_the_flows_that_start_on_entry(client: Client) -> None:
    make_buyer(orders=2, last_order_at=NOW)
    segment = make_segment(ONE)
    make_template("note")
    flow = create_flow(name="Come back")
    publish(flow.pk, definition(trigger={"segment": str(segment.pk)}))
    set_status(flow.pk, FlowStatus.LIVE)
    data = {"segment": str(segment.pk), "definition": json.dumps(TWO)}
    shown = " ".join(client.post(f"{BASE}preview/", data).content.decode().split())
    assert "Come back</a> starts when somebody enters." in shown


def test_a_slow_preview_becomes_an_estimate_and_then_none(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(60):
        make_buyer(orders=2, last_order_at=NOW)
    slow = "(p.id > 0 AND pg_sleep(0.02) IS NOT NULL)"
    monkeypatch.setattr(impact, "LIVE_PROFILES", f"{LIVE_PROFILES} AND {slow}")
    monkeypatch.setattr(impact, "EXACT_MS", 100)
    found = measure_impact(TWO, NOW, segment_id=None)
    assert found is not None
    assert found.is_estimate
    monkeypatch.setattr(impact, "SAMPLED_MS", 1)
    monkeypatch.setattr(impact, "ONE_IN", 2)
    assert measure_impact(TWO, NOW, segment_id=None) is None
    assert not Segment.objects.exists()


@pytest.mark.covers("X3")
def test_where_people_are_many_a_draft_is_estimated_at_once(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        make_buyer(orders=number % 3 + 1, last_order_at=NOW)
    monkeypatch.setattr(impact, "ONE_IN", 2)
    monkeypatch.setattr(impact, "MANY", 20)
    quick = measure_impact(ONE, NOW, segment_id=None, is_quick=True)
    exact = measure_impact(TWO, NOW, segment_id=None)
    assert quick is not None
    assert exact is not None
    assert (quick.people, quick.members, quick.is_estimate) == (60, 60, True)
    assert (exact.members, exact.is_estimate) == (40, False)
    monkeypatch.setattr(impact, "MANY", 61)
    few = measure_impact(TWO, NOW, segment_id=None, is_quick=True)
    assert few is not None
    assert (few.members, few.is_estimate) == (40, False)


def test_people_whose_ids_lie_among_those_of_others_are_looked_at_more_closely(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(30):
        make_buyer(orders=1, last_order_at=NOW)
    allocate_ids("crm_profile", 300)
    for _ in range(30):
        make_buyer(orders=2, last_order_at=NOW)
    for name, value in (("ONE_IN", 1), ("MANY", 20), ("QUICK_PEOPLE", 40), ("FEWEST", 20)):
        monkeypatch.setattr(impact, name, value)
    found = measure_impact(TWO, NOW, segment_id=None, is_quick=True)
    assert found is not None
    assert (found.one_in, found.people, found.members) == (1, 60, 30)


def test_the_api_previews_and_says_what_is_bought(tenant: Tenant) -> None:
    one = make_buyer(orders=2, last_order_at=NOW)
    segment = make_segment(ONE)
    caller = call_with(make_key(tenant))

    def preview(definition: object) -> Any:
        body = json.dumps({"definition": definition, "segment": segment.pk})
        return caller.post("/api/v1/segments/preview/", body, content_type="application/json")

    answer = preview(TWO)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["member_count"], found["gained"], found["lost"]) == (1, 1, 0)
    assert [person["id"] for person in found["sample"]] == [str(one)]
    assert caller.get(f"/api/v1/segments/{segment.pk}/insight/").json()["products"] == []
    # What saving would be refused for is refused here too, at its place.
    gone = {"op": "and", "children": [TWO, {"segment": str(segment.pk), "is": "member"}]}
    refused = preview(gone)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_definition")
    assert list(refused.json()["fields"]) == ["definition.children[1].segment"]
    assert refused.json()["pointer"] == "/definition/children/1/segment"


def buy(profile_id: int, number: int, *products: Product) -> None:
    order = make_order(profile_id, NOW, 1_000, f"{profile_id}-{number}")
    for place, product in enumerate(products):
        OrderLine.objects.create(
            order=order,
            line_key=str(place),
            position=place,
            product=product,
            category="Soap" if place == 0 else "",
            quantity=1,
            unit_price_minor=100,
            total_minor=100,
        )


@pytest.mark.covers("S14")
def test_insight_ranks_what_is_bought_and_what_goes_with_it(client: Client) -> None:
    regulars = [make_buyer(orders=2, last_order_at=NOW) for _ in range(40)]
    others = [make_buyer(orders=1, last_order_at=NOW) for _ in range(40)]
    make_order(regulars[0], NOW, 100, "first")
    soap, towel, brush = (
        Product.objects.create(store_id=store(), external_id=name, title=name)
        for name in ("Soap", "Towel", "Brush")
    )
    for place, profile in enumerate(regulars):
        buy(profile, 1, soap, *([towel] if place < 10 else []))
    for place, profile in enumerate(others):
        buy(profile, 1, soap if place < 10 else brush)
    segment = create_segment(name="Regulars", definition=TWO)
    refresh_everything(NOW)
    found = find_insight(segment.pk)
    assert (found.members, found.rest, found.is_sampled) == (40, 40, False)
    top = found.products[0]
    assert (top.name, top.people, top.share, top.rest_share, top.lift) == ("Soap", 40, 1, 0.25, 4)
    assert [row.name for row in found.products] == ["Soap", "Towel"]
    assert [row.name for row in found.categories] == ["Soap"]
    assert found.cross_sell == []
    for profile in regulars[20:]:
        buy(profile, 2, brush)
    for profile in regulars[:5]:
        buy(profile, 3, brush)
    shown = find_insight(segment.pk)
    assert {row.name: row.people for row in shown.products}["Brush"] == 25
    fragment = client.get(f"{BASE}{segment.pk}/?tab=insight", headers={"HX-Request": "true"})
    assert "4×" in fragment.content.decode()
    assert "hx-get" in client.get(f"{BASE}{segment.pk}/?tab=insight").content.decode()


@pytest.mark.covers("S14")
def test_what_goes_with_what_they_have_is_offered_and_written_for_merchandising(
    client: Client,
) -> None:
    members = [make_buyer(orders=2, last_order_at=NOW) for _ in range(30)]
    make_order(members[0], NOW, 100, "first")
    soap, towel, sponge = (
        Product.objects.create(store_id=store(), external_id=name, title=name)
        for name in ("Soap", "Towel", "Sponge")
    )
    for place, profile in enumerate(members):
        buy(profile, 1, soap, *[towel][: place < 10], *[sponge][: place < 8])
    segment = create_segment(name="Regulars", definition=TWO)
    refresh_everything(NOW)
    # Eight of the ten who have a towel have a sponge, of eight among thirty: three times chance.
    [offer] = find_insight(segment.pk).cross_sell
    assert (offer.has_title, offer.lacks_title, offer.people) == ("Towel", "Sponge", 2)
    assert (offer.open_share, offer.strength) == (0.2, 3)
    shown = client.get(f"{BASE}{segment.pk}/?tab=insight", headers={"HX-Request": "true"})
    assert ">Sponge</a>" in shown.content.decode()
    assert f'href="{BASE}{segment.pk}/buys.csv"' in shown.content.decode()
    file = client.get(f"{BASE}{segment.pk}/buys.csv")
    head, *lines = file.getvalue().decode().splitlines()
    assert head.startswith("what,name,product_id,offer,offer_product_id,people,percent,")
    assert lines == [
        f"product,Soap,{soap.pk},,,30,100.0,,",
        f"product,Towel,{towel.pk},,,10,33.3,,",
        f"product,Sponge,{sponge.pk},,,8,26.7,,",
        "category,Soap,,,,30,100.0,,",
        f"offer,Towel,{towel.pk},Sponge,{sponge.pk},2,20.0,,3.0",
    ]


def sell_to(buyers: list[int], title: str) -> None:
    make_order(buyers[0], NOW, 100, f"first-{title}")
    product = Product.objects.create(store_id=store(), external_id=title, title=title)
    for profile in buyers:
        buy(profile, 1, product)


@pytest.mark.covers("S14")
def test_insight_among_many_buyers_looks_at_a_sample_and_says_so(
    tenant: Tenant, today: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insight, "POOL", 40)
    monkeypatch.setattr(rfm, "POOL", 40)
    regulars = [make_buyer(orders=2, last_order_at=NOW) for _ in range(60)]
    others = [make_buyer(orders=1, last_order_at=NOW) for _ in range(40)]
    sell_to(regulars, "Soap")
    segment = create_segment(name="Regulars", definition=TWO)
    refresh_everything(NOW)
    drawn = BuyerSample.objects.get()
    assert 20 < len(drawn.profile_ids) < 60
    today.shift(timedelta(hours=1))  # type: ignore[attr-defined]

    exact = find_insight(segment.pk)
    assert (exact.members, exact.rest, exact.is_estimate) == (60, 40, False)
    assert exact.seen_members == 60
    assert exact.seen_rest == len(set(drawn.profile_ids) & set(others))

    monkeypatch.setattr(insight, "MOVES", 1)
    found = find_insight(segment.pk)
    seen = len(set(drawn.profile_ids) & set(regulars))
    assert (found.seen_members, found.seen_rest) == (seen, len(drawn.profile_ids) - seen)
    assert found.members == round(100 * seen / len(drawn.profile_ids))
    assert (found.members + found.rest, found.is_estimate, found.drawn_at) == (100, True, NOW)
    assert [(row.name, row.share) for row in found.products] == [("Soap", 1)]

    monkeypatch.setattr(insight, "SAMPLE", 5)
    few = find_insight(segment.pk)
    assert (few.seen_members, few.seen_rest, few.is_sampled) == (5, 5, True)
    shown = sign_in(tenant).get(f"{BASE}{segment.pk}/?tab=insight", headers={"HX-Request": "true"})
    said = " ".join(shown.content.decode().split())
    assert f"About {found.members} of its members bought" in said
    assert "Figures are of 5 of them and 5 of the others, drawn evenly from the buyers" in said


def test_a_sample_goes_when_all_buyers_can_be_looked_through_again(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyers = [make_buyer(orders=2, last_order_at=NOW) for _ in range(12)]
    sell_to(buyers, "Soap")
    segment = create_segment(name="Regulars", definition=TWO)
    monkeypatch.setattr(insight, "POOL", 10)
    monkeypatch.setattr(insight, "MOVES", 1)
    refresh_everything(NOW)
    assert not BuyerSample.objects.exists()
    # The tenant has grown since its last night: its newest buyers are looked at.
    found = find_insight(segment.pk)
    assert (found.members, found.seen_members, found.drawn_at) == (12, 10, None)
    monkeypatch.setattr(rfm, "POOL", 10)
    refresh_everything(NOW)
    assert BuyerSample.objects.exists()
    monkeypatch.setattr(rfm, "POOL", 12)
    refresh_everything(NOW)
    assert not BuyerSample.objects.exists()


def store() -> int:
    return Store.objects.get().pk


@pytest.mark.covers("S4")
def test_the_audit_records_and_repairs_a_wrong_membership(client: Client) -> None:
    inside, outside = make_buyer(orders=2, last_order_at=NOW), make_buyer(last_order_at=NOW)
    either = {"op": "or", "children": [TWO, {"field": "country", "is": "=", "value": "GB"}]}
    regulars = {"op": "and", "children": [TWO, either]}
    segment = create_segment(name="Regulars", definition=regulars)
    settle()
    assert audit_memberships(NOW) == 0
    Membership.objects.filter(profile_id=inside).update(segment_ids=[])
    Membership.objects.update_or_create(profile_id=outside, defaults={"segment_ids": [segment.pk]})
    assert audit_memberships(NOW, chunk=1) == 2
    assert list_member_ids(segment.pk) == [inside]
    rows = Defect.objects.order_by("profile").values_list("profile", "was_member", "leaves")
    british = {"words": "Country: GB", "actual": "not known", "holds": False}

    def told(orders: str, *, holds: bool) -> list[dict[str, Any]]:
        two = {"words": "Orders: at least 2", "actual": orders, "holds": holds}
        return [two, {"op": "or", "holds": holds, "parts": [two, british]}]

    assert list(rows) == [
        (inside, False, told("2 orders", holds=True)),
        (outside, True, told("1 order", holds=False)),
    ]
    assert audit_memberships(NOW) == 0
    shown = client.get(f"{BASE}audit/").content.decode()
    assert "Was in it and should not have been" in shown
    assert "Was missing" in shown
    assert shown.count("At least one of these") == 2


def test_who_waits_for_an_event_or_the_clock_is_no_defect(tenant: Tenant) -> None:
    late = make_buyer(last_order_at=NOW)
    create_segment(name="Regulars", definition=TWO)
    settle()
    change_facts(late, order_count=2)
    waiting = Reaction.objects.create(
        event_id=1, occurred_at=NOW, event_name="Order Placed", profile_id=late
    )
    assert audit_memberships(NOW) == 0
    waiting.delete()
    assert audit_memberships(NOW) == 1


def test_the_audit_comes_with_a_night_once_a_week(tenant: Tenant, today: object) -> None:
    make_buyer(last_order_at=NOW)
    create_segment(name="Regulars", definition=TWO)
    settle()
    nights = []
    for _ in range(9):
        today.shift(timedelta(days=1))  # type: ignore[attr-defined]
        settle()
        nights.append(Upkeep.objects.get().audited_at)
    assert len(set(nights)) == 2
    assert nights[0] == nights[5] != nights[7] == nights[8]


@pytest.mark.covers("S1")
def test_groups_move_between_two_days(client: Client, today: object) -> None:
    stays, moves = (
        make_buyer(orders=2, net=10_000, last_order_at=NOW - timedelta(days=days))
        for days in (1, 58)
    )
    refresh_everything(NOW)
    before = RfmScore.objects.get(profile_id=moves).group
    today.move_to(NOW + timedelta(days=5))  # type: ignore[attr-defined]
    refresh_everything(NOW + timedelta(days=5))
    after = RfmScore.objects.get(profile_id=moves).group
    assert before != after
    fresh = make_buyer(orders=1, last_order_at=NOW + timedelta(days=5))
    refresh_everything(NOW + timedelta(days=5))
    found = list_group_moves(NOW.date(), NOW.date() + timedelta(days=5), NOW + timedelta(days=5))
    told = {(move.from_group, move.to_group): move.people for move in found}
    kept = RfmScore.objects.get(profile_id=stays).group
    assert told == {
        (kept, kept): 1,
        (before, after): 1,
        ("", RfmScore.objects.get(profile_id=fresh).group): 1,
    }
    answer = client.get(f"{BASE}rfm/moves/?from=2026-06-30&to=2026-07-05").json()
    assert answer["type"] == "sankey"
    assert sum(people for *_, people in answer["links"]) == 3
    shown = client.get(f"{BASE}rfm/").content.decode()
    assert "Orders as of the last full scoring" in shown
    assert "Make a segment" in shown


@pytest.mark.covers("S1")
def test_scores_are_cut_otherwise_after_a_look_at_who_moves(client: Client) -> None:
    for days in (5, 40, 100):
        make_buyer(orders=2, net=10_000, last_order_at=NOW - timedelta(days=days))
    refresh_everything(NOW)
    groups = dict(RfmScore.objects.values_list("profile_id", "group"))
    cuts = {
        **dict(zip([f"days_{score}" for score in (5, 4, 3, 2)], (3, 4, 20, 30), strict=True)),
        **dict(zip([f"orders_{score}" for score in (5, 4, 3, 2)], (8, 5, 3, 2), strict=True)),
        **dict(zip([f"percents_{s}" for s in (5, 4, 3, 2)], (400, 200, 100, 50), strict=True)),
        "mode": "thresholds",
    }
    shown = client.post(f"{BASE}rfm/cut/", {**cuts, "action": "preview"})
    assert "3 of 3 buyers would be in another group" in " ".join(shown.content.decode().split())
    assert dict(RfmScore.objects.values_list("profile_id", "group")) == groups
    refused = client.post(f"{BASE}rfm/cut/", {**cuts, "days_5": 500, "action": "save"})
    assert refused.status_code == 422
    assert RfmScale.objects.get().thresholds is None
    client.post(f"{BASE}rfm/cut/", {**cuts, "action": "save"})
    settle()
    scale = RfmScale.objects.get()
    assert scale.thresholds is not None
    assert (scale.is_recut, scale.thresholds["days"]) == (False, [30, 20, 4, 3])
    now = RfmScore.objects.values_list("group", flat=True)
    assert sorted(now) != sorted(groups.values())
    told = Event.objects.filter(name="RFM Group Changed").values_list("is_backfill", flat=True)
    assert set(told) == {True}
