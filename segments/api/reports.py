"""`/api/v1/reports/rfm/`."""

from typing import Any
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel import clock
from kernel.money import to_text
from segments.queries.rfm import find_scale, get_scale_summary, list_grid, list_groups
from tenants.api.filters import refuse_unknown


class CellOut(serializers.Serializer[Any]):
    """Buyers of one recency and one frequency score."""

    recency = serializers.IntegerField()
    frequency = serializers.IntegerField()
    profile_count = serializers.IntegerField()
    net_revenue = serializers.CharField()


class GroupOut(serializers.Serializer[Any]):
    """One RFM group; shares lie between 0 and 1."""

    group = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # the name is the contract's
    advice = serializers.CharField()
    profile_count = serializers.IntegerField()
    net_revenue = serializers.CharField()
    people_share = serializers.FloatField(allow_null=True)
    revenue_share = serializers.FloatField(allow_null=True)
    before_count = serializers.IntegerField(allow_null=True)


class RfmReport(serializers.Serializer[Any]):
    """How the buyers were last scored; ``scale`` is null before the first scoring."""

    currency = serializers.CharField()
    timezone = serializers.CharField()
    scale = serializers.DictField(allow_null=True)
    results = GroupOut(many=True)
    grid = CellOut(many=True)


class RfmView(APIView):
    """RFM groups and the grid of recency × frequency."""

    scope_resource = "reports"

    @extend_schema(responses=RfmReport, operation_id="reports_rfm")
    def get(self, request: Request) -> Response:
        """Read groups, grid and the bounds of the scores."""
        refuse_unknown(request, {"format"})
        tenant = request.tenant  # type: ignore[attr-defined] # see ApiRequest
        currency, today = tenant.currency, clock.now().astimezone(ZoneInfo(tenant.timezone)).date()
        groups = [
            {**_plain(group, currency), "group": group.group, "label": group.label}
            | {"advice": group.advice, "people_share": group.people_share}
            | {"revenue_share": group.revenue_share, "before_count": group.before_count}
            for group in list_groups(today)
        ]
        grid = [
            {"recency": cell.recency, "frequency": cell.frequency, **_plain(cell, currency)}
            for cell in list_grid()
        ]
        body = {
            "currency": currency,
            "timezone": tenant.timezone,
            "scale": None if find_scale() is None else get_scale_summary(),
            "results": groups,
            "grid": grid,
        }
        return Response(body)


def _plain(row: Any, currency: str) -> dict[str, Any]:
    return {
        "profile_count": row.profile_count,
        "net_revenue": to_text(row.net_minor, currency),
    }
