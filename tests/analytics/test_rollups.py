"""Sums by day: whatever happens in whatever order, they are what adding up from scratch gives."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analytics.models import (
    BuyerGap,
    DailyMetric,
    OrderMark,
    RefundSum,
    RollupChange,
    RollupState,
)
from analytics.queries.kpis import CHURN_DAYS, CHURN_MONTH_DAYS, list_kpis
from analytics.services.checks import find_differences
from analytics.services.rollups import add_up, rebuild_rollups
from analytics.services.verification import verify_tenant
from analytics.types import Period
from crm.models import Identity, Order, Profile, ProfileMerge, Refund, Store
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from kernel.batches import Deadline
from kernel.scope import current_tenant_id
from kernel.tenancy import tenant_scope
from messaging.models import Message, Template, Touch
from messaging.services.tracking import record_click
from messaging.types import Hit, LinkToken
from tenants.choices import TenantStatus
from tenants.models import Tenant
from tests.factories.crm import NOON, apply, customer, make_store, order, refund

ZONE = ZoneInfo("Europe/London")
DAY = timedelta(days=1)
PERSON = ["ada@example.com", "bea@example.com", "cid@example.com"]
Step = tuple[Any, ...]


@pytest.fixture
def store(tenant: Tenant) -> Store:
    return make_store()


def settle() -> int:
    return add_up(Deadline(seconds=None))


def sums() -> dict[str, list[Any]]:
    """Everything that is read, without the rows that have come to nothing."""
    days = [
        row
        for row in DailyMetric.objects.order_by("day").values_list(
            "day", "gross_minor", "known_gross_minor", "email_gross_minor", "refunded_minor",
            "life_refunded_minor", "orders", "buyers", "first_orders", "second_orders", "profiles",
        )
        if any(row[1:])
    ]  # fmt: skip
    gaps = BuyerGap.objects.exclude(people=0).order_by("day", "next_on")
    refunds = RefundSum.objects.exclude(amount_minor=0).order_by("order_on", "day")
    return {
        "days": days,
        "gaps": list(gaps.values_list("day", "next_on", "people")),
        "refunds": list(refunds.values_list("order_on", "day", "amount_minor", "email_minor")),
    }


# What can happen, by word. Each record is newer than the one before it.
ORDERS = st.tuples(
    st.just("order"),
    st.sampled_from("1234"),
    st.sampled_from([*PERSON, ""]),
    st.integers(0, 300),  # hours after noon of 1 March
    st.sampled_from([500, 1000, 2000]),
    st.sampled_from(["", "", "", "cancelled", "test", "no rate"]),
)
REFUNDS = st.tuples(
    st.just("refund"),
    st.sampled_from("ab"),
    st.sampled_from(["1", "2", "3", "", "unknown"]),
    st.sampled_from(PERSON),
    st.integers(0, 300),
    st.sampled_from([100, 400]),
)
CUSTOMERS = st.tuples(st.just("customer"), st.sampled_from(PERSON), st.integers(-300, 300))
PAIRS = st.tuples(st.just("merge"), st.sampled_from(PERSON), st.sampled_from(PERSON))
CLICKS = st.tuples(st.just("click"), st.sampled_from(PERSON), st.integers(0, 300))
OTHERS = st.one_of(
    st.tuples(st.just("erase"), st.sampled_from(PERSON)),
    st.just(("unmerge",)),
    st.just(("settle",)),
)
STEPS = st.lists(
    st.one_of(ORDERS, ORDERS, ORDERS, REFUNDS, CUSTOMERS, PAIRS, CLICKS, OTHERS),
    min_size=1,
    max_size=12,
)


class History:
    """Lets things happen to one store, one after the other."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.version = NOON

    def run(self, steps: Sequence[Step]) -> None:
        for word, *details in steps:
            self.version += timedelta(minutes=1)
            getattr(self, word)(*details)

    def order(self, name: str, email: str, hours: int, minor: int, note: str) -> None:
        record = order(
            name,
            email=email,
            ordered_at=NOON + timedelta(hours=hours),
            version_at=self.version,
            gross_minor=minor,
            cancelled_at=self.version if note == "cancelled" else None,
            is_test=note == "test",
            currency="EUR" if note == "no rate" else "GBP",
        )
        apply(self.store, record, now=self.version)

    def refund(self, name: str, of: str, email: str, hours: int, minor: int) -> None:
        record = refund(
            name,
            order_external_id=of,
            refunded_at=NOON + timedelta(hours=hours),
            version_at=self.version,
            amount_minor=minor,
            customer=None if of else customer("", email=email),
        )
        apply(self.store, record, now=self.version)

    def customer(self, email: str, hours: int) -> None:
        record = customer(
            email,
            email=email,
            created_at=NOON + timedelta(hours=hours),
            version_at=self.version,
        )
        apply(self.store, record, now=self.version)

    def merge(self, one: str, other: str) -> None:
        ids = [self.find(one), self.find(other)]
        if ids[0] and ids[1]:
            merge_profiles([(ids[0], ids[1])], rule="manual", now=self.version)

    def unmerge(self) -> None:
        merge = ProfileMerge.objects.filter(undone_at=None).order_by("-id").first()
        if merge is not None:
            unmerge_profile(merge.pk, now=self.version)

    def erase(self, email: str) -> None:
        if profile_id := self.find(email):
            erase_profiles([profile_id], now=self.version)

    def click(self, email: str, hours: int) -> None:
        profile_id = self.find(email)
        if profile_id:
            click(profile_id, NOON + timedelta(hours=hours))

    def settle(self) -> None:
        settle()

    def find(self, email: str) -> int | None:
        found = Identity.objects.filter(kind="email", value_norm=email).first()
        return found.profile_id if found else None


