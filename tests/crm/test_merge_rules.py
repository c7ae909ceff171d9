"""Rules of who stays and what is carried that no other test says; `crm/IDENTITY.md` lists all."""

from datetime import timedelta

import pytest

from crm.models import Identity, Profile, ProfileFacts, Store, Suppression
from crm.queries.reach import find_reach
from crm.services.consent import suppress
from crm.services.facts import refresh_facts
from crm.services.merging import merge_profiles
from kernel import clock
from tests.factories.crm import NOON, apply, customer, make_store, order, refund

pytestmark = [
    pytest.mark.usefixtures("noting_handlers", "tenant"),
    pytest.mark.django_db,
    pytest.mark.covers("P2"),
]
LATER = NOON + timedelta(hours=1)
PHONE = "+447911123456"


@pytest.fixture
def store() -> Store:
    return make_store()


def owner_of(value: str) -> int:
    return Identity.objects.get(value_norm=value).profile_id


def test_of_two_guests_the_one_with_more_orders_stays(store: Store) -> None:
    apply(store, order("1", email="one@example.com"))
    apply(store, order("2", phone=PHONE, email="", ordered_at=LATER))
    apply(store, order("3", phone=PHONE, email="", ordered_at=LATER))
    many = owner_of(PHONE)
    refresh_facts([many, owner_of("one@example.com")], LATER)
    apply(store, order("4", email="one@example.com", phone=PHONE, ordered_at=LATER))
    assert Profile.objects.get(merged_into=None).pk == many


def test_of_two_guests_with_as_many_orders_the_older_stays(store: Store) -> None:
    apply(store, order("1", phone=PHONE, email="", ordered_at=LATER))
    apply(store, order("2", email="old@example.com", ordered_at=NOON))
    old = owner_of("old@example.com")
    refresh_facts([old, owner_of(PHONE)], LATER)
    apply(store, order("3", email="old@example.com", phone=PHONE, ordered_at=LATER))
    assert Profile.objects.get(merged_into=None).pk == old


def test_a_customer_of_a_store_stays_whatever_a_guest_bought(store: Store) -> None:
    for number in "123":
        apply(store, order(number, phone=PHONE, email=""))
    apply(store, customer("c1", email="ada@example.com", created_at=LATER))
    ada = owner_of("ada@example.com")
    refresh_facts([ada, owner_of(PHONE)], LATER)
    apply(store, customer("c1", email="ada@example.com", phone=PHONE, version_at=LATER))
    kept = Profile.objects.get(merged_into=None)
    assert (kept.pk, Profile.objects.get(merged_into=ada).phone) == (ada, "")


def test_a_fourth_number_takes_the_place_of_the_first(store: Store) -> None:
    for number in range(4):
        at = NOON + timedelta(days=number)
        phone = f"+44791112345{number}"
        apply(store, customer("c1", phone=phone, version_at=at, created_at=NOON), now=at)
    kept = Identity.objects.filter(kind="phone").order_by("value_norm")
    assert [row.value_norm[-1] for row in kept] == ["1", "2", "3"]


def test_figures_are_counted_again_and_never_added_up(store: Store) -> None:
    apply(store, order("1", email="ada@example.com"), refund("r1", order_external_id="1"))
    apply(store, order("2", email="bob@example.com", gross_minor=700))
    ada, bob = owner_of("ada@example.com"), owner_of("bob@example.com")
    refresh_facts([ada, bob], LATER)
    ProfileFacts.objects.filter(profile_id=bob).update(order_count=40, gross_minor=99_999)
    merge_profiles([(ada, bob)], rule="manual", now=LATER)
    refresh_facts([ada], LATER)
    facts = ProfileFacts.objects.get()
    assert (facts.profile_id, facts.order_count) == (ada, 2)
    assert (facts.gross_minor, facts.refunded_minor, facts.net_minor) == (1700, 400, 1300)


def test_a_suppressed_address_stays_so_whoever_it_belongs_to(store: Store) -> None:
    apply(store, order("1", phone=PHONE, email=""))
    apply(store, order("2", email="bounced@example.com"))
    ada, bob = owner_of(PHONE), owner_of("bounced@example.com")
    with clock.simulated(NOON):
        suppress("email", "bounced@example.com", "hard_bounce")
    merge_profiles([(ada, bob)], rule="manual", now=LATER)
    kept = Profile.objects.get(pk=ada)
    assert (kept.email, Suppression.objects.count()) == ("bounced@example.com", 1)
    [[email, sms]] = find_reach([kept], LATER)
    assert (email.words, email.level) == ("the address bounced", "no")
    assert sms.words != email.words
