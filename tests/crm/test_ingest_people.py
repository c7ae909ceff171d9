from datetime import timedelta

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.identifiers import normalize_customer_id, normalize_email, normalize_phone
from crm.models import Event, Identity, Order, Profile, ProfileMerge, Store
from tests.factories.crm import NOON, apply, customer, make_store, order

pytestmark = [pytest.mark.usefixtures("noting_handlers", "tenant"), pytest.mark.django_db]
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def store() -> Store:
    return make_store()


def emails() -> list[str]:
    return list(
        Profile.objects.filter(merged_into=None).order_by("id").values_list("email", flat=True)
    )


def identities(profile: Profile) -> list[tuple[str, str]]:
    rows = Identity.objects.filter(profile=profile).order_by("kind", "value_norm")
    return list(rows.values_list("kind", "value_norm"))


def live() -> Profile:
    return Profile.objects.get(merged_into=None)


def test_a_guest_who_registers_later_is_the_same_person(store: Store) -> None:
    apply(store, order(email=" Ada@Example.com ", phone="+447911123456"))
    apply(store, customer("c1", email="ada@example.com", first_name="Ada"))

    profile = live()
    assert (profile.email, profile.first_name) == ("Ada@Example.com", "Ada")
    assert identities(profile) == [
        ("customer_id", f"{store.pk}:c1"),
        ("email", "ada@example.com"),
        ("phone", "+447911123456"),
    ]
    assert Order.objects.get().profile_id == profile.pk


def test_the_address_an_order_was_placed_with_is_one_more_of_the_customers(store: Store) -> None:
    bought = order(customer=customer("c1", email="john@example.com"), email="Jon@example.com")

    apply(store, bought)

    profile = live()
    assert profile.email == "john@example.com"
    assert identities(profile) == [
        ("customer_id", f"{store.pk}:c1"),
        ("email", "john@example.com"),
        ("email", "jon@example.com"),
    ]


def test_several_matches_are_one_person_and_the_known_one_wins(store: Store) -> None:
    apply(store, order("1", email="", phone="+447911123456"))
    apply(store, customer("c1", email="ada@example.com"))
    guest = Order.objects.get().profile_id

    apply(store, order("2", email="ada@example.com", phone="+447911123456"))

    winner = live()
    assert identities(winner)[0] == ("customer_id", f"{store.pk}:c1")
    assert set(Order.objects.values_list("profile_id", flat=True)) == {winner.pk}
    merge = ProfileMerge.objects.get()
    assert (merge.winner_id, merge.loser_id, merge.rule) == (winner.pk, guest, "phone")
    merged = Event.objects.get(name="Profile Merged")
    assert (merged.profile_id, merged.object_id) == (winner.pk, winner.pk)
    assert not Event.objects.filter(profile_id=guest).exists()


def test_two_customers_of_one_store_stay_apart(store: Store) -> None:
    apply(store, customer("c1", email="ada@example.com"), customer("c2", email="bob@example.com"))

    apply(store, order(customer=customer("c2", email="ada@example.com"), email="ada@example.com"))

    assert emails() == ["ada@example.com", "bob@example.com"]
    bob = Profile.objects.get(email="bob@example.com")
    assert Order.objects.get().profile_id == bob.pk
    assert ("email", "ada@example.com") not in identities(bob)


def test_a_new_customer_with_the_address_of_another_gets_a_profile_without_it(
    store: Store,
) -> None:
    apply(store, customer("c1", email="ada@example.com"))
    apply(store, customer("c2", email="ada@example.com", first_name="Eve"))

    assert emails() == ["ada@example.com", ""]


def test_customers_of_two_stores_with_one_address_are_one_person(store: Store) -> None:
    other = make_store("Other")
    apply(store, customer("c1", email="ada@example.com"))
    apply(other, customer("c1", email="ADA@example.com"))

    assert set(identities(live())) == {
        ("customer_id", f"{store.pk}:c1"),
        ("customer_id", f"{other.pk}:c1"),
        ("email", "ada@example.com"),
    }


