"""Coupons and figures in a WooCommerce shop."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import Identity, Profile
from crm.services.reactions import drain_reactions
from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Invalid
from segments.services.lists import add_to_list, create_list, remove_from_list
from segments.services.shops import start_push, stop_push
from stores.domain.codes import CodeTerms
from stores.models import StoreWrite, WriteLane
from stores.services.connections import connect_store
from stores.services.syncing import drain_syncs, start_sync
from stores.services.writes import drain_writes
from stores.services.writing import deactivate_code, request_code, switch_on
from tenants.models import Tenant
from tests.support.payloads import load_payload
from tests.support.woocommerce_api import KEY, SECRET, WooApi

pytestmark = pytest.mark.django_db(transaction=True)

FOREVER = Deadline(seconds=None)
ACTOR = "ada@example.com"
TERMS = CodeTerms(
    "percent",
    Decimal(10),
    starts_at=datetime(2026, 6, 1, 9, tzinfo=UTC),
    ends_at=datetime(2026, 7, 1, tzinfo=UTC),
    minimum=Decimal(25),
    usage_limit=1,
    once_per_customer=True,
)


@pytest.fixture
def store(at_ten: time_machine.Traveller, tenant: Tenant, woo_api: WooApi) -> int:
    """A shop of one customer, who is known here."""
    woo_api.objects["customers"] = [load_payload("woocommerce/customer")]
    data = StoreData(name="Ada Woo", platform="woocommerce", url=woo_api.url, currency="GBP")
    keys = {"consumer_key": KEY, "consumer_secret": SECRET}
    store_id = connect_store(data, credentials=keys).store_id
    pull(store_id)
    return store_id


def pull(store_id: int) -> None:
    start_sync(store_id)
    drain_syncs(FOREVER)


def settle() -> None:
    while drain_reactions(FOREVER):
        pass
    drain_writes(FOREVER)


@pytest.mark.covers("S15")
def test_segments_are_meta_data_of_customers(store: int, woo_api: WooApi) -> None:
    number = woo_api.objects["customers"][0]["id"]
    with transaction.atomic():
        profile_id = Identity.objects.get(value_norm=f"{store}:{number}").profile_id
    lists = [create_list(name=name).pk for name in ("Regulars", "Locals")]
    for each in lists:
        add_to_list(each, [profile_id], actor=ACTOR)
        start_push(each, store, tag=f"list {each}", actor=ACTOR)
    settle()

    def meta() -> dict[str, str]:
        found = woo_api.objects["customers"][0]["meta_data"]
        return {each["key"]: each["value"] for each in found if "patron" in each["key"]}

    tags = sorted(f"list {each}" for each in lists)
    assert meta() == {"patron_segments": ", ".join(tags)}
    remove_from_list(lists[0], [profile_id], actor=ACTOR)
    settle()
    assert meta() == {"patron_segments": f"list {lists[1]}"}
    stop_push(lists[1], store, takes_away=True, actor=ACTOR)
    settle()
    assert (meta(), row(str(number))[0]) == ({}, "sent")


def test_a_segment_that_was_left_stays_in_the_meta_data_whatever_follows(
    store: int, woo_api: WooApi
) -> None:
    number = woo_api.objects["customers"][0]["id"]
    with transaction.atomic():
        profile_id = Identity.objects.get(value_norm=f"{store}:{number}").profile_id
    one, two = (create_list(name=name).pk for name in ("Regulars", "Locals"))

    def begin(segment_id: int, tag: str) -> str:
        add_to_list(segment_id, [profile_id], actor=ACTOR)
        start_push(segment_id, store, tag=tag, actor=ACTOR)
        return told()

    def stop(segment_id: int, *, takes_away: bool) -> str:
        stop_push(segment_id, store, takes_away=takes_away, actor=ACTOR)
        return told()

    def told() -> str:
        settle()
        [found] = woo_api.objects["customers"]
        [segments] = [each["value"] for each in found["meta_data"] if "segments" in each["key"]]
        return str(segments)

    begin(one, "one")
    assert begin(two, "two") == "one, two"
    assert stop(one, takes_away=False) == "one, two"
    remove_from_list(two, [profile_id], actor=ACTOR)
    assert told() == "one"
    add_to_list(two, [profile_id], actor=ACTOR)
    assert told() == "one, two"
    assert stop(two, takes_away=False) == "one, two"
    assert begin(one, "one") == "one, two"
    assert stop(one, takes_away=True) == "one, two"


@transaction.atomic
def row(subject: str) -> tuple[str, str]:
    found = StoreWrite.objects.get(subject=subject)
    return found.state, found.reason


def quiet(api: WooApi) -> list[str]:
    made, api.made = api.made, []
    return made


@pytest.mark.covers("I6")
def test_coupons_are_made_with_their_terms_and_ended(store: int, woo_api: WooApi) -> None:
    switch_on(store, "codes", {}, actor=ACTOR)
    free = replace(TERMS, kind="free_shipping", amount=Decimal(0), ends_at=None, minimum=None)
    request_code(store, "HELLO10", TERMS)
    request_code(store, "Ship-Free", free)
    settle()
    assert quiet(woo_api) == ["create hello10", "create ship-free"]
    hello, shipping = woo_api.objects["coupons"]
    names = ("discount_type", "amount", "minimum_amount", "usage_limit", "usage_limit_per_user")
    assert [hello[name] for name in names] == ["percent", "10.00", "25.00", 1, 1]
    assert (hello["date_expires_gmt"], shipping["free_shipping"]) == ("2026-07-01T00:00:00", True)
    deactivate_code(store, "hello10")
    settle()
    assert (quiet(woo_api), hello["date_expires_gmt"]) == (["end hello10"], "2026-05-31T10:00:00")
    assert row("HELLO10")[0] == "sent"


def test_a_coupon_whose_answer_was_lost_is_made_once(
    store: int, woo_api: WooApi, at_ten: time_machine.Traveller
) -> None:
    switch_on(store, "codes", {}, actor=ACTOR)
    request_code(store, "HELLO10", TERMS)
    woo_api.loses_answers = True
    settle()
    assert row("HELLO10")[0] == "waiting"
    woo_api.loses_answers = False
    at_ten.shift(timedelta(minutes=1))
    settle()
    assert (quiet(woo_api), row("HELLO10")) == (
        ["create hello10"],
        ("sent", "The shop has it already"),
    )


def test_a_coupon_of_other_terms_or_a_later_beginning_is_refused(
    store: int, woo_api: WooApi
) -> None:
    switch_on(store, "codes", {}, actor=ACTOR)
    request_code(store, "MINE", TERMS)
    settle()
    with transaction.atomic():
        StoreWrite.objects.all().delete()
    woo_api.objects["coupons"][0]["amount"] = "50.00"
    request_code(store, "MINE", TERMS)
    later = replace(TERMS, starts_at=clock.now() + timedelta(days=1))
    request_code(store, "LATER", later)
    settle()
    assert row("MINE") == (
        "refused",
        "The shop has this code already, with other terms; nothing was changed",
    )
    assert row("LATER")[1].startswith("WooCommerce knows no code that begins later")
    assert quiet(woo_api) == ["create mine"]


def test_figures_are_meta_data_of_the_customer_and_are_not_read_back(
    store: int, woo_api: WooApi
) -> None:
    switch_on(store, "fields", {"fields": ["orders_count", "lifetime_value"]}, actor=ACTOR)
    settle()
    kept = {each["key"]: each["value"] for each in woo_api.objects["customers"][0]["meta_data"]}
    assert (kept["patron_orders_count"], kept["patron_lifetime_value"]) == ("0", "0.00")
    assert kept["skin_type"] == "dry"
    woo_api.objects["customers"][0]["date_modified_gmt"] = "2026-06-01T10:00:01"
    pull(store)
    settle()
    with transaction.atomic():
        assert "patron_orders_count" not in Profile.objects.get().properties
    assert quiet(woo_api) == ["customer 77"]
    switch_on(store, "fields", {"fields": ["orders_count"]}, actor=ACTOR)
    settle()
    left: list[Any] = [each["key"] for each in woo_api.objects["customers"][0]["meta_data"]]
    assert "patron_orders_count" in left
    assert "patron_lifetime_value" not in left


def test_a_key_that_only_reads_is_named_as_the_reason(store: int, woo_api: WooApi) -> None:
    woo_api.is_read_only = True
    switch_on(store, "fields", {"fields": ["orders_count"]}, actor=ACTOR)
    settle()
    with transaction.atomic():
        detail = WriteLane.objects.get().detail
    assert detail == (
        "WooCommerce refuses the key: The API key provided does not have write permissions. "
        "Writing needs a key with the permission Read/Write"
    )
    assert (row("77"), quiet(woo_api)) == (("waiting", ""), [])


def test_what_woocommerce_has_no_place_for_is_refused(store: int) -> None:
    for kind in ("tags", "consent"):
        with pytest.raises(Invalid):
            switch_on(store, kind, {}, actor=ACTOR)
