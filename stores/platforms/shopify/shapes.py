"""Objects of the Admin API in the shape of webhooks, so that both are read by the same code.

What a webhook of the same object does not say is left out here too: an order that is pulled ends
in the same rows as one that was pushed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from stores.platforms.fields import Json, child, children, text

Shape = dict[str, Any]

SHIPMENT_STATES: Final = frozenset(
    {
        "attempted_delivery",
        "carrier_picked_up",
        "confirmed",
        "delayed",
        "delivered",
        "failure",
        "in_transit",
        "label_printed",
        "label_purchased",
        "out_for_delivery",
        "picked_up",
        "ready_for_pickup",
    }
)
"""What carriers say; other states of a parcel are what Shopify itself shows."""
_ORDER_STATES: Final = {
    "fulfilled": "fulfilled",
    "partially_fulfilled": "partial",
    "restocked": "restocked",
    "unfulfilled": None,
}


def shape_customer(node: Json, metafields: Sequence[Json]) -> Shape:
    """Return a customer as customers/update words it, with its metafields."""
    phone = child(node, "defaultPhoneNumber")
    email = child(node, "defaultEmailAddress")
    return {
        **_shape_buyer(node),
        "tags": node.get("tags"),
        "email_marketing_consent": _shape_consent(email),
        "sms_marketing_consent": _shape_consent(phone),
        "metafields": list(metafields),
    }


def shape_product(node: Json, variants: Sequence[Json], domain: str) -> Shape:
    """Return a product as products/update words it.

    Args:
        node: the product.
        variants: all of it.
        domain: of the shop, which a webhook names in its headers.
    """
    preview = child(child(node, "featuredMedia"), "preview")
    return {
        "id": text(node, "legacyResourceId"),
        "title": node.get("title"),
        "product_type": node.get("productType"),
        "vendor": node.get("vendor"),
        "handle": node.get("handle"),
        "status": text(node, "status").lower(),
        "tags": node.get("tags"),
        "published_at": node.get("publishedAt"),
        "updated_at": node.get("updatedAt"),
        "image": {"src": child(preview, "image").get("url")},
        "variants": [_shape_variant(each) for each in variants],
        "shop_domain": domain,
    }


def shape_order(node: Json, lines: Sequence[Json], refunds: Mapping[str, Json]) -> Shape:
    """Return an order as orders/updated words it.

    Args:
        node: the order.
        lines: all of it.
        refunds: by their ids, `shape_refund` of each.
    """
    parcels = children(node, "fulfillments")
    visit = child(child(node, "customerJourneySummary"), "lastVisit")
    buyer = child(node, "customer")
    shop_money = {
        name: child(node, given).get("shopMoney")
        for name, given in (
            ("total_price", "totalPriceSet"),
            ("subtotal_price", "subtotalPriceSet"),
            ("total_discounts", "totalDiscountsSet"),
            ("total_tax", "totalTaxSet"),
        )
    }
    return {
        "id": text(node, "legacyResourceId"),
        "name": node.get("name"),
        "created_at": node.get("createdAt"),
        "processed_at": node.get("processedAt"),
        "updated_at": node.get("updatedAt"),
        "cancelled_at": node.get("cancelledAt"),
        "test": node.get("test"),
        "currency": node.get("currencyCode"),
        **{name: (found or {}).get("amount") for name, found in shop_money.items()},
        "total_price_set": _shape_money(node, "totalPriceSet"),
        "total_shipping_price_set": _shape_money(node, "totalShippingPriceSet"),
        "financial_status": text(node, "displayFinancialStatus").lower(),
        "fulfillment_status": _state_of(node, parcels),
        "source_name": node.get("sourceName"),
        "email": node.get("email"),
        "phone": node.get("phone"),
        "buyer_accepts_marketing": node.get("customerAcceptsMarketing"),
        "customer_locale": node.get("customerLocale"),
        "discount_codes": [{"code": code} for code in node.get("discountCodes") or ()],
        "payment_gateway_names": node.get("paymentGatewayNames"),
        "order_status_url": node.get("statusPageUrl"),
        "landing_site": _inside_of(text(visit, "landingPage")),
        "referring_site": visit.get("referrerUrl"),
        "note_attributes": [
            {"name": each.get("key"), "value": each.get("value")}
            for each in children(node, "customAttributes")
        ],
        "customer": _shape_buyer(buyer) if buyer else None,
        "billing_address": _shape_place(child(node, "billingAddress")),
        "shipping_address": _shape_place(child(node, "shippingAddress")),
        "line_items": [_shape_line(each) for each in lines],
        "refunds": [
            refunds[each["id"]] for each in children(node, "refunds") if each.get("id") in refunds
        ],
        "fulfillments": [_shape_parcel(each) for each in parcels],
    }


def shape_refund(node: Json, lines: Sequence[Json], payments: Sequence[Json]) -> Shape:
    """Return a refund as it stands inside an order.

    Args:
        node: the refund.
        lines: all that were refunded.
        payments: all that went back.
    """
    return {
        "id": text(node, "legacyResourceId"),
        "created_at": node.get("createdAt"),
        "note": node.get("note"),
        "refund_line_items": [
            {
                "line_item_id": last_of(text(child(each, "lineItem"), "id")),
                "quantity": each.get("quantity"),
                "subtotal": _amount(each, "subtotalSet"),
                "total_tax": _amount(each, "totalTaxSet"),
                "subtotal_set": _shape_money(each, "subtotalSet"),
                "total_tax_set": _shape_money(each, "totalTaxSet"),
            }
            for each in lines
        ],
        "transactions": [
            {
                "kind": text(each, "kind").lower(),
                "status": text(each, "status").lower(),
                "amount": _amount(each, "amountSet", "presentmentMoney"),
                "currency": child(child(each, "amountSet"), "presentmentMoney").get("currencyCode"),
            }
            for each in payments
        ],
        "order_adjustments": [
            {"amount": _amount(each, "amountSet"), "tax_amount": _amount(each, "taxAmountSet")}
            for each in children(child(node, "orderAdjustments"), "nodes")
        ],
        "refund_shipping_lines": [
            {"subtotal_amount": _amount(each, "subtotalAmountSet")}
            for each in children(child(node, "refundShippingLines"), "nodes")
        ],
    }


def last_of(gid: str) -> str:
    """Return the number at the end of a global id, which is the id in webhooks."""
    return gid.rpartition("/")[2].partition("?")[0]


def _shape_buyer(node: Json) -> Shape:
    return {
        "id": text(node, "legacyResourceId"),
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
        "first_name": node.get("firstName"),
        "last_name": node.get("lastName"),
        "email": child(node, "defaultEmailAddress").get("emailAddress"),
        "phone": child(node, "defaultPhoneNumber").get("phoneNumber"),
        "default_address": _shape_place(child(node, "defaultAddress")),
    }


def _shape_place(node: Json) -> Shape | None:
    if not node:
        return None
    return {
        "first_name": node.get("firstName"),
        "last_name": node.get("lastName"),
        "city": node.get("city"),
        "zip": node.get("zip"),
        "province": node.get("province"),
        "province_code": node.get("provinceCode"),
        "country_code": node.get("countryCodeV2"),
        "latitude": node.get("latitude"),
        "longitude": node.get("longitude"),
    }


def _shape_consent(address: Json) -> Shape | None:
    state = text(address, "marketingState").lower()
    if not state:
        return None
    return {
        "state": state,
        "opt_in_level": text(address, "marketingOptInLevel").lower(),
        "consent_updated_at": address.get("marketingUpdatedAt"),
    }


def _shape_variant(node: Json) -> Shape:
    item = child(node, "inventoryItem")
    return {
        "id": text(node, "legacyResourceId"),
        "sku": node.get("sku"),
        "title": node.get("title"),
        "price": node.get("price"),
        "compare_at_price": node.get("compareAtPrice"),
        "inventory_quantity": node.get("inventoryQuantity"),
        "inventory_policy": text(node, "inventoryPolicy").lower(),
        "inventory_item_id": item.get("legacyResourceId"),
        "inventory_management": "shopify" if item.get("tracked") else None,
    }


def _shape_line(node: Json) -> Shape:
    return {
        "id": last_of(text(node, "id")),
        "quantity": node.get("quantity"),
        "sku": node.get("sku"),
        "title": node.get("title"),
        "price": _amount(node, "originalUnitPriceSet"),
        "total_discount": _amount(node, "totalDiscountSet"),
        "discount_allocations": [
            {"amount": _amount(each, "allocatedAmountSet")}
            for each in children(node, "discountAllocations")
        ],
        "product_id": child(node, "product").get("legacyResourceId"),
        "variant_id": child(node, "variant").get("legacyResourceId"),
    }


def _shape_parcel(node: Json) -> Shape:
    tracked = children(node, "trackingInfo")
    first = tracked[0] if tracked else {}
    shown = text(node, "displayStatus").lower()
    shown = "failure" if shown == "not_delivered" else shown
    return {
        "id": text(node, "legacyResourceId"),
        "status": text(node, "status").lower(),
        "shipment_status": shown if shown in SHIPMENT_STATES else None,
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
        "tracking_company": first.get("company"),
        "tracking_number": first.get("number"),
        "tracking_url": first.get("url"),
    }


def _state_of(node: Json, parcels: Sequence[Json]) -> str | None:
    """A webhook knows three states; what Shopify shows beside them says how work goes on."""
    shown = text(node, "displayFulfillmentStatus").lower()
    if shown in _ORDER_STATES:
        return _ORDER_STATES[shown]
    return "partial" if any(text(each, "status") == "SUCCESS" for each in parcels) else None


def _shape_money(node: Json, name: str) -> Shape | None:
    found = child(child(node, name), "shopMoney")
    if not found:
        return None
    money = {"amount": found.get("amount"), "currency_code": found.get("currencyCode")}
    return {"shop_money": money}


def _amount(node: Json, name: str, side: str = "shopMoney") -> Any:
    return child(child(node, name), side).get("amount")


def _inside_of(address: str) -> str:
    """A webhook words the landing page from the shop's root on."""
    try:
        split = urlsplit(address)
    except ValueError:
        return ""
    return split._replace(scheme="", netloc="").geturl()
