"""What callers send: profiles, events, orders and products."""

import json
from typing import Any

import pytest
from django.test import Client

from crm.models import (
    ConsentEvent,
    Event,
    Identity,
    Order,
    OrderLine,
    Product,
    Profile,
    ProfileMerge,
    Store,
)
from kernel.tenancy import tenant_scope
from tenants.models import Tenant
from tests.factories.samples import make_order, make_store

ORDER = {
    "external_id": "1001",
    "ordered_at": "2026-05-04T10:00:00Z",
    "currency": "GBP",
    "total": "25.00",
    "profile": {"email": "ada@example.com"},
    "lines": [{"title": "Soap", "quantity": 2, "unit_price": "12.50"}],
}
EVENT = {
    "name": "Quiz Taken",
    "occurred_at": "2026-05-04T10:00:00Z",
    "profile": {"email": "ada@example.com"},
    "properties": {"score": 7},
    "unique_id": "quiz-1",
}


def post(client: Client, path: str, body: object) -> Any:
    return client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["status"] for row in answer.json()["results"]]


def test_a_profile_is_created_and_then_updated(tenant: Tenant, api: Client) -> None:
    body = {"email": " Ada@Example.com ", "first_name": "Ada", "city": "London", "country": "GB"}
    first = post(api, "profiles/", body)
    assert first.status_code == 201
    again = post(api, "profiles/", {"email": "ada@example.com", "last_name": "Byron"})
    assert again.status_code == 200
    assert again.json()["id"] == first.json()["id"]
    assert (again.json()["first_name"], again.json()["last_name"]) == ("Ada", "Byron")
    assert again.json()["city"] == "London"
    assert Profile.objects.count() == 1
    assert Store.objects.get().name == "API"


def test_a_profile_is_known_by_the_customer_id_of_its_store(tenant: Tenant, api: Client) -> None:
    store = make_store()
    body = {"external_id": "77", "store_id": str(store.pk), "email": "ada@example.com"}
    created = post(api, "profiles/", body).json()
    assert {"kind": "customer_id", "value": "77", "store_id": str(store.pk)} in created[
        "identities"
    ]
    moved = post(api, "profiles/", {**body, "email": "ada@new.example"}).json()
    assert moved["id"] == created["id"]
    assert moved["email"] == "ada@new.example"


def test_consent_is_recorded_with_its_time(tenant: Tenant, api: Client) -> None:
    body = {
        "email": "ada@example.com",
        "email_consent": "subscribed",
        "consent_at": "2026-05-04T10:00:00Z",
    }
    created = post(api, "profiles/", body).json()
    assert created["consent"]["email"] == {"state": "subscribed", "at": "2026-05-04T10:00:00Z"}
    assert ConsentEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"first_name": "Ada"}, "email"),
        ({"email": "  "}, "email"),
        ({"email": "a@b.example", "email_consent": "maybe"}, "email_consent"),
        ({"email": "a@b.example", "first_name": None}, "first_name"),
        ({"email": "a@b.example", "first_name": "x" * 501}, "first_name"),
        ({"email": "a@b.example", "first_name": "\x00"}, "first_name"),
        ({"email": "a@b.example", "properties": []}, "properties"),
    ],
)
def test_a_profile_that_cannot_be_is_refused_by_field(
    tenant: Tenant, api: Client, body: dict[str, Any], field: str
) -> None:
    answer = post(api, "profiles/", body)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]
    assert not Profile.objects.exists()


def test_a_malformed_address_alone_makes_no_profile(tenant: Tenant, api: Client) -> None:
    answer = post(api, "profiles/", {"email": "not an address"})
    assert answer.status_code == 400
    assert not Profile.objects.exists()


def test_events_are_recorded_once_each(tenant: Tenant, api: Client) -> None:
    assert statuses(post(api, "events/bulk/", {"items": [EVENT]})) == ["new"]
    assert statuses(post(api, "events/bulk/", {"items": [EVENT]})) == ["unchanged"]
    event = Event.objects.get(name="Quiz Taken")
    assert event.properties["score"] == 7
    assert Identity.objects.get(kind="email").profile_id == event.profile_id


def test_items_are_judged_alone(tenant: Tenant, api: Client) -> None:
    items = [{**EVENT, "name": ""}, EVENT, {"name": "Nobody", "profile": {}}, "text"]
    answer = post(api, "events/bulk/", {"items": items})
    assert statuses(answer) == ["rejected", "new", "rejected", "rejected"]
    rows = answer.json()["results"]
    assert [list(row["fields"]) for row in rows] == [
        ["name"],
        [],
        ["profile.email"],
        ["non_field_errors"],
    ]
    assert Event.objects.filter(name="Quiz Taken").count() == 1


def test_history_is_marked_as_such(tenant: Tenant, api: Client) -> None:
    post(api, "events/bulk/", {"items": [EVENT], "backfill": True})
    assert Event.objects.get(name="Quiz Taken").is_backfill is True


