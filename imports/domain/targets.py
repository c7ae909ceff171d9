"""What a column of a file can mean, by kind, and the names that other tools give it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from imports.choices import Kind


@dataclass(frozen=True, slots=True)
class Target:
    """One meaning of a column.

    Attributes:
        name: what rows call it.
        label: what people read.
        names: headers that mean it, in lower case without signs between the words.
    """

    name: str
    label: str
    names: Sequence[str] = ()


_WHO = (
    Target(
        "email",
        "Email",
        (
            "email",
            "email address",
            "e mail",
            "e mail address",
            "mail",
            "billing email",
        ),
    ),
    Target(
        "phone",
        "Phone",
        ("phone", "phone number", "mobile", "mobile phone", "billing phone", "sms", "telephone"),
    ),
    Target(
        "customer_id",
        "Customer id",
        ("customer id", "id", "external id", "user id", "customer", "client id"),
    ),
)
_NAME = (
    Target("first_name", "First name", ("first name", "firstname", "given name", "fname")),
    Target("last_name", "Last name", ("last name", "lastname", "surname", "family name", "lname")),
    Target("full_name", "Full name", ("name", "full name", "customer name", "billing name")),
)
_PLACE = (
    Target(
        "country",
        "Country",
        (
            "country",
            "country code",
            "default address country code",
            "country region",
            "billing country",
            "cc",
        ),
    ),
    Target(
        "region",
        "Region",
        ("region", "state", "province", "state region", "default address province code"),
    ),
    Target("city", "City", ("city", "town", "default address city", "billing city")),
    Target(
        "postcode",
        "Postcode",
        ("postcode", "postal code", "zip", "zip code", "default address zip"),
    ),
)
_SUPPRESSION = Target(
    "suppression",
    "Suppressed because",
    ("suppression", "suppressions", "email suppressions", "suppression reason"),
)
_BAG = Target("bag", "Properties (JSON object)")
_CUSTOMERS = (
    *_WHO,
    *_NAME,
    *_PLACE,
    Target("locale", "Language", ("language", "locale")),
    Target("timezone", "Time zone", ("timezone", "time zone")),
    Target(
        "created_at",
        "Customer since",
        (
            "created at",
            "created",
            "sign up",
            "registered",
            "date registered",
            "profile created on",
            "date added",
        ),
    ),
    Target("tags", "Tags of the shop", ("tags", "customer tags")),
    Target(
        "email_consent",
        "Email consent",
        (
            "accepts email marketing",
            "accepts marketing",
            "email marketing consent",
            "email consent",
            "email status",
        ),
    ),
    Target(
        "email_consent_at",
        "Email consent: when",
        (
            "email marketing consent timestamp",
            "email consent at",
            "optin time",
            "confirm time",
            "consent timestamp",
        ),
    ),
    Target(
        "sms_consent",
        "SMS consent",
        ("accepts sms marketing", "sms marketing consent", "sms consent"),
    ),
    Target(
        "sms_consent_at",
        "SMS consent: when",
        ("sms marketing consent timestamp", "sms consent at"),
    ),
    Target("email_consent_detail", "Email consent: how", ("email marketing consent method",)),
    Target("sms_consent_detail", "SMS consent: how", ("sms marketing consent method",)),
    _SUPPRESSION,
    Target("lists", "Lists and tags", ("lists", "list", "list memberships", "segments")),
    _BAG,
)

_ORDERS = (
    Target(
        "order_id",
        "Order number",
        ("order id", "order number", "name", "order", "order no", "invoice", "invoiceno", "id"),
    ),
    Target("reference", "Id in the shop", ("id", "order key")),
    Target(
        "ordered_at",
        "Ordered at",
        (
            "ordered at",
            "order date",
            "created at",
            "date",
            "invoicedate",
            "processed at",
            "paid at",
        ),
    ),
    *_WHO,
    *_NAME,
    Target("country", "Country", ("billing country", "shipping country", "country")),
    Target("currency", "Currency", ("currency", "order currency")),
    Target("sku", "Product number", ("lineitem sku", "sku", "item sku", "stockcode")),
    Target(
        "title",
        "Product",
        ("lineitem name", "title", "item name", "product name", "product", "description"),
    ),
    Target("category", "Category", ("category", "product type", "lineitem category")),
    Target("quantity", "Quantity", ("lineitem quantity", "quantity", "item quantity", "qty")),
    Target(
        "unit_price",
        "Price of one",
        ("lineitem price", "unit price", "price", "item price", "item cost", "unitprice"),
    ),
    Target("discount", "Discount of the line", ("lineitem discount", "discount", "item discount")),
    Target("status", "State of payment", ("financial status", "status", "order status")),
    Target("fulfillment", "State of delivery", ("fulfillment status", "fulfilment status")),
    Target("subtotal", "Subtotal", ("subtotal", "order subtotal")),
    Target("shipping", "Shipping", ("shipping", "order shipping", "order shipping amount")),
    Target("tax", "Tax", ("taxes", "tax", "order tax", "order total tax amount")),
    Target("total", "Total", ("total", "order total", "order total amount")),
    Target("discount_total", "Discount of the order", ("discount amount", "cart discount amount")),
    Target("discount_code", "Discount code", ("discount code", "coupon code", "coupons")),
    Target("refunded", "Paid back", ("refunded amount", "order refund amount")),
    Target("cancelled_at", "Cancelled at", ("cancelled at", "canceled at")),
)
_EVENTS = (
    *_WHO[:2],
    Target("customer_id", "Customer id", ("customer id", "external id", "user id", "customer")),
    Target("event", "Event", ("event", "event name", "metric", "metric name", "name")),
    Target(
        "occurred_at",
        "Time",
        ("timestamp", "occurred at", "datetime", "time", "date", "event time", "created at"),
    ),
    Target("event_id", "Id of the event", ("event id", "message id", "uuid", "unique id", "id")),
    _BAG,
)
_CONSENT = (
    *_WHO,
    Target("channel", "Channel", ("channel",)),
    Target(
        "state",
        "Consent",
        ("state", "consent", "status", "email marketing consent", "accepts email marketing"),
    ),
    Target(
        "occurred_at",
        "When",
        (
            "occurred at",
            "timestamp",
            "consent timestamp",
            "email marketing consent timestamp",
            "unsub time",
            "clean time",
            "confirm time",
            "optin time",
            "date",
        ),
    ),
    Target("source", "Where", ("source", "method", "consent source")),
    replace(_SUPPRESSION, names=(*_SUPPRESSION.names, "reason")),
)

_STOCK_OF_VARIANT = (
    Target(
        "quantity",
        "Pieces left",
        (
            "variant inventory qty",
            "inventory quantity",
            "stock",
            "stock quantity",
            "quantity",
            "qty",
            "inventory",
            "available",
            "on hand",
        ),
    ),
    Target(
        "policy",
        "When none is left",
        (
            "variant inventory policy",
            "inventory policy",
            "policy",
            "backorders allowed",
            "backorders",
        ),
    ),
    Target(
        "back_on",
        "Expected again on",
        (
            "back on",
            "backorder date",
            "restock date",
            "expected on",
            "expected",
            "eta",
            "available from",
        ),
    ),
)
_PRODUCTS = (
    Target("product_id", "Product id", ("product id", "item id", "id")),
    Target("handle", "Handle", ("handle", "slug", "url handle")),
    Target("parent", "Product of the variant", ("parent",)),
    Target("title", "Title", ("title", "product title", "name", "product name", "product")),
    Target(
        "category",
        "Category",
        ("category", "categories", "product type", "type", "product category"),
    ),
    Target("kind", "Kind of row (variable, variation)", ("type",)),
    Target("brand", "Brand", ("brand", "brands", "vendor", "manufacturer")),
    Target("url", "Address of its page", ("url", "product url", "link", "permalink")),
    Target(
        "image", "Address of its image", ("image src", "image url", "image", "images", "image link")
    ),
    Target("status", "Status", ("status", "published")),
    Target("tags", "Tags", ("tags", "tag", "product tags")),
    Target("variant_id", "Variant id", ("variant id",)),
    Target("sku", "SKU", ("variant sku", "sku", "product code", "item sku")),
    Target(
        "variant_title",
        "Variant",
        ("variant title", "variant name", "variant", "option1 value", "option 1 value"),
    ),
    Target("option2", "Second option", ("option2 value", "option 2 value")),
    Target("option3", "Third option", ("option3 value", "option 3 value")),
    Target(
        "price", "Price", ("variant price", "price", "sale price", "unit price", "regular price")
    ),
    Target(
        "compare_at",
        "Compare-at price",
        (
            "variant compare at price",
            "compare at price",
            "compare at",
            "regular price",
            "list price",
            "rrp",
        ),
    ),
    *_STOCK_OF_VARIANT,
)
_STOCK = (
    Target("sku", "SKU", ("variant sku", "sku", "product code", "item sku")),
    Target("variant_id", "Variant id", ("variant id", "id")),
    *_STOCK_OF_VARIANT,
)

_POINTS = (
    *_WHO,
    *_NAME,
    Target(
        "points",
        "Points",
        (
            "points",
            "points balance",
            "balance",
            "current points",
            "point balance",
            "loyalty points",
        ),
    ),
    Target(
        "member_id", "Member id in the other tool", ("member id", "membership id", "loyalty id")
    ),
    Target("entry_id", "Id of the movement", ("entry id", "movement id", "transaction id")),
    Target("since", "Since", ("since", "date", "earned at", "created at", "balance date")),
    Target("tier", "Tier", ("tier", "vip tier", "level", "loyalty tier", "status")),
)
_SUPPRESSED = (
    *_WHO[:2],
    replace(_SUPPRESSION, names=(*_SUPPRESSION.names, "reason", "status", "type")),
)

TARGETS: Mapping[str, Sequence[Target]] = {
    Kind.CUSTOMERS: _CUSTOMERS,
    Kind.ORDERS: _ORDERS,
    Kind.CONSENT: _CONSENT,
    Kind.SUPPRESSIONS: _SUPPRESSED,
    Kind.EVENTS: _EVENTS,
    Kind.PRODUCTS: _PRODUCTS,
    Kind.STOCK: _STOCK,
    Kind.POINTS: _POINTS,
}

REQUIRED: Mapping[str, Sequence[Sequence[str]]] = {
    Kind.CUSTOMERS: (("email", "phone", "customer_id"),),
    Kind.ORDERS: (("order_id",), ("ordered_at",), ("quantity",), ("unit_price",)),
    Kind.CONSENT: (("email", "phone", "customer_id"),),
    Kind.SUPPRESSIONS: (("email", "phone"),),
    Kind.EVENTS: (("email", "phone", "customer_id"), ("event",), ("occurred_at",)),
    Kind.PRODUCTS: (("product_id", "handle", "sku"),),
    Kind.STOCK: (("sku", "variant_id"), ("quantity", "policy", "back_on")),
    Kind.POINTS: (("email", "phone", "customer_id"), ("points",)),
}
"""Of each group at least one target needs a column."""

LEFT_OUT = frozenset(
    {
        "total spent",
        "total spend",
        "total orders",
        "orders",
        "aov",
        "last active",
        "note",
        "tax exempt",
        "username",
        "default address company",
        "default address address1",
        "default address address2",
        "default address phone",
        "klaviyo id",
        "latitude",
        "longitude",
        "ip address",
        "member rating",
        "optin ip",
        "confirm ip",
        "gmtoff",
        "dstoff",
        "leid",
        "euid",
        "last changed",
        "reason",
        "why not taken",
        "row",
    }
)
"""Columns of other tools that are left out unless somebody says otherwise: figures that Patron
computes itself, ids that mean nothing here, addresses of devices, and what this page adds to the
file of refused rows."""


def find_target(kind: str, name: str) -> Target | None:
    """Return a target of a kind by name."""
    return next((each for each in TARGETS[kind] if each.name == name), None)
