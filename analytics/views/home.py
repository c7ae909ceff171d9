"""Home: how today is, what needs a person, what just happened."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from analytics.queries.attention import list_notices
from analytics.queries.feed import list_feed
from analytics.queries.freshness import find_freshness
from analytics.queries.kpis import find_kpi, last_days, list_kpis
from analytics.queries.present import find_queues, measure_today
from analytics.queries.start import find_start
from analytics.views.notices import find_address
from analytics.views.start import step_context
from analytics.views.tiles import ROWS, make_tile
from kernel.formats import find_zone
from kernel.live import answer_live, render_live
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

TODAY_SECONDS = 20
FEED_SECONDS = 5
ATTENTION_SECONDS = 15
PERIODS = {
    "week": (7, "7 days", "the last 7 days beside the 7 days before"),
    "month": (30, "30 days", "the last 30 days beside the 30 days before"),
    "quarter": (90, "90 days", "the last 90 days beside the 90 days before"),
}


@requires(capabilities.VIEW)
@require_GET
def home(request: TenantRequest) -> HttpResponse:
    """Show the home page; its parts are asked for by themselves."""
    start = find_start(request.member.pk)
    chosen = _period(request)
    context: dict[str, Any] = {
        **step_context(request, start, only_left=True),
        "shows_figures": start.has_orders or start.has_store,
        "periods": [
            {"key": key, "label": label, "active": key == chosen}
            for key, (_, label, _) in PERIODS.items()
        ],
        "kpis_url": f"{reverse('analytics:kpis', args=[request.tenant.slug])}?period={chosen}",
        "freshness": find_freshness(),
    }
    return render(request, "analytics/home.html", context)


@requires(capabilities.VIEW)
@require_GET
def today(request: TenantRequest) -> HttpResponse:
    """Answer today so far and what waits right now, when it changed."""
    present = measure_today()
    then = present.then.astimezone(find_zone(request.tenant.timezone))
    words = f"today so far beside last {then:%A} until the same time"
    context = {
        "tiles": [make_tile(kpi, request.tenant.currency, words) for kpi in present.figures],
        "then": f"{then:%A} until {then:%H:%M}",
        "queues": find_queues(),
    }
    part = render_live(
        request,
        "analytics/_today.html",
        context,
        name="today",
        url=reverse("analytics:today", args=[request.tenant.slug]),
        seconds=TODAY_SECONDS,
    )
    return answer_live(request, part)


@requires(capabilities.VIEW)
@require_GET
def kpis(request: TenantRequest) -> HttpResponse:
    """Answer the tiles of a period; a part of the home page."""
    days, _, words = PERIODS[_period(request)]
    found = list_kpis(last_days(days))
    currency = request.tenant.currency
    rows = [[make_tile(find_kpi(found, key), currency, words) for key in keys] for keys in ROWS]
    return render(request, "analytics/_kpis.html", {"rows": rows})


@requires(capabilities.VIEW)
@require_GET
def attention(request: TenantRequest) -> HttpResponse:
    """Answer what needs a person, when it changed."""
    fresh = list_notices(request.member.pk).fresh
    part = render_live(
        request,
        "analytics/_attention.html",
        {"items": [(item, find_address(request, item)) for item in fresh]},
        name="attention",
        url=reverse("analytics:attention", args=[request.tenant.slug]),
        seconds=ATTENTION_SECONDS,
    )
    return answer_live(request, part)


@requires(capabilities.VIEW)
@require_GET
def feed(request: TenantRequest) -> HttpResponse:
    """Answer what just happened, when it changed."""
    part = render_live(
        request,
        "analytics/_feed.html",
        {"items": list_feed()},
        name="feed",
        url=reverse("analytics:feed", args=[request.tenant.slug]),
        seconds=FEED_SECONDS,
    )
    return answer_live(request, part)


def _period(request: HttpRequest) -> str:
    asked = request.GET.get("period", "")
    return asked if asked in PERIODS else "week"
