"""Figures of the parts of a period, for charts: a handful of statements for any number of parts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from analytics.queries.kpis import CHURN_DAYS, CHURN_MONTH_DAYS, count_buyers
from analytics.types import PartFigures, Period
from kernel.sql import run_sql

_DAY = timedelta(days=1)


def measure_parts(parts: Sequence[Period]) -> list[PartFigures]:
    """Measure each part of a period.

    Args:
        parts: directly one after the other, oldest first, at least one.
    """
    whole = Period(parts[0].first, parts[-1].last)
    rows = run_sql(
        "analytics.list_sums", first_day=whole.first, last_day=whole.last, until=whole.last
    )
    [before] = run_sql("analytics.sum_metrics", first_day=whole.first, last_day=whole.first - _DAY)
    buyers = count_buyers(parts)
    churn = _measure_churn(parts)
    found = []
    known = (before.all_buyers, before.repeat_buyers, before.lifetime_net)
    for part, bought, (churned, active) in zip(parts, buyers, churn, strict=True):
        sums = _Sums([row for row in rows if part.first <= row.day <= part.last])
        known = (
            known[0] + sums["new_buyers"],
            known[1] + sums["repeat_buyers"],
            known[2] + sums["lifetime_net"],
        )
        found.append(
            PartFigures(
                period=part,
                gross=sums["gross"],
                refunded=sums["refunded"],
                orders=sums["orders"],
                buyers=bought,
                new_buyers=sums["new_buyers"],
                ordered_net=sums["gross"] - sums["returned"],
                email_net=sums["email_gross"] - sums["email_returned"],
                all_buyers=known[0],
                repeat_buyers=known[1],
                lifetime_net=known[2],
                churned=churned,
                active=active,
            )
        )
    return found


class _Sums:
    """Columns of some days, added up when asked for."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def __getitem__(self, name: str) -> int:
        return sum(getattr(row, name) for row in self._rows)


def _measure_churn(parts: Sequence[Period]) -> list[tuple[int, int]]:
    """Return, for the 30 days to the end of each part, who lapsed and who was active before."""
    month = (CHURN_MONTH_DAYS - 1) * _DAY
    first = parts[0].last - month
    rows = run_sql(
        "analytics.list_activity",
        first_day=first,
        last_day=parts[-1].last,
        threshold_days=CHURN_DAYS,
    )
    moves = {row.day: (row.gained, row.lapsed) for row in rows}
    [active] = count_buyers([Period(first - CHURN_DAYS * _DAY, first - _DAY)])
    at_start, lapsed = [active], [0]
    for place in range((parts[-1].last - first).days + 1):
        gained, gone = moves.get(first + place * _DAY, (0, 0))
        at_start.append(at_start[-1] + gained - gone)
        lapsed.append(lapsed[-1] + gone)
    found = []
    for part in parts:
        start = (part.last - month - first).days
        found.append((lapsed[start + CHURN_MONTH_DAYS] - lapsed[start], at_start[start]))
    return found
