"""The figures of the home page and of `reports/kpis`, each with its formula and target.

Money is in minor units of the tenant's currency, days are the tenant's calendar. All figures come
from the documents themselves, so a period of the past is answered as well as the present.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
    return compare_kpis(period, period.before)


def compare_kpis(period: Period, other: Period) -> list[Kpi]:
    """Measure a period beside any other one, likewise."""
    now, before = _measure(period), _measure(other)
    return [*_sales(now, before), *_buyers(now, before), *_rates(now, before)]


def find_kpi(kpis: Sequence[Kpi], key: str) -> Kpi:
    """Return one figure of a list by its key.

    Raises:
        KeyError: there is none.
    """
    return {kpi.key: kpi for kpi in kpis}[key]


def list_days(period: Period) -> list[DayFigures]:
    """Return the sales of each day of a period, oldest first; quiet days are zeros."""
    rows = run_sql("analytics.list_days", first_day=period.first, last_day=period.last)
    return [
        DayFigures(row.day, row.gross, row.refunded, row.gross - row.refunded, row.orders)
        for row in rows
    ]


def count_buyers(periods: Sequence[Period]) -> list[int]:
    """Count the people who bought in each of some periods with different first days."""
    rows = run_sql("analytics.count_buyers", **_ends(periods))
    found = {row.first_day: row.buyers for row in rows}
    return [found[period.first] for period in periods]


def count_churn(periods: Sequence[Period]) -> list[tuple[int, int]]:
    """Count, for each of some periods, who lapsed in it and who was active at its start.

    Somebody is active for `CHURN_DAYS` days after an order and lapses on the day after.
    """
    rows = run_sql("analytics.count_lapsed", threshold_days=CHURN_DAYS, **_ends(periods))
    lapsed = {row.first_day: row.lapsed for row in rows}
    day = timedelta(days=1)
    active = count_buyers(
        [Period(each.first - CHURN_DAYS * day, each.first - day) for each in periods]
    )
    return [(lapsed[period.first], count) for period, count in zip(periods, active, strict=True)]


def _ends(periods: Sequence[Period]) -> dict[str, list[date]]:
    return {
        "first_days": [period.first for period in periods],
        "last_days": [period.last for period in periods],
    }


def _measure(period: Period) -> _Measured:
    days = {"first_day": period.first, "last_day": period.last}
    [sums] = run_sql("analytics.sum_metrics", **days)
    [returned] = run_sql("analytics.sum_refunds_of_orders", **days)
    [buyers] = count_buyers([period])
    month = Period(period.last - timedelta(days=CHURN_MONTH_DAYS - 1), period.last)
    [(churned, active)] = count_churn([month])
    return _Measured(
        gross=sums.gross,
        refunded=sums.refunded,
        orders=sums.orders,
        buyers=buyers,
        new_buyers=sums.new_buyers,
        ordered_net=sums.gross - returned.amount,
        email_net=sums.email_gross - returned.email,
        lifetime=_Lifetime(sums.all_buyers, sums.repeat_buyers, sums.lifetime_net, sums.profiles),
        active=active,
        churned=churned,
    )


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
