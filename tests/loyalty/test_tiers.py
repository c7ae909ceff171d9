"""Tiers of people: moved by orders, by the clock and by another ladder; told, and asked for."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.models import Event, Profile, ProfileFacts
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from kernel.batches import Deadline
from kernel.clock import simulated
from kernel.errors import Invalid
from kernel.work import drain_tenant
from loyalty.models import PointsAccount, PointsEntry, Program, Tier, TierChange
from loyalty.queries.standing import find_progress
from loyalty.services.accrual import post_for_events
from loyalty.services.checks import find_differences
from loyalty.services.ladder import LadderData, TierData, save_ladder, try_ladder
from loyalty.services.tiers import evaluate, work_off_tiers
from segments.models import Membership, Upkeep
from segments.queries.reasons import explain_segments
from segments.services.clock import reevaluate_due
from segments.services.evaluate import matching
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.loyalty import BOUGHT_AT, make_order, make_profile, make_ref, make_refund
from tests.factories.segments import make_segment
from tests.factories.tenants import make_key, sign_in

pytestmark = pytest.mark.usefixtures("tenant")
HOME = "/t/ada-soap/loyalty/"
NEW = TierData(None, "New")
REGULAR = TierData(None, "Regular", min_spend_minor=15_000, min_orders=3)
VIP = TierData(None, "VIP", min_spend_minor=50_000, benefits="Free delivery")


def ladder(*tiers: TierData, window: str = "rolling", grace: int = 30) -> list[Tier]:
    saved = save_ladder(LadderData(tiers, window, grace), actor="ada@example.com")
    work()
    return saved


def work() -> int:
    return work_off_tiers(Deadline(seconds=None))


def buy(profile: Profile, total_minor: int, *, days: int = 0, **fields: Any) -> Any:
    at = BOUGHT_AT + timedelta(days=days)
    order = make_order(profile, total_minor, ordered_at=at)
    with simulated(at):
        post_for_events([make_ref("Order Placed", order.pk, profile.pk, **fields)])
    return order


def tier_of(profile: Profile) -> str:
    facts = ProfileFacts.objects.filter(profile_id=profile.pk).first()
    account = PointsAccount.objects.filter(profile_id=profile.pk).first()
    name = facts.loyalty_tier if facts else ""
    stored = Tier.objects.filter(pk=account.tier_id or 0).first() if account else None
    assert (stored.name if stored else "") == name
    return name


def ahead() -> tuple[datetime | None, str, int]:
    facts = ProfileFacts.objects.get()
    return facts.tier_ends_at, facts.tier_after, facts.rank_after


def told() -> list[tuple[str, str, str, bool]]:
    events = Event.objects.filter(name="Loyalty Tier Changed").order_by("pk")
    return [
        (one.properties["from"], one.properties["to"], one.properties["direction"], one.is_backfill)
        for one in events
    ]


@pytest.fixture
def three() -> list[Tier]:
    with simulated(BOUGHT_AT):
        return ladder(NEW, REGULAR, VIP)


@pytest.mark.covers("L4", "F12")
def test_orders_move_people_up_once(three: list[Tier]) -> None:
    ada = make_profile()
    order = buy(ada, 1_000)
    buy(ada, 14_000, days=1)
    buy(ada, 40_000, days=2)
    post_for_events([make_ref("Order Updated", order.pk, ada.pk)])
    assert told() == [
        ("", "New", "joined", False),
        ("New", "Regular", "up", False),
        ("Regular", "VIP", "up", False),
    ]
    assert tier_of(ada) == "VIP"
    event = Event.objects.filter(name="Loyalty Tier Changed").latest("pk")
    change = TierChange.objects.get(pk=event.object_id or 0)
    assert (change.from_tier, change.to_tier, change.spend_minor) == ("Regular", "VIP", 55_000)


@pytest.mark.covers("L4")
def test_time_takes_a_tier_after_the_days_of_grace(three: list[Tier]) -> None:
    ada = make_profile()
    buy(ada, 60_000)
    # The order is a year old when the first of June begins in London.
    a_year = datetime(2027, 5, 31, 23, tzinfo=UTC)
    assert PointsAccount.objects.get().tier_due_at == a_year
    assert ahead() == (a_year + timedelta(days=30), "New", 1)
    with simulated(a_year - timedelta(seconds=1)):
        assert work() == 0
    # However late the clock comes to it, they have merited it no more since then.
    with simulated(a_year + timedelta(minutes=7)):
        assert work() == 1
    assert (tier_of(ada), PointsAccount.objects.get().tier_falls_at) == (
        "VIP",
        a_year + timedelta(days=30),
    )
    assert ahead() == (a_year + timedelta(days=30), "New", 1)
    with simulated(a_year + timedelta(days=30)):
        assert (work(), work()) == (1, 0)
    assert tier_of(ada) == "New"
    assert told()[-1] == ("VIP", "New", "down", False)
    assert ahead() == (None, "", 0)


def test_who_buys_within_the_days_of_grace_stays(three: list[Tier]) -> None:
    ada = make_profile()
    buy(ada, 60_000)
    with simulated(BOUGHT_AT + timedelta(days=366)):
        work()
    buy(ada, 60_000, days=370)
    assert (tier_of(ada), PointsAccount.objects.get().tier_falls_at) == ("VIP", None)
    assert [move[1] for move in told()] == ["VIP"]


def test_a_refund_takes_a_tier_after_the_days_of_grace(three: list[Tier]) -> None:
    ada = make_profile()
    order = buy(ada, 60_000)
    make_refund(order, 20_000)
    order.refunded_minor = 20_000
    order.save(update_fields=["refunded_minor"])
    with simulated(BOUGHT_AT):
        post_for_events([make_ref("Order Updated", order.pk, ada.pk)])
    falls_at = PointsAccount.objects.get().tier_falls_at
    assert falls_at == BOUGHT_AT + timedelta(days=30)
    assert ahead() == (falls_at, "Regular", 2)
    with simulated(falls_at):
        work()
    assert tier_of(ada) == "Regular"


def refund(order: Any, amount_minor: int, at: datetime) -> None:
    """Give some of an order back, and let the tiers hear of it."""
    make_refund(order, amount_minor, refunded_at=at)
    order.refunded_minor = amount_minor
    order.save(update_fields=["refunded_minor"])
    with simulated(at):
        post_for_events([make_ref("Order Updated", order.pk, order.profile_id)])


@pytest.mark.covers("L4")
def test_days_of_grace_begin_with_what_takes_the_tier_however_late_time_is_looked_at(
    three: list[Tier],
) -> None:
    ada, bob = make_profile(), make_profile()
    buy(ada, 1_000)
    order = buy(ada, 60_000, days=100)
    buy(bob, 60_000)
    # Both are due once the first order is a year old; that of Ada takes nothing from her.
    a_year = datetime(2027, 5, 31, 23, tzinfo=UTC)
    assert set(PointsAccount.objects.values_list("tier_due_at", flat=True)) == {a_year}
    late = a_year + timedelta(days=40)
    refund(order, 50_000, late)
    evaluate([bob.pk], now=late)
    ends = dict(PointsAccount.objects.values_list("profile_id", "tier_falls_at"))
    assert (tier_of(ada), ends[ada.pk]) == ("VIP", late + timedelta(days=30))
    assert (tier_of(bob), ends[bob.pk]) == ("New", None)


@pytest.mark.covers("L4")
def test_what_another_ladder_foresaw_takes_nothing_from_who_is_yet_to_be_placed(
    three: list[Tier],
) -> None:
    bob = make_profile()
    buy(bob, 60_000)
    late = datetime(2027, 5, 31, 23, tzinfo=UTC) + timedelta(days=40)
    kept = [TierData(three[0].pk, "New"), TierData(three[2].pk, "VIP", min_spend_minor=40_000)]
    with simulated(late):
        save_ladder(LadderData(kept, "rolling", 30), actor="ada@example.com")
        evaluate([bob.pk], now=late)
    falls_at = PointsAccount.objects.get().tier_falls_at
    assert (tier_of(bob), falls_at) == ("VIP", late + timedelta(days=30))
    assert [move[1] for move in told()] == ["VIP"]


@pytest.mark.covers("L4")
def test_another_ladder_leaves_everybody_all_days_of_grace(three: list[Tier]) -> None:
    ada = make_profile()
    buy(ada, 60_000)
    late = datetime(2027, 5, 31, 23, tzinfo=UTC) + timedelta(days=40)
    kept = [TierData(one.pk, one.name, one.min_spend_minor, one.min_orders) for one in three]
    with simulated(late):
        ladder(*kept, grace=20)
    [account] = PointsAccount.objects.all()
    assert (tier_of(ada), account.tier_falls_at) == ("VIP", late + timedelta(days=20))
    with simulated(late + timedelta(days=20)):
        work()
    assert tier_of(ada) == "New"


@pytest.mark.covers("L4")
def test_time_takes_the_only_tier_where_it_asks_for_something() -> None:
    ada = make_profile()
    with simulated(BOUGHT_AT):
        ladder(VIP, grace=0)
    buy(ada, 60_000)
    with simulated(datetime(2027, 5, 31, 23, tzinfo=UTC)):
        assert (work(), work()) == (1, 0)
    assert tier_of(ada) == ""
    assert told() == [("", "VIP", "joined", False), ("VIP", "", "left", False)]


@pytest.mark.covers("L4")
def test_points_taken_back_leave_the_window_with_the_points_of_their_order() -> None:
    ada = make_profile()
    with simulated(BOUGHT_AT):
        ladder(NEW, TierData(None, "Club", min_points=100), grace=0)
    order = buy(ada, 10_000)
    buy(ada, 10_000, days=40)
    at = BOUGHT_AT + timedelta(days=50)
    make_refund(order, 10_000, refunded_at=at)
    order.refunded_minor = 10_000
    order.save(update_fields=["refunded_minor"])
    with simulated(at):
        post_for_events([make_ref("Order Updated", order.pk, ada.pk)])
    # A year after the first order its points and what was taken back of them are both outside.
    with simulated(datetime(2027, 5, 31, 23, tzinfo=UTC)):
        assert work() == 1
    assert tier_of(ada) == "Club"
    assert [move[1] for move in told()] == ["Club"]


def test_a_calendar_year_keeps_what_the_year_before_earned() -> None:
    ada = make_profile()
    with simulated(BOUGHT_AT):
        ladder(NEW, REGULAR, VIP, window="calendar", grace=0)
    buy(ada, 60_000)
    for year, tier in ((2027, "VIP"), (2028, "New")):
        with simulated(datetime(year, 1, 1, tzinfo=UTC)):
            assert work() == 1
        assert tier_of(ada) == tier


def test_history_moves_people_as_history(three: list[Tier]) -> None:
    ada = make_profile()
    buy(ada, 60_000, is_backfill=True)
    assert told() == [("", "VIP", "up", True)]


@pytest.mark.covers("L4")
def test_another_ladder_places_everybody_anew_and_says_so_as_history(three: list[Tier]) -> None:
    ada, bob = make_profile(), make_profile()
    buy(ada, 20_000)
    buy(bob, 1_000)
    kept = [TierData(three[0].pk, "Guest"), TierData(three[2].pk, "Gold", min_spend_minor=18_000)]
    with simulated(BOUGHT_AT):
        found = try_ladder(LadderData(kept, "rolling", 30))
        assert found.rows == [
            ("Gold", 0, 1),
            ("Guest", 0, 1),
            ("New", 1, 0),
            ("Regular", 1, 0),
            ("VIP", 0, 0),
            ("", 0, 0),
        ]
        assert (found.up, found.down, found.looked_at, found.is_all) == (1, 0, 2, True)
        assert tier_of(ada) == "Regular"
        ladder(*kept)
    assert (tier_of(ada), tier_of(bob)) == ("Gold", "Guest")
    # Bob has the tier that he had, by another name.
    assert told()[2:] == [("Regular", "Gold", "up", True)]
    assert Program.objects.get().tier_cursor is None
    assert AuditEntry.objects.filter(action="tiers.updated").count() == 2
    with simulated(BOUGHT_AT):
        ladder(*kept)
        assert AuditEntry.objects.filter(action="tiers.updated").count() == 2
        ladder()
    assert (tier_of(ada), tier_of(bob)) == ("", "")
    assert told()[-1] == ("Guest", "", "left", True)


def test_a_wrong_ladder_changes_nothing(three: list[Tier]) -> None:
    wrong = [NEW, TierData(None, "Club", min_orders=0), TierData(None, " ", multiplier=Decimal(0))]
    with pytest.raises(Invalid) as refused:
        save_ladder(LadderData(wrong, "weekly", -1), actor="x")
    assert set(refused.value.fields) == {
        "window",
        "grace_days",
        "tiers.1.min_orders",
        "tiers.2.name",
        "tiers.2.multiplier",
    }
    assert list(Tier.objects.values_list("name", flat=True).order_by("rank")) == [
        "New",
        "Regular",
        "VIP",
    ]


@pytest.mark.covers("L1")
def test_a_tier_earns_more_from_the_next_order_on() -> None:
    ada = make_profile()
    with simulated(BOUGHT_AT):
        ladder(NEW, TierData(None, "VIP", min_spend_minor=10_000, multiplier=Decimal("1.5")))
    order = buy(ada, 10_000)
    buy(ada, 10_000, days=1)
    entries = PointsEntry.objects.order_by("pk").values_list("points", "rate")
    assert list(entries) == [(100, Decimal(1)), (150, Decimal("1.5"))]
    make_refund(order, 5_000)
    post_for_events([make_ref("Order Updated", order.pk, ada.pk)])
    assert find_differences() == []


def test_a_merge_adds_up_and_its_undoing_takes_apart(three: list[Tier], tenant: Tenant) -> None:
    ada, bob = make_profile(), make_profile()
    buy(ada, 30_000)
    buy(bob, 30_000)
    with simulated(BOUGHT_AT):
        merges = merge_profiles([(ada.pk, bob.pk)], rule="manual", now=BOUGHT_AT)
        drain_tenant(tenant.pk, kinds=("reactions",))
        assert tier_of(ada) == "VIP"
        unmerge_profile(merges[0], now=BOUGHT_AT)
        drain_tenant(tenant.pk, kinds=("reactions",))
        work()
    assert (tier_of(bob), PointsAccount.objects.get(profile_id=ada.pk).tier_falls_at) == (
        "Regular",
        BOUGHT_AT + timedelta(days=30),
    )
    assert told()[-1] == ("", "Regular", "up", True)


def test_the_next_tier_is_so_far(three: list[Tier]) -> None:
    ada = make_profile()
    assert find_progress(ada.pk, Program.objects.first(), BOUGHT_AT) is None
    buy(ada, 44_000)
    found = find_progress(ada.pk, Program.objects.first(), BOUGHT_AT)
    assert found is not None
    assert (found.tier, found.following, found.sentence) == (three[1], three[2], "£60.00")
    buy(ada, 6_000)
    found = find_progress(ada.pk, Program.objects.first(), BOUGHT_AT)
    assert found is not None
    assert (found.tier, found.following) == (three[2], None)


@pytest.mark.covers("P5", "S4")
def test_segments_ask_for_tiers(three: list[Tier], tenant: Tenant) -> None:
    ada, bob, cy = make_profile(), make_profile(), make_profile()
    best = make_segment({"field": "loyalty_tier", "is": "=", "value": "VIP"}, "Best")
    with simulated(BOUGHT_AT):
        buy(ada, 60_000)
        buy(bob, 20_000)
        drain_tenant(tenant.pk, kinds=("reactions",))
    assert list(
        Membership.objects.filter(segment_ids__contains=[best.pk]).values_list(
            "profile_id", flat=True
        )
    ) == [ada.pk]
    everybody = [ada.pk, bob.pk, cy.pk]

    def asked(name: str, operator: str, value: object) -> set[int]:
        return matching({"field": name, "is": operator, "value": value}, everybody, BOUGHT_AT)

    assert asked("loyalty_tier", "!=", "vip") == {bob.pk, cy.pk}
    assert asked("loyalty_rank", ">=", 2) == {ada.pk, bob.pk}
    assert matching({"field": "loyalty_tier", "is": "missing"}, everybody, BOUGHT_AT) == {cy.pk}
    # A year after the order, and thirty days: the clock of the segments comes first this time.
    ends = datetime(2027, 6, 30, 23, tzinfo=UTC)
    [why] = explain_segments(ada.pk, BOUGHT_AT, segment_id=best.pk)
    assert (why.holds, why.turns_at, why.leaves[0].flips_at) == (True, ends, ends)
    Upkeep.objects.update(due_at=None)
    for at, members in ((ends - timedelta(seconds=1), 1), (ends, 0)):
        with simulated(at):
            reevaluate_due(Deadline(seconds=None))
        assert Membership.objects.filter(segment_ids__contains=[best.pk]).count() == members
    with simulated(ends):
        drain_tenant(tenant.pk)
    assert tier_of(ada) == "New"
    assert ("VIP", "New", "down", False) in told()
    assert not Membership.objects.filter(segment_ids__contains=[best.pk]).exists()


def post(client: Client, do: str, *tiers: dict[str, str], **more: str) -> Any:
    form = {"window": "rolling", "grace_days": "30", "do": do, **more}
    form |= {"tiers-TOTAL_FORMS": str(len(tiers)), "tiers-INITIAL_FORMS": str(len(tiers))}
    for place, one in enumerate(tiers):
        form |= {f"tiers-{place}-{key}": value for key, value in {"needs": "any", **one}.items()}
    return client.post(f"{HOME}tiers/", form)


def test_the_ladder_is_made_tried_and_changed_on_a_page(tenant: Tenant) -> None:
    client = sign_in(tenant)
    assert "Start with New, Regular and VIP" in client.get(f"{HOME}ladder/").content.decode()
    assert client.post(f"{HOME}tiers/start/").status_code == 302
    assert Tier.objects.count() == 3
    client.post(f"{HOME}tiers/start/")
    assert Tier.objects.count() == 3
    page = client.get(f"{HOME}ladder/").content.decode()
    assert "£500.00 spent or 8 orders" in page
    ada = make_profile()
    buy(ada, 20_000)
    ids = {tier.name: str(tier.pk) for tier in Tier.objects.all()}
    two = (
        {"id": ids["New"], "name": "New"},
        {"id": ids["VIP"], "name": "Gold", "spend": "199.99"},
    )
    with simulated(BOUGHT_AT):
        tried = post(client, "try", *two).content.decode()
    assert "1 would go up and 0 down" in " ".join(tried.split())
    assert Tier.objects.count() == 3
    more = post(client, "add", *two).content.decode()
    assert 'name="tiers-2-name"' in more
    assert post(client, "save", *two, {"name": "Club"}).status_code == 422
    assert Tier.objects.count() == 3
    assert post(client, "save", *two, {"name": "x", "DELETE": "on"}).status_code == 302
    tiers = Tier.objects.order_by("rank").values_list("name", "min_spend_minor", "rank")
    assert list(tiers) == [("New", None, 1), ("Gold", 19_999, 2)]
    assert post(sign_in(tenant, Role.ANALYST), "save", *two).status_code == 403


def test_an_account_shows_its_tier_and_its_lots(three: list[Tier], tenant: Tenant) -> None:
    ada = make_profile()
    buy(ada, 44_000)
    text = " ".join(sign_in(tenant).get(f"{HOME}accounts/{ada.pk}/").content.decode().split())
    assert "£60.00 to VIP" in text
    assert "does not expire" in text


@pytest.mark.covers("L5")
def test_the_api_tells_of_tiers_and_of_what_becomes_of_points(
    three: list[Tier], tenant: Tenant
) -> None:
    ada, bob = make_profile(), make_profile()
    buy(ada, 60_000)
    buy(bob, 1_000)
    headers = {"Authorization": f"Bearer {make_key(tenant)}"}
    client = Client(headers=headers)
    [found] = client.get("/api/v1/loyalty/accounts/?tier=vip").json()["results"]
    assert (found["profile_id"], found["balance"], found["tier"]) == (str(ada.pk), 600, "VIP")
    assert (found["pending"], found["expiring"], found["expires_at"]) == (0, 0, None)
    assert client.get(f"/api/v1/loyalty/accounts/{bob.pk}/").json()["tier"] == "New"
    [program] = client.get("/api/v1/loyalty/program/").json()["results"]
    assert [tier["min_spend"] for tier in program["tiers"]] == [None, "150.00", "500.00"]
    facts = client.get(f"/api/v1/profiles/{ada.pk}/").json()["facts"]
    assert facts["loyalty"]["tier"] == "VIP"
