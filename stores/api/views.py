"""`/api/v1/inbox/` and `/api/v1/sync-runs/`."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from stores.choices import DeliverySource, DeliveryStatus, SyncStatus
from stores.models import InboxDelivery, SyncRun
from stores.services.inbox import retry_deliveries
from tenants.api import filters
from tenants.api.resources import IdField, ReadResource


class DeliveryOut(serializers.Serializer[Any]):
    """One delivery of a storefront and what became of it."""

    id = IdField()
    store_id = IdField()
    delivery_id = serializers.CharField()
    topic = serializers.CharField()
    source = serializers.ChoiceField(  # type: ignore[assignment] # a name of ours
        choices=DeliverySource.choices
    )
    status = serializers.ChoiceField(choices=DeliveryStatus.choices)
    reason = serializers.CharField()
    attempts = serializers.IntegerField()
    triggered_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()
    processed_at = serializers.DateTimeField(allow_null=True)


class InboxViewSet(ReadResource[InboxDelivery]):
    """Every delivery as it arrived, newest first."""

    scope_resource = "inbox"
    serializer_class = DeliveryOut
    filters = {
        "status": filters.choice("status", DeliveryStatus),
        "topic": filters.text("topic"),
        "store_id": filters.number("store_id"),
        "source": filters.choice("source", DeliverySource),
        "delivery_id": filters.text("delivery_id"),
        "received_at": filters.time("received_at"),
    }

    def get_queryset(self) -> QuerySet[InboxDelivery]:
        return InboxDelivery.objects.defer("body", "headers")

    @extend_schema(request=None, responses=DeliveryOut)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Have a delivery worked on again, after its cause is mended."""
        delivery = self.get_object()
        retry_deliveries([delivery.pk])
        delivery.refresh_from_db()
        return Response(DeliveryOut(delivery).data)


class SyncRunOut(serializers.Serializer[Any]):
    """One pull of what the platform of a store knows."""

    id = IdField()
    store_id = IdField()
    status = serializers.ChoiceField(choices=SyncStatus.choices)
    detail = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    expected = serializers.IntegerField(allow_null=True)
    read = serializers.IntegerField(source="read_count")
    written = serializers.IntegerField(source="written_count")
    unchanged = serializers.IntegerField(source="unchanged_count")
    ignored = serializers.IntegerField(source="ignored_count")
    quarantined = serializers.IntegerField(source="quarantined_count")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class SyncRunViewSet(ReadResource[SyncRun]):
    """Every pull with how far it is, newest first."""

    scope_resource = "sync-runs"
    serializer_class = SyncRunOut
    filters = {
        "status": filters.choice("status", SyncStatus),
        "store_id": filters.number("store_id"),
        "created_at": filters.time("created_at"),
    }

    def get_queryset(self) -> QuerySet[SyncRun]:
        return SyncRun.objects.all()
