"""`/api/v1/shipments/`, `/returns/`, `/reviews/` and `/tickets/`."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.db.models import Model
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api.bulk import apply_bulk, apply_from_api, bulk_action, bulk_body
from crm.api.care_bodies import (
    ReturnIn,
    ReviewIn,
    ShipmentIn,
    TicketIn,
    build_return,
    build_review,
    build_shipment,
    build_ticket,
)
from crm.api.care_shapes import ReturnOut, ReviewOut, ShipmentOut, TicketOut
from crm.api.shapes import BulkResult
from crm.choices import ReturnStatus, ReviewStatus, ShipmentState, TicketStatus
from crm.models import Return, Review, Shipment, Ticket
from crm.services.api_store import resolve_store
from crm.types import Record
from kernel.errors import Invalid
from tenants.api import filters
from tenants.api.resources import ReadResource

M = TypeVar("M", bound=Model)
_OWNERS = {
    "store_id": filters.number("store_id"),
    "external_id": filters.text("external_id"),
    "order_id": filters.number("order_id"),
    "created_at": filters.time("created_at"),
}
_OF_PEOPLE = {
    **_OWNERS,
    "profile_id": filters.number("profile_id"),
    "updated_at": filters.time("updated_at"),
}
_ADA = {"email": "ada@example.com", "first_name": "Ada"}


class CareResource(ReadResource[M]):
    """A resource that is told of piece by piece, known by the caller's own id of each thing.

    Attributes:
        body_shape: what one piece looks like.
        build: makes its record.
    """

    body_shape: ClassVar[type[serializers.Serializer[Any]]]
    build: ClassVar[Callable[[dict[str, Any]], Record]]

    def create(self, request: Request) -> Response:
        """Create one, or bring the one with this ``external_id`` up to date.

        What is left out stays as it is. The same again changes nothing.
        """
        body = self.body_shape(data=request.data)
        body.is_valid(raise_exception=True)
        said: Any = request.data
        store_id = resolve_store(said.get("store_id"))
        outcome = apply_from_api(store_id, [type(self).build(body.validated_data)])[0]
        if outcome["status"] == "rejected":
            raise Invalid(outcome["detail"])
        named = {"store_id": store_id, "external_id": body.validated_data["external_id"]}
        row = self.get_queryset().get(**named)
        code = status.HTTP_201_CREATED if outcome["status"] == "new" else status.HTTP_200_OK
        return Response(self.get_serializer(row).data, status=code)

    @bulk_action
    def bulk(self, request: Request) -> Response:
        """Create or update up to 1,000 of them; each is judged alone."""
        return Response(apply_bulk(request, self.body_shape, type(self).build))


def _describe(
    shape: type[serializers.Serializer[Any]],
    out: type[serializers.Serializer[Any]],
    example: dict[str, Any],
) -> Callable[[type], type]:
    """Tell the schema of one resource's bodies."""
    name = shape.__name__.removesuffix("In")
    body = type(
        f"{name}CreateIn",
        (shape,),
        {
            "__doc__": shape.__doc__,
            "store_id": serializers.CharField(required=False, help_text="Default: the store API."),
        },
    )
    shown = [OpenApiExample(name, value=example, request_only=True)]
    decorate: Callable[[type], type] = extend_schema_view(
        create=extend_schema(request=body, responses={200: out, 201: out}, examples=shown),
        bulk=extend_schema(
            request=bulk_body(shape),
            responses=BulkResult,
            examples=[OpenApiExample(name, value={"items": [example]}, request_only=True)],
        ),
    )
    return decorate


@_describe(
    ShipmentIn,
    ShipmentOut,
    {
        "external_id": "p-1",
        "order_external_id": "1001",
        "status": "shipped",
        "carrier": "Royal Mail",
        "tracking_number": "RM1GB",
        "tracking_url": "https://carrier.example/RM1GB",
        "shipped_at": "2026-05-04T10:00:00Z",
        "promised_at": "2026-05-07T20:00:00Z",
    },
)
class ShipmentViewSet(CareResource[Shipment]):
    """Parcels of orders, newest first."""

    scope_resource = "shipments"
    serializer_class = ShipmentOut
    queryset = Shipment.objects.all()
    body_shape = ShipmentIn
    build = build_shipment
    filters = {
        **_OWNERS,
        "state": filters.choice("state", ShipmentState),
        "tracking_number": filters.text("tracking_number"),
        "promised_at": filters.time("promised_at"),
        "delayed_at": filters.time("delayed_at"),
    }


@_describe(
    ReturnIn,
    ReturnOut,
    {
        "external_id": "r-1",
        "order_external_id": "1001",
        "status": "requested",
        "requested_at": "2026-05-09T10:00:00Z",
        "reason": "Too small",
        "items": [{"sku": "SOAP", "title": "Soap", "quantity": 1}],
    },
)
class ReturnViewSet(CareResource[Return]):
    """Goods that go back, newest first."""

    scope_resource = "returns"
    serializer_class = ReturnOut
    queryset = Return.objects.all()
    body_shape = ReturnIn
    build = build_return
    filters = {
        **_OF_PEOPLE,
        "status": filters.choice("status", ReturnStatus),
        "requested_at": filters.time("requested_at"),
    }


@_describe(
    ReviewIn,
    ReviewOut,
    {
        "external_id": "v-1",
        "profile": _ADA,
        "product_external_id": "501",
        "rating": 5,
        "title": "Smells of summer",
        "reviewed_at": "2026-05-12T10:00:00Z",
    },
)
class ReviewViewSet(CareResource[Review]):
    """What people say of products and the shop, newest first."""

    scope_resource = "reviews"
    serializer_class = ReviewOut
    queryset = Review.objects.all()
    body_shape = ReviewIn
    build = build_review
    filters = {
        **_OF_PEOPLE,
        "product_id": filters.number("product_id"),
        "rating": filters.number("rating"),
        "status": filters.choice("status", ReviewStatus),
        "reviewed_at": filters.time("reviewed_at"),
    }


@_describe(
    TicketIn,
    TicketOut,
    {
        "external_id": "t-1",
        "profile": _ADA,
        "order_external_id": "1001",
        "subject": "Where is my parcel?",
        "status": "open",
        "channel": "email",
        "opened_at": "2026-05-06T10:00:00Z",
        "url": "https://help.example/tickets/1",
    },
)
class TicketViewSet(CareResource[Ticket]):
    """Questions and complaints at the helpdesk, newest first."""

    scope_resource = "tickets"
    serializer_class = TicketOut
    queryset = Ticket.objects.all()
    body_shape = TicketIn
    build = build_ticket
    filters = {
        **_OF_PEOPLE,
        "status": filters.choice("status", TicketStatus),
        "opened_at": filters.time("opened_at"),
        "resolved_at": filters.time("resolved_at"),
    }
