"""`/api/v1/segments/` and why somebody is in which segment."""

from collections.abc import Sequence
from typing import Any, Final, cast

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.profile_shapes import ProfileOut
from crm.queries.resources import build_profiles, is_profile
from kernel import clock
from kernel.errors import Conflict
from segments.choices import Cause, SegmentKind
from segments.domain.grammar import describe_grammar
from segments.fields import describe_fields
from segments.models import Membership, Segment
from segments.queries.checking import check_definition
from segments.queries.impact import measure_impact
from segments.queries.insight import find_insight
from segments.queries.listing import (
    Changes,
    describe_definition,
    get_segment,
    list_segments,
    payloads_of,
)
from segments.queries.reasons import explain_segments
from segments.queries.review import review_definition
from segments.queries.versions import read_version
from segments.services.lists import add_to_list, create_list, remove_from_list
from segments.services.segments import create_segment, update_segment
from tenants.api import filters
from tenants.api.filters import refuse_unknown
from tenants.api.resources import IdField, ReadResource
from tenants.domain.scopes import allows
from tenants.models import ApiKey

MAX_ID: Final = 2**63 - 1


class SegmentOut(serializers.Serializer[Any]):
    """A rule-defined group; ``words`` says the definition as a person would."""

    id = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=SegmentKind.choices)
    tags = serializers.ListField(child=serializers.CharField())
    archived_at = serializers.DateTimeField(allow_null=True)
    definition = serializers.DictField()
    words = serializers.CharField()
    references = serializers.ListField(child=serializers.CharField())
    member_count = serializers.IntegerField()
    refreshed_at = serializers.DateTimeField(allow_null=True)
    stopped_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SegmentChanged(SegmentOut):
    """A segment that was just changed; ``warnings`` say what else one should know of it."""

    warnings = serializers.ListField(child=serializers.CharField())


class SegmentIn(serializers.Serializer[Any]):
    """What is to change of a segment."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    definition = serializers.DictField(required=False)


class SegmentNew(serializers.Serializer[Any]):
    """A new segment with a definition, or a list with people to be put on it."""

    name = serializers.CharField(max_length=120)
    description = serializers.CharField(
        max_length=300, required=False, allow_blank=True, default=""
    )
    kind = serializers.ChoiceField(choices=SegmentKind.choices, default=SegmentKind.DYNAMIC)
    definition = serializers.DictField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["kind"] == SegmentKind.STATIC) == ("definition" in attrs):
            raise serializers.ValidationError(
                {"definition": "A segment needs one, and a list has none."}
            )
        return attrs


class MembersIn(serializers.Serializer[Any]):
    """Ids of profiles that are put on a list, and of those that are taken off."""

    add = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID), default=list, max_length=1000
    )
    remove = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID), default=list, max_length=1000
    )


class MembersChanged(serializers.Serializer[Any]):
    """How many people were really put on the list and taken off."""

    added = serializers.IntegerField()
    removed = serializers.IntegerField()


class PreviewIn(serializers.Serializer[Any]):
    """A definition, and the segment that would get it, if there is one."""

    definition = serializers.DictField()
    segment = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_ID
    )


class PreviewOut(serializers.Serializer[Any]):
    """What saving a definition would change; ``is_estimate`` says that not everybody was asked."""

    words = serializers.CharField()
    member_count = serializers.IntegerField()
    gained = serializers.IntegerField()
    lost = serializers.IntegerField()
    is_estimate = serializers.BooleanField()
    sample = ProfileOut(many=True, help_text="A few who would be in it.")
    gained_sample = ProfileOut(many=True, help_text="A few who would come.")
    lost_sample = ProfileOut(many=True, help_text="A few who would go.")
    starts = serializers.ListField(child=serializers.CharField())


class BoughtOut(serializers.Serializer[Any]):
    """A product or category; shares of buyers lie between 0 and 1."""

    product_id = IdField()
    name = serializers.CharField()
    share = serializers.FloatField()
    rest_share = serializers.FloatField(allow_null=True)
    lift = serializers.FloatField(allow_null=True)


class CrossSellOut(serializers.Serializer[Any]):
    """A product that goes with another one that members have, and how many lack it."""

    has_id = IdField()
    has_title = serializers.CharField()
    lacks_id = IdField()
    lacks_title = serializers.CharField()
    people = serializers.IntegerField()
    strength = serializers.FloatField()


class InsightOut(serializers.Serializer[Any]):
    """What the buyers of a segment buy, against all others; of a sample where there are many."""

    members = serializers.IntegerField()
    rest = serializers.IntegerField()
    seen_members = serializers.IntegerField()
    seen_rest = serializers.IntegerField()
    is_estimate = serializers.BooleanField()
    drawn_at = serializers.DateTimeField(allow_null=True)
    products = BoughtOut(many=True)
    categories = BoughtOut(many=True)
    cross_sell = CrossSellOut(many=True)


class ChangeOut(serializers.Serializer[Any]):
    """One entry or exit with its cause."""

    id = IdField()
    profile_id = IdField()
    entered = serializers.BooleanField()
    at = serializers.DateTimeField()
    cause = serializers.ChoiceField(choices=Cause.choices)
    event_id = IdField()
    event_name = serializers.CharField()


class FieldChoiceOut(serializers.Serializer[Any]):
    """One allowed word."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # the name is the contract's


