"""`/api/v1/coupons/offers/`: coupons whose codes messages carry.

Beside them `/api/v1/coupons/` are single codes that a store is asked to take
(`stores.api.coupons`); an offer of the kind ``generated`` has its codes made that way.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from http import HTTPStatus
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.money import to_decimal
from messaging.choices import CodeStatus, CouponKind, CouponScope, CouponStatus, Offer, WhenOut
from messaging.domain.coupons import MAX_CODES
from messaging.models import Coupon, CouponCode
from messaging.queries.coupons import CouponRow, add_figures, list_skus_of
from messaging.services import coupons
from messaging.services.coupon_checks import MAX_NAME, MAX_WORDS, CouponData
from tenants.api import filters
from tenants.api.fields import Moment
from tenants.api.resources import IdField, MoneyField, Resource
from tenants.models import ApiKey

DIGITS, PLACES = 14, 3
ID = r"^[0-9]{1,18}$"
CODE = r"^[A-Za-z0-9_-]{1,50}$"
NO_CODES = coupons.Upload(0, 0, 0, 0, [], 0)


class OfferChange(serializers.Serializer[Any]):
    """What is to change of a coupon; what is left out stays."""

    name = serializers.CharField(max_length=MAX_NAME, required=False)
    offer = serializers.ChoiceField(choices=Offer.choices, required=False)
    percent = serializers.DecimalField(
        max_digits=5, decimal_places=2, required=False, allow_null=True
    )
    amount = serializers.DecimalField(
        max_digits=DIGITS,
        decimal_places=PLACES,
        required=False,
        allow_null=True,
        help_text="In the currency of the stores, or of the shop.",
    )
    minimum = serializers.DecimalField(
        max_digits=DIGITS,
        decimal_places=PLACES,
        required=False,
        allow_null=True,
        help_text="What an order must come to.",
    )
    offer_words = serializers.CharField(
        max_length=MAX_WORDS,
        required=False,
        allow_blank=True,
        help_text="What a bundle or a free product is, such as “a soap dish”.",
    )
    skus = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        help_text="Article numbers of the products it is good for; none: all.",
    )
    store_ids = serializers.ListField(
        child=serializers.RegexField(ID), required=False, help_text="Stores that take it."
    )
    static_code = serializers.CharField(
        max_length=50, required=False, allow_blank=True, help_text="Of `static` alone."
    )
    prefix = serializers.CharField(
        max_length=50,
        required=False,
        allow_blank=True,
        help_text="What codes that are made begin with; of `generated` alone.",
    )
    is_written = serializers.BooleanField(
        required=False, help_text="Of `static`: whether the stores are asked to take its code."
    )
    scope = serializers.ChoiceField(choices=CouponScope.choices, required=False)
    valid_hours = serializers.IntegerField(
        min_value=1,
        max_value=87_600,
        required=False,
        allow_null=True,
        help_text="How long a code is good after it was given out.",
    )
    ends_at = Moment(required=False, allow_null=True)
    when_out = serializers.ChoiceField(
        choices=WhenOut.choices,
        required=False,
        help_text="What becomes of a message when no code is left.",
    )
    fallback = serializers.CharField(
        max_length=MAX_WORDS,
        required=False,
        allow_blank=True,
        help_text="What it says in place of the offer then; of `fallback`.",
    )
    low_water = serializers.IntegerField(
        min_value=0,
        max_value=1_000_000,
        required=False,
        help_text="Below so many codes people are told.",
    )
    code_limit = serializers.IntegerField(
        min_value=1, max_value=100_000_000, required=False, allow_null=True
    )


class OfferIn(OfferChange):
    """A new coupon."""

    name = serializers.CharField(max_length=MAX_NAME)
    kind = serializers.ChoiceField(
        choices=CouponKind.choices,
        help_text=(
            "`static`: one code for everybody. `pool`: codes that you add. `generated`: codes of "
            "their own, made in the stores."
        ),
    )
    offer = serializers.ChoiceField(choices=Offer.choices)


class OfferOut(serializers.Serializer[Any]):
    """A coupon with its figures; each count stops at 10,000."""

    id = IdField(source="coupon.pk")
    name = serializers.CharField(source="coupon.name")
    kind = serializers.ChoiceField(choices=CouponKind.choices, source="coupon.kind")
    status = serializers.ChoiceField(choices=CouponStatus.choices, source="coupon.status")
    offer = serializers.ChoiceField(choices=Offer.choices, source="coupon.offer")
    percent = serializers.DecimalField(
        max_digits=5, decimal_places=2, source="coupon.percent", allow_null=True
    )
    amount = serializers.SerializerMethodField()
    minimum = serializers.SerializerMethodField()
    currency = serializers.CharField(source="coupon.currency")
    words = serializers.CharField(help_text="What it offers, as a sentence.")
    offer_words = serializers.CharField(source="coupon.offer_words")
    product_ids = serializers.SerializerMethodField()
    store_ids = serializers.SerializerMethodField()
    static_code = serializers.CharField(source="coupon.static_code")
    prefix = serializers.CharField(source="coupon.prefix")
    is_written = serializers.BooleanField(source="coupon.is_written")
    scope = serializers.ChoiceField(choices=CouponScope.choices, source="coupon.scope")
    valid_hours = serializers.IntegerField(source="coupon.valid_hours", allow_null=True)
    ends_at = serializers.DateTimeField(source="coupon.ends_at", allow_null=True)
    when_out = serializers.ChoiceField(choices=WhenOut.choices, source="coupon.when_out")
    fallback = serializers.CharField(source="coupon.fallback")
    low_water = serializers.IntegerField(source="coupon.low_water")
    code_limit = serializers.IntegerField(source="coupon.code_limit", allow_null=True)
    is_low = serializers.BooleanField(source="coupon.is_low")
    detail = serializers.CharField(
        source="coupon.detail", help_text="Why no codes can be made just now."
    )
    left_count = serializers.IntegerField(source="left")
    given_count = serializers.IntegerField(source="sent")
    waiting_count = serializers.IntegerField(
        source="waiting", help_text="Codes that the stores are asked to make."
    )
    redeemed_count = serializers.IntegerField(source="redeemed", help_text="Orders that count.")
    revenue = MoneyField("revenue_minor", help_text="Of them, in the currency of the shop.")
    created_at = serializers.DateTimeField(source="coupon.created_at")

    def get_amount(self, row: CouponRow) -> str | None:
        """Return the amount off in the coupon's currency."""
        return _decimal(row.coupon.amount_minor, row.coupon.currency)

    def get_minimum(self, row: CouponRow) -> str | None:
        """Return what an order must come to."""
        return _decimal(row.coupon.minimum_minor, row.coupon.currency)

    def get_product_ids(self, row: CouponRow) -> list[str]:
        """Return the products it is good for; none: all."""
        return [str(each) for each in row.coupon.product_ids]

    def get_store_ids(self, row: CouponRow) -> list[str]:
        """Return the stores that take it; none: all."""
        return [str(each) for each in row.coupon.store_ids]


