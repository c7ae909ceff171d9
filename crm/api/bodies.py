"""What callers send, and the canonical records it becomes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from crm.choices import ConsentState, InventoryPolicy, OrderChannel
from crm.domain.permission import CHANNELS
from crm.domain.touches import CAMPAIGN_WORDS
from crm.types import (
    AddressData,
    CustomerRecord,
    EventRecord,
    LineData,
    OrderRecord,
    ProductRecord,
    RefundRecord,
    StockRecord,
    VariantData,
)
from kernel import clock, money
from kernel.errors import Invalid
from tenants.api.fields import Day, Moment

IDENTIFIERS = ("external_id", "email", "phone")
_PAYMENT_HELP = (
    "A family, such as `card`, `paypal` or `pay_later`, or the name of a gateway. Only the family "
    "and a known name are kept; never send anything of a card."
)
AMOUNT = r"^-?\d{1,15}(\.\d{1,6})?$"


class Text(serializers.CharField):
    """Optional text; PostgreSQL knows no zero byte, which the framework refuses."""

    def __init__(self, max_length: int = 500, **kwargs: Any) -> None:
        super().__init__(
            **{"max_length": max_length, "required": False, "allow_blank": True, **kwargs}
        )


class Amount(serializers.RegexField):
    """Money as a decimal string beside ``currency``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(AMOUNT, **{"required": False, **kwargs})


class CustomerIn(serializers.Serializer[Any]):
    """Who somebody is: at least one of ``external_id``, ``email``, ``phone``."""

    external_id = Text(200)
    email = Text(320)
    phone = Text(50)
    first_name = Text()
    last_name = Text()
    locale = Text(35)
    timezone = Text(64)
    country = Text(2)
    region = Text()
    city = Text()
    postcode = Text(20)
    properties = serializers.DictField(required=False)
    email_consent = serializers.ChoiceField(choices=ConsentState.choices, required=False)
    sms_consent = serializers.ChoiceField(choices=ConsentState.choices, required=False)
    whatsapp_consent = serializers.ChoiceField(choices=ConsentState.choices, required=False)
    push_consent = serializers.ChoiceField(choices=ConsentState.choices, required=False)
    consent_at = Moment(required=False)
    updated_at = Moment(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not any(attrs.get(name, "").strip() for name in IDENTIFIERS):
            raise serializers.ValidationError({"email": f"Give one of {', '.join(IDENTIFIERS)}."})
        return attrs


class EventIn(serializers.Serializer[Any]):
    """An event of a customer; ``unique_id`` makes it once for ever."""

    name = serializers.CharField(max_length=200)
    profile = CustomerIn()
    occurred_at = Moment(required=False)
    properties = serializers.DictField(required=False)
    unique_id = Text(100)


class LineIn(serializers.Serializer[Any]):
    """One bought line; without ``line_key`` it is known by its place."""

    line_key = Text(200)
    sku = Text(200)
    title = Text()
    category = Text()
    product_external_id = Text(200)
    variant_external_id = Text(200)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)
    unit_price = Amount(required=True)
    discount = Amount()


class VisitIn(serializers.Serializer[Any]):
    """The visit that ended in an order; ``landing_page`` may carry the campaign in its query."""

    landing_page = Text(2000)
    referrer = Text(2000)
    utm_source = Text(200)
    utm_medium = Text(200)
    utm_campaign = Text(200)
    utm_content = Text(200)
    utm_term = Text(200)


class OrderIn(serializers.Serializer[Any]):
    """An order as a store of the merchant's own tells it."""

    external_id = serializers.CharField(max_length=200)
    ordered_at = Moment()
    updated_at = Moment(required=False)
    currency = serializers.CharField(max_length=3)
    total = Amount(required=True)
    subtotal = Amount()
    discount = Amount()
    shipping = Amount()
    tax = Amount()
    number = Text(200)
    profile = CustomerIn(required=False)
    financial_status = Text(50)
    fulfillment_status = Text(50)
    cancelled_at = Moment(required=False, allow_null=True)
    is_test = serializers.BooleanField(required=False)
    country = Text(2)
    city = Text()
    discount_codes = serializers.ListField(child=serializers.CharField(), required=False)
    channel = serializers.ChoiceField(choices=OrderChannel.choices, required=False)
    payment_method = Text(100, help_text=_PAYMENT_HELP)
    visit = VisitIn(required=False)
    lines = LineIn(many=True, required=False)