class FieldOut(serializers.Serializer[Any]):
    """One thing that a condition can ask."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # the name is the contract's
    type = serializers.CharField()
    unit = serializers.CharField()
    group = serializers.CharField()
    operators = serializers.ListField(child=serializers.CharField())
    missing = serializers.CharField()
    choices = FieldChoiceOut(many=True)


class ParameterOut(serializers.Serializer[Any]):
    """One key of a condition."""

    name = serializers.CharField()
    value = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment] # the name is the contract's
    choices = serializers.ListField(child=serializers.CharField())


class ConditionOut(serializers.Serializer[Any]):
    """One kind of condition, by the word that it begins with."""

    name = serializers.CharField()
    about = serializers.CharField()
    parameters = ParameterOut(many=True)
    examples = serializers.ListField(child=serializers.DictField())


class FieldList(serializers.Serializer[Any]):
    """Every field, and the language that asks for them."""

    results = FieldOut(many=True)
    conditions = ConditionOut(many=True)
    groups = serializers.ListField(child=serializers.DictField())
    operators = serializers.ListField(child=serializers.DictField())
    tests = serializers.ListField(child=serializers.CharField())
    signs = serializers.ListField(child=serializers.CharField())
    property_types = serializers.ListField(child=serializers.DictField())
    store_figures = serializers.ListField(child=serializers.CharField())
    units = serializers.DictField()
    limits = serializers.DictField()


class ReasonOut(serializers.Serializer[Any]):
    """One condition of a segment, with the person's own value."""

    words = serializers.CharField()
    actual = serializers.CharField()
    holds = serializers.BooleanField()
    flips_at = serializers.DateTimeField(allow_null=True)


class ProfileSegmentOut(serializers.Serializer[Any]):
    """A segment of one profile with its reasons."""

    id = IdField(source="segment_id")
    key = serializers.CharField()
    name = serializers.CharField()
    words = serializers.CharField()
    is_member = serializers.BooleanField()
    holds = serializers.BooleanField()
    entered_at = serializers.DateTimeField(allow_null=True)
    left_at = serializers.DateTimeField(allow_null=True)
    cause = serializers.CharField()
    event_name = serializers.CharField()
    flips_at = serializers.DateTimeField(allow_null=True)
    turns_at = serializers.DateTimeField(
        allow_null=True, help_text="When time alone makes `holds` the opposite; null if never."
    )
    reasons = ReasonOut(many=True, source="leaves")


class ProfileSegmentList(serializers.Serializer[Any]):
    """Segments of one profile."""

    results = ProfileSegmentOut(many=True)
    next = serializers.CharField(allow_null=True)


