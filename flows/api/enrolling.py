"""Putting people into a flow over the API."""

from typing import Any, Final
from uuid import uuid4

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from flows.api.publishing import actor_of
from flows.models import Flow
from flows.services.manual import enrol_people, preview_people
from tenants.api.resources import Resource

MOST_PEOPLE: Final = 1_000
MAX_ID: Final = 2**63 - 1


class EnrolIn(serializers.Serializer[Any]):
    """People who shall enter a flow, and what it shall know of the start."""

    profile_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        default=list,
        max_length=MOST_PEOPLE,
    )
    properties = serializers.DictField(
        default=dict,
        help_text="Known to conditions, waits and messages like the properties of an event.",
    )
    dry_run = serializers.BooleanField(
        default=False, help_text="Only say what would become of them."
    )


class EnrolOut(serializers.Serializer[Any]):
    """What became of them, or would; ``refused`` counts people by reason."""

    asked = serializers.IntegerField()
    enrolled = serializers.IntegerField()
    held_out = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text="Ids that are no known person.")
    refused = serializers.DictField(child=serializers.IntegerField())


class Enrolling(Resource[Flow]):
    """Adds the way in by hand to the resource of flows."""

    @extend_schema(request=EnrolIn, responses=EnrolOut)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def enrol(self, request: Request, pk: str) -> Response:
        """Let people enter a flow that is on, and say what became of them.

        They pass every stage of the entry pipeline but the trigger filter. Send an
        ``Idempotency-Key``: a repeat without one asks anew, and whoever may enter again does.
        """
        flow = self.get_object()
        body = EnrolIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        if said["dry_run"]:
            counts = preview_people(flow.pk, said["profile_ids"], said["properties"])
        else:
            counts = enrol_people(
                flow.pk,
                said["profile_ids"],
                actor=actor_of(request),
                key=f"call:{uuid4()}",
                properties=said["properties"],
            )
        return Response(EnrolOut(counts.to_json()).data)