def test_a_customer_who_changes_the_address_keeps_the_profile(store: Store) -> None:
    apply(store, customer("c1", email="old@example.com"))
    outcomes = apply(store, customer("c1", email="new@example.com", version_at=LATER))

    assert outcomes == ["updated"]
    profile = live()
    assert profile.email == "new@example.com"
    assert identities(profile)[1:] == [("email", "new@example.com"), ("email", "old@example.com")]
    apply(store, order(email="old@example.com"))
    assert Order.objects.get().profile_id == profile.pk


def test_a_sixth_address_takes_the_place_of_the_first(store: Store) -> None:
    for number in range(6):
        at = NOON + timedelta(days=number)
        said = customer("c1", email=f"a{number}@example.com", version_at=at, created_at=at)
        apply(store, said, now=at)

    kept = Identity.objects.filter(kind="email").order_by("value_norm")
    assert [row.value_norm for row in kept] == [f"a{number}@example.com" for number in range(1, 6)]


def test_a_number_that_a_crowd_shares_gathers_no_crowd(store: Store) -> None:
    for number in range(7):
        apply(store, order(str(number), email=f"a{number}@example.com", phone="+447911123456"))

    assert Identity.objects.filter(kind="email").count() == 7
    assert Profile.objects.count() == 3


def test_an_older_customer_record_changes_no_field(store: Store) -> None:
    apply(store, customer("c1", email="ada@example.com", first_name="Ada", version_at=LATER))

    assert apply(store, customer("c1", email="x@example.com", first_name="Old")) == ["updated"]
    assert (live().first_name, live().email) == ("Ada", "ada@example.com")


def test_a_repeated_customer_is_unchanged(store: Store) -> None:
    apply(store, customer("c1", email="ada@example.com"))

    assert apply(store, customer("c1", email="ada@example.com")) == ["unchanged"]
    assert list(Event.objects.values_list("name", flat=True)) == ["Profile Created"]


def test_a_malformed_address_is_kept_for_display_alone(store: Store) -> None:
    said = customer("c1", email="ada @example", phone="not a number")
    assert apply(store, said) == ["new"]

    assert (live().email, live().phone) == ("", "")
    assert live().properties == {"unusable_email": "ada @example", "unusable_phone": "not a number"}
    assert identities(live()) == [("customer_id", f"{store.pk}:c1")]


@pytest.mark.parametrize("junk", ["", "null", "anonymous", "undefined", "none", "0", "-", "-1"])
def test_junk_identifies_nobody(store: Store, junk: str) -> None:
    assert apply(store, customer(junk, first_name="X")) == [
        "rejected: no usable customer id, email or phone"
    ]
    assert apply(store, order(email="", customer=customer(junk))) == ["new"]
    assert not Profile.objects.exists()
    assert Order.objects.get().profile is None


def test_many_claims_of_one_batch_make_one_person(store: Store) -> None:
    apply(
        store,
        order("1", email="a@example.com"),
        order("2", email="", phone="+447911123456"),
        order("3", email="a@example.com", phone="+447911123456"),
        customer("c1", phone="+447911123456"),
    )

    assert Profile.objects.count() == 1
    assert set(Order.objects.values_list("profile_id", flat=True)) == {live().pk}
    assert not ProfileMerge.objects.exists()


@given(st.text(max_size=60))
def test_normal_forms_are_stable(value: str) -> None:
    email = normalize_email(value)
    assert normalize_email(email) == email
    assert normalize_customer_id(normalize_customer_id(value)) == normalize_customer_id(value)


@given(st.from_regex(r"\+(1[2-9][0-9]{9}|44[1-9][0-9]{9}|33[1-9][0-9]{8})", fullmatch=True))
def test_a_number_in_e164_stays_as_it_is(value: str) -> None:
    parsed = phonenumbers.parse(value, None)
    assert normalize_phone(value, "GB") == value
    assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == value


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("07911 123456", "GB", "+447911123456"),
        ("(555) 625-1199", "US", "+15556251199"),
        ("+44 (0)7911 123456", "", "+447911123456"),
        ("07911 123456", "", ""),
        ("12", "GB", ""),
        ("abc", "GB", ""),
    ],
)
def test_numbers_in_e164(typed: str, country: str, number: str) -> None:
    assert normalize_phone(typed, country) == number