class SegmentViewSet(ReadResource[Segment]):
    """Segments with their definition in words and their size."""

    scope_resource = "segments"
    serializer_class = SegmentOut
    filters = {
        "kind": filters.text("kind", "dynamic for segments, static for lists."),
        "key": filters.text("key", "Word of a core segment, such as at_risk."),
        "name": filters.text("name"),
        "created_at": filters.time("created_at"),
        "updated_at": filters.time("updated_at"),
    }

    def get_queryset(self) -> QuerySet[Segment]:
        return list_segments()

    @extend_schema(responses=SegmentOut(many=True))
    def list(self, request: Request) -> Response:
        """List segments."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(payloads_of(rows or ()))

    @extend_schema(responses=SegmentOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one segment; its `ETag` stands for name, description and definition."""
        return _answer(self.get_object())

    @extend_schema(
        request=SegmentIn,
        responses=SegmentChanged,
        parameters=[
            OpenApiParameter(
                "If-Match",
                str,
                OpenApiParameter.HEADER,
                description="The `ETag` that was read: 412 when somebody changed it meanwhile.",
            )
        ],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change name, description or definition; what is left out stays as it is."""
        body = SegmentIn(data=request.data)
        body.is_valid(raise_exception=True)
        segment = self.get_object()
        version = filters.read_match(request.headers.get("If-Match", ""), read_version(segment))
        changed = update_segment(segment.pk, version=version, **body.validated_data)
        is_defined = "definition" in body.validated_data
        warnings = (
            review_definition(changed.definition, clock.now(), own_id=changed.pk)
            if is_defined
            else []
        )
        return _answer(changed, warnings=warnings)

    @extend_schema(request=SegmentNew, responses={201: SegmentOut})
    def create(self, request: Request) -> Response:
        """Make a segment of a definition, or a list."""
        body = SegmentNew(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        make = create_list if said.pop("kind") == SegmentKind.STATIC else create_segment
        answer = _answer(make(**said))
        answer.status_code = 201
        return answer

    @extend_schema(request=PreviewIn, responses=PreviewOut)
    @action(detail=False, methods=["post"], filter_backends=[], pagination_class=None)
    def preview(self, request: Request) -> Response:
        """Count who would be in a segment, who would come and go, without saving anything.

        The samples are empty for a key that may not read profiles.
        """
        body = PreviewIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        segment_id = said.get("segment")
        if segment_id is not None:
            get_segment(segment_id)
        check_definition(said["definition"], own_id=segment_id)
        found = measure_impact(said["definition"], clock.now(), segment_id=segment_id)
        if found is None:
            raise Conflict("This definition takes too long to be previewed; it can be saved.")
        may_tell = _may_tell(request)

        def tell(people: Sequence[Any]) -> list[dict[str, Any]]:
            return build_profiles([person.pk for person in people if may_tell])

        shown = {
            "words": describe_definition(said["definition"]),
            "member_count": found.members,
            "gained": found.gained,
            "lost": found.lost,
            "is_estimate": found.is_estimate,
            "sample": tell(found.sample),
            "gained_sample": tell(found.gained_sample),
            "lost_sample": tell(found.lost_sample),
            "starts": [user.name for user in found.starting],
        }
        return Response(shown)

    @extend_schema(responses=InsightOut)
    @action(detail=True, filter_backends=[], pagination_class=None)
    def insight(self, request: Request, pk: str) -> Response:
        """Say what its buyers buy, how that differs from all others, and what goes with it."""
        return Response(InsightOut(find_insight(self.get_object().pk)).data)

    @extend_schema(responses=FieldList)
    @action(detail=False, filter_backends=[], pagination_class=None)
    def fields(self, request: Request) -> Response:
        """Describe every field, and every condition, operator and unit of the language."""
        return Response({"results": describe_fields(), **describe_grammar()})

    @extend_schema(responses=ProfileOut(many=True))
    @action(detail=True, filter_backends=[])
    def members(self, request: Request, pk: str) -> Response:
        """List the profiles in a segment, newest first; the key must read profiles too."""
        if not _may_tell(request):
            raise PermissionDenied("Members are people: the key must read profiles too.")
        rows = Membership.objects.filter(segment_ids__contains=[self.get_object().pk])
        return self.page_of(rows, _profiles, "-profile_id")

    @extend_schema(request=MembersIn, responses=MembersChanged)
    @members.mapping.post
    def change_members(self, request: Request, pk: str) -> Response:
        """Put people on a list and take others off; a segment fills itself and refuses it."""
        found = self.get_object()
        body = MembersIn(data=request.data)
        body.is_valid(raise_exception=True)
        said, actor = body.validated_data, f"key:{cast('ApiKey', request.auth).hint}"
        added = add_to_list(found.pk, said["add"], actor=actor)
        removed = remove_from_list(found.pk, said["remove"], actor=actor)
        return Response({"added": len(added), "removed": len(removed)})

    @extend_schema(responses=ChangeOut(many=True))
    @action(detail=True, filter_backends=[])
    def history(self, request: Request, pk: str) -> Response:
        """List entries and exits with what caused them, newest first."""
        changes: Any = Changes(self.get_object().pk)  # cut as a query set is
        return self.page(changes, ChangeOut)


class ProfileSegmentsView(APIView):
    """The segments of one profile, each with its reasons."""

    scope_resource = "profiles"

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "include", str, enum=["all"], description="Also those that the profile is not in."
            )
        ],
        responses=ProfileSegmentList,
        operation_id="profiles_segments",
    )
    def get(self, request: Request, profile_id: int) -> Response:
        """Say why somebody is in each of their segments, condition by condition."""
        refuse_unknown(request, {"include", "format"})
        if not is_profile(profile_id):
            raise NotFound("There is no such profile.")
        include_all = request.query_params.get("include") == "all"
        reasons = [
            reason
            for reason in explain_segments(profile_id, clock.now())
            if include_all or reason.is_member
        ]
        return Response({"results": ProfileSegmentOut(reasons, many=True).data, "next": None})


def _may_tell(request: Request) -> bool:
    """Say whether the key may read who people are, not only how many they are."""
    return allows(cast("ApiKey", request.auth).scopes, "profiles", "read")


def _answer(segment: Segment, **more: Any) -> Response:
    body = {**payloads_of([segment])[0], **more}
    return Response(body, headers={"ETag": f'"{read_version(segment)}"'})


def _profiles(rows: list[Membership]) -> list[dict[str, Any]]:
    return build_profiles([row.profile_id for row in rows])
