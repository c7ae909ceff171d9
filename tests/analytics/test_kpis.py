"""The key figures, on a shop small enough to count by hand."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from analytics.queries.kpis import last_days, list_days, list_kpis
from analytics.services.rollups import rebuild_rollups
from analytics.types import DayFigures, Period
from crm.models import Order, Profile, ProfileFacts, Refund, Store
from kernel.tenancy import tenant_scope
from messaging.models import Message, Template, Touch
from tenants.models import Tenant

MAY = Period(date(2026, 5, 1), date(2026, 5, 30))
numbers = count(1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def store(tenant: Tenant) -> Store:
    return Store.objects.create(name="Shop", platform="custom", currency="GBP", timezone="UTC")


def buyer(first_order_at: str | None = None, **fields: Any) -> Profile:
    fields.setdefault("created_at", at("2025-01-01"))
    profile = Profile.objects.create(**fields)
    if first_order_at:
        ProfileFacts.objects.create(profile_id=profile.pk, first_order_at=at(first_order_at))
    return profile


def order(store: Store, profile: Profile | None, when: str, minor: int, **fields: Any) -> Order:
    values = {
        "external_id": str(next(numbers)),
        "ordered_at": at(when),
        "currency": "GBP",
        "gross_minor": minor,
        "base_gross_minor": minor,
        "source_version_at": at(when),
        "has_bought_line": True,
        "is_counted": True,
        "is_test": False,
    }
    return Order.objects.create(store=store, profile=profile, **{**values, **fields})


def refund(bought: Order, when: str, minor: int) -> Refund:
    return Refund.objects.create(
        store_id=bought.store_id,
        external_id=str(next(numbers)),
        order=bought,
        profile_id=bought.profile_id,
        refunded_at=at(when),
        currency="GBP",
        amount_minor=minor,
        base_amount_minor=minor,
        source_version_at=at(when),
    )


def click(profile: Profile, when: str, *, channel: str = "email", is_bot: bool = False) -> Touch:
    template, _ = Template.objects.get_or_create(
        key="hello",
        defaults={
            "name": "Hello",
            "channel": "email",
            "message_class": "promotional",
            "subject": "",
            "mjml": "",
            "html": "",
            "text": "",
        },
    )
    message = Message.objects.create(
        key=str(next(numbers)),
        profile=profile,
        channel=channel,
        message_class="promotional",
        template=template,
    )
    return Touch.objects.create(
        message=message, profile=profile, kind="clicked", at=at(when), is_bot=is_bot, url=""
    )


def figures(period: Period = MAY) -> dict[str, int | float | None]:
    rebuild_rollups()
    return {kpi.key: kpi.value for kpi in list_kpis(period)}


def test_a_shop_without_orders_has_zeros_and_no_averages(tenant: Tenant) -> None:
    assert figures() == {
        "net_revenue": 0,
        "gross_revenue": 0,
        "refunded": 0,
        "orders": 0,
        "average_order_value": None,
        "new_buyers": 0,
        "returning_buyers": 0,
        "lifetime_value": None,
        "repeat_purchase_rate": None,
        "repeat_share_of_profiles": None,
        "churn_rate": None,
        "email_revenue": 0,
        "email_revenue_share": None,
    }


def test_revenue_is_what_was_paid_minus_what_went_back_in_the_period(store: Store) -> None:
    ada = buyer("2026-04-10")
    old = order(store, ada, "2026-04-10", 1000)
    order(store, ada, "2026-05-10", 5000)
    order(store, None, "2026-05-11", 2000)
    refund(old, "2026-05-12", 300)
    refund(old, "2026-06-01", 100)
    found = figures()
    assert found["gross_revenue"] == 7000
    assert found["refunded"] == 300
    assert found["net_revenue"] == 6700
    assert found["orders"] == 2
    assert found["average_order_value"] == 3500


def test_orders_that_do_not_count_count_nowhere(store: Store) -> None:
    ada = buyer("2026-05-10")
    test = order(store, ada, "2026-05-10", 5000, is_counted=False, is_test=True)
    refund(test, "2026-05-12", 5000)
    found = figures()
    assert (found["gross_revenue"], found["refunded"], found["orders"]) == (0, 0, 0)
    assert (found["new_buyers"], found["lifetime_value"]) == (0, None)


def test_an_order_without_a_rate_counts_and_adds_no_money(store: Store) -> None:
    order(store, buyer("2026-05-10"), "2026-05-10", 5000, base_gross_minor=None)
    found = figures()
    assert (found["orders"], found["gross_revenue"]) == (1, 0)


def test_buyers_are_new_by_their_first_order(store: Store) -> None:
    old, new, guest = buyer("2026-03-01"), buyer("2026-05-02"), None
    order(store, old, "2026-03-01", 100)
    for profile in (old, new, new, guest):
        order(store, profile, "2026-05-02", 100)
    found = figures()
    assert (found["new_buyers"], found["returning_buyers"]) == (1, 1)


def test_repeat_rate_and_lifetime_value_look_at_everything_until_the_end(store: Store) -> None:
    ada, basho, _ = buyer("2026-01-01"), buyer("2026-05-01"), buyer()
    first = order(store, ada, "2026-01-01", 1000)
    order(store, ada, "2026-05-29", 2000)
    order(store, basho, "2026-05-01", 500)
    order(store, basho, "2026-07-01", 9999)
    refund(first, "2026-02-01", 200)
    found = figures()
    assert found["repeat_purchase_rate"] == 1 / 2
    assert found["repeat_share_of_profiles"] == 1 / 3
    assert found["lifetime_value"] == (3000 - 200 + 500) / 2
    before = {kpi.key: kpi.previous for kpi in list_kpis(MAY)}
    assert before["repeat_purchase_rate"] == 0.0
    assert before["repeat_share_of_profiles"] == 0.0
    assert before["lifetime_value"] == 1000 - 200
    assert before == figures(MAY.before)


@pytest.mark.parametrize(
    ("last_order", "next_order", "churned", "active"),
    [
        ("2026-01-01", None, 1, 1),  # 120 days later: 1 May, the first day
        ("2025-12-31", None, 0, 0),  # the day before: no longer active at the start
        ("2026-01-30", None, 1, 1),  # 120 days later: 30 May, the last day
        ("2026-01-31", None, 0, 1),  # the day after
        ("2026-01-10", "2026-05-09", 0, 1),  # came back on day 119
        ("2026-01-10", "2026-05-11", 1, 1),  # came back after day 120
        ("2026-05-10", None, 0, 0),  # not yet a buyer at the start
    ],
)
def test_churn_is_who_passed_120_days_in_the_month(
    store: Store, last_order: str, next_order: str | None, churned: int, active: int
) -> None:
    ada = buyer(last_order)
    order(store, ada, f"{last_order}T12:00", 100)
    if next_order:
        order(store, ada, f"{next_order}T12:00", 100)
    assert figures()["churn_rate"] == (churned / active if active else None)


@pytest.mark.parametrize(
    ("clicked_at", "options", "credited"),
    [
        ("2026-05-10T11:00", {}, 4000),
        ("2026-05-05T12:01", {}, 4000),
        ("2026-05-05T12:00", {}, 0),  # five days are over
        ("2026-05-10T12:01", {}, 0),  # after the order
        ("2026-05-10T11:00", {"is_bot": True}, 0),
        ("2026-05-10T11:00", {"channel": "sms"}, 0),
    ],
)
def test_an_order_is_credited_to_a_click_of_the_last_five_days(
    store: Store, clicked_at: str, options: dict[str, Any], credited: int
) -> None:
    ada = buyer("2026-05-10")
    bought = order(store, ada, "2026-05-10T12:00", 5000)
    refund(bought, "2026-05-20", 1000)
    order(store, buyer("2026-05-10"), "2026-05-10T12:00", 4000)
    click(ada, clicked_at, **options)
    found = figures()
    assert found["email_revenue"] == credited
    assert found["email_revenue_share"] == credited / 8000


def test_many_clicks_credit_an_order_once(store: Store) -> None:
    ada = buyer("2026-05-10")
    order(store, ada, "2026-05-10T12:00", 5000)
    for hour in range(8, 12):
        click(ada, f"2026-05-10T{hour:02}:00")
    found = figures()
    assert (found["email_revenue"], found["email_revenue_share"]) == (5000, 1.0)


def test_each_figure_comes_with_the_period_before(store: Store) -> None:
    order(store, buyer("2026-04-01"), "2026-04-01", 700)
    order(store, buyer("2026-04-30T23:30"), "2026-04-30T23:30", 900)
    rebuild_rollups()
    kpis = {kpi.key: kpi for kpi in list_kpis(MAY)}
    assert MAY.before == Period(date(2026, 4, 1), date(2026, 4, 30))
    assert (kpis["net_revenue"].value, kpis["net_revenue"].previous) == (900, 700)
    assert all(kpi.formula for kpi in kpis.values())


def test_days_are_the_tenants_and_quiet_ones_are_zero(store: Store) -> None:
    ada = buyer("2026-05-01")
    bought = order(store, ada, "2026-05-01T22:59", 100)  # still 1 May in London
    order(store, ada, "2026-05-01T23:00", 200)  # 2 May there
    refund(bought, "2026-05-03T12:00", 40)
    rebuild_rollups()
    found = list_days(Period(date(2026, 5, 1), date(2026, 5, 4)))
    assert found == [
        DayFigures(date(2026, 5, 1), 100, 0, 100, 1),
        DayFigures(date(2026, 5, 2), 200, 0, 200, 1),
        DayFigures(date(2026, 5, 3), 0, 40, -40, 0),
        DayFigures(date(2026, 5, 4), 0, 0, 0, 0),
    ]


def test_the_days_of_a_period_add_up_to_its_figures(store: Store) -> None:
    ada = buyer("2026-05-01")
    for day in range(1, 31):
        bought = order(store, ada, f"2026-05-{day:02}", day * 100)
        if day % 3 == 0:
            refund(bought, f"2026-05-{day:02}T13:00", day * 10)
    found, days = figures(), list_days(MAY)
    assert sum(day.net_minor for day in days) == found["net_revenue"]
    assert sum(day.orders for day in days) == found["orders"]


def test_another_tenants_sales_are_not_counted(store: Store, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant.pk):
        theirs = Store.objects.create(
            name="Tea", platform="custom", currency="JPY", timezone="Asia/Tokyo"
        )
        order(theirs, buyer("2026-05-10"), "2026-05-10", 5000)
    assert figures()["orders"] == 0


def test_the_default_period_ends_with_the_day_looked_at(tenant: Tenant) -> None:
    assert last_days(as_of=date(2026, 5, 30)) == MAY
    assert last_days(7, as_of=MAY.last).first == MAY.last - timedelta(days=6)
