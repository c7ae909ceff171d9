"""`/api/v1/suppressions/`."""

from http import HTTPStatus
from typing import Any, cast

from django.db.models import Q
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.choices import Channel, SuppressionReason, SuppressionScope
from crm.models import Suppression
from crm.services.addresses import address_hash
from crm.services.suppressions import MAX_DETAIL, SAYABLE, add_suppression, end_suppression
from tenants.api import filters
from tenants.api.resources import IdField, ReadResource
from tenants.models import ApiKey

REASONS = [(each.value, each.label) for each in SAYABLE]


class SuppressionIn(serializers.Serializer[Any]):
    """An address that must not be contacted, whatever anybody agreed to."""

    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.EMAIL)
    address = serializers.CharField(max_length=254, help_text="An email address, or a number.")
    reason = serializers.ChoiceField(choices=REASONS, default=SuppressionReason.MANUAL)
    scope = serializers.ChoiceField(
        choices=SuppressionScope.choices,
        default=SuppressionScope.ALL,
        help_text="`promotional` stops marketing alone.",
    )
    detail = serializers.CharField(
        max_length=MAX_DETAIL, required=False, allow_blank=True, help_text="Why, in words."
    )


class SuppressionOut(serializers.Serializer[Any]):
    """An address that is not contacted."""

    id = IdField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    address = serializers.CharField(help_text="Empty where only a digest is kept.")
    reason = serializers.ChoiceField(choices=SuppressionReason.choices)
    scope = serializers.ChoiceField(choices=SuppressionScope.choices)
    until = serializers.DateTimeField(allow_null=True)
    detail = serializers.CharField()
    actor = serializers.CharField()
    created_at = serializers.DateTimeField()


def _is_address(text: str) -> Q:
    return Q(
        channel__in=Channel.values,
        address_hash__in=[address_hash(channel, text) for channel in Channel.values],
    )


class SuppressionViewSet(ReadResource[Suppression]):
    """Addresses that must not be contacted, newest first."""

    scope_resource = "suppressions"
    serializer_class = SuppressionOut
    queryset = Suppression.objects.all()
    filters = {
        "channel": filters.choice("channel", Channel),
        "reason": filters.choice("reason", SuppressionReason),
        "address": filters.text(_is_address, "A whole address, also one of which a digest is kept"),
        "created_at": filters.time("created_at"),
    }

    @extend_schema(
        request=SuppressionIn,
        responses={200: SuppressionOut, 201: SuppressionOut},
        examples=[
            OpenApiExample(
                "Asked on the phone",
                value={
                    "channel": "email",
                    "address": "ada@example.com",
                    "scope": "promotional",
                    "detail": "Asked on the phone",
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Suppress an address; the same or less again answers 200 and changes nothing."""
        body = SuppressionIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        row, is_new = add_suppression(
            said.pop("channel"), said.pop("address"), **said, actor=_actor(request)
        )
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return Response(SuppressionOut(row).data, status=status)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take a suppression back; that of somebody who was erased stays."""
        end_suppression(self.get_object().pk, actor=_actor(request))
        return Response(status=HTTPStatus.NO_CONTENT)


def _actor(request: Request) -> str:
    return f"key:{cast('ApiKey', request.auth).hint}"
