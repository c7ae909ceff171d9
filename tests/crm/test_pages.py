"""The list of people, its export, and the page of one person with the parts this app owns."""

import pytest
from django.test import Client

from crm.choices import ConsentState, SuppressionReason
from crm.domain.csv_cells import safe_cell
from crm.models import Order, Profile, ProfileFacts, Suppression
from crm.queries import people
from crm.queries.people import Wanted
from crm.queries.reach import find_reach
from crm.services.addresses import address_hash
from crm.services.facts import refresh_facts
from crm.services.merging import merge_profiles
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.crm import NOON, apply, customer, make_store, order, refund
from tests.factories.tenants import sign_in

LIST = "/t/ada-soap/profiles/"
MARKUP = "<script>alert(1)</script>"


def buy(external_id: str, email: str, **fields: object) -> Profile:
    """Let somebody place one order; facts are brought up to date."""
    store = make_store(f"Shop {external_id}")
    apply(store, order(external_id, email=email, **fields))
    profile = Profile.objects.get(orders__external_id=external_id)
    refresh_facts([profile.pk], NOON)
    return profile


def read(client: Client, address: str, **headers: str) -> str:
    page = client.get(address, headers=headers)
    assert page.status_code == 200, address
    return page.content.decode()


def names(wanted: Wanted) -> list[str]:
    return [row.name for row in people.list_people(wanted, NOON).rows]


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return Profile.objects.create(
        first_name="Ada",
        last_name="Byron",
        name_norm="ada byron",
        email="ada@example.com",
        email_norm="ada@example.com",
        country="GB",
        city="London",
        email_consent=ConsentState.SUBSCRIBED,
    )


def test_an_empty_tenant_is_told_what_comes_next(tenant: Tenant) -> None:
    text = read(sign_in(tenant), LIST)
    assert "Nobody here yet" in text
    assert "Connect a store" in text
    assert "Export CSV" not in text


def test_a_person_is_found_by_name_email_and_order_number(tenant: Tenant, ada: Profile) -> None:
    other = buy("1001", "grace@example.com")
    assert names(Wanted(search="BYRO")) == ["Ada Byron"]
    assert names(Wanted(search="ada@ex")) == ["Ada Byron"]
    assert names(Wanted(search="100%")) == []
    for number in ("1001", "#1001"):
        found = people.list_people(Wanted(search=number), NOON).rows
        assert [row.id for row in found] == [other.pk]


