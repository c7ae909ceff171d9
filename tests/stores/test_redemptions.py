"""Orders that carry a code of Patron are counted once, and follow what becomes of them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Order, Store
from crm.services.stores import StoreData
from crm.services.strays import link_batch
from crm.types import OrderDeletionRecord, Written
from stores.domain.codes import CodeTerms
from stores.models import CodeRedemption, CodeTally, StoreWrite
from stores.services.checks import find_differences
from stores.services.connections import connect_store
from stores.services.redemptions import match_codes
from stores.services.writing import request_codes, switch_on
from tenants.models import Tenant
from tenants.types import JobTurn
from tests.factories.crm import NOON, apply, order, refund

pytestmark = pytest.mark.django_db

TEN = CodeTerms("percent", Decimal(10), starts_at=NOON)


@pytest.fixture
def store(tenant: Tenant) -> Store:
    """A shop that was asked to take two codes."""
    found = connect("shopify")
    switch_on(found.pk, "codes", {}, actor="ada@example.com")
    request_codes(found.pk, ["Hello10", "Bye10"], TEN)
    return found


def connect(platform: str) -> Store:
    data = StoreData(name=f"Ada {platform}", platform=platform, currency="GBP")
    return Store.objects.get(pk=connect_store(data).store_id)


def sell(store: Store, name: str, *codes: str, minutes: int = 0, **fields: Any) -> None:
    """Apply a version of an order that carries codes."""
    version = NOON + timedelta(minutes=minutes)
    apply(store, order(name, discount_codes=codes, version_at=version, **fields))


def counted() -> dict[str, int]:
    tallies = {each.write_id: each.redeemed_count for each in CodeTally.objects.all()}
    return {row.subject: tallies.get(row.pk, 0) for row in StoreWrite.objects.order_by("subject")}


@pytest.mark.covers("M12")
def test_an_order_counts_once_for_each_code_however_often_it_comes(store: Store) -> None:
    sell(store, "1", "hello10", " HELLO10 ", "FOREIGN")
    sell(store, "1", "hello10", "bye10", minutes=1)
    sell(store, "1", "hello10", "bye10", minutes=2, number="renamed")
    sell(store, "2", "HELLO10", ordered_at=NOON + timedelta(days=1))
    assert counted() == {"BYE10": 1, "HELLO10": 2}
    assert CodeRedemption.objects.count() == 3
    newest = CodeTally.objects.get(write__subject="HELLO10")
    assert newest.redeemed_at == NOON + timedelta(days=1)
    match_codes(Written(coded_ids=list(Order.objects.values_list("pk", flat=True))))
    assert (counted(), find_differences()) == ({"BYE10": 1, "HELLO10": 2}, [])


def test_what_becomes_of_an_order_becomes_of_its_redemption(store: Store) -> None:
    sell(store, "1", "HELLO10")
    sell(store, "1", "HELLO10", minutes=1, cancelled_at=NOON)
    assert (counted()["HELLO10"], CodeRedemption.objects.get().is_counted) == (0, False)
    sell(store, "1", "HELLO10", minutes=2)
    apply(store, refund(order_external_id="1", amount_minor=1000))
    assert counted()["HELLO10"] == 1
    sell(store, "1", minutes=3)
    assert (counted()["HELLO10"], CodeRedemption.objects.count()) == (0, 0)
    sell(store, "1", "HELLO10", minutes=4)
    apply(store, OrderDeletionRecord("1", NOON + timedelta(minutes=5)))
    assert (counted()["HELLO10"], CodeRedemption.objects.get().is_counted) == (0, False)
    sell(store, "2", "HELLO10", is_test=True)
    assert (counted(), find_differences()) == ({"BYE10": 0, "HELLO10": 0}, [])


def test_the_same_word_at_another_store_is_another_code(store: Store) -> None:
    sell(connect("woocommerce"), "1", "HELLO10")
    assert counted() == {"BYE10": 0, "HELLO10": 0}


@pytest.mark.covers("M12")
def test_an_order_that_was_never_matched_is_a_difference(store: Store) -> None:
    sell(store, "1", "HELLO10", "hello10 ")
    sell(store, "2", "HELLO10")
    assert counted()["HELLO10"] == 2
    CodeRedemption.objects.all().delete()
    CodeTally.objects.all().delete()
    early, late = Order.objects.order_by("external_id")
    asked = StoreWrite.objects.get(subject="HELLO10").wished_at
    before, after = asked - timedelta(minutes=1), asked + timedelta(minutes=1)
    Order.objects.filter(pk=early.pk).update(created_at=before, updated_at=before)
    Order.objects.filter(pk=late.pk).update(created_at=before, updated_at=after)
    line = "code HELLO10: 0 redemptions counted, recomputed 1"
    assert find_differences() == [line]


def test_an_order_of_before_its_code_counts_once_it_is_linked_to_somebody(store: Store) -> None:
    other = connect("woocommerce")
    sell(other, "1", "LATE10", email="ada@@example.com")
    switch_on(other.pk, "codes", {}, actor="ada@example.com")
    request_codes(other.pk, ["LATE10"], TEN)
    link_batch(JobTurn(0, {}, None, 0, None, "", None))
    assert (counted()["LATE10"], find_differences()) == (1, [])


def statements(store: Store, names: Sequence[str], *codes: str) -> int:
    with CaptureQueriesContext(connection) as context:
        apply(store, *(order(name, discount_codes=codes) for name in names))
    return len(context)


def test_a_batch_without_codes_costs_nothing_and_one_with_many_one_statement(
    store: Store,
) -> None:
    sell(store, "0")  # so that whatever is asked once is known
    bare = statements(store, ["1"])
    assert statements(store, ["2"], "HELLO10") == bare + 1
    assert statements(store, [str(each) for each in range(3, 30)], "HELLO10") == bare + 1
    assert counted()["HELLO10"] == 28
