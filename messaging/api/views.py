"""`/api/v1/profiles/{id}/messages/`."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from crm.choices import Channel
from crm.queries.resources import is_profile
from messaging.choices import MessageClass, MessageStatus
from messaging.models import Message
from messaging.queries.messages import message_payloads
from tenants.api.resources import Resource

IDS = ("id", "profile_id", "flow_id", "flow_run_id")


class TemplateRefOut(serializers.Serializer[Any]):
    """Which template a message was made from."""

    id = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()


class GateOut(serializers.Serializer[Any]):
    """One reason to send or not, as it was asked."""

    gate = serializers.CharField()
    passed = serializers.BooleanField()
    detail = serializers.CharField()


class MessageOut(serializers.Serializer[Any]):
    """One message, sent or not, with every gate."""

    id = serializers.CharField()
    key = serializers.CharField()
    profile_id = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    template = TemplateRefOut()
    status = serializers.ChoiceField(choices=MessageStatus.choices)
    reason = serializers.CharField()
    reason_text = serializers.CharField()
    detail = serializers.CharField()
    gates = GateOut(many=True)
    address = serializers.CharField()
    subject = serializers.CharField()
    message_id = serializers.CharField()
    is_resend = serializers.BooleanField()
    attempts = serializers.IntegerField()
    flow_id = serializers.CharField(allow_null=True)
    flow_run_id = serializers.CharField(allow_null=True)
    node_id = serializers.CharField()
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField(allow_null=True)
    clicked_at = serializers.DateTimeField(allow_null=True)
    bounced_at = serializers.DateTimeField(allow_null=True)
    complained_at = serializers.DateTimeField(allow_null=True)
    provider_id = serializers.CharField()
    parts = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add ``class``, which is no name in Python."""
        shape = serializers.ChoiceField(choices=MessageClass.choices)
        return {**super().get_fields(), "class": shape}


class ProfileMessagesViewSet(mixins.ListModelMixin, Resource[Message]):
    """The messages of one profile, sent and not sent."""

    scope_resource = "profiles"
    serializer_class = MessageOut

    def get_queryset(self) -> QuerySet[Message]:
        rows = Message.objects.filter(profile_id=int(self.kwargs["profile_id"]))
        return rows.select_related("template")

    @extend_schema(
        parameters=[OpenApiParameter("profile_id", OpenApiTypes.STR, OpenApiParameter.PATH)],
        responses=MessageOut(many=True),
    )
    def list(self, request: Request, profile_id: str) -> Response:
        """List the messages of somebody with every gate, newest first."""
        if not is_profile(int(profile_id)):
            raise NotFound("There is no such profile.")
        return self.page_of(self.get_queryset(), _outside)


def _outside(rows: list[Message]) -> list[dict[str, Any]]:
    return [_with_text_ids(payload) for payload in message_payloads(rows)]


def _with_text_ids(payload: dict[str, Any]) -> dict[str, Any]:
    ids = {name: None if payload[name] is None else str(payload[name]) for name in IDS}
    template = {**payload["template"], "id": str(payload["template"]["id"])}
    return {**payload, **ids, "template": template}
