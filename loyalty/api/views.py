"""`/api/v1/loyalty/accounts/` and `/api/v1/loyalty/entries/`."""

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import mixins, serializers

from loyalty.choices import EntryKind
from loyalty.models import PointsAccount, PointsEntry, Tier
from loyalty.queries.accounts import list_accounts
from tenants.api import filters
from tenants.api.resources import IdField, ReadResource, Resource


class AccountOut(serializers.Serializer[Any]):
    """The points of one profile."""

    profile_id = IdField()
    balance = serializers.IntegerField()
    pending = serializers.IntegerField(help_text="Of the balance: cannot be used yet.")
    expiring = serializers.IntegerField(help_text="How many expire next.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When they do.")
    tier = serializers.CharField(allow_null=True)
    tier_since = serializers.DateTimeField(allow_null=True)
    tier_falls_at = serializers.DateTimeField(
        allow_null=True, help_text="When it ends unless it is reached again."
    )


class EntryOut(serializers.Serializer[Any]):
    """One movement of points; never changed."""

    id = IdField()
    profile_id = IdField()
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    points = serializers.IntegerField()
    source_key = serializers.CharField()
    order_id = IdField()
    rule_version = serializers.IntegerField()
    effective_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    actor = serializers.CharField()
    note = serializers.CharField()


def _in_tier(name: str) -> Q:
    return Q(tier_id__in=Tier.objects.filter(name__iexact=name).values("pk"))


class AccountViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource[PointsAccount]):
    """Balances by profile; the id of an account is the profile's."""

    scope_resource = "loyalty"
    serializer_class = AccountOut
    ordering = ("-profile_id",)
    lookup_field = "profile_id"
    filters = {
        "profile_id": filters.number("profile_id"),
        "tier": filters.Filter(_in_tier, help="Name of a tier."),
    }

    def get_queryset(self) -> QuerySet[PointsAccount]:
        return list_accounts()


class EntryViewSet(ReadResource[PointsEntry]):
    """Every movement of points, newest first."""

    scope_resource = "loyalty"
    serializer_class = EntryOut
    filters = {
        "profile_id": filters.number("profile_id"),
        "kind": filters.choice("kind", EntryKind),
        "order_id": filters.number("order_id"),
        "source_key": filters.text("source_key", "Such as order:17."),
        "effective_at": filters.time("effective_at"),
        "created_at": filters.time("created_at"),
    }

    def get_queryset(self) -> QuerySet[PointsEntry]:
        return PointsEntry.objects.all()
