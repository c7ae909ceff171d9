"""What the event of a message names, as mails show it, filled up from the catalogue."""

from typing import Any

import pytest

from crm.models import Product, Store, Variant
from messaging.queries.items import item_values
from messaging.services.trying import find_reader, pending_for
from tenants.models import Tenant
from tests.messaging.test_blocks import mail, render

pytestmark = pytest.mark.covers("M13")


@pytest.fixture
def store(tenant: Tenant) -> Store:
    made = Store.objects.create(name="Shop", platform="custom", currency="GBP", timezone="UTC")
    soap = Product.objects.create(
        store=made,
        external_id="p1",
        title="Lemon soap",
        url="https://shop.example/soap",
        image_url="https://shop.example/soap.jpg",
    )
    Variant.objects.create(
        store=made, product=soap, external_id="v1", sku="SOAP-1", price_minor=1250, currency="GBP"
    )
    return made


def items_of(event: dict[str, Any]) -> list[dict[str, Any]]:
    message = pending_for(find_reader(None), None)
    [found] = item_values([message._replace(context={"event": event})]).values()
    return found


def test_a_cart_is_shown_as_it_was_told_and_filled_up_from_the_catalogue(store: Store) -> None:
    told = {"title": "Soap of mine", "sku": "SOAP-1", "quantity": 2, "price_minor": 999}
    found = items_of({"name": "Cart Abandoned", "currency": "GBP", "items": [told, {}, "x"]})
    assert found == [
        {
            "title": "Soap of mine",
            "url": "https://shop.example/soap",
            "image_url": "https://shop.example/soap.jpg",
            "quantity": 2,
            "price_minor": 999,
            "currency": "GBP",
        }
    ]
    html = render(mail("<mj-items title='Your cart' button='See it'/>"), items=found)
    assert "Your cart" in html
    assert "£9.99" in html
    assert "× 2" in html


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"name": "Product Viewed", "product_id": "p1"}, [("Lemon soap", 1250)]),
        (
            {"name": "Product Viewed", "title": "Jar", "price": "7.5", "currency": "gbp"},
            [("Jar", 750)],
        ),
        (
            {"name": "Product Viewed", "title": "Jar", "price": "?", "currency": "??"},
            [("Jar", None)],
        ),
        ({"name": "Order Delivered", "order_id": 5}, []),
        ({}, []),
    ],
)
def test_one_product_names_itself_and_other_events_name_nothing(
    store: Store, event: dict[str, Any], said: list[tuple[str, int | None]]
) -> None:
    assert [(row["title"], row["price_minor"]) for row in items_of(event)] == said
    html = render(mail("<mj-items title='Your cart'/>"), items=items_of(event))
    assert ("Your cart" in html) is bool(said)
