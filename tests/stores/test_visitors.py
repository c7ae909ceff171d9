"""Who is who among the visitors of sites and apps."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import Event, Identity, ProbableDuplicate, ProfileMerge
from crm.services.api_store import ensure_api_store
from crm.services.erasure import erase_profiles
from crm.services.ingest import apply_records
from crm.services.stores import StoreData, create_store
from crm.types import AddressData, CustomerRecord
from kernel import clock
from tests.support.tracking import (
    FakeSite,
    events,
    identify,
    identities,
    outcomes,
    profiles,
    send,
    track,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

NOW = "2026-05-04T10:00:00Z"


@pytest.fixture(autouse=True)
def at_ten() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)


@transaction.atomic
def buy(customer_id: str, **said: Any) -> int:
    """Let a Shopify store name a customer; returns their profile."""
    store = create_store(StoreData(name="Shopify", platform="shopify"))
    record = CustomerRecord(external_id=customer_id, version_at=clock.now(), **said)
    apply_records(store.pk, [record], source="webhook", now=clock.now())
    return int(Identity.objects.get(value_norm=f"{store.pk}:{customer_id}").profile_id)


def test_anonymous_activity_joins_whoever_becomes_known(site: FakeSite) -> None:
    send(site, track("Products Searched", anonymousId="a-1"))
    send(site, track(anonymousId="a-1"))
    [visitor] = profiles()
    assert visitor.is_anonymous
    assert events(known=False) == ["Products Searched", "Product Viewed"]

    send(site, identify("u-1", anonymousId="a-1", email="Zoe@Example.com"))
    [profile] = profiles()
    assert not profile.is_anonymous
    assert profile.email == "Zoe@Example.com"
    assert events(of=profile) == ["Products Searched", "Product Viewed"]
    assert identities(profile) == {
        ("anonymous", "a-1"),
        ("customer_id", "u-1"),
        ("email", "zoe@example.com"),
    }
    send(site, track("Cart Viewed", anonymousId="a-1"))
    assert events(of=profile) == ["Products Searched", "Product Viewed", "Cart Viewed"]


def test_it_joins_in_one_request_too(site: FakeSite) -> None:
    send(site, track(anonymousId="a-1"), identify("u-1", anonymousId="a-1"), track(userId="u-1"))
    [profile] = profiles()
    assert events(of=profile) == ["Product Viewed", "Product Viewed"]
    with transaction.atomic():
        assert ProfileMerge.objects.count() == 0


def test_a_known_profile_wins_over_an_older_anonymous_one(site: FakeSite) -> None:
    send(site, track(anonymousId="a-1"))
    send(site, identify(anonymousId="a-2", email="zoe@example.com"))
    [visitor, zoe] = profiles()
    send(site, identify(anonymousId="a-1", email="zoe@example.com"))
    [left] = profiles()
    assert left.pk == zoe.pk
    with transaction.atomic():
        merge = ProfileMerge.objects.get()
    assert (merge.winner_id, merge.loser_id, merge.rule) == (zoe.pk, visitor.pk, "anonymous")
    assert events(of=left) == ["Product Viewed"]


def test_somebody_is_first_known_when_they_are_named(site: FakeSite) -> None:
    send(site, track(anonymousId="a-1"))
    assert events(known=False) == ["Product Viewed"]
    send(site, identify("u-1", anonymousId="a-1"))
    assert events(known=False) == ["Product Viewed", "Profile Created"]


def test_an_ipad_in_a_shop_names_500_people(site: FakeSite) -> None:
    calls = []
    for number in range(500):
        who = {"userId": f"u-{number}", "anonymousId": "ipad"}
        calls += [{"type": "identify", **who}, track("Product Clicked", **who)]
    send(site, track("Products Searched", anonymousId="ipad"), *calls)
    send(site, track("Cart Viewed", anonymousId="ipad"))

    people = profiles()
    assert len(people) == 500
    assert events(of=people[0]) == ["Products Searched", "Product Clicked"]
    assert [events(of=each) for each in (people[1], people[499])] == [["Product Clicked"]] * 2
    with transaction.atomic():
        assert Identity.objects.get(kind="anonymous").is_shared
        [alone] = Event.objects.filter(name="Cart Viewed")
    assert alone.profile_id is None
    status, reason = outcomes(site)[1]
    assert status == "applied"
    assert "several people" in reason


def test_the_same_happens_over_many_requests(site: FakeSite) -> None:
    for name in ("ann", "bob"):
        send(site, identify(name, anonymousId="ipad"))
    send(site, track("Cart Viewed", anonymousId="ipad"), track(userId="bob", anonymousId="ipad"))
    ann, bob = profiles()
    assert events(of=ann) == []
    assert events(of=bob) == ["Product Viewed"]


@pytest.mark.parametrize("junk", ["null", "Anonymous", "-1", "0", "0000-00", "guest", "undefined"])
def test_ids_that_anybody_may_have_name_nobody(site: FakeSite, junk: str) -> None:
    send(site, track(userId=junk), track("Cart Viewed", anonymousId=junk))
    assert profiles() == []
    with transaction.atomic():
        found = list(Event.objects.values_list("name", "profile_id").order_by("pk"))
    assert found == [("Product Viewed", None), ("Cart Viewed", None)]
    [(status, reason)] = outcomes(site)
    assert status == "applied"
    assert reason.startswith("2 of 2 its id is one that anybody may have")


def test_a_junk_user_id_leaves_the_browser(site: FakeSite) -> None:
    send(site, track(userId="null", anonymousId="a-1"))
    [visitor] = profiles()
    assert identities(visitor) == {("anonymous", "a-1")}


def test_traits_become_fields(site: FakeSite) -> None:
    send(
        site,
        identify(
            "u-1",
            email="zoe@example.com",
            phone="+44 7911 123456",
            firstName="Zoë",
            last_name="Ng",
            address={"country": "gb", "city": "Leeds", "postalCode": "LS1", "state": "WY"},
            plan="gold",
            context={"timezone": "Europe/London", "locale": "en-GB"},
        ),
    )
    [profile] = profiles()
    assert (profile.first_name, profile.last_name) == ("Zoë", "Ng")
    assert (profile.email, profile.phone) == ("zoe@example.com", "+447911123456")
    assert (profile.country, profile.region, profile.city) == ("GB", "WY", "Leeds")
    assert (profile.postcode, profile.timezone, profile.locale) == ("LS1", "Europe/London", "en-GB")
    assert profile.properties == {"plan": "gold"}
    assert profile.email_consent == "never"


def test_later_traits_replace_and_older_ones_do_not(site: FakeSite) -> None:
    send(site, identify("u-1", firstName="Zoe", plan="gold", timestamp="2026-05-03T10:00:00Z"))
    send(site, identify("u-1", firstName="Zoë", plan="blue", timestamp="2026-05-03T12:00:00Z"))
    send(site, identify("u-1", firstName="Z", plan="red", timestamp="2026-05-03T11:00:00Z"))
    [profile] = profiles()
    assert (profile.first_name, profile.properties) == ("Zoë", {"plan": "blue"})


def test_what_a_store_says_holds_over_what_a_site_says(site: FakeSite) -> None:
    address = AddressData(country="GB", city="Leeds")
    profile_id = buy("7", email="zoe@example.com", first_name="Zoë", address=address)
    send(site, identify("u-1", email="zoe@example.com", firstName="Hacked", city="X", plan="gold"))
    [profile] = profiles()
    assert profile.pk == profile_id
    assert (profile.first_name, profile.city) == ("Zoë", "Leeds")
    assert profile.properties["plan"] == "gold"
    with transaction.atomic():
        store_id = Identity.objects.get(value_norm__endswith=":7").store_id
        later = CustomerRecord(external_id="7", version_at=clock.now(), first_name="Zoe")
        apply_records(store_id or 0, [later], source="webhook", now=clock.now())
    assert profiles()[0].first_name == "Zoe"


def test_a_typed_address_parts_customers_and_asks_people(site: FakeSite) -> None:
    shopper_id = buy("7", email="zoe@example.com")
    send(site, track(userId="u-1"))
    send(site, identify("u-1", email="zoe@example.com"))
    [shopper, user] = profiles()
    assert (shopper.pk, user.email) == (shopper_id, "")
    assert identities(user) == {("customer_id", "u-1")}
    with transaction.atomic():
        doubt = ProbableDuplicate.objects.get()
    assert (doubt.one_id, doubt.other_id, doubt.reason) == (shopper.pk, user.pk, "email")
    send(site, identify("u-1", email="zoe@example.com"))
    with transaction.atomic():
        assert ProbableDuplicate.objects.count() == 1


@pytest.mark.parametrize("is_customer", [False, True])
def test_a_typed_claim_adds_no_address_to_somebody_who_is_known(
    site: FakeSite, is_customer: bool
) -> None:
    number = "+447911123456"
    if is_customer:
        buy("7", phone=number)
    else:
        send(site, identify(anonymousId="v-1", phone=number))
    [victim] = profiles()
    send(site, identify(anonymousId="m-1", email="mallory@example.com", phone=number))
    [left, stranger] = profiles()
    assert (left.pk, left.email, left.phone) == (victim.pk, "", number)
    assert ("email", "mallory@example.com") not in identities(left)
    assert (stranger.email, stranger.phone) == ("mallory@example.com", "")
    with transaction.atomic():
        doubt = ProbableDuplicate.objects.get()
        assert ProfileMerge.objects.count() == 0
    assert (doubt.one_id, doubt.other_id, doubt.reason) == (left.pk, stranger.pk, "phone")
    send(site, identify(anonymousId="m-1", email="mallory@example.com", phone=number))
    assert [each.email for each in profiles()] == ["", "mallory@example.com"]


def test_a_typed_number_neither_replaces_nor_fills_that_of_a_known_address(site: FakeSite) -> None:
    send(site, identify(anonymousId="z-1", email="zoe@example.com"))
    send(site, identify(anonymousId="m-1", email="zoe@example.com", phone="+447911123456"))
    [zoe] = profiles()
    assert (zoe.email, zoe.phone) == ("zoe@example.com", "")
    assert "phone" not in {kind for kind, _ in identities(zoe)}


def test_a_user_id_that_a_store_told_of_gets_no_typed_address(site: FakeSite) -> None:
    with transaction.atomic():
        store_id = ensure_api_store()
        record = CustomerRecord(external_id="u-1", version_at=clock.now(), first_name="Zoe")
        apply_records(store_id, [record], source="api", now=clock.now())
    send(site, identify("u-1", email="mallory@example.com", phone="+447911123456"))
    [zoe] = profiles()
    assert (zoe.first_name, zoe.email, zoe.phone) == ("Zoe", "", "")
    assert identities(zoe) == {("customer_id", "u-1")}


def test_a_user_id_that_only_the_site_named_gets_its_address(site: FakeSite) -> None:
    send(site, track(userId="u-1"))
    send(site, identify("u-1", email="zoe@example.com", phone="+447911123456"))
    send(site, identify("u-1", email="mallory@example.com"))
    [zoe] = profiles()
    assert (zoe.email, zoe.phone) == ("zoe@example.com", "+447911123456")


def test_an_address_and_a_number_of_two_people_make_them_one_only_for_people(
    site: FakeSite,
) -> None:
    number = "+447911123456"
    send(site, identify(anonymousId="v-1", phone=number))
    send(site, identify(anonymousId="m-1", email="mallory@example.com"))
    send(site, identify(anonymousId="m-1", email="mallory@example.com", phone=number))
    victim, mallory = profiles()
    assert (victim.email, mallory.phone) == ("", "")
    with transaction.atomic():
        doubt = ProbableDuplicate.objects.get()
        assert ProfileMerge.objects.count() == 0
    assert (doubt.one_id, doubt.other_id) == (victim.pk, mallory.pk)


def test_a_family_address_stays_with_the_first(site: FakeSite) -> None:
    send(site, identify("ann", email="family@example.com"))
    send(site, identify("bob", email="family@example.com"))
    ann, bob = profiles()
    assert (ann.email, bob.email) == ("family@example.com", "")
    assert ("email", "family@example.com") in identities(ann)


def test_an_address_of_the_checkout_says_who_it_is(site: FakeSite) -> None:
    send(site, track(anonymousId="a-1"))
    typed = {"email": "zoe@example.com", "value": 30}
    send(site, track("Checkout Started", anonymousId="a-1", properties=typed))
    [profile] = profiles()
    assert profile.email == "zoe@example.com"
    assert events(of=profile) == ["Product Viewed", "Checkout Started"]


def test_alias_joins_what_a_browser_did(site: FakeSite) -> None:
    send(site, track(anonymousId="a-1"))
    send(site, {"type": "alias", "userId": "u-1", "previousId": "a-1"})
    [profile] = profiles()
    assert events(of=profile) == ["Product Viewed"]
    assert identities(profile) == {("anonymous", "a-1"), ("customer_id", "u-1")}


def test_alias_of_two_known_people_asks_people(site: FakeSite) -> None:
    send(site, identify("u-1"), identify("u-2"))
    send(site, {"type": "alias", "userId": "u-2", "previousId": "u-1"})
    one, other = profiles()
    with transaction.atomic():
        doubt = ProbableDuplicate.objects.get()
    assert (doubt.one_id, doubt.other_id, doubt.reason) == (one.pk, other.pk, "customer_id")


def test_alias_of_itself_changes_nothing(site: FakeSite) -> None:
    send(site, {"type": "alias", "userId": "u-1", "previousId": "u-1"})
    [profile] = profiles()
    assert identities(profile) == {("customer_id", "u-1")}


def test_a_browser_is_forgotten_after_400_days(site: FakeSite, at_ten: Any) -> None:
    send(site, identify("u-1", anonymousId="a-1"))
    at_ten.shift(timedelta(days=399))
    send(site, track(anonymousId="a-1"))
    at_ten.shift(timedelta(days=401))
    send(site, track("Cart Viewed", anonymousId="a-1"))
    known, stranger = profiles()
    assert events(of=known) == ["Product Viewed"]
    assert stranger.is_anonymous
    assert events(of=stranger) == ["Cart Viewed"]


def test_of_browsers_the_last_50_are_kept(site: FakeSite, at_ten: Any) -> None:
    for number in range(3):
        at_ten.shift(timedelta(minutes=1))
        send(site, identify("u-1", anonymousId=f"old-{number}"))
    at_ten.shift(timedelta(minutes=1))
    send(site, *[identify("u-1", anonymousId=f"new-{number}") for number in range(49)])
    [profile] = profiles()
    ids = {value for kind, value in identities(profile) if kind == "anonymous"}
    assert len(ids) == 50
    assert "old-2" in ids
    assert "old-1" not in ids


def test_a_device_counts_where_no_browser_is_named(site: FakeSite) -> None:
    phone = {"context": {"device": {"id": "d-1"}}}
    send(site, identify("u-1", **phone))
    send(site, {"type": "track", "event": "Opened", "userId": "null", **phone})
    [profile] = profiles()
    assert events(of=profile) == ["Opened"]
    assert identities(profile) == {("customer_id", "u-1"), ("device", "d-1")}


def test_nothing_of_somebody_who_was_erased_comes_back(site: FakeSite) -> None:
    send(site, identify("u-1", email="zoe@example.com"))
    [profile] = profiles()
    erase_profiles([profile.pk])
    send(site, track(userId="u-1"), identify("u-1", email="zoe@example.com"))
    [erased] = profiles()
    assert (erased.email, events(of=erased)) == ("", [])
    assert outcomes(site)[-1] == ("applied", "2 of 2 of somebody who was erased: left out")


def test_rudderstack_names_traits_in_the_context(site: FakeSite) -> None:
    send(site, {"type": "identify", "userId": "u", "context": {"traits": {"email": "a@b.example"}}})
    assert profiles()[0].email == "a@b.example"
