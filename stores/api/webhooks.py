"""`/api/v1/webhooks/`: endpoints of the merchant's own software, by Standard Webhooks."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from stores.choices import OutgoingStatus
from stores.domain.outgoing import TYPES
from stores.models import WebhookDelivery, WebhookEndpoint
from stores.queries.outgoing import deliveries_of, endpoints, find_delivery, find_endpoint
from stores.services.endpoints import (
    MAX_URL,
    EndpointData,
    add_endpoint,
    remove_endpoint,
    replay,
    rotate_secret,
    send_test,
    update_endpoint,
)
from tenants.api.resources import ID_PATTERN, IdField, ReadResource
from tenants.domain.scopes import allows
from tenants.models import ApiKey

TELLING = frozenset({"create", "partial_update", "rotate_secret", "deliveries", "replay"})
"""Actions by which somebody could read what happened to people."""
TOLD = ("profiles", "orders", "events")
TYPE_CHOICES = [(word, word) for word in TYPES]


class WebhookIn(serializers.Serializer[Any]):
    """Where to, and what of."""

    url = serializers.URLField(max_length=MAX_URL)
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)
    types = serializers.ListField(
        child=serializers.ChoiceField(choices=TYPE_CHOICES),
        required=False,
        help_text="None: all types, also those to come.",
    )
    is_enabled = serializers.BooleanField(required=False, default=True)


class WebhookChange(WebhookIn):
    """What shall be otherwise; what is left out stays."""

    url = serializers.URLField(max_length=MAX_URL, required=False)
    is_enabled = serializers.BooleanField(required=False)


class WebhookOut(serializers.Serializer[Any]):
    """An endpoint."""

    id = IdField()
    url = serializers.CharField()
    description = serializers.CharField()
    types = serializers.ListField(child=serializers.CharField())
    is_enabled = serializers.BooleanField()
    disabled_reason = serializers.CharField(help_text="Why it was switched off by itself.")
    created_at = serializers.DateTimeField()


class WebhookMade(WebhookOut):
    """An endpoint with its secret, which is told this once."""

    secret = serializers.CharField(help_text="`whsec_…`; decode the base64 behind it to verify.")


class SecretOut(serializers.Serializer[Any]):
    """A new secret; the old one signs beside it for a day."""

    secret = serializers.CharField()


class TryOut(serializers.Serializer[Any]):
    """One try of a delivery."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True, help_text="None where no answer came.")
    detail = serializers.CharField()
    ms = serializers.IntegerField(help_text="Milliseconds.")


class WebhookDeliveryOut(serializers.Serializer[Any]):
    """One event told to one endpoint."""

    id = IdField()
    type = serializers.CharField()
    webhook_id = serializers.CharField(source="message_id")
    status = serializers.ChoiceField(choices=OutgoingStatus.choices)
    tries = serializers.IntegerField()
    next_try_at = serializers.SerializerMethodField()
    last_status = serializers.IntegerField(allow_null=True)
    log = TryOut(many=True)
    body = serializers.CharField()
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)

    def get_next_try_at(self, row: WebhookDelivery) -> datetime | None:
        """Return when it is posted next."""
        return row.due_at if row.status == OutgoingStatus.PENDING else None


class WebhookViewSet(ReadResource[WebhookEndpoint]):
    """Endpoints, newest first."""

    scope_resource = "webhooks"
    serializer_class = WebhookOut

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse keys that may not read what bodies tell, wherever they could get at one."""
        super().initial(request, *args, **kwargs)
        held = cast("ApiKey", request.auth).scopes
        if self.action in TELLING and not all(allows(held, name, "read") for name in TOLD):
            raise PermissionDenied("Webhooks carry people and orders: the key must read both.")

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        return endpoints()

    @extend_schema(
        request=WebhookIn,
        responses={201: WebhookMade},
        examples=[
            OpenApiExample(
                "Orders and refunds",
                value={
                    "url": "https://erp.example.com/patron",
                    "types": ["order.placed", "order.refunded"],
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Make an endpoint; its secret is told this once."""
        row, secret = add_endpoint(_read(request), actor=_actor(request))
        return Response({**WebhookOut(row).data, "secret": secret}, status=HTTPStatus.CREATED)

    @extend_schema(request=WebhookChange, responses=WebhookOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is named; one that is switched on again goes on with what waits for it."""
        found = find_endpoint(int(pk))
        if found is None:
            raise NotFound("There is no such endpoint.")
        body = WebhookChange(data=request.data)
        body.is_valid(raise_exception=True)
        kept = {
            name: getattr(found, name) for name in ("url", "description", "types", "is_enabled")
        }
        data = EndpointData(**{**kept, **body.validated_data})
        return Response(WebhookOut(update_endpoint(int(pk), data, actor=_actor(request))).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove an endpoint with its deliveries."""
        remove_endpoint(int(pk), actor=_actor(request))
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(request=None, responses=SecretOut)
    @action(
        detail=True,
        methods=["post"],
        url_path="rotate-secret",
        pagination_class=None,
        filter_backends=[],
    )
    def rotate_secret(self, request: Request, pk: str) -> Response:
        """Give an endpoint a new secret; the old one signs beside it for a day."""
        return Response({"secret": rotate_secret(int(pk), actor=_actor(request))})

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def test(self, request: Request, pk: str) -> Response:
        """Let a test go out, which carries no data of anybody."""
        send_test(int(pk))
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(responses=WebhookDeliveryOut(many=True))
    @action(detail=True, methods=["get"])
    def deliveries(self, request: Request, pk: str) -> Response:
        """List the deliveries of an endpoint, newest first."""
        if find_endpoint(int(pk)) is None:
            raise NotFound("There is no such endpoint.")
        return self.page(deliveries_of(int(pk)), WebhookDeliveryOut)

    @extend_schema(
        parameters=[OpenApiParameter("delivery_id", OpenApiTypes.STR, OpenApiParameter.PATH)],
        request=None,
        responses=WebhookDeliveryOut,
    )
    @action(
        detail=True,
        methods=["post"],
        url_path=f"deliveries/(?P<delivery_id>{ID_PATTERN})/replay",
        pagination_class=None,
        filter_backends=[],
    )
    def replay(self, request: Request, pk: str, delivery_id: str) -> Response:
        """Post a delivery once more, under the `webhook-id` that it had."""
        found = find_delivery(int(delivery_id))
        if found is None or found.endpoint_id != int(pk):
            raise NotFound("There is no such delivery.")
        return Response(WebhookDeliveryOut(replay(found.pk, actor=_actor(request))).data)


def _read(request: Request) -> EndpointData:
    body = WebhookIn(data=request.data)
    body.is_valid(raise_exception=True)
    return EndpointData(**body.validated_data)


def _actor(request: Request) -> str:
    return f"key:{cast('ApiKey', request.auth).hint}"
