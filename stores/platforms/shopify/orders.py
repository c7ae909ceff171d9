"""Orders, with the refunds and parcels that they carry."""

from dataclasses import replace
from datetime import datetime

from crm.types import CustomerRecord, LineData, OrderDeletionRecord, OrderRecord, Record
from stores.errors import Untranslatable
from stores.platforms.fields import (
    Json,
    child,
    children,
    currency,
    identifier,
    instant,
    money,
    text,
    whole,
)
from stores.platforms.shopify.customers import (
    read_address,
    read_customer,
    read_places,
    read_sms_consent,
)
from stores.platforms.shopify.fulfillments import read_shipment
from stores.platforms.shopify.money import shop_money
from stores.platforms.shopify.payments import read_payment_names
from stores.platforms.shopify.refunds import read_refund
from stores.platforms.shopify.visits import read_visit
from stores.types import Delivery, StoreContext, Translation

VOIDED = "voided"


def translate_order(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read orders/create, updated, paid, cancelled, fulfilled and partially_fulfilled."""
    order = read_order(payload, delivery.arrived_at)
    records: list[Record] = [order]
    if order.customer is not None and order.customer.external_id:
        records += read_sms_consent(child(payload, "customer"), order.customer.external_id)
    for refund in children(payload, "refunds"):
        records.append(read_refund(refund, order.external_id, order.currency, order.version_at))
    for parcel in children(payload, "fulfillments"):
        records.append(read_shipment(parcel, order.external_id, order.version_at))
    return Translation(records)


def translate_order_deletion(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read orders/delete, which names nothing but the order."""
    deletion = OrderDeletionRecord(external_id=identifier(payload), version_at=delivery.arrived_at)
    return Translation([deletion])


def read_order(payload: Json, arrived_at: datetime) -> OrderRecord:
    """Read an order object; ``total_price`` is what was paid, whatever was refunded since."""
    code = currency(payload, "currency")
    external_id = identifier(payload)
    version_at = instant(payload, "updated_at") or arrived_at
    ordered_at = instant(payload, "processed_at") or instant(payload, "created_at")
    if ordered_at is None:
        raise Untranslatable("created_at is missing")
    base_currency, base_gross = shop_money(payload, "total_price_set")
    place = _ship_to(payload)
    financial_status = text(payload, "financial_status")
    return OrderRecord(
        external_id=external_id,
        number=text(payload, "name") or text(payload, "order_number"),
        version_at=version_at,
        ordered_at=ordered_at,
        currency=code,
        gross_minor=money(payload, "total_price", code, required=True),
        subtotal_minor=money(payload, "subtotal_price", code),
        discount_minor=money(payload, "total_discounts", code),
        shipping_minor=_shipping(payload, code),
        tax_minor=money(payload, "total_tax", code),
        base_currency=base_currency,
        base_gross_minor=base_gross,
        lines=_read_lines(payload, code),
        customer=_read_buyer(payload, version_at, ordered_at),
        email=_email(payload),
        phone=text(payload, "phone"),
        financial_status=financial_status,
        fulfillment_status=text(payload, "fulfillment_status"),
        cancelled_at=instant(payload, "cancelled_at"),
        is_test=payload.get("test") is True,
        is_voided=financial_status == VOIDED,
        channel=text(payload, "source_name"),
        country=text(place, "country_code").upper()[:2],
        city=text(place, "city"),
        discount_codes=[
            found for item in children(payload, "discount_codes") if (found := text(item, "code"))
        ],
        attribution=read_visit(payload),
        payment_names=read_payment_names(payload, code),
        checkout_token=text(payload, "checkout_token"),
        places=read_places(child(payload, "shipping_address"), child(payload, "billing_address")),
    )


def _email(payload: Json) -> str:
    return text(payload, "email") or text(payload, "contact_email")


def _ship_to(payload: Json) -> Json:
    return child(payload, "shipping_address") or child(payload, "billing_address")


def _shipping(payload: Json, code: str) -> int:
    found, minor = shop_money(payload, "total_shipping_price_set")
    if minor is not None and found == code:
        return minor
    return sum(money(line, "price", code) for line in children(payload, "shipping_lines"))


def _read_lines(payload: Json, code: str) -> list[LineData]:
    lines: list[LineData] = []
    for place, item in enumerate(children(payload, "line_items"), start=1):
        quantity = whole(item, "quantity")
        if quantity <= 0:
            continue
        price, discount = money(item, "price", code), _line_discount(item, code)
        lines.append(
            LineData(
                line_key=text(item, "id") or f"place:{place}",
                position=place,
                quantity=quantity,
                unit_price_minor=price,
                discount_minor=discount,
                total_minor=price * quantity - discount,
                sku=text(item, "sku"),
                title=text(item, "title") or text(item, "name"),
                product_external_id=text(item, "product_id"),
                variant_external_id=text(item, "variant_id"),
            )
        )
    return lines


def _line_discount(item: Json, code: str) -> int:
    """Allocations hold the line's share of order-wide discounts too; older payloads lack them."""
    allocations = children(item, "discount_allocations")
    if allocations:
        return sum(money(share, "amount", code) for share in allocations)
    return money(item, "total_discount", code)


def _read_buyer(payload: Json, version_at: datetime, ordered_at: datetime) -> CustomerRecord | None:
    inside = child(payload, "customer")
    email, phone = _email(payload), text(payload, "phone")
    if text(inside, "id"):
        known = read_customer(inside, version_at)
        buyer = replace(known, email=known.email or email, phone=known.phone or phone)
    elif email or phone:
        buyer = _read_guest(payload, version_at, email, phone)
    else:
        return None
    locale = buyer.locale or text(payload, "customer_locale")
    if payload.get("buyer_accepts_marketing") is True and not buyer.email_consent:
        return replace(buyer, locale=locale, email_consent="subscribed", consent_at=ordered_at)
    return replace(buyer, locale=locale)


def _read_guest(payload: Json, version_at: datetime, email: str, phone: str) -> CustomerRecord:
    place = child(payload, "billing_address") or child(payload, "shipping_address")
    return CustomerRecord(
        external_id="",
        version_at=version_at,
        email=email,
        phone=phone,
        first_name=text(place, "first_name"),
        last_name=text(place, "last_name"),
        address=read_address(_ship_to(payload)),
    )
