"""Codes that are made in shops, end there, run low, and are redeemed by orders."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from analytics.queries.attention import list_attention
from crm.models import Store
from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from messaging.models import Coupon, CouponCode, CouponTally
from messaging.services.checks import find_differences
from messaging.services.coupon_upkeep import look_after_due
from messaging.services.coupons import set_status
from stores.models import StoreWrite
from stores.services.connections import connect_store
from stores.services.writing import switch_off, switch_on
from tenants.models import Tenant
from tests.factories.coupons import ACTOR, make_pool
from tests.factories.crm import NOON, apply, order
from tests.factories.messaging import make_recipient

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(tenant: Tenant) -> Store:
    """A shop to which codes are written."""
    data = StoreData(name="Ada", platform="shopify", currency="GBP")
    found = Store.objects.get(pk=connect_store(data).store_id)
    switch_on(found.pk, "codes", {}, actor=ACTOR)
    return found


def look_after() -> None:
    """Look after all coupons once, whenever they are due."""
    Coupon.objects.update(due_at=clock.now())
    look_after_due(Deadline(seconds=None))


def stands() -> dict[str, int]:
    return dict(Counter(CouponCode.objects.values_list("status", flat=True)))


def make_generated(store: Store, **fields: Any) -> Coupon:
    values = {"kind": "generated", "store_ids": [store.pk], "prefix": "HI-", "low_water": 250}
    return make_pool(**{**values, **fields})


@pytest.mark.covers("M12")
def test_codes_are_made_in_the_shop_in_batches_and_given_once_it_has_them(store: Store) -> None:
    make_generated(store)
    look_after()
    assert stands() == {"waiting": 250}
    asked = StoreWrite.objects.all()
    assert asked.count() == 250
    assert asked[0].subject.startswith("HI-")
    assert asked[0].value["terms"] | {"starts_at": None} == {
        "kind": "percent",
        "amount": "10",
        "starts_at": None,
        "ends_at": None,
        "minimum": None,
        "usage_limit": 1,
        "once_per_customer": False,
    }
    StoreWrite.objects.filter(pk__in=list(asked.values_list("pk", flat=True)[:200])).update(
        state="sent"
    )
    look_after()
    assert stands() == {"available": 200, "waiting": 50}
    coupon = Coupon.objects.get()
    assert (coupon.is_low, coupon.detail) == (True, "")
    StoreWrite.objects.update(state="sent")
    look_after()
    assert (stands(), Coupon.objects.get().is_low) == ({"available": 250}, False)


def test_a_limit_ends_the_making_and_a_shop_that_refuses_is_left_in_peace(store: Store) -> None:
    coupon = make_generated(store, code_limit=30)
    look_after()
    assert stands() == {"waiting": 30}
    StoreWrite.objects.update(state="refused", reason="No such right")
    look_after()
    assert stands() == {"refused": 30}
    coupon.refresh_from_db()
    assert coupon.detail == "The shop refused 30 codes: No such right"
    assert coupon.due_at == clock.now() + timedelta(hours=1) or coupon.due_at is not None
    switch_off(store.pk, "codes", actor=ACTOR)
    look_after()
    coupon.refresh_from_db()
    assert "switch them on" in coupon.detail
    [notice] = [each for each in list_attention() if each.key == f"coupon.low:{coupon.pk}"]
    assert notice.title == f"{coupon.name} runs out of codes"


def test_what_expired_and_what_nobody_has_at_the_end_is_ended_in_the_shop(
    store: Store, noon: time_machine.Traveller
) -> None:
    coupon = make_generated(store, low_water=2, valid_hours=24)
    look_after()
    StoreWrite.objects.update(state="sent")
    look_after()
    person = make_recipient()
    given = CouponCode.objects.order_by("pk")[0]
    CouponCode.objects.filter(pk=given.pk).update(
        status="sent",
        profile=person,
        holder=f"profile:{person.pk}",
        claimed_at=clock.now(),
        expires_at=clock.now() + timedelta(hours=24),
    )
    noon.shift(timedelta(hours=24))
    look_after()
    given.refresh_from_db()
    assert given.status == "expired"
    assert StoreWrite.objects.get(subject=given.code).value["is_active"] is False
    set_status(coupon.pk, "ended", actor=ACTOR)
    look_after()
    assert stands().keys() == {"expired"}
    assert {row.value["is_active"] for row in StoreWrite.objects.all()} == {False}
    assert Coupon.objects.get().due_at is None


def test_a_pool_runs_low_by_its_threshold_or_by_what_a_day_takes(tenant: Tenant) -> None:
    coupon = make_pool([f"C{number}" for number in range(10)], low_water=3)
    look_after()
    assert Coupon.objects.get().is_low is False
    taken = CouponCode.objects.order_by("pk")[:6].values_list("pk", flat=True)
    CouponCode.objects.filter(pk__in=list(taken)).update(
        status="expired", claimed_at=clock.now() - timedelta(hours=1)
    )
    look_after()
    coupon.refresh_from_db()
    assert (coupon.daily_demand, coupon.is_low) == (6, True)
    set_status(coupon.pk, "paused", actor=ACTOR)
    look_after()
    assert Coupon.objects.get().is_low is False


def tally() -> tuple[int, int]:
    row = CouponTally.objects.first()
    return (0, 0) if row is None else (row.redeemed_count, row.revenue_minor)


def sell(store: Store, name: str, *codes: str, minutes: int = 0, **fields: Any) -> None:
    version = NOON + timedelta(minutes=minutes)
    apply(store, order(name, discount_codes=codes, version_at=version, **fields))


@pytest.mark.covers("M12")
def test_an_order_redeems_the_code_of_a_person_and_its_end_takes_that_back(store: Store) -> None:
    make_pool(["A1", "B2"])
    person = make_recipient()
    CouponCode.objects.filter(code="A1").update(
        status="sent", profile=person, holder="profile:1", message_id=5, claimed_at=clock.now()
    )
    sell(store, "1", "a1 ", "FOREIGN")
    sell(store, "1", "A1", minutes=1)
    assert (CouponCode.objects.get(code="A1").status, tally()[0]) == ("redeemed", 1)
    assert tally()[1] > 0
    sell(store, "1", "A1", minutes=2, cancelled_at=NOON)
    assert (CouponCode.objects.get(code="A1").status, tally()) == ("sent", (0, 0))
    sell(store, "2", "B2")
    sell(store, "2", minutes=1)
    # It was used without having been given out, so nobody gets it any more.
    assert CouponCode.objects.get(code="B2").status == "redeemed"
    assert (tally(), find_differences()) == ((0, 0), [])


def test_a_static_code_counts_each_order_and_stays(store: Store) -> None:
    make_pool(kind="static", static_code="SUN10", store_ids=[store.pk])
    sell(store, "1", "sun10")
    sell(store, "2", "SUN10")
    assert (tally()[0], stands()) == (2, {"available": 1})


def test_a_code_at_a_store_that_does_not_take_it_is_another_code(store: Store) -> None:
    data = StoreData(name="Other", platform="woocommerce", currency="GBP")
    other = Store.objects.get(pk=connect_store(data).store_id)
    make_pool(["A1"], store_ids=[store.pk])
    sell(other, "1", "A1")
    assert (tally(), stands()) == ((0, 0), {"available": 1})


def test_a_static_code_is_made_in_the_shop_where_that_is_asked_for(store: Store) -> None:
    make_pool(
        kind="static",
        static_code="SUN10",
        offer="amount",
        amount=Decimal("5.50"),
        store_ids=[store.pk],
        is_written=True,
        code_limit=100,
    )
    terms = StoreWrite.objects.get(subject="SUN10").value["terms"]
    assert (terms["kind"], terms["amount"], terms["usage_limit"]) == ("amount", "5.5", 100)
