"""`/api/v1/profiles/`."""

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from crm.api.bodies import CustomerIn, build_customer
from crm.api.bulk import apply_from_api
from crm.api.profile_shapes import ProfileExport, ProfileOut
from crm.api.shapes import EventOut
from crm.choices import ConsentState
from crm.domain.tags import MAX_AT_ONCE, MAX_LENGTH
from crm.models import Profile
from crm.queries import resources
from crm.queries.resources import build_profiles, export_profile
from crm.services.api_store import resolve_store
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.services.tags import tag_person
from kernel.errors import Conflict, Invalid
from tenants.api import filters
from tenants.api.resources import ReadResource
from tenants.models import ApiKey
from tenants.services import audit

ID_PATTERN = r"^[0-9]{1,18}$"


def _tag_list() -> serializers.ListField:
    tag = serializers.CharField(max_length=MAX_LENGTH)
    return serializers.ListField(child=tag, max_length=MAX_AT_ONCE, required=False, default=list)


class ProfileIn(CustomerIn):
    """A profile to create, or to bring up to date where an identifier is known."""

    store_id = serializers.CharField(required=False)


class MergeIn(serializers.Serializer[Any]):
    """Which profiles are one person, and whose id stays."""

    winner_id = serializers.RegexField(ID_PATTERN)
    loser_ids = serializers.ListField(
        child=serializers.RegexField(ID_PATTERN), min_length=1, max_length=100
    )


class TagsIn(serializers.Serializer[Any]):
    """Tags to give and to take away, each up to 60 letters."""

    add = _tag_list()
    remove = _tag_list()


class ProfileViewSet(ReadResource[Profile]):
    """One profile per shopper, newest first. Merged and erased ones are not listed."""

    scope_resource = "profiles"
    serializer_class = ProfileOut
    filters = {
        "email": filters.text(resources.with_email, "An address, old or new."),
        "phone": filters.text(resources.with_phone, "E.164, such as +447700900123."),
        "external_id": filters.text(
            resources.with_customer_id, "A store's id of the customer, or `<store id>:<id>`."
        ),
        "q": filters.text(resources.with_words, "Part of the name or address."),
        "tag": filters.text(resources.with_tag, "A tag, exactly as it is written."),
        "country": filters.text("country", "ISO 3166-1 alpha-2."),
        "email_consent": filters.choice("email_consent", ConsentState),
        "created_at": filters.time("created_at"),
        "updated_at": filters.time("updated_at"),
    }

    def get_queryset(self) -> QuerySet[Profile]:
        if self.action == "list":
            return Profile.objects.filter(merged_into=None, erased_at=None)
        return Profile.objects.all()

    @extend_schema(responses=ProfileOut(many=True))
    def list(self, request: Request) -> Response:
        """Find profiles."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(build_profiles([row.pk for row in rows or ()]))

    @extend_schema(responses=ProfileOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one profile; the id of one that was merged leads to the winner by a 301."""
        profile = self.get_object()
        if profile.merged_into_id is not None:
            winner = resources.final_winner(profile.merged_into_id)
            address = reverse("api-profiles-detail", args=[winner], request=request)
            body = {"id": str(profile.pk), "merged_into": str(winner)}
            return Response(body, status=301, headers={"Location": address})
        return Response(build_profiles([profile.pk])[0])

    @extend_schema(request=ProfileIn, responses={200: ProfileOut, 201: ProfileOut})
    def create(self, request: Request) -> Response:
        """Create a profile, or update the one that an identifier points at.

        A field that is left out stays as it is.
        """
        body = ProfileIn(data=request.data)
        body.is_valid(raise_exception=True)
        data: dict[str, Any] = body.validated_data
        record = build_customer(data)
        store_id = resolve_store(data.get("store_id"))
        outcome = apply_from_api(store_id, [record])[0]
        if outcome["status"] == "rejected":
            raise Invalid(outcome["detail"])
        found = resources.find_by_identifiers(
            store_id, record.external_id, record.email, record.phone
        )
        if found is None:
            raise Invalid("No identifier of this profile can be used: an address must be valid.")
        code = status.HTTP_201_CREATED if outcome["status"] == "new" else status.HTTP_200_OK
        # Names of fields alone: what they hold is personal, and the trail is kept for good.
        audit.record("profile.saved", "profile", found, after={"fields": sorted(data)})
        return Response(build_profiles([found])[0], status=code)

    @extend_schema(request=MergeIn, responses=ProfileOut)
    @action(detail=False, methods=["post"], filter_backends=[], pagination_class=None)
    def merge(self, request: Request) -> Response:
        """Make several profiles one: what the winner lacks comes from the losers."""
        body = MergeIn(data=request.data)
        body.is_valid(raise_exception=True)
        winner = int(body.validated_data["winner_id"])
        losers = {int(loser) for loser in body.validated_data["loser_ids"]} - {winner}
        merge_profiles([(winner, loser) for loser in sorted(losers)], rule="manual")
        return Response(build_profiles([resources.final_winner(winner)])[0])

    @extend_schema(request=None, responses=ProfileOut)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def unmerge(self, request: Request, pk: str) -> Response:
        """Undo the last merge of a profile, for 30 days; answers with who is free again."""
        merge = resources.find_last_merge(self.get_object().pk)
        if merge is None:
            raise Conflict("This profile was not merged, or the merge was undone.")
        return Response(build_profiles([unmerge_profile(merge)])[0])

    @extend_schema(request=TagsIn, responses=ProfileOut)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def tags(self, request: Request, pk: str) -> Response:
        """Add tags to a profile and take others away; its segments follow."""
        profile = self.get_object()
        body = TagsIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        actor = f"key:{cast('ApiKey', request.auth).hint}"
        tag_person(profile.pk, added=said["add"], removed=said["remove"], actor=actor)
        return Response(build_profiles([profile.pk])[0])

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Erase a person: every personal field goes, orders stay without a profile."""
        erase_profiles([self.get_object().pk])
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=EventOut(many=True))
    @action(detail=True, filter_backends=[])
    def timeline(self, request: Request, pk: str) -> Response:
        """List what happened to and around somebody, newest first."""
        events = resources.events_of(self.get_object().pk)
        return self.page(events, EventOut, "-occurred_at", "-id")

    @extend_schema(request=None, responses=ProfileExport)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def export(self, request: Request, pk: str) -> Response:
        """Give everything that is stored of somebody, for them to keep."""
        profile_id = self.get_object().pk
        found = export_profile(profile_id)
        audit.record("profile.exported", "profile", profile_id)
        return Response(ProfileExport(found, context=self.get_serializer_context()).data)
