"""`/api/v1/assets/`: pictures for messages."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

from django.db import transaction
from django.db.models import QuerySet
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.domain.assets import check_size
from messaging.models import Asset
from messaging.queries.assets import describe, live_assets
from messaging.services import assets
from tenants.api import filters
from tenants.api.resources import IdField, ReadResource
from tenants.models import ApiKey


class AssetIn(serializers.Serializer[Any]):
    """A picture as a form sends it."""

    file = serializers.FileField(
        max_length=None, help_text="JPEG, PNG, GIF or WebP, up to 10 MB; its bytes say which."
    )
    alt = serializers.CharField(
        max_length=assets.MAX_ALT,
        required=False,
        allow_blank=True,
        help_text="Words instead, for those who do not see it.",
    )


class AssetChange(serializers.Serializer[Any]):
    """What is to change of a picture."""

    name = serializers.CharField(max_length=assets.MAX_NAME, required=False)
    alt = serializers.CharField(max_length=assets.MAX_ALT, required=False, allow_blank=True)


class AssetOut(serializers.Serializer[Any]):
    """A picture, prepared for mails: upright, at most 1,200 pixels wide, without hidden data."""

    id = IdField()
    url = serializers.SerializerMethodField(
        help_text="Where everybody finds it; nobody can guess it, and it never changes."
    )
    name = serializers.CharField()
    alt = serializers.CharField()
    width = serializers.IntegerField(help_text="Pixels.")
    height = serializers.IntegerField(help_text="Pixels.")
    size_bytes = serializers.IntegerField()
    created_at = serializers.DateTimeField()

    def get_url(self, row: Asset) -> str:
        """Return the address for everybody."""
        return describe(row).url


# Files are written between two transactions, so no request is one as a whole.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class AssetViewSet(ReadResource[Asset]):
    """Pictures for messages, newest first."""

    scope_resource = "assets"
    serializer_class = AssetOut
    filters = {
        "name": filters.text("name", "Name of the file, exactly."),
        "created_at": filters.time("created_at"),
    }

    def get_queryset(self) -> QuerySet[Asset]:
        return live_assets()

    def get_parsers(self) -> Sequence[BaseParser]:  # type: ignore[override] # a list there
        """Take a form where a file comes, and JSON elsewhere."""
        is_upload = getattr(self.request, "method", "") == "POST"
        return [MultiPartParser()] if is_upload else super().get_parsers()

    @transaction.atomic
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the pictures, newest first."""
        return super().list(request, *args, **kwargs)

    @transaction.atomic
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read one picture."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(
        request={"multipart/form-data": AssetIn}, responses={200: AssetOut, 201: AssetOut}
    )
    def create(self, request: Request) -> Response:
        """Take in a picture; the same file again answers 200 with the one that is there."""
        body = AssetIn(data=request.data)
        body.is_valid(raise_exception=True)
        file = body.validated_data["file"]
        check_size(file.size)
        alt = body.validated_data.get("alt", "")
        taken = assets.add_asset(file.read(), file.name, alt=alt, actor=_actor(request))
        status = HTTPStatus.CREATED if taken.is_new else HTTPStatus.OK
        return Response(AssetOut(taken.asset).data, status=status)

    @extend_schema(request=AssetChange, responses=AssetOut)
    @transaction.atomic
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change how a picture is called, or the words instead of it."""
        row = self.get_object()
        body = AssetChange(data=request.data)
        body.is_valid(raise_exception=True)
        said = {"name": row.name, "alt": row.alt, **body.validated_data}
        assets.describe_asset(row.pk, **said, actor=_actor(request))
        return Response(AssetOut(self.get_object()).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a picture with its files; 409 while a template shows it."""
        assets.remove_asset(int(pk), actor=_actor(request))
        return Response(status=HTTPStatus.NO_CONTENT)


def _actor(request: Request) -> str:
    return f"key:{cast('ApiKey', request.auth).hint}"
