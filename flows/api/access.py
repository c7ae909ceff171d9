"""`/api/v1/early-access/`: who may buy before all others."""

from typing import Any, Final

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.domain.identifiers import normalize_email
from crm.queries.lookup import find_people_of_mailbox
from flows.api.campaigns import IdList
from flows.api.publishing import actor_of
from flows.models import AccessList
from flows.queries.access import MEMBER, NOT_ON_LIST, NOT_YET, PUBLIC, check_path, find_access
from flows.services.early_access import (
    MOST_HOURS,
    MOST_NAME,
    MOST_URL,
    AccessData,
    create_list,
    delete_list,
)
from kernel import clock
from tenants.api.fields import Moment
from tenants.api.resources import IdField, ReadResource

MAX_ID: Final = 2**63 - 1
_REASONS: Final = (MEMBER, PUBLIC, NOT_YET, NOT_ON_LIST)


class AccessListOut(serializers.Serializer[Any]):
    """Something that some people may see before it is open to everybody."""

    id = IdField()
    name = serializers.CharField()
    url = serializers.CharField(help_text="Where it is in the shop, without a pass.")
    segment_ids = IdList()
    opens_at = serializers.DateTimeField()
    public_at = serializers.DateTimeField()
    reason = serializers.CharField(
        help_text="What its people wait for, or why they were not told; empty for nothing."
    )
    check_path = serializers.SerializerMethodField(
        help_text="What a shop asks for a visitor without a pass. With one, the pass of the "
        "parameter patron_access stands in the place of the last part."
    )
    created_at = serializers.DateTimeField()

    def get_check_path(self, row: AccessList) -> str:
        """Return the address of the list itself."""
        return check_path(row)


class AccessListIn(serializers.Serializer[Any]):
    """A new list."""

    name = serializers.CharField(max_length=MOST_NAME)
    url = serializers.URLField(max_length=MOST_URL)
    segment_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID), min_length=1, max_length=20
    )
    hours = serializers.IntegerField(
        min_value=1, max_value=MOST_HOURS, help_text="So long before all others."
    )
    public_at = Moment(help_text="When it opens to everybody.")


class AccessCheckIn(serializers.Serializer[Any]):
    """Of whom a shop asks."""

    email = serializers.EmailField(
        required=False, allow_blank=True, default="", help_text="Empty: nobody is logged in."
    )


class AccessOut(serializers.Serializer[Any]):
    """Whether somebody may see it."""

    allowed = serializers.BooleanField(source="is_allowed")
    reason = serializers.ChoiceField(choices=_REASONS)
    opens_at = serializers.DateTimeField()
    public_at = serializers.DateTimeField()


class AccessListViewSet(ReadResource[AccessList]):
    """Lists of who may buy before all others, newest first."""

    scope_resource = "flows"
    serializer_class = AccessListOut

    def get_queryset(self) -> QuerySet[AccessList]:
        return AccessList.objects.all()

    @extend_schema(request=AccessListIn, responses={201: AccessListOut})
    def create(self, request: Request) -> Response:
        """Make a list; its people get an event with their link once it opens."""
        body = AccessListIn(data=request.data)
        body.is_valid(raise_exception=True)
        made = create_list(AccessData(**body.validated_data), actor=actor_of(request))
        return Response(AccessListOut(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take a list back that has not opened."""
        delete_list(self.get_object().pk, actor=actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=AccessCheckIn, responses=AccessOut)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def check(self, request: Request, pk: str) -> Response:
        """Say whether somebody may see it now, for a shop that knows who is logged in."""
        found = self.get_object()
        body = AccessCheckIn(data=request.data)
        body.is_valid(raise_exception=True)
        people = find_people_of_mailbox(normalize_email(body.validated_data["email"]))
        access = find_access(found.pk, people, clock.now())
        return Response(AccessOut(access).data)
