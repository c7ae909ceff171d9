"""The figures of the home page and of `reports/kpis`, each with its formula and target.

Money is in minor units of the tenant's currency, days are the tenant's calendar. All figures come
from the documents themselves, so a period of the past is answered as well as the present.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics.types import DayFigures, Kpi, Period, Target
from kernel import clock
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from tenants.queries import get_tenant

CLICK_DAYS = 5
"""An order is credited to the last click on an email at most this long before it."""
CHURN_DAYS = 120
CHURN_MONTH_DAYS = 30
DEFAULT_DAYS = 30

EMAIL_TARGET = Target(0.20, 0.30)
REPEAT_TARGET = Target(0.25, 0.40)
CHURN_TARGET = Target(None, 0.05)


@dataclass(frozen=True, slots=True)
class _Lifetime:
    """What all buyers up to an instant were worth."""

    buyers: int
    repeat_buyers: int
    net: int
    profiles: int


@dataclass(frozen=True, slots=True)
class _Measured:
    """What one period measures; ``None`` where nothing can be divided."""

    gross: int
    refunded: int
    orders: int
    buyers: int
    new_buyers: int
    ordered_net: int
    email_net: int
    lifetime: _Lifetime
    active: int
    churned: int

    @property
    def net(self) -> int:
        return self.gross - self.refunded


def today() -> date:
    """Return the present day of the tenant's calendar."""
    zone = get_tenant(current_tenant_id()).timezone
    return clock.now().astimezone(ZoneInfo(zone)).date()


def last_days(days: int = DEFAULT_DAYS, *, as_of: date | None = None) -> Period:
    """Return the period of ``days`` days that ends with ``as_of``, or with the present day."""
    last = as_of or today()
    return Period(last - timedelta(days=days - 1), last)


def list_kpis(period: Period) -> list[Kpi]:
    """Measure a period and the one before it.

    Args:
        period: only documents dated up to its last day are looked at, so that a period of the
            past shows what was known of it then.
    """
    lifetime, lifetime_before = _measure_lifetime(period)
    now, before = _measure(period, lifetime), _measure(period.before, lifetime_before)
    return [*_sales(now, before), *_buyers(now, before), *_rates(now, before)]


def find_kpi(kpis: Sequence[Kpi], key: str) -> Kpi:
    """Return one figure of a list by its key.

    Raises:
        KeyError: there is none.
    """
    return {kpi.key: kpi for kpi in kpis}[key]


def list_days(period: Period) -> list[DayFigures]:
    """Return the sales of each day of a period, oldest first; quiet days are zeros."""
    zone = get_tenant(current_tenant_id()).timezone
    rows = run_sql(
        "analytics.sum_days",
        zone=zone,
        first_day=period.first,
        last_day=period.last,
        **_instants(period, zone),
    )
    return [
        DayFigures(row.day, row.gross, row.refunded, row.gross - row.refunded, row.orders)
        for row in rows
    ]


def _measure_lifetime(period: Period) -> tuple[_Lifetime, _Lifetime]:
    """Return the figures up to the end of a period and of the one before it."""
    zone = get_tenant(current_tenant_id()).timezone
    [row] = run_sql(
        "analytics.sum_lifetime",
        ends_at=clock.end_of_day(period.last, zone),
        before_at=clock.end_of_day(period.before.last, zone),
    )
    return (
        _Lifetime(row.buyers, row.repeat_buyers, row.net, row.profiles),
        _Lifetime(row.before_buyers, row.before_repeat_buyers, row.before_net, row.before_profiles),
    )


def _measure(period: Period, lifetime: _Lifetime) -> _Measured:
    zone = get_tenant(current_tenant_id()).timezone
    [sales] = run_sql("analytics.sum_sales", **_instants(period, zone), click_days=CLICK_DAYS)
    [churn] = run_sql(
        "analytics.count_churned",
        zone=zone,
        first_day=period.last - timedelta(days=CHURN_MONTH_DAYS - 1),
        last_day=period.last,
        threshold_days=CHURN_DAYS,
    )
    return _Measured(
        gross=sales.gross,
        refunded=sales.refunded,
        orders=sales.orders,
        buyers=sales.buyers,
        new_buyers=sales.new_buyers,
        ordered_net=sales.ordered_net,
        email_net=sales.email_net,
        lifetime=lifetime,
        active=churn.active,
        churned=churn.churned,
    )


