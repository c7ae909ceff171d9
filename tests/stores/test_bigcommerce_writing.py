"""Coupons in a BigCommerce shop."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction

from crm.models import Identity, Profile
from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from stores.domain.codes import CodeTerms
from stores.models import StoreWrite, WriteLane
from stores.services.connections import connect_store
from stores.services.writes import LEASE, drain_writes
from stores.services.writing import deactivate_code, request_code, switch_on
from tenants.models import Tenant
from tests.support.bigcommerce_api import TOKEN, BigApi
from tests.support.writing import write_elsewhere

pytestmark = pytest.mark.django_db(transaction=True)

FOREVER = Deadline(seconds=None)
TERMS = CodeTerms(
    "amount",
    Decimal("5.50"),
    starts_at=datetime(2026, 6, 1, 9, tzinfo=UTC),
    ends_at=datetime(2026, 7, 1, tzinfo=UTC),
    minimum=Decimal(25),
    usage_limit=100,
    once_per_customer=True,
)


@pytest.fixture
def store(at_ten: time_machine.Traveller, tenant: Tenant, big_api: BigApi) -> int:
    """A shop whose codes are written."""
    data = StoreData(name="Ada Big", platform="bigcommerce", currency="GBP")
    keys = {"api_path": big_api.path, "access_token": TOKEN}
    store_id = connect_store(data, secret="client-secret", credentials=keys).store_id
    switch_on(store_id, "codes", {}, actor="ada@example.com")
    return store_id


def settle() -> None:
    drain_writes(FOREVER)


@transaction.atomic
def row(subject: str) -> tuple[str, str]:
    found = StoreWrite.objects.get(subject=subject)
    return found.state, found.reason


@pytest.mark.covers("I6")
def test_coupons_are_made_with_their_terms_and_switched_off(store: int, big_api: BigApi) -> None:
    request_code(store, "FIVE", TERMS)
    settle()
    coupon = big_api.objects["coupons"][0]
    names = ("type", "amount", "min_purchase", "max_uses", "max_uses_per_customer", "expires")
    assert [coupon[name] for name in names] == [
        "per_total_discount",
        "5.5000",
        "25.0000",
        100,
        1,
        "Wed, 01 Jul 2026 00:00:00 +0000",
    ]
    deactivate_code(store, "five")
    settle()
    settle()
    assert big_api.made == ["create FIVE", "end FIVE"]
    assert (row("FIVE")[0], coupon["enabled"]) == ("sent", False)


def test_a_coupon_whose_answer_was_lost_is_made_once_and_can_be_ended(
    store: int, big_api: BigApi, at_ten: time_machine.Traveller
) -> None:
    request_code(store, "FIVE", TERMS)
    big_api.loses_answers = True
    settle()
    assert row("FIVE")[0] == "waiting"
    deactivate_code(store, "FIVE")
    big_api.loses_answers = False
    at_ten.shift(timedelta(minutes=1))
    settle()
    assert (big_api.made, row("FIVE")[0]) == (["create FIVE", "end FIVE"], "sent")


def test_a_batch_that_takes_long_is_made_by_one_worker(
    store: int, big_api: BigApi, tenant: Tenant, at_ten: time_machine.Traveller
) -> None:
    for code in ("ONE", "TWO", "THREE"):
        request_code(store, code, TERMS)
    others: list[int] = []

    def answer_slowly(path: str, params: dict[str, str]) -> None:
        at_ten.shift(LEASE * 3 / 4)
        others.append(write_elsewhere(tenant))

    big_api.before_answer = answer_slowly
    settle()
    assert others == [0] * 6
    assert big_api.made == ["create ONE", "create TWO", "create THREE"]


def test_a_worker_that_was_taken_for_dead_asks_nothing_more_of_the_shop(
    store: int, big_api: BigApi, tenant: Tenant, at_ten: time_machine.Traveller
) -> None:
    request_code(store, "ONE", TERMS)
    request_code(store, "TWO", TERMS)
    others: list[int] = []

    def sleep_once(path: str, params: dict[str, str]) -> None:
        big_api.before_answer = None
        at_ten.shift(LEASE)
        others.append(write_elsewhere(tenant))

    big_api.before_answer = sleep_once
    settle()
    assert others == [1]
    assert [method for method, _, _ in big_api.asked] == ["GET", "GET", "GET", "POST", "POST"]
    assert big_api.made == ["create ONE", "create TWO"]
    assert (row("ONE"), row("TWO")) == (("sent", ""), ("sent", ""))


def test_coupons_of_the_shop_are_left_as_they_are(store: int, big_api: BigApi) -> None:
    request_code(store, "FIVE", TERMS)
    settle()
    with transaction.atomic():
        StoreWrite.objects.all().delete()
    request_code(store, "FIVE", replace(TERMS, amount=Decimal(6)))
    settle()
    assert row("FIVE")[0] == "refused"
    deactivate_code(store, "FIVE")
    settle()
    assert row("FIVE") == (
        "superseded",
        "The coupon in the shop is not Patron's; it was left as it is",
    )
    assert big_api.made == ["create FIVE"]


def test_the_quota_is_waited_for(
    store: int, big_api: BigApi, at_ten: time_machine.Traveller
) -> None:
    request_code(store, "FIVE", TERMS)
    big_api.quota = 0
    settle()
    with transaction.atomic():
        lane = WriteLane.objects.get()
    assert lane.due_at is not None
    assert (lane.due_at - clock.now(), lane.detail) == (timedelta(seconds=15), "")
    big_api.quota = None
    at_ten.shift(timedelta(seconds=15))
    settle()
    assert (row("FIVE")[0], big_api.made) == ("sent", ["create FIVE"])


def test_a_token_that_may_not_is_told_what_it_lacks(store: int, big_api: BigApi) -> None:
    request_code(store, "FIVE", TERMS)
    big_api.broken = {"v2/coupons": (403, {}, {"title": "No access"})}
    settle()
    with transaction.atomic():
        assert "Marketing: modify" in WriteLane.objects.get().detail
    assert row("FIVE") == ("waiting", "")


def test_figures_are_attributes_of_customers_and_one_who_is_gone_stops_no_other(
    store: int, big_api: BigApi
) -> None:
    big_api.objects["customers"] = [{"id": 7}]
    with transaction.atomic():
        for number in (7, 8):
            profile = Profile.objects.create(first_name=f"Shopper {number}")
            Identity.objects.create(
                kind="customer_id",
                value_norm=f"{store}:{number}",
                store_id=store,
                profile=profile,
            )
    switch_on(store, "fields", {"fields": ["orders_count", "lifetime_value"]}, actor="ada")
    settle()
    names = [each["name"] for each in big_api.objects["attributes"]]
    assert names == ["patron_lifetime_value", "patron_orders_count"]
    kept = {each["attribute_id"]: each["value"] for each in big_api.objects["values"]}
    assert kept == {1: "0.00", 2: "0"}
    assert row("7") == ("sent", "")
    assert row("8") == ("refused", "BigCommerce does not understand (422): Customer 8 not found")

    switch_on(store, "fields", {"fields": ["orders_count"]}, actor="ada")
    settle()
    assert [each["attribute_id"] for each in big_api.objects["values"]] == [2]
