"""Coupons whose codes messages carry, by REST."""

import json
from typing import Any

import pytest
from django.test import Client

from kernel import clock
from messaging.models import Coupon, CouponCode
from tenants.models import AuditEntry, Tenant
from tests.factories.samples import make_profile
from tests.factories.tenants import call_with, make_key

pytestmark = pytest.mark.django_db
OFFERS = "/api/v1/coupons/offers/"


def send(client: Client, path: str, body: object, method: str = "post") -> Any:
    address = f"{OFFERS}{path}"
    return getattr(client, method)(address, json.dumps(body), content_type="application/json")


def ask(**changes: object) -> dict[str, object]:
    body = {"name": "Spring", "kind": "pool", "offer": "percent", "percent": "10"}
    return {**body, **changes}


@pytest.mark.covers("M12")
def test_a_pool_is_made_filled_changed_paused_and_ended(tenant: Tenant, api: Client) -> None:
    first = send(api, "", ask(low_water=1))
    assert first.status_code == 201
    made = first.json()
    names = ("name", "kind", "status", "percent", "currency", "words", "left_count", "revenue")
    told = ["Spring", "pool", "active", "10.00", "GBP", "10% off", 0, "0.00"]
    assert [made[name] for name in names] == told
    path = f"{made['id']}/"
    added = send(api, f"{path}codes/", {"codes": ["code", "A1", "a1", "B2"]})
    assert (added.status_code, added.json()) == (
        200,
        {"added": 3, "repeated": 1, "known": 0, "elsewhere": 0},
    )
    again = send(api, f"{path}codes/", {"codes": ["A1"]}).json()
    assert again == {"added": 0, "repeated": 0, "known": 1, "elsewhere": 0}
    assert api.get(f"{OFFERS}{path}").json()["left_count"] == 3
    changed = send(api, path, {"percent": "12.5", "valid_hours": 48}, "patch").json()
    assert (changed["percent"], changed["valid_hours"], changed["name"]) == ("12.50", 48, "Spring")
    assert send(api, f"{path}pause/", {}).json()["status"] == "paused"
    assert send(api, f"{path}resume/", {}).json()["status"] == "active"
    assert send(api, f"{path}end/", {}).json()["status"] == "ended"
    assert send(api, f"{path}resume/", {}).status_code == 409
    assert send(api, f"{path}codes/", {"codes": ["C3"]}).status_code == 409
    assert CouponCode.objects.count() == 3
    entries = AuditEntry.objects.filter(object_type="coupon").order_by("pk")
    assert [entry.action for entry in entries] == [
        "coupon.created",
        "coupon.codes_added",
        "coupon.changed",
        *["coupon.status_changed"] * 3,
    ]
    assert all(entry.actor.startswith("key:") for entry in entries)


def test_codes_and_those_who_have_them_are_listed_page_by_page(tenant: Tenant, api: Client) -> None:
    made = send(api, "", ask()).json()
    send(api, f"{made['id']}/codes/", {"codes": ["A1", "B2", "C3"]})
    person, now = make_profile(), clock.now()
    CouponCode.objects.filter(code="B2").update(
        status="sent", profile=person, holder=f"profile:{person.pk}", claimed_at=now, sent_at=now
    )
    first = api.get(f"{OFFERS}{made['id']}/codes/?limit=2").json()
    assert [row["code"] for row in first["results"]] == ["C3", "B2"]
    second = api.get(first["next"]).json()
    assert ([row["code"] for row in second["results"]], second["next"]) == (["A1"], None)
    [claim] = api.get(f"{OFFERS}{made['id']}/claims/").json()["results"]
    assert (claim["code"], claim["status"]) == ("B2", "sent")
    assert claim["profile_id"] == str(person.pk)
    assert api.get(f"{OFFERS}?status=ended").json()["results"] == []
    assert [row["id"] for row in api.get(f"{OFFERS}?kind=pool").json()["results"]] == [made["id"]]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "half"}, "kind"),
        ({"percent": "101"}, "percent"),
        ({"offer": "amount"}, "amount"),
        ({"kind": "static"}, "static_code"),
        ({"kind": "generated"}, "store_ids"),
        ({"store_ids": ["999999"]}, "store_ids"),
        ({"skus": ["nobody-sells-it"]}, "skus"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"when_out": "fallback"}, "fallback"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(
    tenant: Tenant, api: Client, changes: dict[str, object], field: str
) -> None:
    answer = send(api, "", ask(**changes))
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert Coupon.objects.count() == 0


def test_a_static_code_is_one_for_all_and_takes_no_others(tenant: Tenant, api: Client) -> None:
    body = ask(kind="static", static_code="SPRING10", offer="amount", amount="5.00", percent=None)
    made = send(api, "", body).json()
    assert (made["amount"], made["static_code"], made["is_written"]) == ("5.00", "SPRING10", False)
    assert send(api, f"{made['id']}/codes/", {"codes": ["A1"]}).status_code == 409
    assert CouponCode.objects.count() == 1


def test_a_key_does_what_its_scopes_say(tenant: Tenant, broker: object) -> None:
    reader = call_with(make_key(tenant, "coupons:read"))
    assert reader.get(OFFERS).status_code == 200
    assert send(reader, "", ask()).status_code == 403
    other = call_with(make_key(tenant, "templates:write"))
    assert other.get(OFFERS).status_code == 403
    assert Coupon.objects.count() == 0
