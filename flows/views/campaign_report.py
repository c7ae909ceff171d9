"""What came of a campaign: who got it and why not, the dry run, and the figures as a file."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from flows.queries.campaigns import people
from flows.queries.campaigns.counting import Figures, count_days
from flows.services.campaigns.rehearsing import rehearse
from flows.services.campaigns.telling import Told, speak_reason, tell_campaign
from flows.views.campaigns import get_campaign
from kernel import asked
from kernel.cells import safe_cell
from kernel.formats import find_zone
from kernel.fragments import answer_list
from kernel.money import to_text
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

MOST_DAYS = 60
"""Days of the chart, from the first message on."""
_FIGURES = (
    ("Messages", "messages"),
    ("Waiting", "open"),
    ("Sent", "sent"),
    ("Delivered", "delivered"),
    ("Opened", "opened"),
    ("Clicked", "clicked"),
    ("Bounced", "bounced"),
    ("Marked as spam", "complained"),
    ("Unsubscribed", "unsubscribed"),
    ("Skipped", "skipped"),
    ("Failed", "failed"),
    ("Cancelled", "cancelled"),
    ("Orders", "orders"),
)


@requires(capabilities.VIEW)
@require_GET
def campaign_people(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """List who got a campaign and who did not, each with the reason; a search finds anybody."""
    campaign = get_campaign(campaign_id)
    search = asked.read_text(request, "q")
    outcome = asked.read_choice(request, "outcome", dict(people.OUTCOMES))
    context: dict[str, Any] = {"campaign": campaign, "search": search, "outcome": outcome}
    if search:
        context["rows"] = people.search_people(campaign, search)
    else:
        page = people.list_people(campaign, outcome, asked.read_place(request))
        context |= {"rows": page.rows, "page": page}
    return answer_list(
        request,
        "flows/campaign_people.html",
        "flows/_campaign_people.html",
        context,
        lambda: {"outcomes": people.OUTCOMES},
    )


@requires(capabilities.EDIT_FLOWS)
@require_GET
def rehearsal(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Answer with the dry run of a campaign: a part of its check."""
    found = rehearse(get_campaign(campaign_id))
    context = {
        "found": found,
        "skipped": [(speak_reason(reason), count) for reason, count in found.skipped.items()],
        "waiting": [(speak_reason(reason), count) for reason, count in found.waiting.items()],
    }
    return render(request, "flows/_rehearsal.html", context)


@requires(capabilities.VIEW)
@require_GET
def campaign_days(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Answer with the figures of a campaign by day, for its chart."""
    zone = find_zone(request.tenant.timezone).key
    found = count_days(get_campaign(campaign_id), zone)
    known = sorted({day for days in found.values() for day in days})
    reach = range((known[-1] - known[0]).days + 1 if known else 0)
    days = [known[0] + timedelta(days=place) for place in reach][:MOST_DAYS]
    return JsonResponse(
        {
            "type": "line",
            "unit": "number",
            "x": [day.isoformat() for day in days],
            "series": [
                {"name": name.capitalize(), "values": [by_day.get(day, 0) for day in days]}
                for name, by_day in found.items()
            ],
        }
    )


@requires(capabilities.VIEW)
@require_GET
def campaign_csv(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Answer with the figures of a campaign as a file."""
    campaign = get_campaign(campaign_id)
    told = tell_campaign(campaign, zone=request.tenant.timezone)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="campaign-{campaign.pk}.csv"'
    writer = csv.writer(response)
    writer.writerows(
        [safe_cell(cell) for cell in row] for row in _rows(told, request.tenant.currency)
    )
    return response


def _rows(told: Told, currency: str) -> Iterator[list[Any]]:
    columns: list[tuple[str, Figures]] = [("All", told.total)]
    columns += [(variant.letter, variant.figures) for variant in told.variants]
    yield ["Figure", *(title for title, _ in columns)]
    for title, name in _FIGURES:
        yield [title, *(getattr(figures, name) for _, figures in columns)]
    money = [to_text(figures.revenue_minor, currency) for _, figures in columns]
    yield [f"Revenue ({currency})", *money]
    for words, count in told.skipped:
        yield [f"Not sent: {words}", count]