class RefundIn(serializers.Serializer[Any]):
    """Money that went back, of an order or of somebody."""

    external_id = serializers.CharField(max_length=200)
    order_external_id = Text(200)
    refunded_at = Moment()
    updated_at = Moment(required=False)
    currency = serializers.CharField(max_length=3)
    amount = Amount(required=True)
    note = Text()
    profile = CustomerIn(required=False)


class VariantIn(serializers.Serializer[Any]):
    """One purchasable form of a product."""

    external_id = serializers.CharField(max_length=200)
    sku = Text(200)
    title = Text()
    price = Amount()
    compare_at_price = Amount()
    currency = Text(3)
    inventory_quantity = serializers.IntegerField(
        required=False, allow_null=True, min_value=-1_000_000_000, max_value=1_000_000_000
    )
    inventory_policy = serializers.ChoiceField(choices=InventoryPolicy.choices, required=False)
    is_tracked = serializers.BooleanField(required=False, allow_null=True)
    back_on = Day(required=False, allow_null=True)


class ProductIn(serializers.Serializer[Any]):
    """A product of the catalogue."""

    external_id = serializers.CharField(max_length=200)
    updated_at = Moment(required=False)
    title = Text()
    category = Text()
    brand = Text()
    handle = Text()
    url = Text(2000)
    image_url = Text(2000)
    status = Text(50)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    is_deleted = serializers.BooleanField(required=False)
    variants = VariantIn(many=True, required=False)


