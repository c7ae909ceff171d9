"""`/api/v1/senders/`."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from messaging.models import Sender
from tenants.api.resources import IdField, ReadResource


class SenderOut(serializers.Serializer[Any]):
    """A from-identity; it is verified on its page, where its address proves itself."""

    id = IdField()
    name = serializers.CharField()
    email = serializers.CharField()
    reply_to = serializers.CharField()
    postal_address = serializers.CharField()
    is_default = serializers.BooleanField()
    verified_at = serializers.DateTimeField(allow_null=True)


class SenderViewSet(ReadResource[Sender]):
    """Who messages are from; they are made and verified on their page."""

    scope_resource = "senders"
    serializer_class = SenderOut

    def get_queryset(self) -> QuerySet[Sender]:
        return Sender.objects.all()
