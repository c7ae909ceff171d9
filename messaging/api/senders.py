"""`/api/v1/senders/`."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from rest_framework import serializers

from messaging.models import Sender, SenderRule
from tenants.api.resources import IdField, ReadResource


class SenderRuleOut(serializers.Serializer[Any]):
    """To whom a sender writes; rules of all senders are tried by position, the first that fits."""

    position = serializers.IntegerField()
    trait = serializers.CharField()
    key = serializers.CharField()
    wanted = serializers.ListField(child=serializers.CharField())


class SenderOut(serializers.Serializer[Any]):
    """A from-identity; it is verified on its page, where its address proves itself."""

    id = IdField()
    name = serializers.CharField()
    email = serializers.CharField()
    reply_to = serializers.CharField()
    postal_address = serializers.CharField()
    is_default = serializers.BooleanField()
    verified_at = serializers.DateTimeField(allow_null=True)
    rules = SenderRuleOut(many=True)


class SenderViewSet(ReadResource[Sender]):
    """Who messages are from; they are made and verified on their page."""

    scope_resource = "senders"
    serializer_class = SenderOut

    def get_queryset(self) -> QuerySet[Sender]:
        rules = SenderRule.objects.order_by("position", "pk")
        return Sender.objects.prefetch_related(Prefetch("rules", rules))
