"""Mending malformed data where a member says how; what belongs to others stays theirs."""

import pytest

from crm.domain.repairs import suggest_email
from crm.models import Identity, IgnoredFlaw, OrderLine, ProbableDuplicate, Product, Profile
from crm.queries.hygiene import list_flaws, list_ignored, list_mendable
from crm.services.checks import find_differences
from crm.services.erasure import erase_profiles
from crm.services.repairs import (
    heed_flaw,
    ignore_flaw,
    mend_emails,
    start_reading_phones,
    start_setting_category,
)
from crm.types import CustomerRecord, ProductRecord
from kernel.errors import Invalid, NotFound
from kernel.work import drain_tenant
from tenants.models import AuditEntry, Tenant
from tests.factories.crm import NOON, apply, customer, line, make_store, order
from tests.factories.tenants import sign_in

pytestmark = pytest.mark.django_db
ACTOR = "ada@example.com"


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("ada@example.com.", "ada@example.com"),
        (" Ada @ example,com ", "ada@example.com"),
        ("ada@@example.com", "ada@example.com"),
        ("Ada <ada@example.com>;", "ada@example.com"),
        ("ada@gmail.con", "ada@gmail.com"),
        ("ada@gmail", "ada@gmail.com"),
        ("mailto:ada@example..com", "ada@example.com"),
        ("ada", ""),
        ("ada@bo@example.com", ""),
        ("ada@example", ""),
        ("@example.com", ""),
    ],
)
def test_an_address_is_suggested_where_only_one_can_be_meant(raw: str, meant: str) -> None:
    assert suggest_email(raw) == meant


def counts() -> dict[str, int]:
    return {flaw.key: flaw.count for flaw in list_flaws() if flaw.count}


def person(name: str, **fields: object) -> CustomerRecord:
    return customer(name, **fields)


@pytest.mark.covers("D1")
def test_confirmed_addresses_are_taken_over_and_others_keep_theirs(tenant: Tenant) -> None:
    apply(
        make_store(),
        person("1", email="ada@gmail.con,"),
        person("2", email="bo@@example.com"),
        person("3", email="bo@example.com"),
        person("4", email="riddle"),
    )
    found = {one.raw: one for one in list_mendable(10)}
    assert {raw: one.meant for raw, one in found.items()} == {
        "ada@gmail.con,": "ada@gmail.com",
        "bo@@example.com": "bo@example.com",
    }

    done = mend_emails({one.profile_id: one.meant for one in found.values()}, actor=ACTOR)

    assert (done.fixed, done.taken) == (1, 1)
    ada = Profile.objects.get(email_norm="ada@gmail.com")
    assert ada.properties == {}
    assert Identity.objects.get(value_norm="ada@gmail.com").profile_id == ada.pk
    doubt = ProbableDuplicate.objects.get()
    assert (doubt.reason, doubt.status) == ("email", "open")
    assert counts() == {"duplicates": 1, "emails": 2, "unreachable": 2}
    assert AuditEntry.objects.get(action="data.emails_mended").after == {
        "profile_ids": [ada.pk],
        "taken": 1,
    }
    drain_tenant(tenant.pk)
    assert find_differences() == []


def test_who_was_erased_does_not_come_back_and_a_malformed_one_is_refused(tenant: Tenant) -> None:
    store = make_store()
    apply(store, person("1", email="ada@example.com"))
    erase_profiles([Profile.objects.get().pk])
    apply(store, person("2", email="ada@example.com."))
    profile = Profile.objects.get(erased_at=None)

    done = mend_emails({profile.pk: "ada@example.com"}, actor=ACTOR)

    assert (done.fixed, done.taken) == (0, 0)
    with pytest.raises(Invalid):
        mend_emails({profile.pk: "ada@"}, actor=ACTOR)
    assert not Identity.objects.filter(kind="email").exists()


@pytest.mark.covers("D1")
def test_numbers_without_a_country_are_read_as_those_of_one(tenant: Tenant) -> None:
    apply(
        make_store(),
        person("1", properties={"unusable_phone": "07911 123456"}),
        person("2", properties={"unusable_phone": "12"}),
    )

    start_reading_phones("GB", actor=ACTOR)
    drain_tenant(tenant.pk)

    assert Profile.objects.get(phone="+447911123456").properties == {}
    assert counts()["phones"] == 1
    assert find_differences() == []


@pytest.mark.covers("D1")
def test_products_without_a_category_get_one_until_their_store_names_its_own(
    tenant: Tenant,
) -> None:
    store = make_store()
    apply(store, ProductRecord("p1", NOON, title="Soap"))
    apply(store, order(lines=[line(product_external_id="p1", category="")]))

    start_setting_category("  Bath ", actor=ACTOR)
    drain_tenant(tenant.pk)

    assert Product.objects.get().category == OrderLine.objects.get().category == "Bath"
    assert "uncategorised" not in counts()
    apply(store, ProductRecord("p1", NOON, title="Soap bar"))
    assert Product.objects.get().category == "Bath"
    apply(store, ProductRecord("p1", NOON, title="Soap bar", category="Soaps"))
    assert Product.objects.get().category == "Soaps"
    with pytest.raises(Invalid):
        start_setting_category(" ", actor=ACTOR)
    drain_tenant(tenant.pk)
    assert find_differences() == []


@pytest.mark.covers("D1")
def test_a_flaw_is_put_aside_for_everybody_and_taken_back(tenant: Tenant) -> None:
    client = sign_in(tenant, "owner")
    address = f"/t/{tenant.slug}/data/"
    apply(make_store(), person("1", email="bo@@example.com"))

    assert client.post(f"{address}ignore/", {"key": "emails"}).status_code == 302
    ignore_flaw("emails", actor=ACTOR)
    assert list_ignored() == ["emails"]
    assert "Put aside" in client.get(address).content.decode()
    assert client.post(f"{address}ignore/", {"key": "emails", "heed": "1"}).status_code == 302
    heed_flaw("emails", actor=ACTOR)

    assert not IgnoredFlaw.objects.exists()
    with pytest.raises(NotFound):
        ignore_flaw("nothing", actor=ACTOR)
    page = client.get(f"{address}emails/").content.decode()
    assert "bo@example.com" in page
    chosen = {"ids": [str(Profile.objects.get().pk)]}
    answer = client.post(f"{address}emails/", chosen, follow=True)
    assert "1 person is known by the corrected address now." in answer.content.decode()
