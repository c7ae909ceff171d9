"""`/api/v1/channels/`."""

from http import HTTPStatus
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from crm.choices import Channel
from kernel import clock
from messaging.choices import LimitKind
from messaging.models import ChannelAccount
from messaging.queries.accounts import find_account
from messaging.queries.rates import list_limits
from messaging.services import accounts, rate_limits
from messaging.services.rate_limits import MOST
from messaging.types import AccountData
from tenants.api import filters
from tenants.api.resources import IdField, ReadResource
from tenants.models import ApiKey

MAX_TEXT = 10_000


class ChannelIn(serializers.Serializer[Any]):
    """An account at a provider; its credentials are never told again."""

    channel = serializers.ChoiceField(choices=Channel.choices)
    provider = serializers.CharField(max_length=50, help_text="Such as `smtp`.")
    name = serializers.CharField(max_length=100)
    credentials = serializers.DictField(child=serializers.CharField(max_length=MAX_TEXT))
    options = serializers.DictField(
        child=serializers.CharField(max_length=500, allow_blank=True), required=False
    )


class ChannelPause(serializers.Serializer[Any]):
    """Why an account is paused."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)


class ChannelOut(serializers.Serializer[Any]):
    """An account at a provider, over which messages of its channel leave."""

    id = IdField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    provider = serializers.CharField()
    name = serializers.CharField()
    options = serializers.JSONField()
    is_default = serializers.BooleanField()
    is_paused = serializers.BooleanField()
    paused_reason = serializers.CharField()
    paused_until = serializers.DateTimeField(allow_null=True)
    callback_url = serializers.SerializerMethodField(
        help_text="Where the provider is to tell what became of messages."
    )
    created_at = serializers.DateTimeField()

    def get_callback_url(self, row: ChannelAccount) -> str:
        """Return the address of the account's callbacks."""
        return accounts.callback_url(row)


class RateLimitIn(serializers.Serializer[Any]):
    """How many messages a minute may leave."""

    kind = serializers.ChoiceField(choices=LimitKind.choices)
    name = serializers.CharField(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="Domain, mailbox provider (`gmail`, `outlook`, `yahoo`, `other`) or id of the"
        " account; empty for all mail.",
    )
    per_minute = serializers.IntegerField(
        min_value=0, max_value=MOST, allow_null=True, help_text="0 is no limit, null the default."
    )


class RateLimitOut(serializers.Serializer[Any]):
    """One limit that somebody set."""

    kind = serializers.ChoiceField(choices=LimitKind.choices)
    name = serializers.CharField()
    counts = serializers.CharField(source="title", help_text="What it counts, in words.")
    per_minute = serializers.IntegerField(help_text="0 is no limit.")
    default = serializers.IntegerField(help_text="Without it; 0 is no limit.")


class RateLimitsOut(serializers.Serializer[Any]):
    """Every limit that somebody set; there is one page of them."""

    results = RateLimitOut(many=True)
    next = serializers.CharField(allow_null=True)


class ChannelViewSet(ReadResource[ChannelAccount]):
    """Accounts at providers, newest first."""

    scope_resource = "channels"
    serializer_class = ChannelOut
    filters = {"channel": filters.choice("channel", Channel)}

    def get_queryset(self) -> QuerySet[ChannelAccount]:
        return ChannelAccount.objects.filter(removed_at=None)

    @extend_schema(
        request=ChannelIn,
        responses={201: ChannelOut},
        examples=[
            OpenApiExample(
                "A mail server of your own",
                value={
                    "channel": "email",
                    "provider": "smtp",
                    "name": "Our mail server",
                    "credentials": {"url": "smtps://user:password@mail.example.com"},
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Connect an account; the first one of its channel becomes the default."""
        body = ChannelIn(data=request.data)
        body.is_valid(raise_exception=True)
        made = accounts.connect_account(AccountData(**body.validated_data), actor=_actor(request))
        return self._show(made.pk, HTTPStatus.CREATED)

    @extend_schema(request=ChannelPause, responses=ChannelOut)
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def pause(self, request: Request, pk: str) -> Response:
        """Let nothing leave over an account; what is due waits."""
        body = ChannelPause(data=request.data)
        body.is_valid(raise_exception=True)
        reason = body.validated_data.get("reason", "")
        accounts.pause_account(int(pk), reason, actor=_actor(request))
        return self._show(int(pk))

    @extend_schema(request=None, responses=ChannelOut)
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def resume(self, request: Request, pk: str) -> Response:
        """Let messages leave over an account again."""
        accounts.resume_account(int(pk), actor=_actor(request))
        return self._show(int(pk))

    @extend_schema(request=None, responses=RateLimitsOut)
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def limits(self, request: Request) -> Response:
        """Say how many messages a minute may leave, by the limits that somebody set."""
        return _show_limits()

    @extend_schema(request=RateLimitIn, responses=RateLimitsOut)
    @limits.mapping.post
    def set_limit(self, request: Request) -> Response:
        """Set one limit; what waits for it is looked at again."""
        body = RateLimitIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        rate_limits.set_limit(
            said["kind"],
            said.get("name", ""),
            said["per_minute"],
            now=clock.now(),
            actor=_actor(request),
        )
        return _show_limits()

    def _show(self, account_id: int, status: HTTPStatus = HTTPStatus.OK) -> Response:
        found = find_account(account_id)
        if found is None:
            raise NotFound("There is no such account.")
        return Response(ChannelOut(found).data, status=status)


def _show_limits() -> Response:
    rows = [row for group in list_limits() for row in group.rows if row.per_minute is not None]
    return Response({"results": RateLimitOut(rows, many=True).data, "next": None})


def _actor(request: Request) -> str:
    return f"key:{cast('ApiKey', request.auth).hint}"
