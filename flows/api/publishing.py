"""Publishing over the API, and what it means for those who are on their way."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from flows.domain.moving import EXITS, FALLS, MOVED
from flows.models import Flow
from flows.services.flows import publish
from flows.services.moving import live_graph, preview_move, publish_and_move
from tenants.api.resources import IdField, Resource
from tenants.models import ApiKey


class PublishIn(serializers.Serializer[Any]):
    """A definition, and whether those who are on their way are taken along to it."""

    graph = serializers.DictField(
        required=False, help_text="A flow definition; the one that is live by default."
    )
    move_waiting = serializers.BooleanField(
        default=False,
        help_text="Take along who is on the way in an older version, in the background.",
    )


class PublishedOut(serializers.Serializer[Any]):
    """The version that is live now."""

    id = IdField()
    number = serializers.IntegerField()
    checksum = serializers.CharField()
    moving = serializers.IntegerField(help_text="People who are being moved to it.")


class PreviewMoveIn(serializers.Serializer[Any]):
    """A definition that would be published."""

    graph = serializers.DictField(
        required=False, help_text="A flow definition; the one that is live by default."
    )


class MovingOut(serializers.Serializer[Any]):
    """What would become of those who stand at one node."""

    node = serializers.CharField()
    title = serializers.CharField()
    people = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=[MOVED, FALLS, EXITS])
    target = serializers.CharField(help_text="Node where they stand then; empty for who exits.")
    target_title = serializers.CharField()


class MovePreviewOut(serializers.Serializer[Any]):
    """What moving everybody would mean: people by outcome, and by node."""

    moved = serializers.IntegerField()
    falls = serializers.IntegerField()
    exits = serializers.IntegerField()
    nodes = MovingOut(many=True)


class Publishing(Resource[Flow]):
    """Adds publishing to the resource of flows."""

    @extend_schema(request=PublishIn, responses=PublishedOut)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def publish(self, request: Request, pk: str) -> Response:
        """Freeze a definition as the version that new people take.

        Who is on the way keeps their version, unless ``move_waiting`` takes them along: who stands
        at a node that is gone falls to the next one that is left, and leaves where none is. When
        they are due stays as it was.
        """
        flow = self.get_object()
        body = PublishIn(data=request.data)
        body.is_valid(raise_exception=True)
        actor, job = actor_of(request), None
        graph = body.validated_data.get("graph") or live_graph(flow.pk)
        if body.validated_data["move_waiting"]:
            version, job = publish_and_move(flow.pk, graph, actor=actor)
        else:
            version = publish(flow.pk, graph, actor=actor)
        shown = {
            "id": version.pk,
            "number": version.number,
            "checksum": version.checksum,
            "moving": job.total if job else 0,
        }
        return Response(PublishedOut(shown).data)

    @extend_schema(request=PreviewMoveIn, responses=MovePreviewOut)
    @action(
        detail=True,
        methods=["post"],
        url_path="move-preview",
        filter_backends=[],
        pagination_class=None,
    )
    def move_preview(self, request: Request, pk: str) -> Response:
        """Count what would become of those on their way, without changing anything."""
        flow = self.get_object()
        body = PreviewMoveIn(data=request.data)
        body.is_valid(raise_exception=True)
        found = preview_move(flow.pk, body.validated_data.get("graph") or live_graph(flow.pk))
        shown = {
            "moved": found.count(MOVED),
            "falls": found.count(FALLS),
            "exits": found.count(EXITS),
            "nodes": found.nodes,
        }
        return Response(MovePreviewOut(shown).data)


def actor_of(request: Request) -> str:
    """Return what the audit trail calls the key of a request."""
    return f"key:{cast('ApiKey', request.auth).hint}"
