"""`/api/v1/stores/`."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from crm.choices import Platform, StoreStatus
from crm.models import Store
from tenants.api import filters
from tenants.api.resources import IdField, ReadResource


class StoreOut(serializers.Serializer[Any]):
    """A connected storefront."""

    id = IdField()
    name = serializers.CharField()
    platform = serializers.ChoiceField(choices=Platform.choices)
    url = serializers.CharField()
    currency = serializers.CharField()
    timezone = serializers.CharField()
    status = serializers.ChoiceField(choices=StoreStatus.choices)
    uninstalled_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class StoreViewSet(ReadResource[Store]):
    """The storefronts of the tenant."""

    scope_resource = "stores"
    serializer_class = StoreOut
    filters = {
        "platform": filters.choice("platform", Platform),
        "status": filters.choice("status", StoreStatus),
    }

    def get_queryset(self) -> QuerySet[Store]:
        return Store.objects.all()
