"""Points of orders and refunds: the entries of an order sum up to what it is worth."""

from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Event, Order, ProfileFacts, Refund
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from loyalty.domain.earning import points_for, points_kept
from loyalty.models import PointsAccount, PointsEntry, Program
from loyalty.queries.ledger import balance_of
from loyalty.services.accrual import post_for_events, post_for_orders
from loyalty.services.checks import find_differences
from loyalty.services.program import ensure_program, update_rate
from tenants.models import Tenant
from tests.factories.loyalty import (
    BOUGHT_AT,
    make_order,
    make_profile,
    make_ref,
    make_refund,
)

pytestmark = pytest.mark.usefixtures("tenant")


def ledger() -> list[tuple[str, int]]:
    return list(PointsEntry.objects.order_by("id").values_list("kind", "points"))


def settle(order: Order, name: str = "Order Updated") -> None:
    order.save()
    post_for_events([make_ref(name, order.pk, order.profile_id)])


def test_an_order_earns_once_however_often_it_is_handled() -> None:
    ada = make_profile()
    order = make_order(ada, 5990)
    ref = make_ref("Order Placed", order.pk, ada.pk)

    post_for_events([ref, ref])
    post_for_events([ref])

    entry = PointsEntry.objects.get()
    assert (entry.kind, entry.points, entry.source_key) == ("earn", 59, f"order:{order.pk}")
    assert (entry.rate, entry.rule_version) == (Decimal(1), 1)
    assert entry.effective_at == BOUGHT_AT
    assert PointsAccount.objects.get(profile_id=ada.pk).balance == 59
    assert ProfileFacts.objects.get(profile_id=ada.pk).points_balance == 59
    event = Event.objects.get(name="Points Earned")
    assert (event.profile_id, event.object_id) == (ada.pk, entry.pk)
    assert (event.properties["points"], event.properties["balance"]) == (59, 59)


def test_an_order_of_nobody_or_that_does_not_count_earns_nothing() -> None:
    nobody = make_order(None, 5990)
    test_order = make_order(make_profile(), 5990, is_counted=False, is_test=True)
    post_for_events(
        [make_ref("Order Placed", nobody.pk, None), make_ref("Order Placed", test_order.pk, 1)]
    )
    assert ledger() == []
    assert find_differences() == []


def test_parts_of_a_refund_take_the_whole_and_no_more() -> None:
    ada = make_profile()
    order = make_order(ada, 1000)
    settle(order, "Order Placed")
    for amount in (333, 333, 334):
        refund = make_ref("Order Refunded", make_refund(order, amount).pk, ada.pk)
        post_for_events([refund])
        post_for_events([refund])

    assert ledger() == [("earn", 10), ("reverse", -3), ("reverse", -3), ("reverse", -4)]
    assert balance_of(ada.pk) == 0
    assert find_differences() == []
    assert Event.objects.filter(name="Points Reversed").count() == 3


def test_a_refund_before_its_order_is_taken_when_the_order_comes() -> None:
    ada = make_profile()
    order = make_order(ada, 1000)
    refund = make_refund(order, 500)
    Refund.objects.update(order=None)
    post_for_events([make_ref("Order Refunded", refund.pk, ada.pk)])
    assert ledger() == []

    refund.order = order
    refund.save()
    settle(order, "Order Placed")
    assert ledger() == [("earn", 10), ("reverse", -5)]


def test_a_cancelled_order_gives_back_what_remains_and_gets_it_again_when_reinstated() -> None:
    order = make_order(make_profile(), 1000)
    settle(order, "Order Placed")
    make_refund(order, 250)
    settle(order)
    order.is_counted, order.cancelled_at = False, BOUGHT_AT
    settle(order, "Order Cancelled")
    settle(order, "Order Cancelled")
    assert ledger() == [("earn", 10), ("reverse", -2), ("reverse", -8)]

    order.is_counted, order.cancelled_at = True, None
    settle(order)
    order.is_counted, order.cancelled_at = False, BOUGHT_AT
    settle(order)
    assert ledger()[3:] == [("adjust", 8), ("adjust", -8)]
    assert find_differences() == []


