from typing import Any

import pytest
from django.urls import reverse

from kernel.http import Answer, Client
from stores.platforms.shopify.admin import ask
from stores.services.connections import save_credentials
from stores.services.syncing import check_access
from stores.types import ConnectedStore, StoreAccess, StoreContext
from tenants.models import Tenant
from tests.factories.tenants import sign_in
from tests.support.payloads import load_payload
from tests.support.shopify_api import CLIENT_ID, CLIENT_SECRET, TOKEN, ShopifyApi
from tests.support.shopify_objects import graph_order

pytestmark = pytest.mark.django_db(transaction=True)


def use(shopify: ConnectedStore, api: ShopifyApi, credentials: dict[str, str]) -> None:
    save_credentials(
        shopify.store_id, url=api.url, credentials=credentials, actor="ada@example.com"
    )


def test_it_is_tested_in_plain_words(shopify: ConnectedStore, shopify_api: ShopifyApi) -> None:
    shopify_api.objects["orders"] = [graph_order(1), graph_order(2)]
    shopify_api.objects["products"] = [load_payload("shopify/graph_product")]
    found = check_access(shopify.store_id)
    assert (found.is_good, found.text) == (
        True,
        "Ada Soap answers: 1 product, 0 customers, 2 orders.",
    )


def test_missing_scopes_are_named(shopify: ConnectedStore, shopify_api: ShopifyApi) -> None:
    shopify_api.scopes = ("write_orders",)
    found = check_access(shopify.store_id)
    assert (found.is_good, found.text) == (
        False,
        (
            "The app lacks the scopes read_customers, read_products; give it what is missing, "
            "and install it again."
        ),
    )
    shopify_api.scopes = ("read_orders", "read_customers", "read_products")
    found = check_access(shopify.store_id)
    assert found.is_good
    assert "because the app lacks the scope read_all_orders" in found.text


def test_an_app_gets_its_token_and_keeps_it_for_a_day(
    shopify: ConnectedStore, shopify_api: ShopifyApi
) -> None:
    use(shopify, shopify_api, {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET})
    assert check_access(shopify.store_id).is_good
    assert check_access(shopify.store_id).is_good
    assert shopify_api.tokens == {TOKEN, "day_1"}


def test_a_token_that_ended_early_is_got_anew(
    shopify: ConnectedStore, shopify_api: ShopifyApi
) -> None:
    use(shopify, shopify_api, {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET})
    assert check_access(shopify.store_id).is_good
    shopify_api.tokens = {"x", "y"}
    assert check_access(shopify.store_id).is_good
    assert shopify_api.tokens == {"x", "y", "day_2"}


@pytest.mark.parametrize(
    ("credentials", "reason"),
    [
        ({"access_token": "shpat_2"}, "Shopify refuses the access token: Invalid API key"),
        (
            {"client_id": CLIENT_ID, "client_secret": "x"},
            "Shopify does not let the app in: Unknown app.",
        ),
        ({"client_id": CLIENT_ID}, "Enter the shop's address, and the client ID"),
    ],
)
def test_a_wrong_one_is_refused_in_plain_words(
    shopify: ConnectedStore,
    shopify_api: ShopifyApi,
    credentials: dict[str, str],
    reason: str,
) -> None:
    use(shopify, shopify_api, credentials)
    found = check_access(shopify.store_id)
    assert not found.is_good
    assert reason in found.text


def test_it_is_kept_from_the_page_and_never_shown(
    tenant: Tenant, shopify: ConnectedStore, shopify_api: ShopifyApi
) -> None:
    owner = sign_in(tenant)
    address = reverse("stores:change_credentials", args=["ada-soap", shopify.store_id])
    owner.post(address, {"url": shopify_api.url, "access_token": TOKEN})
    settings = reverse("stores:settings", args=["ada-soap", shopify.store_id])
    page = owner.get(settings).content.decode()
    assert "A key is kept." in page
    assert TOKEN not in page
    tested = reverse("stores:test_credentials", args=["ada-soap", shopify.store_id])
    page = owner.post(tested, follow=True).content.decode()
    assert "Ada Soap answers: 0 products, 0 customers, 0 orders." in page


def test_a_token_never_goes_out_in_the_clear_to_a_host_that_has_a_name() -> None:
    asked: list[str] = []

    class Recorder(Client):
        def post(self, url: str, body: bytes, **_: Any) -> Answer:
            asked.append(url)
            return Answer(200, {}, b'{"data": {}}')

    store = StoreContext(1, "shopify", "GBP", "UTC")
    with Recorder() as client:
        for address in ("http://ada.myshopify.com", "https://ada.example:8443"):
            ask(StoreAccess(address, {"access_token": TOKEN}, store), client, "{ shop { name } }")
    assert asked == [
        "https://ada.myshopify.com/admin/api/2026-07/graphql.json",
        "https://ada.example:8443/admin/api/2026-07/graphql.json",
    ]
