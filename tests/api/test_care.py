"""Shipments, returns, reviews and tickets by REST."""

import json
from typing import Any

import pytest
from django.test import Client

from crm.models import Event, Return, Review, Shipment, Ticket
from tenants.models import Tenant
from tests.factories.samples import make_order, make_profile, make_store
from tests.factories.tenants import call_with, make_key

ADA = {"email": "ada@example.com"}
TICKET = {"external_id": "t-1", "profile": ADA, "subject": "Where is it?", "tags": ["late"]}


def post(client: Client, path: str, body: object) -> Any:
    return client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")


def test_a_ticket_is_created_brought_up_to_date_and_read(tenant: Tenant, api: Client) -> None:
    first = post(api, "tickets/", TICKET)
    assert (first.status_code, first.json()["status"]) == (201, "open")
    news = {"external_id": "t-1", "status": "resolved", "satisfaction": "good"}
    again = post(api, "tickets/", news)
    assert again.status_code == 200
    found = api.get(f"/api/v1/tickets/{first.json()['id']}/").json()
    assert found == again.json()
    assert (found["subject"], found["status"], found["tags"]) == (
        "Where is it?",
        "resolved",
        ["late"],
    )
    assert found["resolved_at"] is not None
    assert Ticket.objects.count() == 1
    names = Event.objects.filter(name__startswith="Ticket").order_by("id")
    assert list(names.values_list("name", flat=True)) == ["Ticket Opened", "Ticket Resolved"]


def test_lists_are_filtered_and_paged(tenant: Tenant, api: Client) -> None:
    items = [{**TICKET, "external_id": f"t-{number}"} for number in range(3)]
    items[1]["status"] = "resolved"
    answer = post(api, "tickets/bulk/", {"items": items})
    assert [row["status"] for row in answer.json()["results"]] == ["new"] * 3
    open_ones = api.get("/api/v1/tickets/?status=open&limit=1").json()
    assert [row["external_id"] for row in open_ones["results"]] == ["t-2"]
    rest = api.get(open_ones["next"]).json()
    assert [row["external_id"] for row in rest["results"]] == ["t-0"]
    assert rest["next"] is None


def test_a_parcel_and_a_return_find_the_order_of_another_store(tenant: Tenant, api: Client) -> None:
    order = make_order(make_store("Shop", platform="shopify"), make_profile())
    parcel = {
        "external_id": "p-1",
        "order_external_id": order.number,
        "status": "shipped",
        "promised_at": "2026-05-07T20:00:00Z",
    }
    assert post(api, "shipments/", parcel).json()["order_id"] == str(order.pk)
    back = {"external_id": "b-1", "order_external_id": order.external_id, "items": [{"sku": "S"}]}
    made = post(api, "returns/", back).json()
    assert (made["order_id"], made["profile_id"]) == (str(order.pk), str(order.profile_id))
    assert made["items"] == [{"sku": "S"}]
    assert post(api, "returns/", back).status_code == 200
    assert (Shipment.objects.count(), Return.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("tickets/", {"external_id": "t", "status": "lost"}, "status"),
        ("reviews/", {"external_id": "v", "rating": 6}, "rating"),
        ("returns/", {"external_id": ""}, "external_id"),
        ("shipments/", {"external_id": "s", "status": "teleported"}, "status"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_kept(
    tenant: Tenant, api: Client, path: str, body: dict[str, Any], field: str
) -> None:
    answer = post(api, path, body)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    kept = [model.objects.count() for model in (Ticket, Review, Return, Shipment)]
    assert kept == [0, 0, 0, 0]


def test_a_review_without_stars_is_refused(tenant: Tenant, api: Client) -> None:
    answer = post(api, "reviews/", {"external_id": "v-1", "profile": ADA})
    assert (answer.status_code, answer.json()["detail"]) == (400, "rating is missing")


def test_each_resource_has_a_scope_of_its_own(tenant: Tenant, broker: object) -> None:
    reader = call_with(make_key(tenant, "tickets:read"))
    assert reader.get("/api/v1/tickets/").status_code == 200
    assert post(reader, "tickets/", TICKET).status_code == 403
    assert reader.get("/api/v1/reviews/").status_code == 403


def test_the_ticket_of_another_tenant_is_another_ticket(
    tenant: Tenant, api: Client, other_api: Client
) -> None:
    ours = post(api, "tickets/", TICKET).json()
    theirs = post(other_api, "tickets/", {**TICKET, "subject": "Theirs"}).json()
    assert theirs["id"] != ours["id"]
    assert api.get(f"/api/v1/tickets/{theirs['id']}/").status_code == 404
    assert api.get(f"/api/v1/tickets/{ours['id']}/").json()["subject"] == "Where is it?"