def test_orders_are_created_updated_and_left_alone(tenant: Tenant, api: Client) -> None:
    body = {**ORDER, "updated_at": "2026-05-04T10:00:00Z"}
    assert statuses(post(api, "orders/bulk/", {"items": [body]})) == ["new"]
    assert statuses(post(api, "orders/bulk/", {"items": [body]})) == ["unchanged"]
    newer = {**body, "total": "30.00", "updated_at": "2026-05-04T11:00:00Z"}
    assert statuses(post(api, "orders/bulk/", {"items": [newer]})) == ["updated"]
    assert statuses(post(api, "orders/bulk/", {"items": [body]})) == ["unchanged"]
    order = Order.objects.get()
    assert (order.gross_minor, order.base_gross_minor, order.is_counted) == (3000, 3000, True)
    line = OrderLine.objects.get()
    assert (line.quantity, line.unit_price_minor, line.total_minor) == (2, 1250, 2500)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"total": "12,50"}, "total"),
        ({"total": "NaN"}, "total"),
        ({"total": None}, "total"),
        ({"currency": "GPB"}, "currency"),
        ({"ordered_at": "yesterday"}, "ordered_at"),
        ({"lines": [{"quantity": 0, "unit_price": "1.00"}]}, "lines.0.quantity"),
        ({"external_id": ""}, "external_id"),
        ({"profile": {"first_name": "Ada"}}, "profile.email"),
    ],
)
def test_an_order_that_breaks_a_rule_is_rejected_by_field(
    tenant: Tenant, api: Client, change: dict[str, Any], field: str
) -> None:
    answer = post(api, "orders/bulk/", {"items": [{**ORDER, **change}, ORDER]})
    assert statuses(answer) == ["rejected", "new"]
    assert list(answer.json()["results"][0]["fields"]) == [field]
    assert Order.objects.count() == 1


def test_products_are_created_with_their_variants(tenant: Tenant, api: Client) -> None:
    item = {
        "external_id": "p1",
        "title": "Soap",
        "category": "Bath",
        "variants": [{"external_id": "v1", "sku": "SOAP-1", "price": "12.50", "currency": "GBP"}],
    }
    bad = {**item, "external_id": "p2", "variants": [{"external_id": "v2", "price": "1.00"}]}
    assert statuses(post(api, "products/bulk/", {"items": [item, bad]})) == ["new", "rejected"]
    [product] = api.get("/api/v1/products/?sku=SOAP-1").json()["results"]
    assert (product["title"], product["variants"][0]["price"]) == ("Soap", "12.50")
    assert Product.objects.count() == 1


def test_a_store_of_another_tenant_is_not_found(
    tenant: Tenant, other_tenant: Tenant, api: Client
) -> None:
    with tenant_scope(other_tenant.pk):
        theirs = make_store()
    answer = post(api, "orders/bulk/", {"items": [ORDER], "store_id": str(theirs.pk)})
    assert answer.status_code == 404
    assert not Order.objects.exists()


def test_an_erased_person_is_gone_and_the_orders_stay(tenant: Tenant, api: Client) -> None:
    created = post(api, "profiles/", {"email": "ada@example.com", "first_name": "Ada"}).json()
    make_order(Store.objects.get(), Profile.objects.get(), email="ada@example.com")
    assert api.delete(f"/api/v1/profiles/{created['id']}").status_code == 204
    assert "ada" not in json.dumps(list(Profile.objects.values()), default=str).lower()
    assert not Identity.objects.exists()
    order = Order.objects.get()
    assert (order.profile_id, order.email, order.gross_minor) == (None, "", 1250)
    assert api.get("/api/v1/profiles/?email=ada@example.com").json()["results"] == []


def test_two_profiles_become_one_and_two_again(tenant: Tenant, api: Client) -> None:
    ada = post(api, "profiles/", {"email": "ada@example.com", "first_name": "Ada"}).json()["id"]
    guest = post(api, "profiles/", {"email": "guest@example.com", "city": "London"}).json()["id"]
    merged = post(api, "profiles/merge/", {"winner_id": ada, "loser_ids": [guest]})
    assert merged.status_code == 200
    assert (merged.json()["id"], merged.json()["city"]) == (ada, "London")
    assert len(merged.json()["identities"]) == 2
    assert api.get(f"/api/v1/profiles/{guest}/").status_code == 301
    freed = post(api, f"profiles/{guest}/unmerge/", {})
    assert (freed.status_code, freed.json()["id"]) == (200, guest)
    assert api.get(f"/api/v1/profiles/{guest}/").status_code == 200
    assert post(api, f"profiles/{guest}/unmerge/", {}).status_code == 409


@pytest.mark.parametrize("is_winner_erased", [True, False])
def test_nobody_becomes_one_with_whoever_was_erased(
    tenant: Tenant, api: Client, *, is_winner_erased: bool
) -> None:
    ada = post(api, "profiles/", {"email": "ada@example.com", "city": "London"}).json()["id"]
    mei = post(api, "profiles/", {"email": "mei@example.com"}).json()["id"]
    assert api.delete(f"/api/v1/profiles/{mei}").status_code == 204
    winner, loser = (mei, ada) if is_winner_erased else (ada, mei)

    refused = post(api, "profiles/merge/", {"winner_id": winner, "loser_ids": [loser]})

    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        f"Profile {mei} was erased, and becomes one with nobody.",
    )
    found = Profile.objects.order_by("pk")
    assert list(found.values_list("email", "city", "merged_into")) == [
        ("ada@example.com", "London", None),
        ("", "", None),
    ]
    assert not ProfileMerge.objects.exists()
    assert post(api, "profiles/", {"email": "ada@example.com"}).json()["id"] == ada


@pytest.mark.parametrize("body", [{}, {"winner_id": "1"}, {"winner_id": "x", "loser_ids": ["1"]}])
def test_a_merge_that_names_nobody_is_refused(
    tenant: Tenant, api: Client, body: dict[str, Any]
) -> None:
    assert post(api, "profiles/merge/", body).status_code == 400