def click(profile_id: int, at: datetime) -> None:
    """Let somebody follow a link of a mail that left long before."""
    template, _ = Template.objects.get_or_create(
        key="hello",
        defaults={
            "name": "Hello",
            "message_class": "promotional",
            "subject": "",
            "mjml": "",
            "html": "",
            "text": "",
        },
    )
    message, _ = Message.objects.get_or_create(
        key=f"m{profile_id}",
        defaults={
            "profile_id": profile_id,
            "channel": "email",
            "message_class": "promotional",
            "template": template,
            "sent_at": NOON - 20 * DAY,
        },
    )
    link = LinkToken(current_tenant_id(), message.pk, "https://shop.example/")
    record_click(link, Hit("GET", "Mozilla/5.0 Firefox/140", None, is_prefetch=False, at=at))


@given(steps=STEPS)
@example(
    steps=[
        ("refund", "a", "1", PERSON[0], 5, 400),  # before its order
        ("settle",),
        ("order", "1", PERSON[0], 0, 1000, ""),
        ("order", "2", PERSON[1], 30, 1000, ""),
        ("settle",),
        ("click", PERSON[0], 29),
        ("order", "3", PERSON[0], 50, 1000, ""),
        ("merge", PERSON[0], PERSON[1]),
        ("settle",),
        ("order", "2", PERSON[2], 10, 500, ""),  # late, and somebody else's after all
        ("unmerge",),
        ("order", "1", PERSON[0], 0, 1000, "cancelled"),
        ("settle",),
        ("erase", PERSON[0]),
    ]
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_the_sums_are_those_of_the_documents(
    store: Store, steps: list[Step]
) -> None:
    with transaction.atomic():
        rebuild_rollups()
        History(store).run(steps)
        settle()
        kept = sums()
        assert find_differences() == []
        period = Period(date(2026, 3, 3), date(2026, 3, 9))
        assert measured(period) == recomputed(period)
        rebuild_rollups()
        assert sums() == kept
        transaction.set_rollback(True)


def measured(period: Period) -> dict[str, Any]:
    return {kpi.key: kpi.value for kpi in list_kpis(period)}


def recomputed(period: Period) -> dict[str, Any]:
    """Say the figures again in plain Python, from the documents."""
    counted = [
        row
        for row in Order.objects.filter(is_counted=True)
        if day_of(row.ordered_at) <= period.last
    ]
    sold = [row for row in counted if day_of(row.ordered_at) >= period.first]
    back = [
        row
        for row in Refund.objects.exclude(base_amount_minor=None).select_related("order")
        if (row.order is None or row.order.is_counted) and day_of(row.refunded_at) <= period.last
    ]
    days: dict[int, list[date]] = {}
    for row in sorted(counted, key=lambda row: row.ordered_at):
        if row.profile_id is not None:
            days.setdefault(row.profile_id, []).append(day_of(row.ordered_at))
    buyers = {row.profile_id for row in sold if row.profile_id is not None}
    new = {key for key in buyers if days[key][0] >= period.first}
    gross = sum(row.base_gross_minor or 0 for row in sold)
    refunded = sum(amount(row) for row in back if day_of(row.refunded_at) >= period.first)
    net = {row.pk: row.base_gross_minor or 0 for row in sold}
    for each in back:
        if each.order_id in net:
            net[each.order_id] -= amount(each)
    email = sum(net[row.pk] for row in sold if is_clicked(row))
    life = sum(row.base_gross_minor or 0 for row in counted if row.profile_id is not None)
    life -= sum(amount(row) for row in back if row.profile_id in days)
    repeat = sum(1 for theirs in days.values() if len(theirs) > 1)
    known = [
        row
        for row in Profile.objects.filter(merged_into=None)
        if day_of(row.created_at) <= period.last
    ]
    churned, active = churn(days, period.last)
    return {
        "net_revenue": gross - refunded,
        "gross_revenue": gross,
        "refunded": refunded,
        "orders": len(sold),
        "average_order_value": round(gross / len(sold)) if sold else None,
        "new_buyers": len(new),
        "returning_buyers": len(buyers - new),
        "lifetime_value": round(life / len(days)) if days else None,
        "repeat_purchase_rate": repeat / len(days) if days else None,
        "repeat_share_of_profiles": repeat / len(known) if known else None,
        "churn_rate": churned / active if active else None,
        "email_revenue": email,
        "email_revenue_share": email / sum(net.values()) if sum(net.values()) > 0 else None,
    }


def churn(days: dict[int, list[date]], last: date) -> tuple[int, int]:
    first = last - (CHURN_MONTH_DAYS - 1) * DAY
    active = churned = 0
    for theirs in days.values():
        active += any(first - CHURN_DAYS * DAY <= day < first for day in theirs)
        ends = [
            day + CHURN_DAYS * DAY
            for place, day in enumerate(theirs)
            if not any(day < other <= day + CHURN_DAYS * DAY for other in theirs[place + 1 :])
        ]
        churned += any(first <= end <= last for end in ends)
    return churned, active


def day_of(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def amount(row: Refund) -> int:
    return row.base_amount_minor or 0


def is_clicked(row: Order) -> bool:
    return Touch.objects.filter(
        profile_id=row.profile_id or 0,
        kind="clicked",
        is_bot=False,
        at__lte=row.ordered_at,
        at__gt=row.ordered_at - 5 * DAY,
    ).exists()


def test_a_tenant_is_added_up_from_scratch_the_first_time(store: Store) -> None:
    apply(store, order("1"), order("2", email="bea@example.com"))
    assert settle() == 1
    assert (RollupState.objects.get().zone, RollupChange.objects.count()) == ("Europe/London", 0)
    assert DailyMetric.objects.get(day=date(2026, 3, 1)).orders == 2
    assert settle() == 0


def test_days_follow_the_zone_of_the_tenant_when_it_changes(tenant: Tenant, store: Store) -> None:
    apply(store, order("1", ordered_at=datetime.fromisoformat("2026-03-01T20:00+00:00")))
    settle()
    Tenant.objects.filter(pk=tenant.pk).update(timezone="Asia/Tokyo")
    settle()
    assert [mark.day for mark in OrderMark.objects.all()] == [date(2026, 3, 2)]
    assert DailyMetric.objects.exclude(orders=0).get().day == date(2026, 3, 2)
    assert verify_tenant()["analytics"] == []


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-03-29T00:30+00:00", date(2026, 3, 29)),  # clocks go forward at 01:00
        ("2026-03-29T22:59+00:00", date(2026, 3, 29)),  # a day of 23 hours
        ("2026-03-29T23:00+00:00", date(2026, 3, 30)),
        ("2026-10-24T23:00+00:00", date(2026, 10, 25)),  # a day of 25 hours
        ("2026-10-25T23:59+00:00", date(2026, 10, 25)),
    ],
)
def test_days_on_which_the_clocks_change_are_whole(store: Store, at: str, day: date) -> None:
    apply(store, order("1", ordered_at=datetime.fromisoformat(at)))
    settle()
    assert OrderMark.objects.get().day == day


