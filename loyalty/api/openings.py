"""`/api/v1/loyalty/openings/`."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.services.api_store import resolve_store
from loyalty.models import PointsEntry
from loyalty.services.adjusting import MAX_POINTS
from loyalty.services.opening import MAX_SOURCE, Opening, post_openings
from tenants.api.fields import Moment
from tenants.api.resources import Resource
from tenants.models import ApiKey

MAX_ITEMS = 1000


class OpeningIn(serializers.Serializer[Any]):
    """The balance of one member of another tool: who it is, and whole points."""

    member_id = serializers.CharField(
        max_length=200, required=False, help_text="The tool's own id; it makes the balance once."
    )
    email = serializers.CharField(max_length=320, required=False)
    phone = serializers.CharField(max_length=50, required=False)
    customer_id = serializers.CharField(
        max_length=200, required=False, help_text="Of the store that `store_id` names."
    )
    points = serializers.IntegerField(min_value=1, max_value=MAX_POINTS)
    since = Moment(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not any(attrs.get(name, "").strip() for name in ("email", "phone", "customer_id")):
            raise serializers.ValidationError({"email": "Give an email, phone or customer_id."})
        return attrs


class OpeningsIn(serializers.Serializer[Any]):
    """Balances of another tool."""

    source = serializers.CharField(  # type: ignore[assignment] # a name of ours
        max_length=MAX_SOURCE, help_text="The tool, such as Smile."
    )
    store_id = serializers.CharField(required=False)
    dry_run = serializers.BooleanField(required=False, help_text="Say it and write nothing.")
    items = serializers.ListField(child=OpeningIn(), min_length=1, max_length=MAX_ITEMS)


class OpeningOutcome(serializers.Serializer[Any]):
    """What became of one balance."""

    status = serializers.ChoiceField(choices=["new", "unchanged", "rejected"])
    detail = serializers.CharField()


class OpeningsOut(serializers.Serializer[Any]):
    """Per item, in the order given, and the sums in whole points."""

    results = OpeningOutcome(many=True)
    dry_run = serializers.BooleanField()
    points = serializers.IntegerField(help_text="Of the new ones.")
    known_points = serializers.IntegerField(help_text="Of those that were posted before.")


class OpeningViewSet(Resource[PointsEntry]):
    """Opening balances; the entries are read at `/loyalty/entries/?kind=open`."""

    scope_resource = "loyalty"
    queryset = PointsEntry.objects.none()
    filter_backends = []
    pagination_class = None

    @extend_schema(
        request=OpeningsIn,
        responses=OpeningsOut,
        examples=[
            OpenApiExample(
                "Smile",
                value={
                    "source": "Smile",
                    "dry_run": True,
                    "items": [{"member_id": "m-1", "email": "ada@example.com", "points": 120}],
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Post up to 1,000 balances of another loyalty tool, each once.

        The same again changes nothing; another sum for a balance that was posted is refused.
        """
        body = OpeningsIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        store_id = resolve_store(said["store_id"]) if said.get("store_id") else None
        result = post_openings(
            [Opening(store_id=store_id, **item) for item in said["items"]],
            source=said["source"],
            actor=f"key:{cast('ApiKey', request.auth).hint}",
            is_trial=said.get("dry_run", False),
        )
        outcomes = [outcome.partition(":") for outcome in result.outcomes]
        return Response(
            {
                "results": [
                    {"status": word, "detail": reason.strip()} for word, _, reason in outcomes
                ],
                "dry_run": said.get("dry_run", False),
                "points": result.points,
                "known_points": result.known_points,
            }
        )
