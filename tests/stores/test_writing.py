"""What is known of people reaches the store that they are customers of: once, and never back."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.models import ConsentEvent, Event, Identity, Profile
from crm.services.consent import record_consent, suppress
from crm.services.erasure import erase_profiles
from crm.services.tags import change_tags
from kernel import clock
from kernel.errors import Conflict, Invalid
from stores.domain.codes import CodeTerms
from stores.models import StoreWrite
from stores.services.connections import (
    disconnect_store,
    reconnect_store,
)
from stores.services.writing import (
    CodeState,
    deactivate_code,
    find_code,
    request_code,
    switch_off,
    switch_on,
)
from tests.support.payloads import load_payload
from tests.support.shopify import FakeShop
from tests.support.shopify_api import ShopifyApi
from tests.support.shopify_writes import describe
from tests.support.writing import (
    ACTOR,
    TERMS,
    differences,
    echo,
    on,
    quiet,
    react,
    row,
    settle,
    tag,
    tags_at,
    who,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(written_shop: FakeShop) -> FakeShop:
    return written_shop


@pytest.mark.covers("I6")
def test_tags_reach_the_shop_and_its_own_are_never_touched(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    tag(1, "gold", "vip")
    on(shop, "tags", prefix="")
    assert tags_at(shopify_api, 1) == ["Oils", "gold", "vip"]
    assert tags_at(shopify_api, 2) == ["Oils", "vip"]
    tag(1, removed=["gold", "vip"])
    settle()
    assert tags_at(shopify_api, 1) == ["Oils", "vip"]
    assert quiet(shopify_api) == ["tagsAdd 1", "tagsRemove 1"]
    assert (row("1"), differences()) == (("sent", ""), [])


def test_another_prefix_takes_the_place_of_the_one_before(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    tag(1, "gold")
    on(shop, "tags", prefix="crm:")
    assert tags_at(shopify_api, 1) == ["Oils", "crm:gold", "vip"]
    on(shop, "tags", prefix="patron:")
    assert tags_at(shopify_api, 1) == ["Oils", "patron:gold", "vip"]


def test_many_changes_before_a_worker_comes_are_one_write(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "tags", prefix="")
    for name in ("a", "b", "c"):
        tag(2, name)
        react()
    tag(2, removed=["a"])
    settle()
    assert quiet(shopify_api) == ["tagsAdd 2"]
    assert tags_at(shopify_api, 2) == ["Oils", "b", "c", "vip"]


@pytest.mark.urls("stores.public_urls")
@pytest.mark.covers("I6")
def test_what_was_written_comes_back_and_is_no_news(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "tags", prefix="")
    on(shop, "consent")
    on(shop, "fields", fields=["orders_count"])
    quiet(shopify_api)
    echo(shop, shopify_api)
    tag(1, "gold")
    record_consent(who(1), "email", "unsubscribed", method="one_click")
    settle()
    assert sorted(quiet(shopify_api)) == ["customerEmailMarketingConsentUpdate 1", "tagsAdd 1"]
    with transaction.atomic():
        events, statements = Event.objects.count(), ConsentEvent.objects.count()
    assert [echo(shop, shopify_api) for _ in range(4)] == [3, 0, 0, 0]
    assert quiet(shopify_api) == []
    with transaction.atomic():
        assert (Event.objects.count(), ConsentEvent.objects.count()) == (events, statements)
        profile = Profile.objects.get(email="shopper1@example.com")
        assert profile.properties["tags"] == ["Oils", "vip"]
        assert (profile.tags, profile.email_consent) == (["gold"], "unsubscribed")


@pytest.mark.covers("I6")
def test_consent_is_written_with_its_own_time_and_the_later_statement_holds(
    shop: FakeShop, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    on(shop, "consent")
    assert quiet(shopify_api) == []
    said_at = clock.now()
    for number in (1, 2):
        record_consent(who(number), "email", "unsubscribed", method="one_click")
    at_ten.shift(timedelta(minutes=1))
    again = shopify_api.writes.customers["gid://shopify/Customer/2"]["defaultEmailAddress"]
    again |= {"marketingState": "PENDING", "marketingUpdatedAt": clock.now().isoformat()}
    settle()
    assert quiet(shopify_api) == ["customerEmailMarketingConsentUpdate 1"]
    held = shopify_api.writes.customers["gid://shopify/Customer/1"]["defaultEmailAddress"]
    assert (held["marketingState"], held["marketingUpdatedAt"]) == (
        "UNSUBSCRIBED",
        said_at.isoformat(timespec="seconds"),
    )
    assert row("2") == ("superseded", "email: The shop has a newer statement, which holds")
    assert again["marketingState"] == "PENDING"


def test_a_yes_is_never_written_for_another_address_or_over_a_newer_no(
    shop: FakeShop, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    on(shop, "consent")
    other = shopify_api.writes.customers["gid://shopify/Customer/1"]["defaultEmailAddress"]
    newer = shopify_api.writes.customers["gid://shopify/Customer/2"]["defaultEmailAddress"]
    untimed = shopify_api.writes.customers["gid://shopify/Customer/3"]["defaultEmailAddress"]
    other |= {"emailAddress": "somebody@example.com", "marketingState": "NOT_SUBSCRIBED"}
    later = (clock.now() + timedelta(minutes=30)).isoformat()
    newer |= {"marketingState": "UNSUBSCRIBED", "marketingUpdatedAt": later}
    untimed |= {"marketingState": "UNSUBSCRIBED", "marketingUpdatedAt": None}
    for number in (1, 2, 3):
        record_consent(who(number), "email", "unsubscribed", method="manual")
        at_ten.shift(timedelta(minutes=1))
        record_consent(who(number), "email", "subscribed", method="manual")
    settle()
    assert quiet(shopify_api) == []
    assert {row(str(number))[0] for number in (1, 2, 3)} == {"superseded"}
    assert "another address" in row("1")[1]


def test_what_forbids_goes_out_first(shop: FakeShop, shopify_api: ShopifyApi) -> None:
    on(shop, "consent")
    on(shop, "tags", prefix="")
    quiet(shopify_api)
    tag(1, "gold")
    react()
    record_consent(who(2), "sms", "subscribed", method="manual")
    react()
    record_consent(who(3), "email", "unsubscribed", method="manual")
    settle()
    assert quiet(shopify_api) == [
        "customerEmailMarketingConsentUpdate 3",
        "customerSmsMarketingConsentUpdate 2",
        "tagsAdd 1",
    ]


def test_figures_are_written_with_their_types_and_taken_away_again(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "fields", fields=["orders_count", "lifetime_value", "rfm_group"])
    gid = "gid://shopify/Customer/1"
    value = shopify_api.writes.metafields[gid, "lifetime_value"]
    assert value[0] == "money"
    assert json.loads(value[1]) == {"amount": "0.00", "currency_code": "GBP"}
    assert shopify_api.writes.metafields[gid, "orders_count"] == ("number_integer", "0")
    assert (gid, "rfm_group") not in shopify_api.writes.metafields
    on(shop, "fields", fields=["orders_count"])
    assert set(shopify_api.writes.metafields) == {
        (f"gid://shopify/Customer/{number}", "orders_count") for number in (1, 2, 3)
    }
    quiet(shopify_api)
    assert (settle(), quiet(shopify_api)) == (0, [])


@pytest.mark.urls("stores.public_urls")
@pytest.mark.covers("I6")
def test_a_figure_that_changes_between_two_looks_at_everybody_is_written_at_once(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "fields", fields=["orders_count"])
    quiet(shopify_api)
    ordered = load_payload("shopify/order", customer={"id": 1}, email="shopper1@example.com")
    assert shop.deliver("orders/create", ordered, "o-1") == 200
    shop.drain()
    settle()
    assert quiet(shopify_api) == ["metafieldsSet 1"]
    value = shopify_api.writes.metafields["gid://shopify/Customer/1", "orders_count"]
    assert value == ("number_integer", "1")


@pytest.mark.covers("I6")
def test_codes_are_made_once_and_others_are_left_as_they_are(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    store = shop.store.store_id
    with pytest.raises(Conflict):
        request_code(store, "HELLO10", TERMS)
    on(shop, "codes")
    free = CodeTerms(
        "free_shipping",
        Decimal(0),
        starts_at=TERMS.starts_at,
        ends_at=datetime(2026, 7, 1, tzinfo=UTC),
        minimum=Decimal("25.00"),
        usage_limit=1,
        once_per_customer=True,
    )
    assert request_code(store, "HELLO10", TERMS) == CodeState("HELLO10", "waiting", True, "")
    request_code(store, "ship-free", free)
    settle()
    assert request_code(store, "hello10", TERMS).state == "sent"
    with pytest.raises(Conflict):
        request_code(store, "HELLO10", free)
    made = shopify_api.writes.discounts["SHIP-FREE"]["codeDiscount"]
    assert (made["usageLimit"], made["appliesOncePerCustomer"]) == (1, True)
    assert quiet(shopify_api) == ["create HELLO10", "create SHIP-FREE"]

    assert deactivate_code(store, "hello10").is_active is False
    settle()
    assert (find_code(store, "HELLO10"), quiet(shopify_api)) == (
        CodeState("HELLO10", "sent", False, ""),
        ["end HELLO10"],
    )
    with pytest.raises(Invalid):
        request_code(store, "50% off", TERMS)


def test_a_code_that_the_shop_has_with_the_same_terms_counts_and_with_others_does_not(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    store = shop.store.store_id
    on(shop, "codes")
    request_code(store, "SAME", TERMS)
    request_code(store, "OTHER", TERMS)
    settle()
    with transaction.atomic():
        StoreWrite.objects.all().delete()
    shopify_api.writes.discounts["OTHER"]["codeDiscount"]["usageLimit"] = 5
    quiet(shopify_api)
    request_code(store, "SAME", TERMS)
    request_code(store, "OTHER", TERMS)
    settle()
    assert row("SAME")[0] == "sent"
    refusal = "The shop has this code already, with other terms; nothing was changed"
    assert (row("OTHER"), quiet(shopify_api)) == (("refused", refusal), [])


def test_what_is_switched_off_is_written_no_more_and_stays_at_the_shop(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    tag(1, "gold")
    on(shop, "tags", prefix="")
    tag(2, "gold")
    react()
    assert switch_off(shop.store.store_id, "tags", actor=ACTOR) is True
    assert switch_off(shop.store.store_id, "tags", actor=ACTOR) is False
    settle()
    assert (tags_at(shopify_api, 1), tags_at(shopify_api, 2)) == (
        ["Oils", "gold", "vip"],
        ["Oils", "vip"],
    )
    assert (row("2")[0], differences()) == ("superseded", [])
    on(shop, "tags", prefix="")
    assert tags_at(shopify_api, 2) == ["Oils", "gold", "vip"]


def test_a_store_that_is_cut_off_is_left_alone_until_it_is_connected_again(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "tags", prefix="")
    tag(1, "gold")
    react()
    disconnect_store(shop.store.store_id, actor=ACTOR)
    assert (settle(), quiet(shopify_api)) == (0, [])
    reconnect_store(shop.store.store_id, actor=ACTOR)
    settle()
    assert quiet(shopify_api) == ["tagsAdd 1"]


def test_nothing_about_somebody_who_is_erased_is_kept_to_be_written(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "tags", prefix="")
    tag(1, "gold")
    react()
    with transaction.atomic():
        erase_profiles([who(1)], actor=ACTOR)
    settle()
    assert quiet(shopify_api) == []
    with transaction.atomic():
        assert StoreWrite.objects.count() == 0


def test_wishing_costs_the_same_for_one_and_for_many(shop: FakeShop) -> None:
    switch_on(shop.store.store_id, "tags", {"prefix": ""}, actor=ACTOR)
    settle()
    costs = []
    for numbers in ([1], [1, 2, 3]):
        ids = [who(number) for number in numbers]
        change_tags(ids, added=[f"t{len(numbers)}"], actor=ACTOR)
        with CaptureQueriesContext(connection) as context:
            react()
        costs.append(len(context))
    assert costs[0] == costs[1]


@pytest.mark.urls("stores.public_urls")
def test_a_change_in_the_shop_is_taken_as_one_beside_what_was_written(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "tags", prefix="")
    tag(1, "gold")
    settle()
    echo(shop, shopify_api)
    node = shopify_api.writes.customers["gid://shopify/Customer/1"]
    node |= {"tags": ["Wax", "gold"], "updatedAt": "2026-06-01T11:00:00Z"}
    assert shop.deliver("customers/update", describe(node), "by-hand") == 200
    shop.drain()
    settle()
    with transaction.atomic():
        assert Profile.objects.get(pk=who(1)).properties["tags"] == ["Wax"]
    assert tags_at(shopify_api, 1) == ["Wax", "gold"]


def test_a_yes_without_a_time_or_of_a_suppressed_address_is_kept_here(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "consent")
    quiet(shopify_api)
    for number in (1, 2, 3):
        record_consent(who(number), "sms", "subscribed", method="manual")
    with transaction.atomic():
        Profile.objects.filter(pk=who(1)).update(sms_consent_at=None)
        suppress("sms", Profile.objects.get(pk=who(3)).phone, "spam_complaint")
    settle()
    assert quiet(shopify_api) == ["customerSmsMarketingConsentUpdate 2"]


def test_an_id_that_is_none_of_the_shop_holds_nobody_up(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    store = shop.store.store_id
    with transaction.atomic():
        Identity.objects.create(
            kind="customer_id", value_norm=f"{store}:K-12", profile_id=who(1), store_id=store
        )
    tag(1, "gold")
    on(shop, "tags", prefix="")
    assert quiet(shopify_api) == ["tagsAdd 1"]
    assert (row("1"), row("K-12")) == (
        ("sent", ""),
        ("refused", "The shop has no such customer any more"),
    )


def test_an_end_that_was_dropped_with_its_lane_is_asked_for_again(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    store = shop.store.store_id
    on(shop, "codes")
    request_code(store, "HELLO10", TERMS)
    settle()
    deactivate_code(store, "HELLO10")
    switch_off(store, "codes", actor=ACTOR)
    on(shop, "codes")
    quiet(shopify_api)
    assert deactivate_code(store, "HELLO10").state == "waiting"
    settle()
    assert quiet(shopify_api) == ["end HELLO10"]
