"""What is wrong or incomplete is counted, shown and has a way out."""

from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from crm.models import Order, ProbableDuplicate, Product, Profile, Refund
from crm.queries import hygiene
from crm.queries.hygiene import list_flaws
from kernel import clock
from tenants.models import Tenant
from tests.factories.samples import make_order, make_profile, make_store
from tests.factories.tenants import sign_in

BAD: dict[str, dict[str, Any]] = {
    "emails": {"email_norm": "", "phone": "+44", "properties": {"unusable_email": "ada@@x"}},
    "phones": {"email_norm": "a@b.example", "properties": {"unusable_phone": "12"}},
    "unreachable": {"email_norm": "", "phone": ""},
}


def counts() -> dict[str, int]:
    return {flaw.key: flaw.count for flaw in list_flaws() if flaw.count}


def test_a_tenant_without_data_has_no_flaw(tenant: Tenant) -> None:
    assert counts() == {}
    client, url = sign_in(tenant), reverse("analytics:data", args=["ada-soap"])
    assert "Nothing to look at yet" in client.get(url).text
    make_profile(email_norm="fine@example.com")
    assert "Nothing is wrong" in client.get(url).text


@pytest.mark.parametrize("key", BAD)
def test_people_are_found_by_what_they_lack(tenant: Tenant, key: str) -> None:
    make_profile(**BAD[key])
    make_profile(email_norm="fine@example.com")
    assert counts() == {key: 1}


def test_those_who_are_gone_or_unknown_are_left_out(tenant: Tenant) -> None:
    winner = make_profile(email_norm="fine@example.com")
    make_profile(merged_into=winner)
    make_profile(erased_at=clock.now())
    make_profile(is_anonymous=True)
    assert counts() == {}


def test_orders_products_refunds_and_pairs_are_found(tenant: Tenant) -> None:
    store, ada = make_store(), make_profile(email_norm="ada@example.com")
    bob = make_profile(email_norm="bob@example.com")
    lineless = make_order(store, ada, has_bought_line=False)
    make_order(store, None)
    make_order(store, ada, base_gross_minor=None)
    make_order(store, ada, has_bought_line=False, is_test=True)
    Product.objects.create(store=store, external_id="p1", title="Soap")
    Product.objects.create(store=store, external_id="p2", title="Gone", deleted_at=clock.now())
    Product.objects.create(store=store, external_id="p3", category="Bath")
    at = clock.now()
    money = {"refunded_at": at, "currency": "GBP", "amount_minor": 1, "source_version_at": at}
    Refund.objects.create(store=store, external_id="r1", order_external_id="77", **money)
    Refund.objects.create(store=store, external_id="r2", **money)
    ProbableDuplicate.objects.create(one=ada, other=bob, reason="email")
    assert counts() == {
        "duplicates": 1,
        "lineless": 1,
        "nobodys": 1,
        "rateless": 1,
        "uncategorised": 1,
        "loose_refunds": 1,
    }
    [flaw] = [one for one in list_flaws() if one.key == "lineless"]
    assert (flaw.examples[0].route, flaw.examples[0].id) == ("crm:order", lineless.pk)
    page = sign_in(tenant).get(reverse("analytics:data", args=["ada-soap"])).content.decode()
    for words in ("Orders without lines", "waits for order 77", "?person=none", "1 found"):
        assert words in page, words


def test_counting_stops_at_the_ceiling(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hygiene, "CEILING", 2)
    for _ in range(4):
        make_profile()
    [flaw] = [one for one in list_flaws() if one.count]
    assert (flaw.count, flaw.has_more, len(flaw.examples)) == (2, True, 4)


@pytest.mark.parametrize(
    ("key", "index"),
    [
        ("emails", "profile_bad_email_idx"),
        ("phones", "profile_bad_phone_idx"),
        ("unreachable", "profile_unreachable_idx"),
        ("lineless", "order_lineless_idx"),
        ("rateless", "order_rateless_idx"),
        ("uncategorised", "product_uncategorised_idx"),
    ],
)
def test_each_kind_is_found_by_its_own_index(tenant: Tenant, key: str, index: str) -> None:
    [kind] = [one for one in hygiene._KINDS if one.key == key]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert index in kind.find()[:5].explain()
    assert Profile.objects.count() == Order.objects.count() == 0
