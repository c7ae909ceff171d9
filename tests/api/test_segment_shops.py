"""Telling shops of segments by REST."""

from typing import Any

import pytest
from django.test import Client

from crm.services.stores import StoreData
from segments.services.lists import create_list
from stores.services.connections import connect_store
from tenants.models import Tenant

pytestmark = pytest.mark.django_db


def call(api: Client, path: str, body: dict[str, Any]) -> Any:
    return api.post(f"/api/v1/{path}", body, content_type="application/json")


@pytest.mark.covers("S15")
def test_a_segment_is_switched_on_read_and_off(tenant: Tenant, api: Client) -> None:
    data = StoreData(name="Ada Shopify", platform="shopify", url="https://ada.myshopify.com")
    store = str(connect_store(data, credentials={"access_token": "shpat_1"}).store_id)
    path = f"segments/{create_list(name='Regulars').pk}/shops/"
    first = call(api, path, {"store_id": store})
    assert (first.status_code, first.json()["tag"]) == (201, "Regulars")
    again = call(api, path, {"store_id": store})
    assert (again.status_code, again.json()) == (200, first.json())
    assert api.get(f"/api/v1/{path}").json()["results"] == [first.json()]
    other = call(api, path, {"store_id": store, "tag": "Other"})
    assert (other.status_code, call(api, path, {}).status_code) == (409, 200)
    ended = call(api, f"{path}stop/", {"store_id": store, "takes_away": True})
    assert ended.json() == {"results": [], "next": None}
    gone = call(api, f"{path}stop/", {"store_id": store, "takes_away": True})
    assert (gone.status_code, call(api, f"{path}stop/", {}).status_code) == (404, 409)
    strange = call(api, path, {"store_id": "999999"})
    assert strange.status_code == 404