def test_a_person_is_found_by_phone_as_people_type_it(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(country="GB")
    apply(make_store(), customer("c1", phone="+447700900123", first_name="Ada"))
    assert names(Wanted(search="07700 900123")) == ["Ada"]
    assert names(Wanted(search="+44 7700 900123")) == ["Ada"]
    assert names(Wanted(search="07700 900124")) == []


def test_a_live_search_gets_the_table_alone(tenant: Tenant, ada: Profile) -> None:
    page = sign_in(tenant).get(f"{LIST}?q=ada", headers={"HX-Request": "true"})
    text = page.content.decode()
    assert "Ada Byron" in text
    assert "<html" not in text
    assert "HX-Request" in page.headers["Vary"]


def test_filters_and_orders_are_combined(tenant: Tenant, ada: Profile) -> None:
    small = buy("1", "small@example.com", gross_minor=1000)
    large = buy("2", "large@example.com", gross_minor=9000)
    rows = people.list_people(Wanted(chosen={"orders": "1"}, sort="-revenue"), NOON).rows
    assert [(row.id, row.net_minor) for row in rows] == [(large.pk, 9000), (small.pk, 1000)]
    assert names(Wanted(chosen={"consent": "subscribed", "country": "GB"})) == ["Ada Byron"]
    assert names(Wanted(chosen={"consent": "subscribed", "country": "DE"})) == []
    assert people.count_people(Wanted(chosen={"orders": "0"})) == 1
    last = people.list_people(Wanted(sort="-last"), NOON).rows
    assert {row.id for row in last} == {small.pk, large.pk}


def test_a_filter_that_does_not_exist_is_left_out(tenant: Tenant, ada: Profile) -> None:
    client = sign_in(tenant)
    address = f"{LIST}?orders=many&segment=1%27&sort=--new&after=x_y&country=ZZ&rfm_group=none"
    assert "Ada Byron" in read(client, address)


def test_pages_follow_each_other_in_both_directions(tenant: Tenant) -> None:
    Profile.objects.bulk_create([Profile(first_name=f"P{n}", created_at=NOON) for n in range(5)])
    wanted = Wanted()
    first = people.list_people(wanted, NOON, limit=2)
    assert first.next is not None
    second = people.list_people(wanted, NOON, after=first.next, limit=2)
    assert second.next is not None
    third = people.list_people(wanted, NOON, after=second.next, limit=2)
    assert [row.name for page in (first, second, third) for row in page.rows] == [
        "P4",
        "P3",
        "P2",
        "P1",
        "P0",
    ]
    assert (first.previous, third.next) == (None, None)
    assert second.previous is not None
    assert people.list_people(wanted, NOON, before=second.previous, limit=2).rows == first.rows


def test_erased_and_merged_people_are_not_listed(tenant: Tenant, ada: Profile) -> None:
    twin = Profile.objects.create(first_name="Twin")
    merge_profiles([(ada.pk, twin.pk)], rule="manual", now=NOON)
    Profile.objects.create(first_name="Gone", erased_at=NOON)
    assert names(Wanted()) == ["Ada Byron"]


def test_reach_says_what_is_in_the_way(tenant: Tenant, ada: Profile) -> None:
    [[email, sms]] = find_reach([ada], NOON)
    assert (email.level, email.words) == ("yes", "subscribed")
    assert (sms.level, sms.words) == ("no", "no number")
    digest = address_hash("email", ada.email)
    Suppression.objects.create(
        channel="email", address_hash=digest, reason=SuppressionReason.HARD_BOUNCE
    )
    [[email, _]] = find_reach([ada], NOON)
    assert (email.level, email.words) == ("no", "the address bounced")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+44", "'+44"),
        ("@ada", "'@ada"),
        ("-x", "'-x"),
        ("\tx", "'\tx"),
        (-5, "-5"),
        ("-5.00", "-5.00"),
        ("Ada", "Ada"),
        (None, ""),
    ],
)
def test_a_cell_is_never_a_formula(value: object, written: str) -> None:
    assert safe_cell(value) == written


def test_a_profile_shows_who_she_is_and_what_she_is_worth(tenant: Tenant, ada: Profile) -> None:
    ProfileFacts.objects.create(
        profile=ada, order_count=2, gross_minor=6000, refunded_minor=1000, net_minor=5000
    )
    text = read(sign_in(tenant), f"{LIST}{ada.pk}/")
    assert "Ada Byron" in text
    assert "London, United Kingdom" in text
    assert "there now" in text
    assert "Email: subscribed" in text
    assert "SMS: no number" in text
    assert "£50.00" in text
    assert "£30.00" in text
    assert f"{LIST}{ada.pk}/timeline/?tab=timeline" in text
    assert "Erase…" in text


def test_the_tab_in_the_address_is_shown(tenant: Tenant, ada: Profile) -> None:
    text = read(sign_in(tenant), f"{LIST}{ada.pk}/?tab=orders&all=1")
    assert f"{LIST}{ada.pk}/orders/?tab=orders&amp;all=1" in text


def test_a_merged_id_leads_to_the_winner(tenant: Tenant, ada: Profile) -> None:
    twin = Profile.objects.create(first_name="Twin")
    merge_profiles([(ada.pk, twin.pk)], rule="email", now=NOON)
    client = sign_in(tenant)
    page = client.get(f"{LIST}{twin.pk}/?tab=merges")
    assert page.status_code == 302
    assert page.headers["Location"] == f"{LIST}{ada.pk}/?tab=merges"
    assert "The same email" in read(client, f"{LIST}{ada.pk}/merges/")