def test_an_amended_order_is_corrected_at_the_rate_it_earned_at() -> None:
    ada = make_profile()
    order = make_order(ada, 1000)
    settle(order, "Order Placed")
    program = update_rate(Decimal(5))
    order.gross_minor = order.base_gross_minor = 2000
    settle(order)
    settle(make_order(ada, 1000), "Order Placed")

    assert ledger() == [("earn", 10), ("adjust", 10), ("earn", 50)]
    assert program.version == 2
    assert list(PointsEntry.objects.order_by("id").values_list("rule_version", flat=True)) == [
        1,
        1,
        2,
    ]
    assert find_differences() == []


def test_an_order_that_moves_to_another_profile_takes_its_points_along() -> None:
    guest, ada = make_profile(), make_profile()
    order = make_order(guest, 1000)
    settle(order, "Order Placed")
    make_refund(order, 500)
    settle(order)
    order.profile = ada
    settle(order)

    assert (balance_of(guest.pk), balance_of(ada.pk)) == (0, 5)
    assert find_differences() == []


def test_a_program_that_is_off_earns_nothing_but_still_takes_back() -> None:
    ada = make_profile()
    order = make_order(ada, 1000)
    settle(order, "Order Placed")
    ensure_program()
    Program.objects.update(is_active=False)
    settle(make_order(ada, 9000), "Order Placed")
    make_refund(order, 1000)
    settle(order)
    assert ledger() == [("earn", 10), ("reverse", -10)]


def test_history_earns_points_and_says_that_it_is_history() -> None:
    ada = make_profile()
    order = make_order(ada, 1000)
    post_for_events([make_ref("Order Placed", order.pk, ada.pk, is_backfill=True)])
    assert balance_of(ada.pk) == 10
    assert Event.objects.get(name="Points Earned").is_backfill is True


def test_a_merge_moves_points_and_undoing_it_moves_them_back() -> None:
    winner, loser = make_profile(), make_profile()
    settle(make_order(winner, 500), "Order Placed")
    settle(make_order(loser, 1000), "Order Placed")

    merges = merge_profiles([(winner.pk, loser.pk)], rule="manual")
    assert list(PointsAccount.objects.values_list("profile_id", "balance")) == [(winner.pk, 15)]
    assert ProfileFacts.objects.get(profile_id=winner.pk).points_balance == 15
    assert find_differences() == []

    unmerge_profile(merges[0])
    assert (balance_of(winner.pk), balance_of(loser.pk)) == (5, 10)
    assert find_differences() == []


def test_another_currency_is_refunded_by_its_share() -> None:
    order = make_order(make_profile(), 3000, currency="JPY", base_gross_minor=1500)
    settle(order, "Order Placed")
    make_refund(order, 1000, base_amount_minor=510)
    make_refund(order, 400, currency="GBP", base_amount_minor=250)
    settle(order)
    # 1000 of 3000 yen; 2.50 of 15.00 pounds are 500 of 3000 yen.
    assert sorted(ledger()) == [("earn", 15), ("reverse", -5), ("reverse", -2)]
    assert find_differences() == []


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("refund"), st.integers(0, 4000)),
        st.tuples(st.just("total"), st.integers(0, 20_000)),
        st.tuples(st.just("counted"), st.integers(0, 1)),
        st.tuples(st.just("rate"), st.integers(0, 7)),
    ),
    max_size=6,
)


@given(total=st.integers(0, 20_000), changes=CHANGES)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_the_entries_sum_up_to_what_the_order_is_worth(
    tenant: Tenant, total: int, changes: list[tuple[str, int]]
) -> None:
    with transaction.atomic():
        order = make_order(make_profile(), total)
        settle(order, "Order Placed")
        for what, amount in changes:
            if what == "refund":
                make_refund(order, amount)
            elif what == "total":
                order.gross_minor = order.base_gross_minor = amount
            elif what == "counted":
                order.is_counted = bool(amount)
            else:
                update_rate(Decimal(amount))
            settle(order)
        entries = PointsEntry.objects.filter(order_id=order.pk)
        earned = entries.filter(kind="earn").first()
        refunded = sum(order.refunds.values_list("amount_minor", flat=True))
        expected = 0
        if earned and earned.rate is not None:
            expected = points_kept(
                points_for(order.gross_minor, unit=100, rate=earned.rate),
                refunded_minor=refunded,
                paid_minor=order.gross_minor,
                is_counted=order.is_counted,
            )
        assert sum(entries.values_list("points", flat=True)) == expected
        assert balance_of(order.profile_id or 0) == expected
        assert post_for_orders([order.pk], now=BOUGHT_AT) == []
        transaction.set_rollback(True)
