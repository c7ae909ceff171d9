"""A cart of Shopify from the first soap to the order or to its being left, through the inbox."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import count, permutations
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import Cart, Event, Identity, Profile
from crm.services.carts import abandon_due
from crm.services.reactions import drain_reactions
from kernel.batches import Deadline
from tests.support.shopify import FakeShop

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("stores.public_urls"),
    pytest.mark.covers("I1"),
]

TEN = datetime(2026, 5, 4, 10, tzinfo=UTC)
FOREVER = Deadline(seconds=None)
numbers = count(1)


@pytest.fixture(autouse=True)
def at_ten(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)
    with time_machine.travel(TEN + timedelta(minutes=30), tick=False) as traveller:
        yield traveller


def at(minute: int) -> str:
    return (TEN + timedelta(minutes=minute)).isoformat()


def line(quantity: int = 2, **changes: Any) -> dict[str, Any]:
    found = {
        "id": 12,
        "title": "Lemon soap",
        "sku": "SOAP",
        "quantity": quantity,
        "price": "6.50",
        "line_price": f"{6.5 * quantity:.2f}",
        "product_id": 11,
        "variant_id": 12,
    }
    return {**found, **changes}


def cart(minute: int, *lines: dict[str, Any], name: str = "cart-1") -> tuple[str, Any]:
    body = {"id": name, "token": name, "created_at": at(0), "updated_at": at(minute)}
    return "carts/update", {**body, "line_items": list(lines or [line()])}


def checkout(minute: int, *lines: dict[str, Any], **changes: Any) -> tuple[str, Any]:
    body = {
        "token": "tok-1",
        "cart_token": "cart-1",
        "email": "ada@example.com",
        "created_at": at(10),
        "updated_at": at(minute),
        "currency": "GBP",
        "total_price": "15.00",
        "abandoned_checkout_url": "https://soap.example/recover/1",
        "line_items": list(lines or [line()]),
    }
    return "checkouts/update", {**body, **changes}


def bought(minute: int) -> tuple[str, Any]:
    body = {"id": 5001, "email": "ada@example.com", "currency": "GBP", "total_price": "15.00"}
    return "orders/create", {**body, "created_at": at(minute), "updated_at": at(minute)}


def tell(shop: FakeShop, *told: tuple[str, Any]) -> None:
    for topic, body in told:
        assert shop.deliver(topic, body, f"d-{next(numbers)}") == HTTPStatus.OK
        shop.drain()
        drain_reactions(FOREVER)


@transaction.atomic
def carts() -> list[tuple[str, int, int | None, bool]]:
    found = Cart.objects.order_by("started_at")
    return [
        (row.status, row.piece_count, row.total_minor, row.checkout_at is not None) for row in found
    ]


@transaction.atomic
def named(name: str) -> list[Event]:
    return list(Event.objects.filter(name=name).order_by("occurred_at"))


def test_a_cart_is_an_unknown_visitors_until_its_checkout_names_somebody(shop: FakeShop) -> None:
    tell(shop, cart(0, line(1)), cart(5, line(2)))
    assert shop.outcome(f"d-{next(numbers) - 1}") == ("applied", "")
    with transaction.atomic():
        assert list(Profile.objects.values_list("is_anonymous", flat=True)) == [True]
        assert Identity.objects.get().value_norm.endswith(":cart-1")
    assert carts() == []
    assert len(named("Cart Updated")) == 2

    tell(shop, checkout(10))
    assert carts() == [("open", 2, 1500, True)]
    with transaction.atomic():
        [ada] = Profile.objects.filter(merged_into=None)
        assert (ada.email, ada.is_anonymous) == ("ada@example.com", False)
        assert Cart.objects.get().started_at == TEN
        assert set(Event.objects.values_list("profile_id", flat=True)) == {ada.pk}


def test_in_any_order_cart_and_checkout_are_one_cart(shop: FakeShop) -> None:
    told = [cart(0, line(1)), cart(5), checkout(10), checkout(12, line(3))]
    orders = list(permutations(told))[::4]
    for number, order in enumerate(orders):
        renamed = [_rename(topic, body, number) for topic, body in order]
        tell(shop, *renamed, *renamed[:2])
    assert carts() == [("open", 3, 1500, True)] * len(orders)


def _rename(topic: str, body: dict[str, Any], number: int) -> tuple[str, dict[str, Any]]:
    """Return what is told of another shopper's cart, so that nothing was known before."""
    names = {"token": f"{body['token']}-{number}"}
    if topic.startswith("checkouts"):
        names |= {"cart_token": f"cart-1-{number}", "email": f"ada{number}@example.com"}
    return topic, {**body, **names}


def test_a_cart_with_a_deleted_product_is_told_of_once_when_it_is_left(
    shop: FakeShop, at_ten: time_machine.Traveller
) -> None:
    gone = line(1, title="Old soap", sku="OLD", product_id=None, variant_id=None)
    product = {"id": 11, "title": "Lemon soap", "variants": [{"id": 12, "price": "6.50"}]}
    tell(shop, ("products/create", {**product, "updated_at": at(0)}), cart(0), checkout(10))
    tell(shop, ("products/delete", {"id": 11}), checkout(12, line(), gone, total_price="19.50"))
    at_ten.move_to(TEN + timedelta(minutes=72))
    assert (abandon_due(FOREVER), abandon_due(FOREVER)) == (1, 0)
    [left] = named("Cart Abandoned")
    assert [item["title"] for item in left.properties["items"]] == ["Lemon soap", "Old soap"]
    assert (left.properties["value"], left.properties["has_checkout"]) == ("19.50", True)
    assert left.properties["url"] == "https://soap.example/recover/1"
    assert carts() == [("abandoned", 3, 1950, True)]


def test_a_cart_that_is_left_before_the_checkout_is_told_of_when_it_is_somebodys(
    shop: FakeShop, at_ten: time_machine.Traveller
) -> None:
    tell(shop, checkout(10), bought(15))
    tell(shop, cart(20, line(1), name="cart-2"))
    at_ten.move_to(TEN + timedelta(minutes=90))
    assert abandon_due(FOREVER) == 0, "nobody knows whose the second cart is"
    later = checkout(25, line(1), token="tok-2", cart_token="cart-2", created_at=at(25))
    tell(shop, later)
    assert abandon_due(FOREVER) == 1
    assert carts() == [("converted", 2, 1500, True), ("abandoned", 1, 1500, True)]


def test_a_cart_that_was_bought_and_is_told_of_once_more_is_not_left(
    shop: FakeShop, at_ten: time_machine.Traveller
) -> None:
    tell(shop, cart(0), checkout(10), bought(15), cart(16), checkout(17))
    assert carts() == [("converted", 2, 1500, True)]
    at_ten.move_to(TEN + timedelta(minutes=200))
    assert abandon_due(FOREVER) == 0
    assert named("Cart Abandoned") == []


def test_a_browser_that_two_people_share_gives_its_cart_to_the_first(shop: FakeShop) -> None:
    tell(shop, cart(0), checkout(10))
    second = checkout(20, token="tok-2", email="bob@example.com", created_at=at(20))
    tell(shop, second, cart(25, line(5)))
    with transaction.atomic():
        mails = sorted(Profile.objects.filter(is_anonymous=False).values_list("email", flat=True))
        assert mails == ["ada@example.com", "bob@example.com"]
        assert Identity.objects.get(kind="anonymous").is_shared
    assert carts() == [("open", 2, 1500, True), ("open", 2, 1500, True)]
