"""What somebody has in the cart, read of their events in whatever order they arrive."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.domain.carts import CartEvent, fold_carts
from crm.models import Cart, Event, Profile, ProfileFacts
from crm.services.carts import abandon_due
from crm.services.checks import find_differences
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.services.reactions import drain_reactions
from crm.types import CartItemData, CartRecord, EventRecord
from kernel.batches import Deadline
from tenants.models import Tenant
from tests.factories.crm import NOON, apply, customer, make_store, order

SOAP: dict[str, Any] = {"sku": "SOAP", "name": "Soap", "price": 6.5, "currency": "GBP"}
TOWEL: dict[str, Any] = {"product_id": "t1", "variant": "blue", "name": "Towel", "price": "20.00"}


def event(kind: str, minutes: float, /, **properties: Any) -> CartEvent:
    """Return an event some minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    object_id = properties.pop("object_id", None)
    return CartEvent(kind, at, int(minutes * 10), properties, object_id)


def told(kind: str, minutes: float, of: str = "c1", /, **properties: Any) -> EventRecord:
    """Return the same as a record of a customer."""
    at = NOON + timedelta(minutes=minutes)
    return EventRecord(kind, at, customer(of), properties, f"{kind}{minutes}{of}")


def react() -> None:
    """Let every handler see what waits."""
    drain_reactions(Deadline(seconds=None))


STORY = [
    event("Product Added", 0, **SOAP),
    event("Product Added", 1, **SOAP, quantity=2),
    event("Product Added", 2, **TOWEL, currency="GBP"),
    event("Product Removed", 3, **SOAP),
    event("Cart Viewed", 4),
    event("Checkout Started", 5, checkout_url="https://soap.example/pay/1"),
    event("Order Completed", 6, order_id="1001"),
    event("Order Placed", 6.1, object_id=7),
    event("Checkout Started", 7),
    event("Product Added", 200, **TOWEL),
]


def test_one_cart_at_a_time_which_an_order_ends() -> None:
    bought, waiting = fold_carts(STORY, currency="GBP")
    assert (bought.piece_count, bought.total_minor) == (3, 3300)
    assert bought.converted_at == NOON + timedelta(minutes=6)
    assert (bought.order_id, bought.abandoned_at) == (7, None)
    assert bought.checkout_at == NOON + timedelta(minutes=5)
    assert bought.url == "https://soap.example/pay/1"
    assert (waiting.piece_count, waiting.total_minor, waiting.converted_at) == (1, 2000, None)


def test_the_order_of_arrival_does_not_matter() -> None:
    right = fold_carts(STORY, currency="GBP")
    for first in range(len(STORY)):
        turned = STORY[first:] + STORY[:first]
        assert fold_carts(turned, currency="GBP") == right
        assert fold_carts(reversed(turned), currency="GBP") == right


def test_what_a_store_says_is_in_it_takes_the_place_of_what_was_known() -> None:
    said = {"products": [TOWEL], "value": "18.00", "currency": "GBP"}
    [cart] = fold_carts(
        [event("Product Added", 0, **SOAP), event("Cart Updated", 1, **said)], currency="GBP"
    )
    assert [(line.title, line.quantity) for line in cart.lines.values()] == [("Towel", 1)]
    assert cart.total_minor == 1800


@pytest.mark.parametrize(
    "ending",
    [event("Product Removed", 1, **SOAP), event("Cart Updated", 1, products=[])],
    ids=lambda ending: ending.name,
)
def test_a_cart_that_was_emptied_is_none(ending: CartEvent) -> None:
    assert fold_carts([event("Product Added", 0, **SOAP), ending], currency="GBP") == []


def test_pages_that_say_nothing_of_its_contents_make_no_cart() -> None:
    events = [event("Cart Viewed", 0), event("Checkout Started", 1), event("Order Placed", 2)]
    assert fold_carts(events, currency="GBP") == []


def test_who_comes_back_after_an_hour_had_left_it() -> None:
    events = [event("Product Added", 0, **SOAP), event("Cart Viewed", 61)]
    [cart] = fold_carts([*events, event("Order Placed", 62, object_id=1)], currency="GBP")
    assert cart.abandoned_at == NOON + timedelta(minutes=60)
    assert cart.converted_at == NOON + timedelta(minutes=62)


@pytest.mark.parametrize("price", [None, "free", -1, True, "NaN", 10**30])
def test_a_price_that_is_none_makes_no_total(price: Any) -> None:
    [cart] = fold_carts([event("Product Added", 0, name="Soap", price=price)], currency="GBP")
    assert (cart.piece_count, cart.total_minor) == (1, None)


@pytest.mark.parametrize("products", [None, "soap", [1, None], {"a": 1}])
def test_contents_that_cannot_be_read_change_nothing(products: Any) -> None:
    events = [event("Product Added", 0, **SOAP), event("Cart Viewed", 1, products=products)]
    [cart] = fold_carts(events, currency="GBP")
    assert (cart.piece_count, cart.total_minor) == (1, 650)