def test_erasing_leaves_a_page_that_says_so(tenant: Tenant, ada: Profile) -> None:
    client = sign_in(tenant)
    assert client.get(f"{LIST}{ada.pk}/erase/").status_code == 405
    page = client.post(f"{LIST}{ada.pk}/erase/")
    assert page.headers["Location"] == f"{LIST}{ada.pk}/"
    text = read(client, f"{LIST}{ada.pk}/")
    assert "This person was erased" in text
    assert "Byron" not in text
    assert AuditEntry.objects.get(action="profile.erased").actor == "owner@ada-soap.example"


def test_a_marketer_may_not_erase(tenant: Tenant, ada: Profile) -> None:
    client = sign_in(tenant, Role.MARKETER)
    assert "Erase…" not in read(client, f"{LIST}{ada.pk}/")
    assert client.post(f"{LIST}{ada.pk}/erase/").status_code == 403


def test_a_new_order_appears_when_the_parts_ask_again(tenant: Tenant) -> None:
    profile = buy("1001", "ada@example.com", gross_minor=5990)
    client = sign_in(tenant)
    facts = client.get(f"{LIST}{profile.pk}/facts/").content.decode()
    mark = facts.partition('data-mark="')[2].partition('"')[0]
    same = client.get(f"{LIST}{profile.pk}/facts/?seen={mark}")
    assert (same.status_code, same.content) == (204, b"")
    apply(make_store("Second"), order("1002", email="ada@example.com", gross_minor=1000))
    refresh_facts([profile.pk], NOON)
    changed = client.get(f"{LIST}{profile.pk}/facts/?seen={mark}")
    assert "£69.90" in changed.content.decode()
    assert "#1002" in read(client, f"{LIST}{profile.pk}/orders/")


def test_orders_show_lines_and_refunds(tenant: Tenant) -> None:
    profile = buy("1001", "ada@example.com")
    apply(Order.objects.get().store, refund("r1", note="Too small"))
    text = read(sign_in(tenant), f"{LIST}{profile.pk}/orders/")
    assert "Soap" in text
    assert "−£4.00" in text
    assert "Too small" in text


def test_the_timeline_tells_by_day_and_by_kind(tenant: Tenant) -> None:
    profile = buy("1001", "ada@example.com")
    client = sign_in(tenant)
    text = read(client, f"{LIST}{profile.pk}/timeline/")
    assert "1 Mar 2026" in text
    assert "Placed order #1001" in text
    assert "£10.00 · Soap" in text
    assert "First known" in text
    only = read(client, f"{LIST}{profile.pk}/timeline/?kind=profile")
    assert "First known" in only
    assert "Placed order" not in only


def test_repeated_consent_is_told_once_with_its_proof(tenant: Tenant, ada: Profile) -> None:
    apply(
        make_store(),
        customer("c1", email="new@example.com", email_consent="subscribed", consent_at=NOON),
    )
    profile = Profile.objects.get(email="new@example.com")
    text = read(sign_in(tenant), f"{LIST}{profile.pk}/consent/")
    assert text.count("Subscribed") == 1
    assert "1 Mar 2026, 12:00" in text
    assert "No statement of permission" in read(
        sign_in(tenant, Role.ADMIN), f"{LIST}{ada.pk}/consent/"
    )


@pytest.mark.parametrize("part", ["", "header/", "facts/", "timeline/", "orders/", "merges/"])
def test_markup_in_any_field_stays_text(tenant: Tenant, part: str) -> None:
    profile = buy("1001", "ada@example.com", number=MARKUP)
    Profile.objects.filter(pk=profile.pk).update(
        first_name=MARKUP, last_name="", city=MARKUP, properties={MARKUP: MARKUP}, timezone=MARKUP
    )
    client = sign_in(tenant)
    assert MARKUP not in read(client, f"{LIST}{profile.pk}/{part}")
    assert MARKUP not in read(client, LIST)
