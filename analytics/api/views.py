"""`/api/v1/reports/…`."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.dateparse import parse_date
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.queries.kpis import last_days, list_days, list_kpis, today
from analytics.types import DayFigures, Kpi, Period
from kernel.money import to_text
from tenants.api.fields import YEARS
from tenants.api.filters import refuse_unknown
from tenants.api.renderers import CsvRenderer

MAX_DAYS = 366 * 5
PARAMETERS = [
    OpenApiParameter("from", date, description="First day, in the tenant's zone."),
    OpenApiParameter("to", date, description="Last day, included."),
    OpenApiParameter("as_of", date, description="Look at history as if this were today."),
    OpenApiParameter("format", str, enum=["json", "csv"]),
]


class TargetOut(serializers.Serializer[Any]):
    """Where a figure should lie; null is open."""

    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class KpiOut(serializers.Serializer[Any]):
    """One figure; money is a decimal string in ``currency``, a rate lies between 0 and 1."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a name of ours
    unit = serializers.ChoiceField(choices=["money", "number", "rate"])
    value = serializers.JSONField(allow_null=True, help_text="Text for money, else a number.")
    previous = serializers.JSONField(allow_null=True, help_text="The same for the period before.")
    currency = serializers.CharField(allow_null=True)
    better = serializers.ChoiceField(choices=["up", "down", "none"])
    target = TargetOut(allow_null=True)
    formula = serializers.CharField()


class DayOut(serializers.Serializer[Any]):
    """Sales of one day."""

    day = serializers.DateField()
    currency = serializers.CharField()
    gross_revenue = serializers.CharField()
    refunded = serializers.CharField()
    net_revenue = serializers.CharField()
    orders = serializers.IntegerField()


class _PeriodOut(serializers.Serializer[Any]):
    currency = serializers.CharField()
    timezone = serializers.CharField()
    as_of = serializers.DateField()
    to = serializers.DateField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add ``from``, which is no name in Python."""
        return {"from": serializers.DateField(), **super().get_fields()}


class KpiReport(_PeriodOut):
    """The figures of a period."""

    results = KpiOut(many=True)


class RevenueReport(_PeriodOut):
    """Sales by day."""

    results = DayOut(many=True)


class ReportView(APIView):
    """A report of a period, as JSON or CSV."""

    scope_resource = "reports"
    renderer_classes = [JSONRenderer, CsvRenderer]

    def answer(
        self, request: Request, period: Period, as_of: date, results: list[dict[str, Any]]
    ) -> Response:
        """Return the report with what its figures speak in."""
        tenant = request.tenant  # type: ignore[attr-defined] # see ApiRequest
        body = {
            "currency": tenant.currency,
            "timezone": tenant.timezone,
            "as_of": as_of.isoformat(),
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
            "results": results,
        }
        return Response(body)


class KpiView(ReportView):
    """The key figures, each with its formula, its target and the period before."""

    @extend_schema(parameters=PARAMETERS, responses=KpiReport, operation_id="reports_kpis")
    def get(self, request: Request) -> Response:
        """Read the key figures of a period; default: the last 30 days."""
        period, as_of = read_period(request)
        currency = request.tenant.currency  # type: ignore[attr-defined] # see ApiRequest
        results = [_describe(kpi, currency) for kpi in list_kpis(period)]
        return self.answer(request, period, as_of, results)


class RevenueView(ReportView):
    """Sales by day."""

    @extend_schema(parameters=PARAMETERS, responses=RevenueReport, operation_id="reports_revenue")
    def get(self, request: Request) -> Response:
        """Read the sales of each day of a period; default: the last 30 days."""
        period, as_of = read_period(request)
        currency = request.tenant.currency  # type: ignore[attr-defined] # see ApiRequest
        results = [_describe_day(day, currency) for day in list_days(period)]
        return self.answer(request, period, as_of, results)


def read_period(request: Request) -> tuple[Period, date]:
    """Return the period asked for, cut at ``as_of``, and that day.

    Raises:
        ValidationError: a day that is none, an end before its start, or too many days.
    """
    refuse_unknown(request, {"from", "to", "as_of", "format"})
    days = {name: _read_day(request.query_params, name) for name in ("from", "to", "as_of")}
    as_of = days["as_of"] or today()
    last = min(days["to"] or as_of, as_of)
    first = days["from"] or last_days(as_of=last).first
    if first > last:
        raise ValidationError({"from": "Not after the last day of the period."})
    if (last - first).days >= MAX_DAYS:
        raise ValidationError({"from": f"A period has at most {MAX_DAYS} days."})
    return Period(first, last), as_of


def _read_day(parameters: Mapping[str, str], name: str) -> date | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise ValidationError({name: "A day such as 2026-05-04."})
    return day


def _describe(kpi: Kpi, currency: str) -> dict[str, Any]:
    is_money = kpi.unit == "money"
    target = None if kpi.target is None else {"low": kpi.target.low, "high": kpi.target.high}
    return {
        "key": kpi.key,
        "label": kpi.label,
        "unit": kpi.unit,
        "value": _outside(kpi.value, currency, is_money=is_money),
        "previous": _outside(kpi.previous, currency, is_money=is_money),
        "currency": currency if is_money else None,
        "better": kpi.better,
        "target": target,
        "formula": kpi.formula,
    }


def _outside(value: float | None, currency: str, *, is_money: bool) -> float | str | None:
    if value is None or not is_money:
        return value if value is None else round(value, 6)
    return to_text(int(value), currency)


def _describe_day(day: DayFigures, currency: str) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "currency": currency,
        "gross_revenue": to_text(day.gross_minor, currency),
        "refunded": to_text(day.refunded_minor, currency),
        "net_revenue": to_text(day.net_minor, currency),
        "orders": day.orders,
    }
