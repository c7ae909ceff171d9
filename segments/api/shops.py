"""`/api/v1/segments/{id}/shops/`: stores that are told who is in a segment."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.services.api_store import resolve_store
from kernel.errors import Conflict
from segments.choices import PushForm
from segments.queries.listing import get_segment
from segments.queries.shops import Shop, list_shops
from segments.services.shops import (
    MAX_WORD,
    propose_tag,
    start_push,
    stop_push,
)
from tenants.api.filters import refuse_unknown
from tenants.api.resources import IdField
from tenants.models import ApiKey


class SegmentShopOut(serializers.Serializer[Any]):
    """A store that is told who is in a segment; counts are of all segments there together."""

    store_id = IdField(source="lane.store_id")
    form = serializers.ChoiceField(source="push.form", choices=PushForm.choices)
    tag = serializers.CharField(
        source="push.tag", help_text="Of a metafield its name space and key."
    )
    begun_at = serializers.DateTimeField(source="push.begun_at")
    begun_by = serializers.CharField(source="push.begun_by")
    is_connected = serializers.BooleanField()
    is_filling = serializers.BooleanField(
        source="lane.is_filling", help_text="Whether everybody is still looked through."
    )
    waiting = serializers.IntegerField(source="lane.waiting", help_text="At most 10,000.")
    refused = serializers.IntegerField(source="lane.refused", help_text="At most 10,000.")
    detail = serializers.CharField(source="lane.detail", help_text="Why it rests, if it does.")


class SegmentShopList(serializers.Serializer[Any]):
    """Stores that are told who is in a segment."""

    results = SegmentShopOut(many=True)
    next = serializers.CharField(allow_null=True)


class SegmentShopIn(serializers.Serializer[Any]):
    """A store, and the tag that members get there."""

    store_id = serializers.CharField(
        required=False, help_text="Left out: the one store that can be told, if there is just one."
    )
    form = serializers.ChoiceField(
        choices=PushForm.choices,
        default=PushForm.TAG,
        help_text="A metafield is true for members, and not there for others; in Shopify alone.",
    )
    tag = serializers.CharField(
        max_length=MAX_WORD,
        required=False,
        help_text="The segment's name, where it is left out. A metafield is named by it.",
    )


class SegmentShopEnd(serializers.Serializer[Any]):
    """A store that is told no more."""

    store_id = serializers.CharField(
        required=False, help_text="Left out: the one store that is told, if there is just one."
    )
    takes_away = serializers.BooleanField(
        default=False,
        help_text="Whether those who have the tag lose it; else it is the shop's own from now on."
        " A metafield is always taken away.",
    )


class SegmentShopsView(APIView):
    """Which stores are told who is in a segment."""

    scope_resource = "segments"

    @extend_schema(responses=SegmentShopList, operation_id="segments_shops")
    def get(self, request: Request, segment_id: int) -> Response:
        """List the stores that are told, and how each stands."""
        refuse_unknown(request, {"format"})
        return Response({"results": _told(get_segment(segment_id).pk), "next": None})

    @extend_schema(
        request=SegmentShopIn,
        responses={200: SegmentShopOut, 201: SegmentShopOut},
        operation_id="segments_shops_create",
    )
    def post(self, request: Request, segment_id: int) -> Response:
        """Tag the members who are customers of a store; the same again changes nothing."""
        segment = get_segment(segment_id)
        body = SegmentShopIn(data=request.data)
        body.is_valid(raise_exception=True)
        store_id = _name_store(body.validated_data, list_shops(segment_id))
        form = body.validated_data["form"]
        tag = body.validated_data.get("tag") or propose_tag(segment)
        is_new = start_push(segment_id, store_id, tag=tag, actor=_actor(request), form=form)
        [shop] = [each for each in _told(segment_id) if each["store_id"] == str(store_id)]
        return Response(shop, status=201 if is_new else 200)


class SegmentShopEndView(APIView):
    """Ends what a store is told of a segment."""

    scope_resource = "segments"

    @extend_schema(
        request=SegmentShopEnd, responses=SegmentShopList, operation_id="segments_shops_stop"
    )
    def post(self, request: Request, segment_id: int) -> Response:
        """Tell a store no more, and take the tag away or leave it."""
        get_segment(segment_id)
        body = SegmentShopEnd(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        told = [shop for shop in list_shops(segment_id) if shop.push is not None]
        store_id = _name_store(said, told)
        stop_push(segment_id, store_id, takes_away=said["takes_away"], actor=_actor(request))
        return Response({"results": _told(segment_id), "next": None})


def _name_store(said: Mapping[str, Any], shops: Sequence[Shop]) -> int:
    """Return the store that a caller means.

    Raises:
        NotFound: the tenant has no such store.
        Conflict: none is named, and there is not just one to mean.
    """
    if "store_id" in said:
        return resolve_store(said["store_id"])
    if len(shops) != 1:
        raise Conflict(f"Name a store: {len(shops)} could be meant")
    return shops[0].lane.store_id


def _told(segment_id: int) -> list[dict[str, Any]]:
    shops: list[Shop] = [shop for shop in list_shops(segment_id) if shop.push is not None]
    return cast("list[dict[str, Any]]", SegmentShopOut(shops, many=True).data)


def _actor(request: Request) -> str:
    return f"key:{cast('ApiKey', request.auth).hint}"
