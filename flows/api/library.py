"""`/api/v1/flows/library/`."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from flows.api.publishing import actor_of
from flows.choices import FlowStatus
from flows.models import Flow
from flows.queries.library import Shelved, list_shelf
from flows.services.library import install_flow
from tenants.api.resources import IdField, Resource


class LibraryMessageOut(serializers.Serializer[Any]):
    """One message that a flow of the library sends."""

    key = serializers.CharField()
    name = serializers.CharField()
    channel = serializers.CharField()
    message_class = serializers.CharField()
    when = serializers.CharField(help_text="At the earliest, after the start.")


class LibraryNeedOut(serializers.Serializer[Any]):
    """Data that a flow of the library needs."""

    kind = serializers.CharField()
    what = serializers.CharField()
    words = serializers.CharField(help_text="What to do where it is missing.")
    is_optional = serializers.BooleanField(help_text="Without it the flow says less.")
    is_met = serializers.BooleanField()


class LibraryFlowOut(serializers.Serializer[Any]):
    """A flow of the library."""

    key = serializers.CharField()
    name = serializers.CharField()
    group = serializers.CharField()
    description = serializers.CharField()
    starts = serializers.CharField(help_text="What starts it, in words.")
    place = serializers.IntegerField(help_text="1, 2, … of those to begin with; 0 of the others.")
    messages = LibraryMessageOut(many=True)
    needs = LibraryNeedOut(many=True)
    flow_id = IdField(allow_null=True, help_text="The installed flow; null before.")


class LibraryFlowList(serializers.Serializer[Any]):
    """Every flow of the library, those to begin with first."""

    results = LibraryFlowOut(many=True)


class InstalledOut(serializers.Serializer[Any]):
    """The flow that was made, or was there already."""

    id = IdField()
    key = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=FlowStatus.choices)
    is_new = serializers.BooleanField()


class LibraryActions(Resource[Flow]):
    """Adds the library to the resource of flows."""

    @extend_schema(responses=LibraryFlowList)
    @action(detail=False, filter_backends=[], pagination_class=None)
    def library(self, request: Request) -> Response:
        """List the flows that are installed with one call, with what each needs."""
        shown = [_tell(one) for one in list_shelf()]
        return Response(LibraryFlowList({"results": shown}).data)

    @extend_schema(
        request=None,
        responses=InstalledOut,
        parameters=[OpenApiParameter("key", str, OpenApiParameter.PATH)],
    )
    @action(
        detail=False,
        methods=["post"],
        url_path=r"library/(?P<key>[a-z0-9_]{1,60})/install",
        filter_backends=[],
        pagination_class=None,
    )
    def install(self, request: Request, key: str) -> Response:
        """Make a flow of the library as a draft, with its templates, coupons and segments.

        Nobody enters before it is published and switched on. A repeat makes nothing and answers
        with the flow that is there.
        """
        flow, is_new = install_flow(key, actor=actor_of(request))
        shown = {
            "id": flow.pk,
            "key": flow.key,
            "name": flow.name,
            "status": flow.status,
            "is_new": is_new,
        }
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return Response(InstalledOut(shown).data, status=status)


def _tell(one: Shelved) -> dict[str, Any]:
    flow = one.flow
    return {
        "key": flow.key,
        "name": flow.name,
        "group": flow.group,
        "description": flow.description,
        "starts": one.starts,
        "place": one.place,
        "messages": [
            {
                "key": line.message.key,
                "name": line.message.name,
                "channel": line.message.channel,
                "message_class": line.message.message_class,
                "when": line.when,
            }
            for line in one.lines
        ],
        "needs": [
            {
                "kind": checked.need.kind,
                "what": checked.need.what,
                "words": checked.need.words,
                "is_optional": checked.need.is_optional,
                "is_met": checked.is_met,
            }
            for checked in one.needs
        ],
        "flow_id": one.installed.pk if one.installed else None,
    }