class CodesIn(serializers.Serializer[Any]):
    """Codes for a pool."""

    codes = serializers.ListField(
        child=serializers.RegexField(CODE),
        max_length=MAX_CODES,
        required=False,
        help_text="Letters, digits, - and _; capitals play no part.",
    )


class CodesAdded(serializers.Serializer[Any]):
    """What became of codes that were sent."""

    added = serializers.IntegerField(source="new")
    repeated = serializers.IntegerField(help_text="Said again in the same call.")
    known = serializers.IntegerField(help_text="This coupon has them already.")
    elsewhere = serializers.IntegerField(help_text="Another coupon has them.")


class CodeOut(serializers.Serializer[Any]):
    """One code, and who has it."""

    id = IdField()
    code = serializers.CharField()
    status = serializers.ChoiceField(choices=CodeStatus.choices)
    profile_id = IdField()
    message_id = IdField()
    claimed_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    redeemed_at = serializers.DateTimeField(allow_null=True)


class CouponOfferViewSet(Resource[Coupon]):
    """Coupons whose codes messages carry, newest first."""

    scope_resource = "coupons"
    serializer_class = OfferOut
    filters = {
        "kind": filters.choice("kind", CouponKind),
        "status": filters.choice("status", CouponStatus),
        "name": filters.text("name"),
    }

    def get_queryset(self) -> QuerySet[Coupon]:
        return Coupon.objects.all()

    @extend_schema(responses=OfferOut(many=True))
    def list(self, request: Request) -> Response:
        """List the coupons with what is left, given and redeemed of each."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self._shape(list(rows or ())))

    @extend_schema(responses=OfferOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one coupon."""
        return Response(self._shape([self.get_object()])[0])

    @extend_schema(
        request=OfferIn,
        responses={201: OfferOut},
        examples=[
            OpenApiExample(
                "Ten per cent by codes that you add",
                value={"name": "Spring", "kind": "pool", "offer": "percent", "percent": "10"},
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Make a coupon; codes of `generated` are asked for in the stores from now on."""
        body = OfferIn(data=request.data)
        body.is_valid(raise_exception=True)
        made = coupons.create_coupon(CouponData(**_said(body)), actor=_actor(request))
        return Response(self._shape([self._again(made.pk)])[0], status=HTTPStatus.CREATED)

    @extend_schema(request=OfferChange, responses=OfferOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a coupon; what people were given stays as it was promised."""
        coupon = self.get_object()
        body = OfferChange(data=request.data)
        body.is_valid(raise_exception=True)
        if said := _said(body):
            data = replace(_data_of(coupon), **said)
            coupons.update_coupon(coupon.pk, data, actor=_actor(request))
        return Response(self._shape([self._again(coupon.pk)])[0])

    @extend_schema(methods=["get"], responses=CodeOut(many=True))
    @extend_schema(methods=["post"], request=CodesIn, responses=CodesAdded)
    @action(detail=True, methods=["get", "post"], filter_backends=[])
    def codes(self, request: Request, pk: str) -> Response:
        """List the codes, newest first; or add some to a coupon of the kind `pool`."""
        coupon = self.get_object()
        if request.method == "GET":
            return self.page(CouponCode.objects.filter(coupon_id=coupon.pk), CodeOut)
        body = CodesIn(data=request.data)
        body.is_valid(raise_exception=True)
        added = NO_CODES
        if sent := body.validated_data.get("codes"):
            # Under a heading, as in a file, so that the first code is never taken for one.
            text = "\n".join(["code", *sent])
            added = coupons.upload_codes(coupon.pk, text, is_dry=False, actor=_actor(request))
        return Response(CodesAdded(added).data)

    @extend_schema(responses=CodeOut(many=True))
    @action(detail=True, filter_backends=[])
    def claims(self, request: Request, pk: str) -> Response:
        """List the codes that were given out, those that were given last first."""
        given = CouponCode.objects.filter(coupon_id=self.get_object().pk, claimed_at__isnull=False)
        return self.page(given, CodeOut, "-claimed_at", "-id")

    @extend_schema(request=None, responses=OfferOut)
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def pause(self, request: Request, pk: str) -> Response:
        """Let messages with this coupon wait; a repeat changes nothing."""
        return self._set(request, CouponStatus.PAUSED)

    @extend_schema(request=None, responses=OfferOut)
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def resume(self, request: Request, pk: str) -> Response:
        """Give out codes again; a repeat changes nothing."""
        return self._set(request, CouponStatus.ACTIVE)

    @extend_schema(request=None, responses=OfferOut)
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def end(self, request: Request, pk: str) -> Response:
        """Give nobody a code any more, for good; what people have stays good."""
        return self._set(request, CouponStatus.ENDED)

    def _set(self, request: Request, status: CouponStatus) -> Response:
        coupon = self.get_object()
        coupons.set_status(coupon.pk, status.value, actor=_actor(request))
        return Response(self._shape([self._again(coupon.pk)])[0])

    def _again(self, coupon_id: int) -> Coupon:
        return Coupon.objects.get(pk=coupon_id)

    def _shape(self, rows: Sequence[Coupon]) -> Any:
        context = self.get_serializer_context()
        return OfferOut(add_figures(rows), many=True, context=context).data


def _said(body: serializers.Serializer[Any]) -> dict[str, Any]:
    said = dict(body.validated_data)
    if "store_ids" in said:
        said["store_ids"] = [int(each) for each in said["store_ids"]]
    return said


def _data_of(coupon: Coupon) -> CouponData:
    """Return a coupon as it would be told to be what it is."""
    names = {each.name for each in fields(CouponData)} - {"amount", "minimum", "skus"}
    return CouponData(
        **{name: getattr(coupon, name) for name in names},
        amount=_money(coupon.amount_minor, coupon.currency),
        minimum=_money(coupon.minimum_minor, coupon.currency),
        skus=list_skus_of(coupon),
    )


def _money(minor: int | None, currency: str) -> Any:
    return None if minor is None else to_decimal(minor, currency)


def _decimal(minor: int | None, currency: str) -> str | None:
    return None if minor is None else str(to_decimal(minor, currency))


def _actor(request: Request) -> str:
    return f"key:{cast('ApiKey', request.auth).hint}"