class StockIn(serializers.Serializer[Any]):
    """What is left of one variant, named by its id in the store or by its SKU."""

    variant_external_id = Text(200)
    sku = Text(200)
    updated_at = Moment(required=False)
    available = serializers.IntegerField(
        required=False, min_value=-1_000_000_000, max_value=1_000_000_000
    )
    inventory_policy = serializers.ChoiceField(choices=InventoryPolicy.choices, required=False)
    back_on = Day(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not (attrs.get("variant_external_id") or attrs.get("sku")):
            raise serializers.ValidationError({"sku": "Name the variant by its id or its SKU."})
        return attrs


def build_customer(
    body: Mapping[str, Any], *, version_at: datetime | None = None
) -> CustomerRecord:
    """Return the record of a valid `CustomerIn`."""
    texts = ("email", "phone", "first_name", "last_name", "locale", "timezone")
    words = tuple(f"{channel}_consent" for channel in CHANNELS)
    return CustomerRecord(
        external_id=body.get("external_id", "").strip(),
        version_at=version_at or body.get("updated_at") or clock.now(),
        address=AddressData(**_pick(body, ("country", "region", "city", "postcode"))),
        consent_at=body.get("consent_at"),
        properties=body.get("properties", {}),
        **_pick(body, (*texts, *words)),
    )


def build_event(body: Mapping[str, Any]) -> EventRecord:
    """Return the record of a valid `EventIn`; without a time it happened now."""
    unique_id = body.get("unique_id", "")
    at = body.get("occurred_at") or clock.now()
    return EventRecord(
        name=body["name"].strip(),
        occurred_at=at,
        customer=build_customer(body["profile"]),
        properties=body.get("properties", {}),
        dedupe_key=f"api:{unique_id}" if unique_id else "",
    )


def build_order(body: Mapping[str, Any]) -> OrderRecord:
    """Return the record of a valid `OrderIn`.

    Raises:
        Invalid: the currency is not known.
    """
    currency = _currency(body["currency"])
    version_at = body.get("updated_at") or clock.now()
    profile = body.get("profile")
    texts = ("number", "financial_status", "fulfillment_status", "country", "city")
    sums = ("subtotal", "discount", "shipping", "tax")
    amounts: dict[str, Any] = {
        f"{name}_minor": money.to_minor(body.get(name, 0), currency) for name in sums
    }
    return OrderRecord(
        external_id=body["external_id"],
        version_at=version_at,
        ordered_at=body["ordered_at"],
        currency=currency,
        gross_minor=money.to_minor(body["total"], currency),
        lines=tuple(
            _line(line, place, currency) for place, line in enumerate(body.get("lines", ()))
        ),
        customer=None if profile is None else build_customer(profile, version_at=version_at),
        cancelled_at=body.get("cancelled_at"),
        is_test=body.get("is_test", False),
        channel=body.get("channel", ""),
        payment_names=[body.get("payment_method", "")],
        attribution=_visit(body.get("visit", {})),
        discount_codes=tuple(body.get("discount_codes", ())),
        **_pick(body, texts),
        **amounts,
    )


def build_refund(body: Mapping[str, Any]) -> RefundRecord:
    """Return the record of a valid `RefundIn`.

    Raises:
        Invalid: the currency is not known.
    """
    currency = _currency(body["currency"])
    version_at = body.get("updated_at") or clock.now()
    profile = body.get("profile")
    return RefundRecord(
        external_id=body["external_id"],
        version_at=version_at,
        refunded_at=body["refunded_at"],
        currency=currency,
        amount_minor=money.to_minor(body["amount"], currency),
        customer=None if profile is None else build_customer(profile, version_at=version_at),
        **_pick(body, ("order_external_id", "note")),
    )


def build_product(body: Mapping[str, Any]) -> ProductRecord:
    """Return the record of a valid `ProductIn`.

    Raises:
        Invalid: a price without a known currency.
    """
    texts = ("title", "category", "brand", "handle", "url", "image_url", "status")
    return ProductRecord(
        external_id=body["external_id"],
        version_at=body.get("updated_at") or clock.now(),
        tags=tuple(body.get("tags", ())),
        is_deleted=body.get("is_deleted", False),
        variants=tuple(_variant(variant) for variant in body.get("variants", ())),
        **_pick(body, texts),
    )


def build_stock(body: Mapping[str, Any]) -> StockRecord:
    """Return the record of a valid `StockIn`."""
    return StockRecord(
        version_at=body.get("updated_at") or clock.now(),
        available=body.get("available"),
        policy=body.get("inventory_policy", ""),
        back_on=body.get("back_on"),
        tells_level="available" in body,
        needs_variant=True,
        **_pick(body, ("variant_external_id", "sku")),
    )


def _line(body: Mapping[str, Any], place: int, currency: str) -> LineData:
    price = money.to_minor(body["unit_price"], currency)
    discount = money.to_minor(body.get("discount", 0), currency)
    texts = ("sku", "title", "category", "product_external_id", "variant_external_id")
    return LineData(
        line_key=body.get("line_key") or str(place),
        position=place,
        quantity=body["quantity"],
        unit_price_minor=price,
        total_minor=body["quantity"] * price - discount,
        discount_minor=discount,
        **_pick(body, texts),
    )


def _visit(body: Mapping[str, Any]) -> dict[str, str] | None:
    names = ("referrer", *(f"utm_{word}" for word in CAMPAIGN_WORDS))
    found = {"landing_site": body.get("landing_page", ""), **_pick(body, names)}
    return {name: value for name, value in found.items() if value} or None


def _variant(body: Mapping[str, Any]) -> VariantData:
    price, compared = body.get("price"), body.get("compare_at_price")
    currency = body.get("currency", "").upper()
    if price is not None or compared is not None:
        currency = _currency(currency)
    return VariantData(
        external_id=body["external_id"],
        price_minor=None if price is None else money.to_minor(price, currency),
        compare_at_minor=None if compared is None else money.to_minor(compared, currency),
        currency=currency,
        back_on=body.get("back_on"),
        inventory_quantity=body.get("inventory_quantity"),
        inventory_policy=body.get("inventory_policy", ""),
        is_tracked=body.get("is_tracked"),
        **_pick(body, ("sku", "title")),
    )


def _pick(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: body[name].strip() for name in names if name in body}


def _currency(code: str) -> str:
    if not money.is_currency(code.upper()):
        raise Invalid(f"{code!r} is not an ISO 4217 currency.", fields={"currency": "Such as GBP."})
    return code.upper()