def test_a_cart_is_kept_bought_and_shown_in_facts(tenant: Tenant) -> None:
    shop = make_store()
    with time_machine.travel(NOON + timedelta(minutes=10), tick=False):
        apply(shop, customer(), told("Product Viewed", 0), told("Product Added", 1, **SOAP))
        react()
        cart = Cart.objects.get()
        assert (cart.status, cart.total_minor, cart.piece_count) == ("open", 650, 1)
        facts = ProfileFacts.objects.get()
        assert (facts.cart_at, facts.cart_minor) == (NOON + timedelta(minutes=1), 650)
        assert facts.last_viewed_at == NOON
        assert facts.last_carted_at == NOON + timedelta(minutes=1)

        later = NOON + timedelta(minutes=5)
        apply(shop, order(ordered_at=later, customer=customer()), now=later)
        react()
        again = Cart.objects.get()
        assert (again.pk, again.status, again.converted_at) == (cart.pk, "converted", later)
        assert again.order is not None
        assert again.order.external_id == "1001"
        facts.refresh_from_db()
        assert (facts.cart_at, facts.cart_minor, facts.order_count) == (None, None, 1)
    assert find_differences() == []


def test_a_cart_is_abandoned_once_each_time_it_was_touched(tenant: Tenant) -> None:
    shop = make_store()
    with time_machine.travel(NOON, tick=False) as clock:
        apply(shop, customer(), told("Product Added", 0, **SOAP))
        react()
        assert abandon_due(Deadline(seconds=None)) == 0
        clock.shift(timedelta(minutes=60))
        assert abandon_due(Deadline(seconds=None)) == 1
        assert abandon_due(Deadline(seconds=None)) == 0
        [left] = Event.objects.filter(name="Cart Abandoned")
        assert left.occurred_at == NOON + timedelta(minutes=60)
        assert left.properties["items"][0]["title"] == "Soap"
        assert (left.properties["value"], left.properties["currency"]) == ("6.50", "GBP")

        apply(shop, told("Cart Viewed", 0.5), now=NOON + timedelta(minutes=60))
        react()
        cart = Cart.objects.get()
        assert (cart.status, cart.changed_at) == ("open", NOON + timedelta(minutes=0.5))
        clock.shift(timedelta(minutes=1))
        assert abandon_due(Deadline(seconds=None)) == 1
        assert Event.objects.filter(name="Cart Abandoned").count() == 2
        react()
        apply(shop, told("Product Viewed", 1), now=NOON + timedelta(minutes=60))
        react()
        assert Cart.objects.get().status == "abandoned"


def test_a_checkout_of_a_storefront_is_begun_once_and_changed_often(tenant: Tenant) -> None:
    shop = make_store()
    items = [CartItemData("Soap", 2, 650, sku="SOAP")]

    def checkout(minutes: int, **fields: Any) -> CartRecord:
        values: dict[str, Any] = {
            "version_at": NOON + timedelta(minutes=minutes),
            "started_at": NOON,
            "currency": "GBP",
            "items": items,
            "is_checkout": True,
            "url": "https://soap.example/recover/1",
            **fields,
        }
        return CartRecord("token-1", **values)

    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        assert apply(shop, checkout(1)) == ["nobody"]
        assert Event.objects.count() == 0
        mail = {"email": "ada@example.com"}
        assert apply(shop, checkout(2, **mail), checkout(3, total_minor=1100, **mail)) == [
            "new",
            "new",
        ]
        assert apply(shop, checkout(3, total_minor=1100, **mail)) == ["unchanged"]
        react()
        named = Event.objects.filter(name__in=["Checkout Started", "Cart Updated"])
        names = sorted(named.values_list("name", flat=True))
        assert names == ["Cart Updated", "Cart Updated", "Checkout Started"]
        cart = Cart.objects.get()
        assert (cart.total_minor, cart.piece_count, cart.checkout_at) == (1100, 2, NOON)
        assert cart.url == "https://soap.example/recover/1"


def test_carts_follow_a_merge_and_its_undoing(tenant: Tenant) -> None:
    shop = make_store()
    with time_machine.travel(NOON + timedelta(minutes=10), tick=False):
        apply(shop, customer(), told("Product Added", 0, **SOAP))
        apply(shop, customer("c2"), told("Product Added", 1, "c2", **TOWEL))
        react()
        one, two = Profile.objects.order_by("pk")
        [merge] = merge_profiles([(one.pk, two.pk)], rule="email")
        react()
        cart = Cart.objects.get()
        assert (cart.profile_id, cart.piece_count) == (one.pk, 2)
        unmerge_profile(merge)
        react()
        counts = Cart.objects.order_by("profile_id").values_list("profile_id", "piece_count")
        assert list(counts) == [(one.pk, 1), (two.pk, 1)]
        assert find_differences() == []


def test_who_is_erased_has_no_cart(tenant: Tenant) -> None:
    with time_machine.travel(NOON, tick=False):
        apply(make_store(), customer(), told("Product Added", 0, **SOAP))
        react()
        erase_profiles(Profile.objects.values_list("pk", flat=True))
        react()
    assert Cart.objects.count() == 0


def test_history_is_told_of_as_history(tenant: Tenant) -> None:
    with time_machine.travel(NOON + timedelta(days=2), tick=False):
        apply(make_store(), customer(), told("Product Added", 0, **SOAP), is_backfill=True)
        react()
        assert abandon_due(Deadline(seconds=None)) == 1
        assert Event.objects.get(name="Cart Abandoned").is_backfill