def _instants(period: Period, zone: str) -> dict[str, Any]:
    return {
        "starts_at": clock.start_of_day(period.first, zone),
        "ends_at": clock.end_of_day(period.last, zone),
    }


def _sales(now: _Measured, before: _Measured) -> list[Kpi]:
    return [
        Kpi(
            "net_revenue",
            "Net revenue",
            "money",
            now.net,
            before.net,
            "Gross revenue minus what was refunded in the period.",
        ),
        Kpi(
            "gross_revenue",
            "Gross revenue",
            "money",
            now.gross,
            before.gross,
            "What was paid for the orders of the period, with tax and shipping, after discounts.",
        ),
        Kpi(
            "refunded",
            "Refunded",
            "money",
            now.refunded,
            before.refunded,
            "Money that went back in the period, whenever its order was placed.",
            "down",
        ),
        Kpi(
            "orders",
            "Orders",
            "number",
            now.orders,
            before.orders,
            "Orders of the period that are no test, not cancelled and not voided.",
        ),
        Kpi(
            "average_order_value",
            "Average order value",
            "money",
            _mean(now.gross, now.orders),
            _mean(before.gross, before.orders),
            "What was paid ÷ orders, before refunds.",
        ),
    ]


def _buyers(now: _Measured, before: _Measured) -> list[Kpi]:
    return [
        Kpi(
            "new_buyers",
            "New buyers",
            "number",
            now.new_buyers,
            before.new_buyers,
            "People whose first order lies in the period.",
        ),
        Kpi(
            "returning_buyers",
            "Returning buyers",
            "number",
            now.buyers - now.new_buyers,
            before.buyers - before.new_buyers,
            "People who ordered in the period and for the first time before it.",
        ),
        Kpi(
            "lifetime_value",
            "Lifetime value",
            "money",
            _mean(now.lifetime.net, now.lifetime.buyers),
            _mean(before.lifetime.net, before.lifetime.buyers),
            "Net revenue of all buyers until the end of the period ÷ those buyers.",
        ),
    ]


def _rates(now: _Measured, before: _Measured) -> list[Kpi]:
    return [
        Kpi(
            "repeat_purchase_rate",
            "Repeat purchase rate",
            "rate",
            _share(now.lifetime.repeat_buyers, now.lifetime.buyers),
            _share(before.lifetime.repeat_buyers, before.lifetime.buyers),
            "People with two or more orders ÷ people with at least one, up to the period's end.",
            target=REPEAT_TARGET,
        ),
        Kpi(
            "repeat_share_of_profiles",
            "Repeat buyers among all profiles",
            "rate",
            _share(now.lifetime.repeat_buyers, now.lifetime.profiles),
            _share(before.lifetime.repeat_buyers, before.lifetime.profiles),
            "People with two or more orders ÷ everybody known by the end of the period.",
        ),
        Kpi(
            "churn_rate",
            "Churn",
            "rate",
            _share(now.churned, now.active),
            _share(before.churned, before.active),
            f"In the {CHURN_MONTH_DAYS} days to the end of the period: buyers who passed"
            f" {CHURN_DAYS} days without an order ÷ buyers active at their start.",
            "down",
            CHURN_TARGET,
        ),
        Kpi(
            "email_revenue",
            "Email revenue",
            "money",
            now.email_net,
            before.email_net,
            _EMAIL_FORMULA,
        ),
        Kpi(
            "email_revenue_share",
            "Email revenue share",
            "rate",
            _share(now.email_net, now.ordered_net),
            _share(before.email_net, before.ordered_net),
            f"{_EMAIL_FORMULA} Divided by the net revenue of all orders of the period.",
            target=EMAIL_TARGET,
        ),
    ]


_EMAIL_FORMULA = (
    f"Net revenue of the period's orders placed within {CLICK_DAYS} days after a person clicked"
    " in an email; clicks of scanners are left out, an order is credited once, to the last click."
)


def _mean(total: int, count: int) -> int | None:
    return round(total / count) if count else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None
