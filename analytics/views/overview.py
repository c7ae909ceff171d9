"""Analytics, overview: how the shop does over any days, beside any others."""

import csv
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from analytics.domain import periods
from analytics.queries.charts import CHARTS, Chart, Line, Value
from analytics.queries.freshness import find_freshness
from analytics.queries.kpis import compare_kpis, find_kpi, today
from analytics.queries.parts import measure_parts
from analytics.types import PartFigures, Period
from analytics.views.tiles import ROWS, make_tile
from crm.domain.csv_cells import safe_cell
from crm.queries.person import has_orders
from crm.queries.sources import list_connected
from kernel.asked import read_choice, read_day
from kernel.formats import format_day
from kernel.money import to_text
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

_AXES = {"day": "Day", "week": "Week from", "month": "Month"}
_OTHERS = {"previous": "Before", "year": "Year before"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the address: which days, beside which, as of which day."""

    key: str
    mode: str
    period: Period
    other: Period | None
    today: date

    @property
    def grain(self) -> str:
        """How charts are cut."""
        return periods.grain_of(self.period)

    @property
    def is_unfinished(self) -> bool:
        """Whether the last day is the present one."""
        return self.period.last == self.today

    @property
    def words(self) -> str:
        """Say which days are looked at."""
        return speak(self.period)

    @property
    def other_words(self) -> str:
        """Say beside which days they stand; empty for none."""
        return speak(self.other) if self.other else ""

    @property
    def query(self) -> str:
        """The same as part of an address."""
        own = {"from": str(self.period.first), "to": str(self.period.last)}
        days = own if self.key == "custom" else {}
        return urlencode({"period": self.key, **days, "compare": self.mode})


@requires(capabilities.VIEW)
@require_GET
def overview(request: TenantRequest) -> HttpResponse:
    """Show the page; its figures and charts are asked for by themselves."""
    asked = read_asked(request)
    context = {
        "asked": asked,
        "choices": periods.CHOICES,
        "comparisons": periods.COMPARISONS,
        "charts": list(CHARTS.values()),
        "connected": list_connected,
        "is_empty": not has_orders(),
        "freshness": find_freshness(),
    }
    return render(request, "analytics/overview.html", context)


@requires(capabilities.VIEW)
@require_GET
def figures(request: TenantRequest) -> HttpResponse:
    """Answer the tiles of the days asked for; a part of the page."""
    asked = read_asked(request)
    kpis = compare_kpis(asked.period, asked.other or asked.period)
    rows = [
        [
            make_tile(
                find_kpi(kpis, key),
                request.tenant.currency,
                asked.words,
                is_compared=asked.other is not None,
            )
            for key in keys
        ]
        for keys in ROWS
    ]
    return render(request, "analytics/_kpis.html", {"rows": rows})


@requires(capabilities.VIEW)
@require_GET
def chart(request: TenantRequest) -> HttpResponse:
    """Answer the figures of one chart."""
    found, asked = _find(request), read_asked(request)
    now, beside = _measure(asked, request.tenant.week_start)
    series: list[dict[str, Any]] = [
        {"name": line.name, "values": [line.measure(part) for part in now]} for line in found.lines
    ]
    series += [
        {
            "name": _OTHERS[asked.mode],
            "values": [part and line.measure(part) for part in beside],
            "role": "past",
        }
        for line in found.lines
        if asked.other and line.is_compared
    ]
    series += [
        {"name": words, "values": [value] * len(now), "role": "target"}
        for words, value in found.targets
    ]
    data = {
        "type": found.kind,
        "unit": found.unit,
        "currency": request.tenant.currency,
        "axis": _AXES[asked.grain],
        "x": [_place(part.period, asked.grain) for part in now],
        "series": series,
        "isUnfinished": asked.is_unfinished,
    }
    return JsonResponse(data)


@requires(capabilities.VIEW)
@require_GET
def chart_csv(request: TenantRequest) -> HttpResponse:
    """Answer the same as a file with exact figures."""
    found, asked = _find(request), read_asked(request)
    now, beside = _measure(asked, request.tenant.week_start)
    compared = [line for line in found.lines if asked.other and line.is_compared]
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{found.key}-{asked.period.first}'
            f'-{asked.period.last}.csv"'
        },
    )
    writer = csv.writer(response)
    head = ["from", "to", *(line.key for line in found.lines)]
    head += ["currency"] if found.unit == "money" else []
    head += ["before_from", "before_to", *(f"{line.key}_before" for line in compared)] * bool(
        compared
    )
    writer.writerow(head)
    for part, other in zip(now, beside, strict=True):
        writer.writerow([safe_cell(cell) for cell in _cells(found, request, part, other, compared)])
    return response


def read_asked(request: HttpRequest) -> Asked:
    """Return the days that an address asks for; nonsense is the default."""
    present = today()
    first, last = read_day(request, "from"), read_day(request, "to")
    keys = [key for key, _ in periods.CHOICES]
    key = read_choice(request, "period", keys, periods.DEFAULT)
    if key == "custom" and not (first or last):
        key = periods.DEFAULT
    period = (
        periods.choose_own(first, last, present)
        if key == "custom"
        else periods.choose_period(key, present)
    )
    modes = [mode for mode, _ in periods.COMPARISONS]
    mode = read_choice(request, "compare", modes, modes[0])
    return Asked(key, mode, period, periods.compare_to(period, mode, key), present)


def speak(period: Period) -> str:
    """Write a period, such as ``1 May – 30 May 2026``."""
    first, last = format_day(period.first), format_day(period.last)
    if period.first == period.last:
        return first
    if period.first.year == period.last.year:
        first = first.removesuffix(f" {period.first.year}")
    return f"{first} – {last}"


def _find(request: HttpRequest) -> Chart:
    name = request.GET.get("chart", "revenue")
    if name not in CHARTS:
        raise Http404
    return CHARTS[name]


def _measure(asked: Asked, week_start: int) -> tuple[list[PartFigures], list[PartFigures | None]]:
    """Return the parts of the days asked for, and those beside them, of equal number."""
    parts = periods.cut(asked.period, asked.grain, week_start)
    if asked.other is None:
        return measure_parts(parts), [None] * len(parts)
    others = periods.cut_beside(parts, asked.period, asked.other, asked.grain)
    known = [part for part in others if part is not None]
    measured: list[PartFigures | None] = [*measure_parts(known)]
    return measure_parts(parts), [*measured, *[None] * (len(parts) - len(known))]


def _place(period: Period, grain: str) -> str:
    return f"{period.first:%Y-%m}" if grain == "month" else period.first.isoformat()


def _cells(
    found: Chart,
    request: TenantRequest,
    part: PartFigures,
    other: PartFigures | None,
    compared: list[Line],
) -> list[object]:
    currency = request.tenant.currency
    cells: list[object] = [part.period.first, part.period.last]
    cells += [_exact(line.measure(part), found.unit, currency) for line in found.lines]
    cells += [currency] if found.unit == "money" else []
    if compared:
        cells += [other and other.period.first, other and other.period.last]
        cells += [other and _exact(line.measure(other), found.unit, currency) for line in compared]
    return cells


def _exact(value: Value, unit: str, currency: str) -> object:
    return to_text(int(value), currency) if unit == "money" and value is not None else value
