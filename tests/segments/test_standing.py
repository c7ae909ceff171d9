"""Where somebody stands: reachable, at a stage, moved between groups, near a place, engaged."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from crm.models import Event
from crm.services.consent import lift_suppression, record_consent, suppress
from crm.types import EventRef
from kernel.batches import Deadline
from kernel.clock import simulated
from kernel.work import drain_tenant
from loyalty.services.adjusting import adjust_points
from segments.choices import Cause
from segments.domain.definitions import parse
from segments.domain.standing import STAGES
from segments.domain.starters import STAGE_STARTERS
from segments.domain.words import describe
from segments.errors import DefinitionError
from segments.fields import FIELDS
from segments.models import Membership, RfmChange, Upkeep
from segments.queries.reasons import explain_segments
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.evaluate import matching
from segments.services.library import install_starter
from segments.services.live import refresh_for_events
from segments.services.rebuild import rebuild
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer, make_order, make_segment

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
REACHABLE = {"reachable": "email"}


def subscriber(address: str, **fields: Any) -> int:
    return make_buyer(email=address, email_norm=address, email_consent="subscribed", **fields)


def hear() -> None:
    """Let segments hear of every change of a suppression."""
    events = Event.objects.filter(name="Suppression Changed").order_by("id")
    refresh_for_events(
        [EventRef(one.pk, one.name, one.occurred_at, one.profile_id, None, False) for one in events]
    )


def members() -> list[int]:
    rows = Membership.objects.exclude(segment_ids=[]).order_by("profile_id")
    return [row.profile_id for row in rows]


def test_reachable_takes_consent_an_address_and_nothing_that_stops_it(tenant: Tenant) -> None:
    ada, bob = subscriber("ada@example.com"), subscriber("bob@example.com")
    cy = make_buyer(email="cy@example.com", email_norm="cy@example.com")
    dee = make_buyer(email_consent="subscribed")
    sam = make_buyer(phone="+441632960001", sms_consent="subscribed")
    everybody = [ada, bob, cy, dee, sam]
    with simulated(NOW):
        # The digest of the address is that of whoever suppresses.
        suppress("email", " BOB@Example.com", "hard_bounce")
        suppress("sms", "ada@example.com", "manual")
    assert matching(REACHABLE, everybody, NOW) == {ada}
    assert matching({**REACHABLE, "is": False}, everybody, NOW) == {bob, cy, dee, sam}
    assert matching({"reachable": "sms"}, everybody, NOW) == {sam}
    make_segment(REACHABLE)
    said = [explain_segments(one, NOW)[0].leaves[0].actual for one in everybody]
    assert said == ["subscribed", "suppressed", "never asked for", "no address", "no address"]


@pytest.mark.covers("S4")
def test_a_suppression_is_heard_and_ends_by_itself(tenant: Tenant) -> None:
    make_segment(REACHABLE)
    ada = subscriber("ada@example.com")
    with simulated(NOW):
        suppress("email", "nobody@example.com", "manual")
        suppress("email", "ada@example.com", "manual", "promotional")
        assert Event.objects.filter(name="Suppression Changed").count() == 1
        hear()
        assert members() == []
        lift_suppression("email", "ada@example.com", "manual")
        hear()
        assert members() == [ada]
        until = NOW + timedelta(hours=5)
        suppress("email", "ada@example.com", "hard_bounce", until=until)
        hear()
        assert members() == []
    assert Membership.objects.get(profile_id=ada).reeval_at == until
    with simulated(until):
        reevaluate_due(Deadline(seconds=None))
        assert members() == [ada]
        assert find_differences() == []


def test_how_and_when_permission_was_given_can_be_asked(tenant: Tenant) -> None:
    ada, bob, cy = (make_buyer() for _ in range(3))
    for person, method, ago in (
        (ada, "double_opt_in", 3),
        (bob, "form", 3),
        (cy, "double_opt_in", 60),
    ):
        with simulated(NOW - timedelta(days=ago)):
            record_consent(person, "email", "subscribed", method=method)
    with simulated(NOW):
        record_consent(bob, "sms", "subscribed", method="double_opt_in")

    def said(method: str, **window: Any) -> set[int]:
        tests = {"channel": "email", "state": "subscribed", "method": method}
        where = [{"property": name, "is": "=", "value": value} for name, value in tests.items()]
        return matching({"event": "Consent Changed", "where": where, **window}, [ada, bob, cy], NOW)

    assert said("double_opt_in") == {ada, cy}
    assert said("double_opt_in", within={"days": 30}) == {ada}
    assert said("form") == {bob}


def moved(groups: dict[str, Any], days: int = 30) -> dict[str, Any]:
    return {"rfm_moved": groups, "within": {"days": days}}


@pytest.fixture
def movers(tenant: Tenant) -> dict[int, str]:
    """Ada fell, Bob fell long ago, Cy fell and came back, Dee stopped buying, Eve never moved."""
    people = {name: make_buyer(first_name=name) for name in ("ada", "bob", "cy", "dee", "eve")}
    groups = {"ada": "at_risk", "bob": "lost", "cy": "champions", "dee": "", "eve": "champions"}
    for name, group in groups.items():
        change_facts(people[name], rfm_group=group)
    for name, days, before, now in (
        ("ada", 20, "champions", "loyal"),
        ("ada", 5, "loyal", "at_risk"),
        ("bob", 90, "champions", "lost"),
        ("cy", 20, "champions", "at_risk"),
        ("cy", 2, "at_risk", "champions"),
        ("dee", 3, "lost", ""),
    ):
        RfmChange.objects.create(
            profile_id=people[name],
            at=NOW - timedelta(days=days),
            from_group=before,
            to_group=now,
        )
    return {key: name for name, key in people.items()}


MOVES: list[tuple[dict[str, Any], str]] = [
    (moved({}), "ada dee"),
    (moved({"from": ["champions"]}), "ada"),
    (moved({"from": "loyal", "to": ["at_risk", "lost"]}, 10), "ada"),
    (moved({"to": "lost"}, 100), "bob"),
    (moved({"to": "none"}), "dee"),
    (moved({"from": "at_risk"}, 10), "cy"),
    ({"rfm_moved": {}, "since": "2026-03-01"}, "ada bob dee"),
]


@pytest.mark.covers("S1")
@pytest.mark.parametrize(("definition", "names"), MOVES, ids=str)
def test_who_moved_between_groups(
    movers: dict[int, str], definition: dict[str, Any], names: str
) -> None:
    found = matching(definition, list(movers), NOW)
    assert " ".join(sorted(movers[key] for key in found)) == names


def test_a_move_is_explained_and_ages(movers: dict[int, str]) -> None:
    make_segment(moved({}))
    [ada] = [key for key, name in movers.items() if name == "ada"]
    [reason] = explain_segments(ada, NOW)
    assert reason.leaves[0].actual == "Champions then, At risk now"
    # The move of 10 June lies 31 days back when 11 July begins in London.
    assert reason.flips_at == datetime(2026, 7, 10, 23, tzinfo=UTC)


def near(latitude: float, longitude: float, km: float) -> dict[str, Any]:
    return {"near": {"latitude": latitude, "longitude": longitude}, "within": {"km": km}}


def test_who_lives_near_a_place(tenant: Tenant) -> None:
    london = make_buyer(properties={"latitude": 51.5074, "longitude": "-0.1278"})
    oxford = make_buyer(properties={"latitude": "51.7520", "longitude": -1.2577})
    fiji = make_buyer(properties={"latitude": -17.0, "longitude": 179.9})
    wrong = make_buyer(properties={"latitude": 951, "longitude": 0})
    nowhere = make_buyer(properties={"latitude": "north"})
    everybody = [london, oxford, fiji, wrong, nowhere]
    # From Charing Cross to Carfax it is 83 km as the crow flies.
    assert matching(near(51.5074, -0.1278, 80), everybody, NOW) == {london}
    assert matching(near(51.5074, -0.1278, 85), everybody, NOW) == {london, oxford}
    # Across the line where the date changes.
    assert matching(near(-17, -179.9, 25), everybody, NOW) == {fiji}
    make_segment(near(51.5074, -0.1278, 85))
    assert explain_segments(oxford, NOW)[0].leaves[0].actual == "82.6 km away"
    assert explain_segments(wrong, NOW)[0].leaves[0].actual == "not known"


@pytest.mark.covers("S11")
def test_engaged_and_never_engaged(tenant: Tenant) -> None:
    ada, bob, cy = make_buyer(last_order_at=NOW), make_buyer(), make_buyer()
    change_facts(ada, last_opened_at=NOW - timedelta(days=80))
    change_facts(
        bob,
        last_opened_at=NOW - timedelta(days=50),
        last_clicked_at=NOW - timedelta(days=31),
    )
    everybody = [ada, bob, cy]

    def engaged(days: int) -> set[int]:
        leaf = {"field": "last_engaged_at", "is": "in_the_last", "value": {"days": days}}
        return matching(leaf, everybody, NOW)

    assert [engaged(days) for days in (30, 60, 90)] == [set(), {bob}, {ada, bob}]
    assert matching({"field": "last_engaged_at", "is": "missing"}, everybody, NOW) == {cy}
    active = {"field": "last_active_at", "is": "in_the_last", "value": {"days": 30}}
    assert matching(active, everybody, NOW) == {ada}


@pytest.mark.covers("S12")
def test_a_ticket_is_heard_at_once(tenant: Tenant) -> None:
    make_segment({"field": "has_open_ticket", "is": "=", "value": True})
    ada = make_buyer()
    change_facts(ada, open_ticket_count=1)
    with simulated(NOW):
        refresh_for_events([EventRef(1, "Ticket Opened", NOW, ada, None, False)])
    assert members() == [ada]


LATER = (
    "predicted_clv",
    "predicted_orders",
    "churn_probability",
    "next_order_on",
)


@pytest.mark.parametrize("name", LATER)
def test_what_nobody_knows_yet_is_refused_and_not_false(name: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse({"field": name, "is": "exists"}, FIELDS)
    assert refused.value.path == "definition.field"
    assert refused.value.reason.startswith("is not available yet: ")


LIVES: dict[str, tuple[tuple[int, ...], str, str]] = {
    "ada": ((), "subscribed", "subscriber"),
    "bob": ((), "unsubscribed", "none"),
    "cy": ((59,), "never", "first_time"),
    "dee": ((60, 70), "subscribed", "at_risk"),
    "eve": ((119,), "never", "at_risk"),
    "fay": ((120, 130, 140, 150), "subscribed", "churned"),
    "gil": ((5, 20, 30), "never", "active"),
    "hal": ((5, 20, 30, 300), "never", "loyal"),
    "ivy": ((10, 129), "never", "active"),
    "jo": ((10, 130, 140, 150), "never", "won_back"),
    # The order after the first one back is one like any other.
    "kim": ((3, 10, 130, 140), "never", "loyal"),
}
"""Days since each order, permission by email, stage."""


def live(name: str) -> int:
    days, consent, _ = LIVES[name]
    ordered = [NOW - timedelta(days=count) for count in days]
    profile_id = make_buyer(
        orders=len(days), last_order_at=ordered[0] if ordered else None, email_consent=consent
    )
    for at in ordered:
        make_order(profile_id, at, 1_000, f"{name}-{at.isoformat()}")
    return profile_id


@pytest.mark.covers("P15")
def test_everybody_is_at_one_stage_and_a_change_is_an_event(tenant: Tenant) -> None:
    people = {live(name): name for name in LIVES}
    found = {
        stage: [people[key] for key in sorted(matching({"stage": stage}, list(people), NOW))]
        for stage in STAGES
    }
    assert found == {
        stage: [name for name, (*_, own) in LIVES.items() if own == stage] for stage in STAGES
    }
    with simulated(NOW):
        for starter in STAGE_STARTERS:
            install_starter(starter.key)
        rebuild(NOW, Cause.DEFINITION)
    Upkeep.objects.update(due_at=None)
    [jo] = [key for key, name in people.items() if name == "jo"]
    told = []
    for days in (50, 110):  # 60 and 120 days after the last order
        with simulated(NOW + timedelta(days=days)):
            reevaluate_due(Deadline(seconds=None))
        events = Event.objects.filter(profile_id=jo).order_by("pk")
        told = [(one.name, one.properties["key"]) for one in events]
    assert told == [
        ("Segment Exited", "stage_won_back"),
        ("Segment Entered", "stage_at_risk"),
        ("Segment Exited", "stage_at_risk"),
        ("Segment Entered", "stage_churned"),
    ]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"reachable": "fax"}, ".reachable", "must be one of: email, sms, whatsapp, push"),
    ({"reachable": "email", "is": "yes"}, ".is", "must be true or false"),
    ({"rfm_moved": {"from": "whales"}, "within": {"days": 1}}, ".rfm_moved.from", "must be one or"),
    ({"stage": ["loyal", "whale"]}, ".stage", "must be one or more of: subscriber, first_time"),
    ({"rfm_moved": {}}, "", "needs either “within” or “since”"),
    (
        {"near": {"postcode": "SW1A 1AA"}, "within": {"km": 5}},
        ".near.country",
        "must be the two letters of a country, such as GB",
    ),
    (
        {"near": {"postcode": "…", "country": "GB"}, "within": {"km": 5}},
        ".near.postcode",
        "must be a postcode, such as SW1A 1AA",
    ),
    ({"near": {"city": "Leeds"}, "within": {"km": 5}}, ".near", 'must be {"postcode": "SW1A 1AA"'),
    ({**near(0, 0, 5), "within": {"miles": 12_428}}, ".within.miles", "must be from 0 to 12427"),
    (near(91, 0, 5), ".near.latitude", "must be from -90 to 90"),
    ({**near(0, 0, 5), "within": {"days": 5}}, ".within", 'must be {"km": 25} or {"miles": 15}'),
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
    (REACHABLE, "Email: reachable for promotions"),
    ({"reachable": "sms", "is": False}, "SMS: not reachable for promotions"),
    ({"reachable": "push"}, "Push: reachable for promotions"),
    (
        moved({"from": "loyal", "to": ["lost", "none"]}),
        "RFM group moved from Loyal to Lost or no group compared with 30 days ago",
    ),
    ({"rfm_moved": {}, "since": "2026-01-05"}, "RFM group moved since 5 Jan 2026"),
    ({"stage": ["loyal", "active"]}, "Lifecycle stage: Active or Loyal"),
    (near(51.5, -0.12, 25), "Lives within 25 km of 51.5, -0.12"),
]


@pytest.mark.parametrize(("definition", "words"), WORDS)
def test_a_condition_is_said_in_words(definition: dict[str, Any], words: str) -> None:
    assert describe(parse(definition, FIELDS), str, {}) == words


@pytest.mark.covers("S4")
def test_points_move_people_as_they_are_given_and_taken(tenant: Tenant) -> None:
    ada, bob = make_buyer(), make_buyer(tags=["Gold"])
    rich = make_segment({"field": "points_balance", "is": ">=", "value": 500}, "Rich")
    gold = make_segment({"field": "tags", "is": "contains", "value": "Gold"}, "Gold")

    def give(profile_id: int, points: int) -> set[int]:
        told = {"reason": "Sorry", "token": uuid4(), "actor": "ada@example.com"}
        adjust_points(profile_id=profile_id, points=points, **told)  # type: ignore[arg-type]
        drain_tenant(tenant.pk, kinds=("reactions",))
        rows = Membership.objects.filter(segment_ids__contains=[rich.pk])
        return set(rows.values_list("profile_id", flat=True))

    assert give(ada, 499) == set()
    assert give(ada, 1) == {ada}
    assert give(bob, 600) == {ada, bob}
    assert give(ada, -1) == {bob}
    assert Membership.objects.get(profile_id=bob).segment_ids == [rich.pk, gold.pk]
    assert find_differences() == []
