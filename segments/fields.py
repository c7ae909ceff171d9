"""What a condition can ask: every field with its type, unit and SQL. The only identifiers.

A compiled condition holds nothing of a definition but bound values; every column comes from here.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from segments.domain.comparisons import operators_of
from segments.domain.rfm import GROUP_LABELS
from segments.types import Field, Kind

_PROFILE = "Profile"
_ORDERS = "Orders"
_RFM = "RFM"
_ENGAGEMENT = "Engagement"
_LOYALTY = "Loyalty"
_BEHAVIOUR = "Site and cart"
_ORIGIN = "Where they came from"
_SERVICE = "Service"
_PREDICTED = "Predictions"


def _count(name: str, label: str, column: str, group: str, *, unit: str) -> Field:
    return Field(
        name=name,
        label=label,
        kind=Kind.NUMBER,
        sql=f"COALESCE(f.{column}, 0)",
        group=group,
        unit=unit,
        is_nullable=False,
        is_comparable=True,
        stored=f"f.{column}",
    )


def _money(name: str, label: str, column: str) -> Field:
    return Field(
        name=name,
        label=label,
        kind=Kind.MONEY,
        sql=f"COALESCE(f.{column}, 0)",
        group=_ORDERS,
        is_nullable=False,
        is_comparable=True,
        stored=f"f.{column}",
    )


def _flag(name: str, label: str, column: str) -> Field:
    """Offer whether a figure is above zero."""
    sql = f"(COALESCE(f.{column}, 0) > 0)"
    return Field(name, label, Kind.BOOLEAN, sql, _SERVICE, is_nullable=False)


def _text(name: str, label: str, column: str) -> Field:
    return Field(name, label, Kind.TEXT, f"p.{column}", _PROFILE, is_nullable=False)


def _moments(name: str, label: str, sql: str, group: str) -> tuple[Field, Field]:
    """Offer one instant twice: as a date, and as days since then."""
    days = name.removesuffix("_at")
    return (
        Field(name, label, Kind.DATE, sql, group),
        Field(
            f"days_since_{days}",
            f"Days since {label[0].lower()}{label[1:]}",
            Kind.DAYS_SINCE,
            sql,
            group,
            unit="days",
        ),
    )


def _touch(column: str, which: str) -> tuple[Field, ...]:
    """Offer where somebody came from, word by word."""
    return tuple(
        Field(
            f"{column}_{word}",
            f"{which} touch: {word}",
            Kind.TEXT,
            f"NULLIF(f.{column}->>'{word}', '')",
            _ORIGIN,
        )
        for word in ("source", "medium", "campaign")
    )


def _later(name: str, label: str, kind: Kind, group: str, missing: str) -> Field:
    """Name what cannot be asked yet, so that it is refused with the reason and never just false."""
    return Field(name, label, kind, "NULL", group, missing=missing)


_ALL: tuple[Field, ...] = (
    _text("email", "Email", "email_norm"),
    _text("phone", "Phone", "phone"),
    _text("first_name", "First name", "first_name"),
    _text("last_name", "Last name", "last_name"),
    _text("locale", "Language", "locale"),
    _text("timezone", "Time zone", "timezone"),
    _text("country", "Country", "country"),
    _text("region", "Region", "region"),
    _text("city", "City", "city"),
    _text("postcode", "Postcode", "postcode"),
    Field(
        "has_email",
        "Has an email address",
        Kind.BOOLEAN,
        "(p.email_norm <> '')",
        _PROFILE,
        is_nullable=False,
    ),
    Field(
        "has_phone",
        "Has a phone number",
        Kind.BOOLEAN,
        "(p.phone <> '')",
        _PROFILE,
        is_nullable=False,
    ),
    Field("tags", "Tags", Kind.LIST, "p.tags", _PROFILE, is_nullable=False),
    *_moments("created_at", "First known", "p.created_at", _PROFILE),
    _count("order_count", "Orders", "order_count", _ORDERS, unit="orders"),
    _money("net_revenue", "Net revenue", "net_minor"),
    _money("gross_revenue", "Gross revenue", "gross_minor"),
    _money("refunded", "Refunded", "refunded_minor"),
    Field(
        "average_order_value",
        "Average order value",
        Kind.MONEY,
        "(f.gross_minor::numeric / NULLIF(f.order_count, 0))",
        _ORDERS,
        is_comparable=True,
    ),
    *_moments("first_order_at", "First order", "f.first_order_at", _ORDERS),
    *_moments("last_order_at", "Last order", "f.last_order_at", _ORDERS),
    Field(
        "days_between_orders",
        "Days between orders",
        Kind.NUMBER,
        "f.days_between_orders",
        _ORDERS,
        unit="days",
        is_comparable=True,
    ),
    Field("categories", "Categories bought", Kind.LIST, "f.categories", _ORDERS),
    Field("recency", "Recency score", Kind.NUMBER, "f.recency", _RFM),
    Field("frequency", "Frequency score", Kind.NUMBER, "f.frequency", _RFM),
    Field("monetary", "Monetary score", Kind.NUMBER, "f.monetary", _RFM),
    Field(
        "rfm_group",
        "RFM group",
        Kind.CHOICE,
        "NULLIF(f.rfm_group, '')",
        _RFM,
        choices=tuple(GROUP_LABELS.items()),
    ),
    _count("points_balance", "Points balance", "points_balance", _LOYALTY, unit="points"),
    Field(
        "loyalty_tier",
        "Loyalty tier",
        Kind.TEXT,
        "NULLIF(f.loyalty_tier, '')",
        _LOYALTY,
        ends_at="f.tier_ends_at",
        then="NULLIF(f.tier_after, '')",
    ),
    Field(
        "loyalty_rank",
        "Loyalty tier level (1 is the lowest)",
        Kind.NUMBER,
        "NULLIF(f.loyalty_rank, 0)",
        _LOYALTY,
        ends_at="f.tier_ends_at",
        then="NULLIF(f.rank_after, 0)",
    ),
    Field(
        "tier_ends_at",
        "Loyalty tier ends unless they earn it again",
        Kind.DATE,
        "f.tier_ends_at",
        _LOYALTY,
    ),
    _count("points_pending", "Points not usable yet", "points_pending", _LOYALTY, unit="points"),
    _count(
        "points_expiring", "Points that expire next", "points_expiring", _LOYALTY, unit="points"
    ),
    Field("points_expire_at", "Next points expire", Kind.DATE, "f.points_expire_at", _LOYALTY),
    *_moments("last_opened_at", "Last open", "f.last_opened_at", _ENGAGEMENT),
    *_moments("last_clicked_at", "Last click", "f.last_clicked_at", _ENGAGEMENT),
    *_moments("last_seen_at", "Last visit", "f.last_seen_at", _ENGAGEMENT),
    *_moments(
        "last_engaged_at",
        "Last open or click",
        "GREATEST(f.last_opened_at, f.last_clicked_at)",
        _ENGAGEMENT,
    ),
    *_moments(
        "last_active_at",
        "Last open, click, visit or order",
        "GREATEST(f.last_opened_at, f.last_clicked_at, f.last_seen_at, f.last_order_at)",
        _ENGAGEMENT,
    ),
    *_moments("last_viewed_at", "Last product view", "f.last_viewed_at", _BEHAVIOUR),
    *_moments("last_searched_at", "Last search", "f.last_searched_at", _BEHAVIOUR),
    *_moments("last_carted_at", "Last added to cart", "f.last_carted_at", _BEHAVIOUR),
    *_moments("last_checkout_at", "Last checkout", "f.last_checkout_at", _BEHAVIOUR),
    *_moments("cart_at", "Cart left", "f.cart_at", _BEHAVIOUR),
    Field(
        "cart_value",
        "Value of the cart",
        Kind.MONEY,
        "f.cart_minor",
        _BEHAVIOUR,
        is_comparable=True,
    ),
    *_touch("first_touch", "First"),
    *_touch("last_touch", "Last"),
    Field("payment_methods", "Payment methods used", Kind.LIST, "f.payment_methods", _ORDERS),
    Field("order_channels", "Places ordered from", Kind.LIST, "f.order_channels", _ORDERS),
    _flag("has_open_ticket", "Has an open ticket", "open_ticket_count"),
    _count("open_tickets", "Open tickets", "open_ticket_count", _SERVICE, unit="tickets"),
    *_moments("last_ticket_at", "Last ticket", "f.last_ticket_at", _SERVICE),
    _flag("has_open_return", "Has an open return", "open_return_count"),
    _flag("has_late_shipment", "Waits for a late parcel", "late_shipment_count"),
    _count("review_count", "Reviews written", "review_count", _SERVICE, unit="reviews"),
    Field("last_review_rating", "Stars of the last review", Kind.NUMBER, "f.last_rating", _SERVICE),
    _flag("has_negative_review", "Has an unanswered negative review", "unhappy_review_count"),
    *(
        _later(name, label, kind, _PREDICTED, "nothing is predicted")
        for name, label, kind in (
            ("predicted_clv", "Predicted value in 12 months", Kind.MONEY),
            ("predicted_orders", "Predicted orders in 12 months", Kind.NUMBER),
            ("churn_probability", "Probability of churn", Kind.NUMBER),
            ("next_order_on", "Expected next order", Kind.DATE),
        )
    ),
)

FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _ALL})
"""Every field by name, in the order in which they are offered."""


LIST_FIELD = re.compile(r"list_([1-9][0-9]{0,17})")
"""Name of the field that says whether somebody was put on the list of this id."""
_ON_LIST = """
(EXISTS (
    SELECT 1 FROM segments_listentry AS e
    WHERE e.tenant_id = %(tenant_id)s AND e.profile_id = p.id AND e.segment_id = {list_id}
) OR EXISTS (
    SELECT 1 FROM segments_listaside AS a
    WHERE a.tenant_id = %(tenant_id)s AND a.profile_id = p.id AND a.segment_id = {list_id}
))
"""


class _KnownFields(Mapping[str, Field]):
    """Every field that is offered, and one for each list, which its own definition asks alone."""

    def __getitem__(self, name: str) -> Field:
        named = LIST_FIELD.fullmatch(name)
        if named is None:
            return FIELDS[name]
        sql = _ON_LIST.replace("{list_id}", str(int(named[1])))
        return Field(name, "On this list", Kind.BOOLEAN, sql, "Lists", is_nullable=False)

    def __iter__(self) -> Iterator[str]:
        return iter(FIELDS)

    def __len__(self) -> int:
        return len(FIELDS)


KNOWN_FIELDS: Mapping[str, Field] = _KnownFields()
"""What definitions are read against; another segment asks for a list by its id."""


def define_list(list_id: int) -> dict[str, object]:
    """Return the definition of a list: whoever was put on it."""
    return {"field": f"list_{list_id}", "is": "=", "value": True}


def describe_fields() -> list[dict[str, object]]:
    """Return every field as plain values, for ``GET /api/v1/segments/fields/``.

    Returns:
        ``name``, ``label``, ``type``, ``unit``, ``group``, ``operators``, ``missing`` with the
        reason where it cannot be asked yet and, for a choice, ``choices`` with ``value`` and
        ``label``.
    """
    return [
        {
            "name": field.name,
            "label": field.label,
            "type": str(field.kind),
            "unit": "currency" if field.kind is Kind.MONEY else field.unit,
            "group": field.group,
            "operators": [] if field.missing else list(operators_of(field)),
            "missing": field.missing,
            "choices": [{"value": value, "label": label} for value, label in field.choices],
        }
        for field in FIELDS.values()
    ]
