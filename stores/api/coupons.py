"""`/api/v1/coupons/`: discount codes that stores are asked to take."""

from http import HTTPStatus
from typing import Any, cast

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.services.api_store import resolve_store
from stores.choices import WriteKind, WriteState
from stores.domain.codes import KINDS, MAX_LENGTH, CodeTerms
from stores.models import CodeRedemption, CodeTally, StoreWrite
from stores.services.writing import deactivate_code, find_code, request_code
from tenants.api import filters
from tenants.api.fields import Moment
from tenants.api.resources import IdField, ReadResource
from tenants.models import ApiKey

DIGITS, PLACES = 14, 3


class CouponIn(serializers.Serializer[Any]):
    """A discount code and its terms; amounts are in the currency of the store."""

    store_id = serializers.CharField()
    code = serializers.CharField(
        max_length=MAX_LENGTH, help_text="Letters, digits, - and _; capitals play no part."
    )
    kind = serializers.ChoiceField(choices=KINDS)
    amount = serializers.DecimalField(
        max_digits=DIGITS,
        decimal_places=PLACES,
        required=False,
        help_text="Per cent, or money; none for free shipping.",
    )
    starts_at = Moment(required=False, help_text="Now, where it is left out.")
    ends_at = Moment(required=False, allow_null=True)
    minimum = serializers.DecimalField(
        max_digits=DIGITS,
        decimal_places=PLACES,
        required=False,
        allow_null=True,
        help_text="What an order must come to.",
    )
    usage_limit = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    once_per_customer = serializers.BooleanField(required=False)


class CouponOut(serializers.Serializer[Any]):
    """A discount code of one store, and what became of it there."""

    id = IdField()
    store_id = IdField(source="lane.store_id")
    code = serializers.CharField(source="value.code")
    kind = serializers.ChoiceField(choices=KINDS, source="value.terms.kind")
    amount = serializers.CharField(source="value.terms.amount")
    starts_at = serializers.DateTimeField(source="value.terms.starts_at")
    ends_at = serializers.DateTimeField(source="value.terms.ends_at", allow_null=True)
    minimum = serializers.CharField(source="value.terms.minimum", allow_null=True)
    usage_limit = serializers.IntegerField(source="value.terms.usage_limit", allow_null=True)
    once_per_customer = serializers.BooleanField(source="value.terms.once_per_customer")
    is_active = serializers.BooleanField(
        source="value.is_active", help_text="Whether the store shall take it."
    )
    status = serializers.ChoiceField(
        choices=WriteState.choices,
        source="state",
        help_text="`sent`: the store has it so. `refused`: it does not, and `reason` says why.",
    )
    reason = serializers.CharField()
    created_at = serializers.DateTimeField(source="wished_at")
    sent_at = serializers.DateTimeField(allow_null=True)
    redeemed_count = serializers.IntegerField(
        help_text="Orders that carry it: not those cancelled, and no tests, but refunded ones."
    )
    redeemed_at = serializers.DateTimeField(
        allow_null=True, help_text="When the newest of them was placed."
    )


class RedemptionOut(serializers.Serializer[Any]):
    """An order that carries a code."""

    id = IdField()
    order_id = IdField()
    redeemed_at = serializers.DateTimeField()
    is_counted = serializers.BooleanField(
        help_text="False of an order that was cancelled or voided, or is a test."
    )


class CouponViewSet(ReadResource[StoreWrite]):
    """Discount codes of stores, newest first. A store whose codes are not written takes none.

    Coupons whose codes messages carry are below `/api/v1/coupons/offers/`.
    """

    scope_resource = "coupons"
    serializer_class = CouponOut
    filters = {
        "store_id": filters.number("lane__store_id"),
        "status": filters.choice("state", WriteState),
        "code": filters.text("subject", "The code in capitals."),
    }

    def get_queryset(self) -> QuerySet[StoreWrite]:
        codes = StoreWrite.objects.filter(lane__kind=WriteKind.CODES, value__has_key="terms")
        tallies = CodeTally.objects.filter(write_id=OuterRef("pk"))
        return codes.select_related("lane").annotate(
            redeemed_count=Coalesce(Subquery(tallies.values("redeemed_count")), 0),
            redeemed_at=Subquery(tallies.values("redeemed_at")),
        )

    @extend_schema(
        request=CouponIn,
        responses={201: CouponOut, 200: CouponOut},
        examples=[
            OpenApiExample(
                "Ten per cent, once",
                value={
                    "store_id": "1",
                    "code": "HELLO10",
                    "kind": "percent",
                    "amount": "10",
                    "usage_limit": 1,
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Have a store take a discount code; the same again answers 200 and changes nothing."""
        body = CouponIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        store_id, code = resolve_store(said.pop("store_id")), said.pop("code")
        terms = CodeTerms(**{"amount": 0, **said})
        is_known = find_code(store_id, code) is not None
        state = request_code(store_id, code, terms, actor=_actor(request))
        row = self.get_queryset().get(lane__store_id=store_id, subject=state.code.upper())
        status = HTTPStatus.OK if is_known else HTTPStatus.CREATED
        return Response(CouponOut(row).data, status=status)

    @extend_schema(responses=RedemptionOut(many=True))
    @action(detail=True, filter_backends=[])
    def redemptions(self, request: Request, pk: str) -> Response:
        """List the orders that carry the code, those that came last first."""
        rows = CodeRedemption.objects.filter(write_id=self.get_object().pk)
        return self.page(rows, RedemptionOut)

    @extend_schema(request=None, responses=CouponOut)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: str) -> Response:
        """Have the store take the code no more; a repeat changes nothing."""
        row = self.get_object()
        deactivate_code(row.lane.store_id, row.subject, actor=_actor(request))
        return Response(CouponOut(self.get_object()).data)


def _actor(request: Request) -> str:
    return f"key:{cast('ApiKey', request.auth).hint}"
