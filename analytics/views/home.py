"""Home: how today is, what needs a person, what just happened."""

import csv
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from analytics.queries import home as reads
from analytics.queries.kpis import DEFAULT_DAYS, find_kpi, last_days, list_days, list_kpis, today
from analytics.types import DayFigures, Period
from analytics.views.tiles import Tile, make_tile
from kernel.formats import format_money
from kernel.live import answer_live, render_live
from kernel.money import to_text
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

WEEK = 7
FEED_SECONDS = 5
ATTENTION_SECONDS = 15
PERIODS = {
    "today": (1, "Today", "today beside yesterday"),
    "week": (WEEK, "7 days", "the last 7 days beside the 7 days before"),
    "month": (DEFAULT_DAYS, "30 days", "the last 30 days beside the 30 days before"),
}
_COLUMNS = (
    "day",
    "net_revenue",
    "gross_revenue",
    "refunded",
    "orders",
    "currency",
    "day_before",
    "net_revenue_before",
)
_ROWS = (
    ("net_revenue", "orders", "average_order_value", "email_revenue_share"),
    ("new_buyers", "returning_buyers", "repeat_purchase_rate", "lifetime_value", "churn_rate"),
)


@requires(capabilities.VIEW)
@require_GET
def home(request: TenantRequest) -> HttpResponse:
    """Show the home page; a tenant without orders sees how to begin."""
    start = reads.find_start()
    chosen = _period(request)
    context: dict[str, Any] = {
        "start": start,
        "may_connect": may(request.member.role, capabilities.MANAGE_STORES),
    }
    if start.has_orders or start.has_store:
        context |= {
            "periods": [
                {"key": key, "label": label, "active": key == chosen}
                for key, (_, label, _) in PERIODS.items()
            ],
            "kpis_url": f"{reverse('analytics:kpis', args=[request.tenant.slug])}?period={chosen}",
            "attention": _attention(request),
            "feed": _feed(request),
        }
    return render(request, "analytics/home.html", context)


@requires(capabilities.VIEW)
@require_GET
def kpis(request: TenantRequest) -> HttpResponse:
    """Answer the tiles of a period; a part of the home page."""
    days, _, words = PERIODS[_period(request)]
    found = list_kpis(last_days(days))
    currency = request.tenant.currency
    rows = [[make_tile(find_kpi(found, key), currency, words) for key in keys] for keys in _ROWS]
    rows[0].insert(0, _today_tile(currency))
    return render(request, "analytics/_kpis.html", {"rows": rows})


@requires(capabilities.VIEW)
@require_GET
def attention(request: TenantRequest) -> HttpResponse:
    """Answer what needs a person, when it changed."""
    return answer_live(request, _attention(request))


@requires(capabilities.VIEW)
@require_GET
def feed(request: TenantRequest) -> HttpResponse:
    """Answer what just happened, when it changed."""
    return answer_live(request, _feed(request))


@requires(capabilities.VIEW)
@require_GET
def revenue(request: TenantRequest) -> HttpResponse:
    """Answer the chart of the last 30 days, with the 30 days before."""
    now, before = _two_periods()
    data = {
        "type": "area",
        "unit": "money",
        "currency": request.tenant.currency,
        "axis": "Day",
        "x": [day.day.isoformat() for day in now],
        "series": [
            {"name": "Last 30 days", "values": [day.net_minor for day in now]},
            {"name": "30 days before", "values": [day.net_minor for day in before], "role": "past"},
        ],
    }
    return JsonResponse(data)


@requires(capabilities.VIEW)
@require_GET
def revenue_csv(request: TenantRequest) -> HttpResponse:
    """Answer the figures of the chart as CSV."""
    currency = request.tenant.currency
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="revenue-30-days.csv"'},
    )
    writer = csv.writer(response)
    writer.writerow(_COLUMNS)
    for day, past in zip(*_two_periods(), strict=True):
        writer.writerow(
            [
                day.day.isoformat(),
                to_text(day.net_minor, currency),
                to_text(day.gross_minor, currency),
                to_text(day.refunded_minor, currency),
                day.orders,
                currency,
                past.day.isoformat(),
                to_text(past.net_minor, currency),
            ]
        )
    return response


def _two_periods() -> tuple[list[DayFigures], list[DayFigures]]:
    """Return the days of the last 30 and of the 30 before, oldest first."""
    period = last_days(DEFAULT_DAYS)
    days = list_days(Period(period.before.first, period.last))
    return days[DEFAULT_DAYS:], days[:DEFAULT_DAYS]


def _period(request: HttpRequest) -> str:
    asked = request.GET.get("period", "")
    return asked if asked in PERIODS else "week"


def _attention(request: TenantRequest) -> SafeString:
    url = reverse("analytics:attention", args=[request.tenant.slug])
    return render_live(
        request,
        "analytics/_attention.html",
        {"items": reads.list_attention()},
        name="attention",
        url=url,
        seconds=ATTENTION_SECONDS,
    )


def _feed(request: TenantRequest) -> SafeString:
    url = reverse("analytics:feed", args=[request.tenant.slug])
    return render_live(
        request,
        "analytics/_feed.html",
        {"items": reads.list_feed()},
        name="feed",
        url=url,
        seconds=FEED_SECONDS,
    )


def _today_tile(currency: str) -> Tile:
    """Return what came in today beside the same day of last week, which was a whole day."""
    now = today()
    days = list_days(Period(now - timedelta(days=WEEK), now))
    then = days[0]
    return Tile(
        key="today",
        label="Net revenue today",
        value=format_money(days[-1].net_minor, currency),
        current=None,
        previous=None,
        good="none",
        versus=f"last {then.day:%A} {format_money(then.net_minor, currency)}",
        formula="Gross revenue minus what was refunded, since midnight in your time zone."
        " Beside it the whole of the same day last week.",
    )
