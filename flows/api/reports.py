"""`/api/v1/flows/{id}/report/`."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from flows.api.lift import LiftOut
from flows.domain.reports import DAY, MAX_DAYS, USUAL_DAYS, Days, Figures, FlowReport
from flows.models import Flow
from flows.queries.reports import name_nodes, report_flow
from flows.services.earnings import measure_flows
from kernel import clock
from kernel.formats import find_zone
from kernel.money import to_text
from messaging.domain.attribution import RULE
from tenants.api.fields import YEARS
from tenants.api.filters import refuse_unknown
from tenants.api.renderers import CsvRenderer
from tenants.api.resources import Resource

GROUPS = ("message", "channel", "node", "day")
PARAMETERS = [
    OpenApiParameter("from", date, description="First day, in the tenant's zone."),
    OpenApiParameter("to", date, description="Last day, included."),
    OpenApiParameter("group_by", str, enum=GROUPS, description="Rows of `results`; else message."),
    OpenApiParameter("format", str, enum=["json", "csv"]),
]


class FiguresOut(serializers.Serializer[Any]):
    """What became of messages; money is a decimal string in ``currency``."""

    sent = serializers.IntegerField()
    delivered = serializers.IntegerField(help_text="As far as the provider tells.")
    opened = serializers.IntegerField()
    clicked = serializers.IntegerField(help_text="Without scanners.")
    bounced = serializers.IntegerField()
    unsubscribed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    failed = serializers.IntegerField()
    waiting = serializers.IntegerField()
    orders = serializers.IntegerField(help_text="That are credited; see `attribution`.")
    gross_revenue = serializers.CharField()
    refunded = serializers.CharField()
    revenue = serializers.CharField(help_text="Gross without what was refunded.")


class ReportOut(serializers.Serializer[Any]):
    """A flow over some days."""

    to = serializers.DateField()
    timezone = serializers.CharField()
    currency = serializers.CharField()
    attribution = serializers.CharField(help_text="How orders are credited, in words.")
    entered = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="On their way now.")
    converted = serializers.IntegerField(help_text="Of those who entered, until now.")
    refused = serializers.DictField(child=serializers.IntegerField(), help_text="By reason.")
    skipped = serializers.DictField(child=serializers.IntegerField(), help_text="By reason.")
    totals = FiguresOut()
    incremental = LiftOut(
        allow_null=True,
        help_text=(
            "Of those who entered in these days, within 30 days of their first entry; null: the "
            "flow holds nobody out."
        ),
    )
    results = serializers.ListField(
        child=serializers.DictField(), help_text="One row per message, channel, node or day."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add ``from``, which is no name in Python."""
        return {"from": serializers.DateField(), **super().get_fields()}


class ReportActions(Resource[Flow]):
    """What a flow did."""

    @extend_schema(parameters=PARAMETERS, responses=ReportOut)
    @action(detail=True, filter_backends=[], renderer_classes=[JSONRenderer, CsvRenderer])
    def report(self, request: Request, pk: str) -> Response:
        """Read what a flow did over some days; default: the last 30."""
        flow: Flow = self.get_object()
        refuse_unknown(request, {"from", "to", "group_by", "format"})
        tenant = request.tenant  # type: ignore[attr-defined] # see ApiRequest
        days = read_days(request.query_params, _today(tenant.timezone))
        group = request.query_params.get("group_by", GROUPS[0])
        if group not in GROUPS:
            raise ValidationError({"group_by": f"One of {', '.join(GROUPS)}."})
        report = report_flow(flow.pk, days, zone=tenant.timezone)
        lift = measure_flows([flow], days, zone=tenant.timezone).get(flow.pk)
        body = {
            "from": days.first.isoformat(),
            "to": days.last.isoformat(),
            "timezone": tenant.timezone,
            "currency": tenant.currency,
            "attribution": RULE,
            "entered": report.entered,
            "waiting": report.waiting,
            "converted": report.converted,
            "refused": report.refused,
            "skipped": report.skips,
            "totals": _outside(report.total, tenant.currency),
            "incremental": lift and LiftOut(lift, context=self.get_serializer_context()).data,
            "results": _rows(flow, report, group, tenant.currency),
        }
        return Response(body)


def read_days(parameters: Mapping[str, str], today: date) -> Days:
    """Return the days asked for; without any the last 30.

    Raises:
        ValidationError: a day that is none, an end before its start, or too many days.
    """
    last = min(_read_day(parameters, "to") or today, today)
    first = _read_day(parameters, "from") or last - (USUAL_DAYS - 1) * DAY
    if first > last:
        raise ValidationError({"from": "Not after the last day of the period."})
    if (last - first).days >= MAX_DAYS:
        raise ValidationError({"from": f"A period has at most {MAX_DAYS} days."})
    return Days(first, last)


def _read_day(parameters: Mapping[str, str], name: str) -> date | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise ValidationError({name: "A day such as 2026-05-04."})
    return day


def _today(zone: str) -> date:
    return clock.now().astimezone(find_zone(zone)).date()


def _rows(flow: Flow, report: FlowReport, group: str, currency: str) -> list[dict[str, Any]]:
    if group == "day":
        return [
            {
                "day": each.day.isoformat(),
                "entered": each.entered,
                "converted": each.converted,
                **_outside(each.figures, currency),
            }
            for each in report.days
        ]
    if group == "channel":
        return [
            {"channel": channel, **_outside(figures, currency)}
            for channel, figures in report.channels.items()
        ]
    named = report.messages if group == "message" else report.steps
    titles = name_nodes(flow, {each.node for each in named}) if named else {}
    if group == "node":
        return [
            {
                "node": each.node,
                "title": titles.get(each.node, each.node),
                "passed": each.passed,
                "left_early": each.left_early,
                "waiting": each.waiting,
            }
            for each in report.steps
        ]
    return [
        {
            "node": each.node,
            "title": titles.get(each.node, each.node),
            "channel": each.channel,
            **_outside(each.figures, currency),
            "skipped_by_reason": each.skips,
        }
        for each in report.messages
    ]


def _outside(figures: Figures, currency: str) -> dict[str, Any]:
    return {
        "sent": figures.sent,
        "delivered": figures.delivered,
        "opened": figures.opened,
        "clicked": figures.clicked,
        "bounced": figures.bounced,
        "unsubscribed": figures.unsubscribed,
        "skipped": figures.skipped,
        "failed": figures.failed,
        "waiting": figures.waiting,
        "orders": figures.orders,
        "gross_revenue": to_text(figures.gross_minor, currency),
        "refunded": to_text(figures.refunded_minor, currency),
        "revenue": to_text(figures.net_minor, currency),
    }
