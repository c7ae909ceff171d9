"""Stores that refuse, throttle or go silent, and workers that die: nothing is lost or doubled."""

import os
import signal
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections, transaction

from crm.services.consent import record_consent
from kernel import clock
from kernel.tenancy import tenant_scope
from stores.models import StoreWrite, WriteLane
from stores.services.connections import (
    save_credentials,
)
from stores.services.writes import LEASE, drain_writes
from stores.services.writing import (
    deactivate_code,
    request_code,
    retry_writes,
)
from tenants.models import Tenant
from tests.support.shopify import FakeShop
from tests.support.shopify_api import TOKEN, ShopifyApi
from tests.support.writing import (
    ACTOR,
    FOREVER,
    SCOPES,
    TERMS,
    differences,
    lane,
    on,
    quiet,
    react,
    row,
    settle,
    tag,
    tags_at,
    who,
    write_elsewhere,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(written_shop: FakeShop) -> FakeShop:
    return written_shop


def test_a_customer_who_is_refused_stops_no_other_and_can_be_retried(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    shopify_api.writes.refuses = {"gid://shopify/Customer/2": "Owner is locked"}
    on(shop, "fields", fields=["orders_count"])
    assert quiet(shopify_api) == ["metafieldsSet 1", "metafieldsSet 3"]
    assert row("2") == ("refused", "Shopify refuses it: Owner is locked")
    shopify_api.writes.refuses = {}
    assert retry_writes(shop.store.store_id, actor=ACTOR) == 1
    settle()
    assert (row("2"), quiet(shopify_api)) == (("sent", ""), ["metafieldsSet 2"])


def test_a_customer_that_the_shop_deleted_is_refused_in_plain_words(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "tags", prefix="")
    shopify_api.objects["customers"] = []
    tag(1, "gold")
    settle()
    assert row("1") == ("refused", "The shop has no such customer any more")


@pytest.mark.covers("I6")
def test_a_missing_scope_rests_what_needs_it_and_nothing_else(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    shopify_api.scopes = ("read_customers", "write_discounts")
    tag(1, "gold")
    on(shop, "tags", prefix="")
    on(shop, "codes")
    request_code(shop.store.store_id, "HELLO10", TERMS)
    settle()
    rests = lane("tags")
    assert rests.due_at == clock.now() + timedelta(hours=1)
    assert "Give the app the scope write_customers" in rests.detail
    assert (row("1"), row("HELLO10")[0]) == (("waiting", ""), "sent")
    shopify_api.scopes = SCOPES
    keys = {"access_token": TOKEN}
    save_credentials(shop.store.store_id, url=shopify_api.url, credentials=keys, actor=ACTOR)
    settle()
    assert (row("1")[0], lane("tags").detail) == ("sent", "")


@pytest.mark.parametrize(
    ("answer", "seconds", "detail"),
    [
        ((401, {}, {"errors": "[API] Gone"}), 3600, "Shopify refuses the access token: Gone"),
        ((429, {"Retry-After": "20"}, {}), 20, ""),
        ((500, {}, {}), 10, "Shopify answers with an error of its own (500)"),
    ],
)
def test_a_shop_that_takes_nothing_now_is_told_later(
    shop: FakeShop,
    shopify_api: ShopifyApi,
    at_ten: time_machine.Traveller,
    answer: Any,
    seconds: int,
    detail: str,
) -> None:
    on(shop, "tags", prefix="")
    tag(1, "gold")
    shopify_api.fails = [answer]
    settle()
    rests = lane("tags")
    assert rests.due_at is not None
    assert (rests.due_at - clock.now(), rests.detail) == (timedelta(seconds=seconds), detail)
    assert (row("1"), quiet(shopify_api)) == (("waiting", ""), [])
    tag(2, "gold")
    assert settle() == 0
    at_ten.shift(timedelta(seconds=seconds))
    settle()
    assert quiet(shopify_api) == ["tagsAdd 1", "tagsAdd 2"]
    assert (lane("tags").due_at, lane("tags").detail, differences()) == (None, "", [])


def test_one_thing_that_is_tried_again_later_holds_up_nothing_new(
    shop: FakeShop, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    on(shop, "tags", prefix="")
    tag(1, "gold")
    settle()
    later = clock.now() + timedelta(minutes=15)
    with transaction.atomic():
        StoreWrite.objects.filter(subject="1").update(
            state="waiting", due_at=later, attempts=4, value={"tags": ["gold", "silver"]}
        )
        WriteLane.objects.update(due_at=later)
    quiet(shopify_api)
    tag(2, "gold")
    settle()
    assert (quiet(shopify_api), lane("tags").due_at) == (["tagsAdd 2"], later)
    at_ten.shift(timedelta(minutes=15))
    settle()
    assert (quiet(shopify_api), lane("tags").due_at) == (["tagsAdd 1"], None)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [((429, {"Retry-After": "20"}, {}), 20), ((401, {}, {"errors": "Gone"}), 3600)],
)
def test_what_a_lane_wishes_in_its_daily_look_does_not_cut_its_rest_short(
    shop: FakeShop,
    shopify_api: ShopifyApi,
    at_ten: time_machine.Traveller,
    answer: Any,
    seconds: int,
) -> None:
    on(shop, "fields", fields=["orders_count"])
    with transaction.atomic():
        StoreWrite.objects.all().delete()
    at_ten.shift(timedelta(days=1, minutes=1))
    shopify_api.fails = [answer]
    drain_writes(FOREVER)
    rests = lane("fields")
    assert rests.due_at == clock.now() + timedelta(seconds=seconds)
    assert (bool(rests.detail), shopify_api.fails) == (seconds == 3600, [])


def test_a_storm_of_throttling_loses_nothing_and_repeats_nothing(
    shop: FakeShop, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    on(shop, "tags", prefix="")
    shopify_api.points, shopify_api.restores = 0.0, 5.0
    for number in (1, 2, 3):
        tag(number, "gold")
    for _ in range(20):
        settle()
        at_ten.shift(timedelta(seconds=5))
    assert shopify_api.throttled > 0
    assert sorted(quiet(shopify_api)) == ["tagsAdd 1", "tagsAdd 2", "tagsAdd 3"]


def test_work_whose_answer_was_lost_is_repeated_without_effect(
    shop: FakeShop, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    on(shop, "tags", prefix="")
    on(shop, "codes")
    shopify_api.after_answer = lambda kind: kind in {"tagsAdd", "discountCodeBasicCreate"}
    tag(1, "gold")
    request_code(shop.store.store_id, "HELLO10", TERMS)
    settle()
    assert (row("1")[0], row("HELLO10")[0]) == ("waiting", "waiting")
    shopify_api.after_answer = lambda kind: False
    at_ten.shift(timedelta(minutes=1))
    settle()
    assert (row("1")[0], row("HELLO10")[0]) == ("sent", "sent")
    assert sorted(quiet(shopify_api)) == ["create HELLO10", "tagsAdd 1"]
    tag(1, removed=["gold"])
    settle()
    assert tags_at(shopify_api, 1) == ["Oils", "vip"]


@pytest.mark.covers("I6")
def test_a_lane_whose_shop_is_slow_stays_with_its_worker(
    shop: FakeShop, shopify_api: ShopifyApi, tenant: Tenant, at_ten: time_machine.Traveller
) -> None:
    on(shop, "tags", prefix="")
    tag(1, "gold")
    react()
    others: list[int] = []

    def answer_slowly(kind: str) -> bool:
        at_ten.shift(LEASE * 3 / 4)
        others.append(write_elsewhere(tenant))
        return False

    shopify_api.after_answer = answer_slowly
    asked = len(shopify_api.asked)
    drain_writes(FOREVER)
    assert others == [0, 0]
    assert [kind for kind, _ in shopify_api.asked[asked:]] == ["nodes", "tagsAdd"]
    assert (row("1")[0], quiet(shopify_api)) == ("sent", ["tagsAdd 1"])


def test_a_tag_that_the_shop_refused_is_the_shops_own_should_it_give_it_itself(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "tags", prefix="")
    shopify_api.writes.refuses = {"gid://shopify/Customer/2": "Too many tags"}
    tag(2, "gold")
    settle()
    assert row("2") == ("refused", "Shopify refuses it: Too many tags")
    shopify_api.writes.refuses = {}
    shopify_api.writes.customers["gid://shopify/Customer/2"]["tags"] = ["Oils", "gold", "vip"]
    tag(2, removed=["gold"])
    settle()
    assert tags_at(shopify_api, 2) == ["Oils", "gold", "vip"]
    assert quiet(shopify_api) == []


def test_of_tags_that_were_refused_in_part_the_rest_is_still_known_as_ours(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    on(shop, "tags", prefix="")
    tag(2, "gold")
    settle()
    tag(2, "silver", removed=["gold"])
    react()

    def lock(kind: str) -> None:
        if kind == "tagsRemove":
            shopify_api.writes.refuses = {"gid://shopify/Customer/2": "Locked"}

    shopify_api.before_answer = lock
    drain_writes(FOREVER)
    assert row("2") == ("refused", "Shopify refuses it: Locked")
    shopify_api.before_answer, shopify_api.writes.refuses = lambda kind: None, {}
    tag(2, removed=["silver"])
    settle()
    assert tags_at(shopify_api, 2) == ["Oils", "vip"]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.covers("I6")
def test_a_worker_that_is_killed_after_the_shop_answered_changes_nothing_twice(
    shop: FakeShop, shopify_api: ShopifyApi, tenant: Tenant, at_ten: time_machine.Traveller
) -> None:
    on(shop, "tags", prefix="")
    on(shop, "consent")
    on(shop, "codes")
    tag(1, "gold")
    record_consent(who(2), "email", "unsubscribed", method="one_click")
    request_code(shop.store.store_id, "HELLO10", TERMS)
    react()
    for kind in ("customerEmailMarketingConsentUpdate", "tagsAdd", "discountCodeBasicCreate"):
        assert write_in_a_child(tenant, shopify_api, dies_at=kind) == -signal.SIGKILL
        at_ten.shift(LEASE)
    shopify_api.after_answer = lambda kind: False
    settle()
    assert sorted(quiet(shopify_api)) == [
        "create HELLO10",
        "customerEmailMarketingConsentUpdate 2",
        "tagsAdd 1",
    ]
    written = (("1", "tags"), ("2", "consent"), ("HELLO10", "codes"))
    assert {row(*each)[0] for each in written} == {"sent"}
    tag(1, removed=["gold"])
    deactivate_code(shop.store.store_id, "HELLO10")
    settle()
    assert sorted(quiet(shopify_api)) == ["end HELLO10", "tagsRemove 1"]
    assert differences() == []


def write_in_a_child(tenant: Tenant, api: ShopifyApi, *, dies_at: str) -> int:
    """Write in a process that is killed once the shop has done one thing; return how it ended."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.read(reader, 1)
            for each in connections.all():
                each.connection = None  # the parent's; not to be closed
            with tenant_scope(tenant.pk):
                drain_writes(FOREVER)
        finally:
            os._exit(0)

    def kill(kind: str) -> bool:
        if kind == dies_at:
            os.kill(pid, signal.SIGKILL)
        return False

    api.after_answer = kill
    os.write(writer, b"x")
    _, status = os.waitpid(pid, 0)
    os.close(reader)
    os.close(writer)
    return os.waitstatus_to_exitcode(status)
