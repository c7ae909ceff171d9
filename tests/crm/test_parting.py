"""Undoing a merge: what goes back, what stays, and what goes along."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.domain.merging import part_consent
from crm.models import (
    ConsentEvent,
    Event,
    Identity,
    Order,
    Profile,
    ProfileFacts,
    ProfileMerge,
    Refund,
    Store,
)
from crm.queries.parting import describe_parting
from crm.services import facts
from crm.services.checks import find_differences
from crm.services.consent import record_consent
from crm.services.ids import lock_final_profiles
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from kernel import clock
from kernel.errors import Conflict
from tenants.models import AuditEntry, Tenant
from tests.factories.crm import NOON, apply, customer, make_store, order, refund
from tests.factories.samples import make_profile
from tests.factories.tenants import sign_in

LATER = NOON + timedelta(days=1)
MUCH_LATER = NOON + timedelta(days=2)


@pytest.fixture
def store(tenant: Tenant, noting_handlers: object) -> Store:
    return make_store()


def profile_of(email: str) -> int:
    return Identity.objects.get(kind="email", value_norm=email).profile_id


def two(store: Store) -> tuple[int, int]:
    apply(
        store,
        customer("c1", email="ada@example.com", first_name="Ada", created_at=NOON),
        order("1", email="guest@example.com", phone="+447911123456", city="York"),
    )
    return profile_of("ada@example.com"), profile_of("guest@example.com")


def test_orders_of_since_go_with_the_address_they_were_placed_under(store: Store) -> None:
    winner, loser = two(store)
    [merge_id] = merge_profiles([(winner, loser)], rule="manual", now=NOON)
    apply(
        store,
        order("2", email="Guest@example.com"),
        refund("r2", order_external_id="2"),
        order("3", email="ada@example.com"),
        now=LATER,
    )
    assert set(Order.objects.values_list("profile_id", flat=True)) == {winner}
    told = describe_parting(ProfileMerge.objects.get())
    assert (told.following, told.orders_since) == (1, 1)

    unmerge_profile(merge_id, now=LATER)

    owners = dict(Order.objects.values_list("external_id", "profile_id"))
    assert owners == {"1": loser, "2": loser, "3": winner}
    assert Refund.objects.get().profile_id == loser
    placed = Event.objects.filter(name__in=["Order Placed", "Order Refunded"]).order_by("pk")
    assert [event.profile_id for event in placed] == [loser, loser, winner, loser]
    facts.refresh_facts([winner, loser], LATER)
    assert find_differences() == []
    entry = AuditEntry.objects.latest("pk")
    assert entry.action == "profile.unmerged"
    assert (entry.after or {})["orders_since"] == 1


def test_consent_is_what_each_had_before(store: Store) -> None:
    winner, loser = two(store)
    with clock.simulated(NOON):
        record_consent(winner, "email", "subscribed", method="api")
        record_consent(loser, "email", "unsubscribed", method="one_click")
    [merge_id] = merge_profiles([(winner, loser)], rule="manual", now=LATER)
    told = {line.label: line for line in describe_parting(ProfileMerge.objects.get()).lines}
    line = told["Email consent"]
    assert (line.now, line.kept, line.back) == ("unsubscribed", "subscribed", "unsubscribed")

    unmerge_profile(merge_id, now=MUCH_LATER)

    found = Profile.objects.filter(pk__in=[winner, loser]).order_by("pk")
    states = dict(found.values_list("pk", "email_consent"))
    assert states == {winner: "subscribed", loser: "unsubscribed"}
    assert not ConsentEvent.objects.filter(method="merge").exists()
    assert find_differences() == []


def test_what_was_refused_since_is_refused_for_both(store: Store) -> None:
    winner, loser = two(store)
    with clock.simulated(NOON):
        record_consent(winner, "email", "subscribed", method="api")
        record_consent(loser, "email", "subscribed", method="api")
    [merge_id] = merge_profiles([(winner, loser)], rule="manual", now=NOON)
    with clock.simulated(LATER):
        record_consent(winner, "email", "unsubscribed", method="one_click")

    unmerge_profile(merge_id, now=MUCH_LATER)

    found = Profile.objects.filter(pk__in=[winner, loser])
    assert set(found.values_list("email_consent", flat=True)) == {"unsubscribed"}
    told = ConsentEvent.objects.filter(profile_id=loser).latest("pk")
    assert (told.method, told.detail) == ("undo", "Said while this profile was part of another one")
    assert find_differences() == []


def test_consent_that_one_alone_gave_holds_from_its_own_time(store: Store) -> None:
    winner, loser = two(store)
    with clock.simulated(NOON):
        record_consent(loser, "email", "subscribed", method="api")
    merge_profiles([(winner, loser)], rule="manual", now=LATER)
    kept = Profile.objects.get(pk=winner)
    assert (kept.email_consent, kept.email_consent_at) == ("subscribed", NOON)
    assert find_differences() == []


def test_an_unsubscribe_of_a_later_merge_stays(store: Store) -> None:
    winner, loser = two(store)
    apply(store, order("2", email="third@example.com"))
    third = profile_of("third@example.com")
    with clock.simulated(NOON):
        for profile_id, state in ((winner, "subscribed"), (loser, "unsubscribed")):
            record_consent(profile_id, "email", state, method="api")
    with clock.simulated(NOON - timedelta(days=1)):
        record_consent(third, "email", "unsubscribed", method="api")
    [first] = merge_profiles([(winner, loser)], rule="manual", now=NOON)
    merge_profiles([(winner, third)], rule="manual", now=LATER)

    unmerge_profile(first, now=MUCH_LATER)

    kept = Profile.objects.get(pk=winner)
    assert (kept.email_consent, kept.email_consent_at) == ("unsubscribed", LATER)
    assert find_differences() == []


def test_two_losers_of_one_call_part_one_by_one(store: Store) -> None:
    winner, loser = two(store)
    apply(store, order("2", email="third@example.com", city="Leeds"))
    third = profile_of("third@example.com")
    first, _ = merge_profiles([(winner, loser), (winner, third)], rule="manual", now=NOON)
    assert Profile.objects.get(pk=winner).city == "York"

    unmerge_profile(first, now=LATER)

    assert Profile.objects.get(pk=winner).city == "Leeds"
    assert profile_of("third@example.com") == winner
    assert profile_of("guest@example.com") == loser


def test_an_older_alias_goes_back_with_its_profile(store: Store) -> None:
    winner, loser = two(store)
    apply(store, order("2", email="third@example.com"))
    alias = profile_of("third@example.com")
    merge_profiles([(loser, alias)], rule="manual", now=NOON)
    [merge_id] = merge_profiles([(winner, loser)], rule="manual", now=LATER)
    assert lock_final_profiles([alias]) == {alias: winner}

    unmerge_profile(merge_id, now=LATER)

    assert lock_final_profiles([alias, loser]) == {alias: loser, loser: loser}
    assert profile_of("third@example.com") == loser


def test_the_outer_merge_is_undone_first(store: Store) -> None:
    winner, loser = two(store)
    apply(store, order("2", email="third@example.com"))
    third = profile_of("third@example.com")
    [inner] = merge_profiles([(winner, loser)], rule="manual", now=NOON)
    [outer] = merge_profiles([(third, winner)], rule="manual", now=NOON)
    assert describe_parting(ProfileMerge.objects.get(pk=inner)).refusal != ""
    with pytest.raises(Conflict):
        unmerge_profile(inner, now=LATER)
    assert lock_final_profiles([loser]) == {loser: third}
    assert unmerge_profile(outer, now=LATER) == winner
    assert unmerge_profile(inner, now=LATER) == loser


def test_opens_and_visits_are_parted_unless_newer(store: Store) -> None:
    winner, loser = two(store)
    facts.set_engagement(opened={winner: NOON, loser: LATER}, seen={winner: NOON, loser: LATER})
    [merge_id] = merge_profiles([(winner, loser)], rule="manual", now=LATER)
    facts.set_engagement(seen={winner: MUCH_LATER})
    assert ProfileFacts.objects.get().last_opened_at == LATER

    unmerge_profile(merge_id, now=MUCH_LATER)

    rows = ProfileFacts.objects.values_list("profile_id", "last_opened_at", "last_seen_at")
    assert set(rows) == {(winner, NOON, MUCH_LATER), (loser, LATER, LATER)}


def test_lists_are_united_and_parted(store: Store) -> None:
    apply(
        store,
        customer("c1", email="ada@example.com", tags=["wholesale"]),
        customer("c2", email="guest@example.com", tags=["wholesale", "press"]),
    )
    winner, loser = profile_of("ada@example.com"), profile_of("guest@example.com")
    [merge_id] = merge_profiles([(winner, loser)], rule="manual", now=NOON)
    assert Profile.objects.get(pk=winner).properties == {"tags": ["wholesale", "press"]}
    unmerge_profile(merge_id, now=LATER)
    assert Profile.objects.get(pk=winner).properties == {"tags": ["wholesale"]}


def test_places_of_two_countries_are_not_mixed() -> None:
    from crm.domain.fields import ProfileFields, fill_from_merged  # noqa: PLC0415

    winner = ProfileFields(country="GB", city="Leeds")
    fill_from_merged(winner, ProfileFields(country="US", region="NY", postcode="10001", phone="+1"))
    assert (winner.country, winner.region, winner.postcode, winner.phone) == ("GB", "", "", "+1")


def test_a_customer_merged_by_hand_with_another_one_keeps_the_profile(store: Store) -> None:
    apply(
        store,
        customer("c1", email="ada@example.com"),
        customer("c2", email="guest@example.com"),
    )
    winner, loser = profile_of("ada@example.com"), profile_of("guest@example.com")
    merge_profiles([(winner, loser)], rule="manual", now=NOON)
    for number, who in enumerate(("c1", "c2", "c1")):
        apply(store, order(f"9{number}", customer=customer(who), email=""))
    assert set(Order.objects.values_list("profile_id", flat=True)) == {winner}
    assert Profile.objects.count() == 2


def test_a_merge_costs_under_twenty_statements_for_any_number_of_pairs(store: Store) -> None:
    for number in range(12):
        apply(store, order(f"{number}", email=f"p{number}@example.com"))
    ids = list(Profile.objects.order_by("pk").values_list("pk", flat=True))
    costs = []
    merge_profiles([(ids[10], ids[11])], rule="manual", now=NOON)
    for pairs in ([(ids[0], ids[1])], [(ids[2], loser) for loser in ids[3:9]]):
        for winner, loser in pairs:
            Profile.objects.filter(pk=winner).update(email_consent="subscribed")
            Profile.objects.filter(pk=loser).update(email_consent="withdrawn")
        with CaptureQueriesContext(connection) as sent:
            merge_profiles(pairs, rule="manual", now=NOON)
        costs.append(len([q for q in sent if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]))
    assert costs[0] == costs[1]
    assert costs[0] < 20


NEVER = ("never", None)
YES, NO = ("subscribed", NOON), ("unsubscribed", NOON)


@pytest.mark.parametrize(
    ("winner", "loser", "others", "kept", "back"),
    [
        (YES, NO, [], YES, NO),
        (NEVER, YES, [], NEVER, YES),
        (("unsubscribed", MUCH_LATER), YES, [], *[("unsubscribed", MUCH_LATER)] * 2),
        (("subscribed", MUCH_LATER), NO, [], ("subscribed", MUCH_LATER), NO),
        (YES, YES, [("unsubscribed", LATER)], ("unsubscribed", LATER), YES),
        (
            ("subscribed", MUCH_LATER),
            YES,
            [("unsubscribed", LATER)],
            ("subscribed", MUCH_LATER),
            YES,
        ),
    ],
)
def test_permission_after_an_undo(
    winner: Any, loser: Any, others: Any, kept: Any, back: Any
) -> None:
    assert part_consent(winner, loser, others, NOON + timedelta(hours=1)) == (kept, back)


def test_the_page_says_what_goes_back_and_asks_first(tenant: Tenant) -> None:
    ada = make_profile(email="ada@example.com", phone="")
    twin = make_profile(first_name="Augusta", city="Leeds", phone="+447700900123")
    [merge_id] = merge_profiles([(ada.pk, twin.pk)], rule="manual")
    client = sign_in(tenant)
    address = f"/t/ada-soap/profiles/{ada.pk}/merges/{merge_id}/undo/"
    page = client.get(address)
    assert page.status_code == 200
    assert Profile.objects.get(pk=twin.pk).merged_into_id == ada.pk
    lines = {line.label: line for line in page.context["parting"].lines}
    assert (lines["City"].now, lines["City"].kept, lines["City"].back) == ("Leeds", "", "Leeds")

    client.post(address)
    assert Profile.objects.get(pk=twin.pk).merged_into_id is None
    assert Profile.objects.get(pk=ada.pk).city == ""
    assert "It was undone before." in client.get(address).content.decode()


def test_the_page_of_an_old_merge_offers_nothing(tenant: Tenant) -> None:
    ada, twin = make_profile(), make_profile()
    [merge_id] = merge_profiles([(ada.pk, twin.pk)], rule="manual", now=NOON)
    with time_machine.travel(NOON + timedelta(days=31), tick=False):
        page = sign_in(tenant).get(f"/t/ada-soap/profiles/{ada.pk}/merges/{merge_id}/undo/")
    assert "more than 30 days old" in page.content.decode()
    assert '<form class="form" method="post"' not in page.content.decode()
