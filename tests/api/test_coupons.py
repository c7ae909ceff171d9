"""Discount codes by REST."""

import json
from typing import Any

import pytest
from django.test import Client

from crm.models import Order, Store
from crm.services.stores import StoreData
from stores.models import StoreWrite
from stores.services.connections import connect_store
from stores.services.writing import switch_off, switch_on
from tenants.models import AuditEntry, Tenant
from tests.factories.crm import NOON, apply, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def store_id(tenant: Tenant) -> int:
    data = StoreData(name="Ada Shopify", platform="shopify", url="https://ada.myshopify.com")
    return connect_store(data, credentials={"access_token": "shpat_1"}).store_id


def post(client: Client, path: str, body: object) -> Any:
    return client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")


def ask(store: int, **changes: object) -> dict[str, object]:
    body = {"store_id": str(store), "code": "Hello10", "kind": "percent", "amount": "10"}
    return {**body, **changes}


def test_a_code_is_asked_for_once_read_and_ended(
    tenant: Tenant, api: Client, store_id: int
) -> None:
    switch_on(store_id, "codes", {}, actor="ada@example.com")
    first = post(api, "coupons/", ask(store_id, usage_limit=1, minimum="25.00"))
    assert first.status_code == 201
    made = first.json()
    names = ("store_id", "code", "amount", "minimum", "usage_limit", "is_active", "status")
    assert [made[name] for name in names] == [
        str(store_id),
        "Hello10",
        "10",
        "25",
        1,
        True,
        "waiting",
    ]
    again = post(api, "coupons/", ask(store_id, code="HELLO10", usage_limit=1, minimum="25.00"))
    assert (again.status_code, again.json()) == (200, made)
    other = post(api, "coupons/", ask(store_id, amount="20"))
    assert (other.status_code, StoreWrite.objects.count()) == (409, 1)
    assert api.get("/api/v1/coupons/?code=HELLO10").json()["results"] == [made]
    ended = post(api, f"coupons/{made['id']}/deactivate/", {})
    assert (ended.status_code, ended.json()["is_active"]) == (200, False)
    actions = AuditEntry.objects.filter(action__startswith="store.code").order_by("pk")
    assert [entry.action for entry in actions] == ["store.codes_asked", "store.code_ended"]


def test_a_store_whose_codes_are_not_written_takes_none(
    tenant: Tenant, api: Client, store_id: int
) -> None:
    assert post(api, "coupons/", ask(store_id)).status_code == 409
    switch_on(store_id, "codes", {}, actor="ada@example.com")
    assert post(api, "coupons/", ask(store_id)).status_code == 201
    switch_off(store_id, "codes", actor="ada@example.com")
    switch_on(store_id, "codes", {}, actor="ada@example.com")
    assert StoreWrite.objects.get().state == "superseded"
    assert post(api, "coupons/", ask(store_id)).json()["status"] == "waiting"


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "50% off"},
        {"kind": "half"},
        {"amount": "101"},
        {"store_id": "999999"},
        {"starts_at": "2026-06-02T00:00:00Z", "ends_at": "2026-06-01T00:00:00Z"},
    ],
)
def test_what_makes_no_sense_is_refused(
    tenant: Tenant, api: Client, store_id: int, changes: dict[str, object]
) -> None:
    switch_on(store_id, "codes", {}, actor="ada@example.com")
    assert post(api, "coupons/", ask(store_id, **changes)).status_code in {400, 404, 422}
    assert StoreWrite.objects.count() == 0


@pytest.mark.covers("M12")
def test_how_often_a_code_was_redeemed_is_read_with_it_and_by_which_orders_below_it(
    tenant: Tenant, api: Client, store_id: int
) -> None:
    switch_on(store_id, "codes", {}, actor="ada@example.com")
    for code in ("HELLO10", "BYE10"):
        post(api, "coupons/", ask(store_id, code=code))
    store = Store.objects.get(pk=store_id)
    apply(
        store,
        order("1", discount_codes=["hello10"]),
        order("2", discount_codes=["HELLO10"], cancelled_at=NOON),
    )
    [coupon] = api.get("/api/v1/coupons/?code=HELLO10").json()["results"]
    assert (coupon["redeemed_count"], coupon["redeemed_at"]) == (1, "2026-03-01T12:00:00Z")
    [other] = api.get("/api/v1/coupons/?code=BYE10").json()["results"]
    assert (other["redeemed_count"], other["redeemed_at"]) == (0, None)
    orders = {each.external_id: str(each.pk) for each in Order.objects.all()}
    found = api.get(f"/api/v1/coupons/{coupon['id']}/redemptions/").json()["results"]
    assert [(each["order_id"], each["is_counted"]) for each in found] == [
        (orders["2"], False),
        (orders["1"], True),
    ]