def test_changes_wait_as_rows_and_are_added_up_together(store: Store) -> None:
    settle()
    for name in "123":
        apply(store, order(name, email=f"{name}@example.com"))
    assert RollupChange.objects.count() == 3
    assert not DailyMetric.objects.exists()
    assert settle() == 3
    assert DailyMetric.objects.get(day=date(2026, 3, 1)).buyers == 3


def test_verify_names_what_is_wrong_and_leaves_out_what_waits(store: Store) -> None:
    settle()
    apply(store, order("1"))
    settle()
    apply(store, order("2", email="bea@example.com"))
    assert verify_tenant()["analytics"] == []
    DailyMetric.objects.update(gross_minor=7)
    OrderMark.objects.update(is_email=True)
    found = verify_tenant()["analytics"]
    assert [line.split(":")[0] for line in found] == [
        f"mark of order {OrderMark.objects.get().order_id}",
        f"mark of order {OrderMark.objects.get().order_id}",
        "sums of 2026-03-01",
    ]
    rebuild_rollups()
    assert verify_tenant()["analytics"] == []


def test_a_tenant_that_is_being_removed_is_not_added_up_again(tenant: Tenant, store: Store) -> None:
    apply(store, order("1"))
    Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.PURGING)
    assert settle() == 0
    assert not RollupState.objects.exists()
    assert not DailyMetric.objects.exists()


def test_another_tenants_days_are_their_own(
    store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    apply(store, order("1"))
    settle()
    with tenant_scope(other_tenant.pk):
        settle()
        assert not DailyMetric.objects.exists()
        rebuild_rollups()
    assert DailyMetric.objects.get().orders == 1
