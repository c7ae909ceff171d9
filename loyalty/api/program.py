"""`/api/v1/loyalty/program/`: the rules of the points and the ladder of tiers."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import money
from loyalty.choices import TierNeeds, TierWindow
from loyalty.models import Program, Tier
from loyalty.queries.tiers import list_tiers
from tenants.api.resources import IdField, Resource


class TierOut(serializers.Serializer[Any]):
    """One tier. A threshold that is null is not asked."""

    id = IdField()
    name = serializers.CharField()
    rank = serializers.IntegerField(help_text="1 is the lowest.")
    min_spend = serializers.CharField(allow_null=True, help_text="Net of refunds.")
    min_orders = serializers.IntegerField(allow_null=True)
    min_points = serializers.IntegerField(allow_null=True)
    needs = serializers.ChoiceField(
        choices=TierNeeds.choices, help_text="How many of the thresholds."
    )
    multiplier = serializers.CharField(
        allow_null=True, help_text="Of the points that orders earn; null: as everybody."
    )
    benefits = serializers.CharField()


class ProgramOut(serializers.Serializer[Any]):
    """The rules of the points."""

    name = serializers.CharField()
    is_active = serializers.BooleanField()
    currency = serializers.CharField()
    points_per_unit = serializers.CharField()
    value_per_point = serializers.CharField()
    expires_after_months = serializers.IntegerField(allow_null=True)
    pending_days = serializers.IntegerField()
    version = serializers.IntegerField()
    tier_window = serializers.ChoiceField(choices=TierWindow.choices)
    grace_days = serializers.IntegerField()
    tiers = TierOut(many=True)


class ProgramsOut(serializers.Serializer[Any]):
    """The one program, or none before it was set up."""

    results = ProgramOut(many=True)
    next = serializers.CharField(allow_null=True)


class ProgramViewSet(Resource[Program]):
    """The one program of a merchant."""

    scope_resource = "loyalty"
    queryset = Program.objects.none()
    filter_backends = []
    pagination_class = None

    @extend_schema(responses=ProgramsOut)
    def show(self, request: Request) -> Response:
        """Say what orders earn, how long points last, and what each tier takes."""
        currency = self.get_serializer_context()["currency"]
        program = Program.objects.first()
        if program is None:
            return Response({"results": [], "next": None})
        shown = {
            "name": program.name,
            "is_active": program.is_active,
            "currency": currency,
            "points_per_unit": f"{program.points_per_unit}",
            "value_per_point": f"{program.value_per_point}",
            "expires_after_months": program.expires_after_months,
            "pending_days": program.pending_days,
            "version": program.version,
            "tier_window": program.tier_window,
            "grace_days": program.grace_days,
            "tiers": [_describe(tier, currency) for tier in list_tiers()],
        }
        return Response({"results": [ProgramOut(shown).data], "next": None})


def _describe(tier: Tier, currency: str) -> dict[str, Any]:
    return {
        "id": tier.pk,
        "name": tier.name,
        "rank": tier.rank,
        "min_spend": money.to_text(tier.min_spend_minor, currency),
        "min_orders": tier.min_orders,
        "min_points": tier.min_points,
        "needs": tier.needs,
        "multiplier": None if tier.multiplier is None else str(tier.multiplier),
        "benefits": tier.benefits,
    }
