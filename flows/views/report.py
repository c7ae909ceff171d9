"""The report of a flow: its page and its files."""

import csv
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from crm.domain.channels import CHANNEL_LABELS
from crm.domain.csv_cells import safe_cell
from flows.choices import Refusal
from flows.domain.reports import (
    DAY,
    DayReport,
    Days,
    Figures,
    FlowReport,
    MessageReport,
    choose_days,
)
from flows.models import Flow
from flows.queries.reports import name_nodes, report_flow
from flows.services.earnings import LIFT_DAYS, measure_flows
from flows.views.frame import get_flow, render_tab
from kernel import clock
from kernel.asked import read_choice, read_day
from kernel.formats import find_zone, format_day
from kernel.money import to_text
from messaging.choices import SkipReason
from messaging.domain.attribution import RULE
from messaging.queries.words import JUDGEMENTS
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

CHOICES = (
    ("7", "Last 7 days"),
    ("30", "Last 30 days"),
    ("90", "Last 90 days"),
    ("365", "Last 365 days"),
    ("custom", "Days of your choice"),
)
_USUAL = "30"
COLUMNS = (
    "sent",
    "delivered",
    "opened",
    "clicked",
    "bounced",
    "unsubscribed",
    "skipped",
    "failed",
    "waiting",
    "orders",
)
"""Figures of messages in files, in their order."""
_MONEY_COLUMNS = ("gross_revenue", "refunded", "revenue", "currency")
_REFUSALS, _SKIPS = dict(Refusal.choices), dict(SkipReason.choices)
_CHARTS = (
    (
        "messages",
        "Messages",
        "By the day on which they left.",
        "line",
        "number",
        (("Sent", "sent"), ("Opened", "opened"), ("Clicked", "clicked")),
    ),
    (
        "people",
        "Entered",
        "By the day of the entry, also where the goal was reached later.",
        "bar",
        "number",
        (("Entered", "entered"), ("Reached the goal", "converted")),
    ),
    ("revenue", "Revenue", RULE, "area", "money", (("Revenue", "net_minor"),)),
)
"""Key, title, formula, kind and unit of each chart, and its lines with what they show."""


@requires(capabilities.VIEW)
@require_GET
def flow_report(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Show what a flow did over some days."""
    flow = get_flow(flow_id)
    key, days, today = _read_days(request)
    report = report_flow(flow_id, days, zone=request.tenant.timezone)
    wanted = {each.node for each in report.messages} | {each.node for each in report.steps}
    titles = name_nodes(flow, wanted) if wanted else {}
    order = {node: place for place, node in enumerate(titles)}
    context = {
        "report": report,
        "total": report.total,
        "messages_by_node": _list_messages(report, titles, order),
        "steps": [
            (titles.get(each.node, each.node), each)
            for each in sorted(report.steps, key=lambda each: order.get(each.node, len(order)))
        ],
        "channels": [
            (CHANNEL_LABELS.get(channel, channel), figures)
            for channel, figures in report.channels.items()
        ],
        "skips": [
            (_SKIPS.get(reason, reason), number, JUDGEMENTS.get(reason))
            for reason, number in report.skips.items()
        ],
        "refused": [
            (_REFUSALS.get(reason, reason), number) for reason, number in report.refused.items()
        ],
        "choices": CHOICES,
        "chosen": key,
        "days": days,
        "today": today,
        "words": f"{format_day(days.first)} – {format_day(days.last)}",
        "query": urlencode({"period": "custom", "from": str(days.first), "to": str(days.last)}),
        "rule": RULE,
        "lift": measure_flows([flow], days, zone=request.tenant.timezone).get(flow_id),
        "lift_days": LIFT_DAYS,
        "charts": _draw_charts(report, request.tenant.currency, is_unfinished=days.last == today),
    }
    return render_tab(request, "flows/report.html", flow, "flows:report", context)


@requires(capabilities.VIEW)
@require_GET
def flow_report_csv(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Answer the figures as a file: by message, or by day with ``?by=day``."""
    flow = get_flow(flow_id)
    _, days, _ = _read_days(request)
    report = report_flow(flow_id, days, zone=request.tenant.timezone)
    is_daily = read_choice(request, "by", ("message", "day"), "message") == "day"
    money = request.tenant.currency
    rows = _daily_rows(report, money) if is_daily else _message_rows(flow, report, money)
    name = f"flow-{flow_id}-{'days' if is_daily else 'messages'}-{days.first}-{days.last}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    writer = csv.writer(response)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return response


def _draw_charts(report: FlowReport, currency: str, *, is_unfinished: bool) -> list[dict[str, Any]]:
    """Return the charts as `static/src/charts/data.ts` reads them."""
    return [
        {
            "id": f"report-{key}",
            "title": title,
            "formula": formula,
            "data": {
                "type": kind,
                "unit": unit,
                "currency": currency,
                "axis": "Day",
                "x": [each.day.isoformat() for each in report.days],
                "series": [
                    {"name": name, "values": [_of_day(each, what) for each in report.days]}
                    for name, what in lines
                ],
                "isUnfinished": is_unfinished,
            },
        }
        for key, title, formula, kind, unit, lines in _CHARTS
    ]


def _of_day(day: DayReport, what: str) -> int:
    holder = day if what in {"entered", "converted"} else day.figures
    return int(getattr(holder, what))


def _list_messages(
    report: FlowReport, titles: dict[str, str], order: dict[str, int]
) -> list[tuple[str, str, MessageReport]]:
    """Return title, channel in words and figures of each message, in the order of the flow."""
    ranked = sorted(report.messages, key=lambda each: (order.get(each.node, len(order)), each.node))
    return [
        (titles.get(each.node, each.node), CHANNEL_LABELS.get(each.channel, each.channel), each)
        for each in ranked
    ]


def _message_rows(flow: Flow, report: FlowReport, currency: str) -> list[list[object]]:
    titles = name_nodes(flow, {each.node for each in report.messages}) if report.messages else {}
    order = {node: place for place, node in enumerate(titles)}
    head: list[object] = ["node", "message", "channel", *COLUMNS, *_MONEY_COLUMNS]
    return [
        head,
        *(
            [each.node, title, each.channel, *_cells(each.figures, currency)]
            for title, _, each in _list_messages(report, titles, order)
        ),
    ]


def _daily_rows(report: FlowReport, currency: str) -> list[list[object]]:
    head: list[object] = ["day", "entered", "converted", *COLUMNS, *_MONEY_COLUMNS]
    return [
        head,
        *(
            [each.day, each.entered, each.converted, *_cells(each.figures, currency)]
            for each in report.days
        ),
    ]


def _cells(figures: Figures, currency: str) -> list[object]:
    money = (figures.gross_minor, figures.refunded_minor, figures.net_minor)
    return [
        *(getattr(figures, name) for name in COLUMNS),
        *(to_text(minor, currency) for minor in money),
        currency,
    ]


def _read_days(request: HttpRequest) -> tuple[str, Days, date]:
    """Return the choice of days, the days themselves and today; nonsense is the usual choice."""
    zone = request.tenant.timezone  # type: ignore[attr-defined] # see TenantRequest
    today = clock.now().astimezone(find_zone(zone)).date()
    first, last = read_day(request, "from"), read_day(request, "to")
    key = read_choice(request, "period", [word for word, _ in CHOICES], _USUAL)
    if key == "custom" and (first or last):
        return key, choose_days(first, last, today), today
    key = _USUAL if key == "custom" else key
    return key, Days(today - (int(key) - 1) * DAY, today), today
