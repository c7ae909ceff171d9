"""Coupons in a Magento shop, under cart price rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from stores.domain.codes import CodeTerms
from stores.models import StoreWrite, WriteLane
from stores.services.connections import connect_store
from stores.services.writes import drain_writes
from stores.services.writing import deactivate_code, request_code, request_codes, switch_on
from tenants.models import Tenant
from tests.support.magento_api import FOUR, MageApi

pytestmark = pytest.mark.django_db(transaction=True)

FOREVER = Deadline(seconds=None)
TERMS = CodeTerms(
    "percent",
    Decimal(10),
    starts_at=datetime(2026, 6, 1, 9, tzinfo=UTC),
    ends_at=datetime(2026, 7, 1, 22, tzinfo=UTC),
    minimum=Decimal(25),
    usage_limit=1,
    once_per_customer=True,
)
RULE = "rule Patron 10 per cent off"


@pytest.fixture
def store(at_ten: time_machine.Traveller, tenant: Tenant, mage_api: MageApi) -> int:
    """A shop of two websites whose codes are written."""
    mage_api.plain = {
        "store/websites": [
            {"id": 0, "code": "admin"},
            {"id": 1, "code": "base"},
            {"id": 2, "code": "trade"},
        ]
    }
    mage_api.objects["customerGroups/search"] = [{"id": each} for each in (0, 1, 3)]
    data = StoreData(
        name="Ada Mage",
        platform="magento",
        url=mage_api.url,
        currency="GBP",
        timezone="Europe/London",
    )
    store_id = connect_store(data, credentials=FOUR).store_id
    switch_on(store_id, "codes", {}, actor="ada@example.com")
    return store_id


def settle() -> None:
    drain_writes(FOREVER)


@transaction.atomic
def row(subject: str) -> tuple[str, str]:
    found = StoreWrite.objects.get(subject=subject)
    return found.state, found.reason


def rules(api: MageApi) -> list[dict[str, Any]]:
    return api.objects["salesRules/search"]


@pytest.mark.covers("I6")
def test_codes_of_equal_terms_are_coupons_of_one_rule(store: int, mage_api: MageApi) -> None:
    request_codes(store, ["ONE", "TWO"], TERMS)
    request_code(store, "SHIP", CodeTerms("free_shipping", Decimal(0), starts_at=TERMS.starts_at))
    settle()
    free_rule = "rule Patron free shipping"
    assert mage_api.made == [RULE, "create ONE", "create TWO", free_rule, "create SHIP"]
    ten, free = rules(mage_api)
    names = ("simple_action", "discount_amount", "uses_per_coupon", "uses_per_customer")
    assert [ten[name] for name in names] == ["by_percent", 10.0, 1, 0]
    assert (ten["from_date"], ten["to_date"]) == ("2026-06-01", "2026-07-01")
    assert (ten["website_ids"], ten["customer_group_ids"]) == ([1, 2], [0, 1, 3])
    [least] = ten["condition"]["conditions"]
    assert (least["attribute_name"], least["value"]) == ("base_subtotal", "25")
    assert (free["simple_free_shipping"], free["discount_amount"]) == ("2", 0.0)

    request_code(store, "THREE", TERMS)
    settle()
    assert mage_api.made[5:] == ["create THREE"]
    deactivate_code(store, "one")
    settle()
    settle()
    assert mage_api.made[6:] == ["end ONE"]
    assert [each["code"] for each in mage_api.objects["coupons/search"]] == ["TWO", "SHIP", "THREE"]
    assert {row(code) for code in ("ONE", "TWO", "SHIP", "THREE")} == {("sent", "")}


def test_codes_that_each_customer_may_use_once_have_a_rule_each(
    store: int, mage_api: MageApi
) -> None:
    terms = replace(TERMS, usage_limit=None)
    request_codes(store, ["ONE", "TWO"], terms)
    settle()
    assert mage_api.made == [RULE, "create ONE", RULE, "create TWO"]
    assert [each["uses_per_customer"] for each in rules(mage_api)] == [1, 1]
    held = {each["code"]: each["rule_id"] for each in mage_api.objects["coupons/search"]}
    assert len(set(held.values())) == 2
    with transaction.atomic():
        StoreWrite.objects.all().delete()
    request_code(store, "one", terms)
    request_code(store, "TWO", replace(terms, once_per_customer=False))
    settle()
    assert (row("ONE")[0], row("TWO")[0], len(rules(mage_api))) == ("sent", "refused", 2)


@pytest.mark.covers("I6")
def test_a_rule_that_one_code_had_goes_with_it(store: int, mage_api: MageApi) -> None:
    request_codes(store, ["ONE", "TWO", "THREE"], replace(TERMS, usage_limit=None))
    settle()
    _, two, three = rules(mage_api)
    shops = {"coupon_id": 9, "code": "SHOPS", "rule_id": two["rule_id"], "type": 1}
    mage_api.objects["coupons/search"].append(shops)
    three["discount_amount"] = 20.0
    del mage_api.made[:]
    for code in ("ONE", "TWO", "THREE"):
        deactivate_code(store, code)
    settle()
    settle()
    assert mage_api.made[:2] == ["end ONE", "end of the rule"]
    assert sorted(mage_api.made[2:]) == ["end THREE", "end TWO"]
    assert rules(mage_api) == [two, three]
    assert {row(code) for code in ("ONE", "TWO", "THREE")} == {("sent", "")}


def test_a_rule_whose_coupon_went_before_a_worker_died_goes_too(
    store: int, mage_api: MageApi, at_ten: time_machine.Traveller
) -> None:
    request_code(store, "ONE", replace(TERMS, usage_limit=None))
    settle()
    deactivate_code(store, "ONE")

    def fail_at_the_rule(path: str, params: dict[str, str]) -> None:
        if path.startswith("salesRules/") and path != "salesRules/search":
            mage_api.before_answer = None
            mage_api.fails = [(500, {}, {})]

    mage_api.before_answer = fail_at_the_rule
    settle()
    assert (row("ONE")[0], len(rules(mage_api))) == ("waiting", 1)
    assert mage_api.objects["coupons/search"] == []
    at_ten.shift(timedelta(minutes=1))
    settle()
    assert (row("ONE"), rules(mage_api)) == (("sent", ""), [])


def test_what_was_made_though_the_answer_was_lost_is_made_once_and_can_be_ended(
    store: int, mage_api: MageApi, at_ten: time_machine.Traveller
) -> None:
    request_code(store, "ONE", TERMS)
    mage_api.loses_answers = True
    settle()
    assert (mage_api.made, row("ONE")[0]) == ([RULE], "waiting")
    at_ten.shift(timedelta(minutes=1))
    settle()
    assert mage_api.made == [RULE, "create ONE"]
    mage_api.loses_answers = False
    deactivate_code(store, "ONE")
    at_ten.shift(timedelta(minutes=5))
    settle()
    assert (mage_api.made, row("ONE")[0]) == ([RULE, "create ONE", "end ONE"], "sent")


def test_coupons_and_rules_of_the_shop_are_left_as_they_are(store: int, mage_api: MageApi) -> None:
    request_code(store, "ONE", TERMS)
    settle()
    with transaction.atomic():
        StoreWrite.objects.all().delete()
    request_code(store, "ONE", replace(TERMS, amount=Decimal(20)))
    settle()
    reason = "The shop has this code already, with other terms; nothing was changed"
    assert row("ONE") == ("refused", reason)
    deactivate_code(store, "ONE")
    rules(mage_api)[0]["is_active"] = False
    request_code(store, "TWO", TERMS)
    settle()
    assert row("ONE")[1] == "The coupon in the shop is not Patron's; it was left as it is"
    assert row("TWO")[0] == "refused"
    assert "was changed in the shop, so no code was added to it" in row("TWO")[1]
    assert mage_api.made == [RULE, "create ONE"]


def test_a_code_of_the_same_terms_counts_as_written(store: int, mage_api: MageApi) -> None:
    request_code(store, "ONE", TERMS)
    settle()
    with transaction.atomic():
        StoreWrite.objects.all().delete()
    request_code(store, "ONE", TERMS)
    settle()
    assert (row("ONE")[0], mage_api.made) == ("sent", [RULE, "create ONE"])


def test_a_code_begins_with_a_day_and_not_within_one(store: int, mage_api: MageApi) -> None:
    later = replace(TERMS, starts_at=datetime(2026, 6, 10, 9, tzinfo=UTC))
    midnight = replace(TERMS, starts_at=datetime(2026, 6, 9, 23, tzinfo=UTC))
    request_code(store, "WITHIN", later)
    request_code(store, "DAWN", midnight)
    settle()
    assert row("WITHIN")[0] == "refused"
    assert "Magento begins a code with a day" in row("WITHIN")[1]
    assert (row("DAWN")[0], rules(mage_api)[0]["from_date"]) == ("sent", "2026-06-10")


def test_a_coupon_that_is_refused_stops_no_other(store: int, mage_api: MageApi) -> None:
    request_codes(store, ["ONE", "TWO"], TERMS)

    def refuse_the_first(path: str, params: dict[str, str]) -> None:
        if path == "coupons":
            mage_api.before_answer = None
            mage_api.fails = [(400, {}, {"message": "Coupon code is too long."})]

    mage_api.before_answer = refuse_the_first
    settle()
    assert row("ONE") == (
        "refused",
        "Magento does not understand (400): Coupon code is too long",
    )
    assert (row("TWO"), mage_api.made) == (("sent", ""), [RULE, "create TWO"])


def test_an_integration_that_may_not_is_told_what_to_tick(store: int, mage_api: MageApi) -> None:
    request_code(store, "ONE", TERMS)
    mage_api.denied = "coupons"
    settle()
    with transaction.atomic():
        detail = WriteLane.objects.get().detail
    assert "The integration may not use coupons/search: tick Cart Price Rules" in detail
    assert row("ONE") == ("waiting", "")


def test_patience_is_waited_for(
    store: int, mage_api: MageApi, at_ten: time_machine.Traveller
) -> None:
    request_code(store, "ONE", TERMS)
    mage_api.fails = [(429, {"Retry-After": "20"}, {})]
    settle()
    with transaction.atomic():
        lane = WriteLane.objects.get()
    assert lane.due_at is not None
    assert (lane.due_at - clock.now(), lane.detail) == (timedelta(seconds=20), "")
    at_ten.shift(timedelta(seconds=20))
    settle()
    assert (row("ONE")[0], mage_api.made) == ("sent", [RULE, "create ONE"])
