"""Whether the programme is worth it: what it owes, what moves, its rules."""

import csv
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from kernel.errors import Invalid
from kernel.formats import format_number
from loyalty.forms import ProgramForm
from loyalty.queries import overview as reads
from loyalty.queries.ledger import find_program
from loyalty.queries.overview import SERIES, Moved
from loyalty.services.program import ProgramData, update_program
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

PERIODS = {"30": 30, "90": 90, "365": 365}
_DEFAULT = "30"


@requires(capabilities.VIEW)
@require_GET
def overview(request: TenantRequest) -> HttpResponse:
    """Show the overview; its figures follow in parts of their own."""
    slug, days = request.tenant.slug, _days(request)
    program = find_program()
    query = f"?days={days}"
    context = {
        "tabs": tabs(request, "loyalty:overview"),
        "program": program,
        "worth_of_100": reads.worth_minor(100, program, request.tenant.currency),
        "is_empty": not reads.has_entries(),
        "days": days,
        "periods": [
            {"label": f"{number} days", "url": f"?days={key}", "active": number == days}
            for key, number in PERIODS.items()
        ],
        "figures_url": reverse("loyalty:figures", args=[slug]) + query,
        "chart_url": reverse("loyalty:chart", args=[slug]) + query,
        "csv_url": reverse("loyalty:chart_csv", args=[slug]) + query,
        "ladder_url": reverse("loyalty:ladder", args=[slug]),
        "top": reads.list_top(),
        "may_edit": may(request.member.role, capabilities.MANAGE_SETTINGS),
    }
    return render(request, "loyalty/overview.html", context)


@requires(capabilities.VIEW)
@require_GET
def figures(request: TenantRequest) -> HttpResponse:
    """Answer the tiles of a period; a part of the overview."""
    days = _days(request)
    liability = reads.find_liability()
    now, before = _two_periods(days)
    context = {
        "liability": liability,
        "worth_minor": reads.worth_minor(liability.points, find_program(), request.tenant.currency),
        "program": find_program(),
        "earned": now.total("earned"),
        "earned_before": before.total("earned"),
        "taken_back": now.total("taken_back"),
        "taken_back_before": before.total("taken_back"),
        "before": {
            "earned": f"from {format_number(before.total('earned'))}",
            "taken_back": f"from {format_number(before.total('taken_back'))}",
        },
    }
    return render(request, "loyalty/_figures.html", context)


@requires(capabilities.VIEW)
@require_GET
def chart(request: TenantRequest) -> HttpResponse:
    """Answer the chart of what moved; a kind that never moved in the period is left out."""
    moved = _moved(_days(request))
    shown = {key: values for key, values in moved.series.items() if any(values)}
    data = {
        "type": "bar",
        "unit": "number",
        "axis": "Day",
        "x": [day.isoformat() for day in moved.days],
        "series": [
            {"name": SERIES[key][0], "values": list(values)}
            for key, values in (shown or {"earned": moved.series["earned"]}).items()
        ],
    }
    return JsonResponse(data)


@requires(capabilities.VIEW)
@require_GET
def chart_csv(request: TenantRequest) -> HttpResponse:
    """Answer the figures of the chart as CSV."""
    moved = _moved(_days(request))
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="points-by-day.csv"'},
    )
    writer = csv.writer(response)
    writer.writerow(["day", *SERIES])
    for place, day in enumerate(moved.days):
        writer.writerow([day.isoformat(), *(moved.series[key][place] for key in SERIES)])
    return response


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def program_settings(request: TenantRequest) -> HttpResponse:
    """Show and change the rules; they count from now on."""
    program = find_program()
    currency = request.tenant.currency
    initial: dict[str, Any] = {"name": "Points", "points_per_unit": 1, "is_active": True}
    initial["pending_days"] = 0
    if program is not None:
        initial = {
            "name": program.name,
            "points_per_unit": f"{program.points_per_unit.normalize():f}",
            "value_per_point": f"{program.value_per_point.normalize():f}",
            "is_active": program.is_active,
            "expires_after_months": program.expires_after_months,
            "pending_days": program.pending_days,
        }
    form = ProgramForm(request.POST or None, initial=initial, currency=currency)
    if request.method == "POST" and form.is_valid():
        try:
            update_program(ProgramData(**form.cleaned_data), actor=request.user.email)
        except Invalid as exc:
            for field, reason in exc.fields.items():
                form.add_error(field, reason)
        else:
            messages.success(request, "Saved. It counts for orders from now on.")
            return redirect("loyalty:overview", request.tenant.slug)
    context = {"form": form, "program": program}
    status = 422 if form.is_bound else 200
    return render(request, "loyalty/settings.html", context, status=status)


def tabs(request: TenantRequest, active: str) -> list[dict[str, Any]]:
    """Return the tabs of the pages of loyalty."""
    return [
        {"label": label, "url": reverse(name, args=[request.tenant.slug]), "active": name == active}
        for label, name in (("Overview", "loyalty:overview"), ("Ledger", "loyalty:ledger"))
    ]


def _days(request: HttpRequest) -> int:
    return PERIODS.get(request.GET.get("days", ""), PERIODS[_DEFAULT])


def _moved(days: int) -> Moved:
    last = reads.today()
    return reads.measure_days(last - timedelta(days=days - 1), last)


def _two_periods(days: int) -> tuple[Moved, Moved]:
    last: date = reads.today()
    first = last - timedelta(days=days - 1)
    before = reads.measure_days(first - timedelta(days=days), first - timedelta(days=1))
    return reads.measure_days(first, last), before
