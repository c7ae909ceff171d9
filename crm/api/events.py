"""`/api/v1/events/`."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api.bodies import EventIn, build_event
from crm.api.bulk import apply_bulk, bulk_action, bulk_body
from crm.api.shapes import BulkResult, EventOut
from crm.choices import EventSource
from crm.models import Event
from tenants.api import filters
from tenants.api.resources import ReadResource


class EventViewSet(ReadResource[Event]):
    """What happened, newest first; recorded once and never changed."""

    scope_resource = "events"
    serializer_class = EventOut
    queryset = Event.objects.all()
    ordering = ("-occurred_at", "-id")
    filters = {
        "name": filters.text("name", "Title Case, such as Order Placed."),
        "profile_id": filters.number("profile_id"),
        "store_id": filters.number("store_id"),
        "object_id": filters.number("object_id"),
        "source": filters.choice("source", EventSource),
        "is_backfill": filters.flag("is_backfill"),
        "occurred_at": filters.time("occurred_at"),
        "recorded_at": filters.time("recorded_at"),
    }

    @extend_schema(request=bulk_body(EventIn), responses=BulkResult)
    @bulk_action
    def bulk(self, request: Request) -> Response:
        """Record up to 1,000 events; each is judged alone, a repeated unique_id once."""
        return Response(apply_bulk(request, EventIn, build_event), status=status.HTTP_200_OK)
