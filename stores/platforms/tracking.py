"""Calls of sites and apps as canonical records: what Segment's format means here. Pure."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import available_timezones

from crm.domain.checking import OWN_EVENTS
from crm.domain.touches import CAMPAIGN_WORDS, DIRECT, read_origin
from crm.types import AddressData, CustomerRecord, Origin, TrackedRecord
from stores.domain import calls
from stores.domain.calls import Item, Json, read_id
from stores.platforms.fields import child, text

MILLISECONDS_FROM: Final = 10**11
"""A whole number from here on is a time in milliseconds, not in seconds."""
MAX_TEXT: Final = 500

ECOMMERCE: Final = (
    *("Products Searched", "Product List Viewed", "Product List Filtered", "Promotion Viewed"),
    *("Promotion Clicked", "Product Clicked", "Product Viewed", "Product Added", "Product Removed"),
    *("Cart Viewed", "Checkout Started", "Checkout Step Viewed", "Checkout Step Completed"),
    *("Payment Info Entered", "Order Updated", "Order Completed", "Order Refunded"),
    *("Order Cancelled", "Coupon Entered", "Coupon Applied", "Coupon Denied", "Coupon Removed"),
    *("Product Added to Wishlist", "Product Removed from Wishlist"),
    *("Wishlist Product Added to Cart", "Product Shared", "Cart Shared", "Product Reviewed"),
)
"""Canonical names of what happens in a shop."""
FORMER: Final = {
    "viewedproductcategory": "Product List Viewed",
    "viewedproduct": "Product Viewed",
    "addedproduct": "Product Added",
    "removedproduct": "Product Removed",
    "completedorder": "Order Completed",
    "viewedcart": "Cart Viewed",
    "startedcheckout": "Checkout Started",
}
"""Names that the same had before."""
_NO_WORD = re.compile(r"[^a-z0-9]+")


def _fold(name: str) -> str:
    return _NO_WORD.sub("", name.lower())


_CANONICAL: Final = {_fold(name): name for name in ECOMMERCE} | FORMER

_TRAITS: Final = {
    "first_name": ("firstName", "first_name", "firstname"),
    "last_name": ("lastName", "last_name", "lastname"),
    "email": ("email",),
    "phone": ("phone", "phoneNumber", "phone_number"),
}
_PLACES: Final = {
    "country": ("country", "countryCode", "country_code"),
    "region": ("state", "region"),
    "city": ("city",),
    "postcode": ("postalCode", "postal_code", "postcode", "zip"),
}
_READ: Final = frozenset(
    {name for names in (*_TRAITS.values(), *_PLACES.values()) for name in names}
    | {"name", "address", "locale", "timezone", "id", "tags"}
)
"""Traits that are columns of a profile, or nothing of it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a request says of all its calls.

    Attributes:
        sent_at: by the sender's clock; None when it does not say.
        received_at: by ours.
        context: of all calls that do not say otherwise.
        is_history: times are as they were, whatever the clock says.
    """

    sent_at: datetime | None
    received_at: datetime
    context: Json = field(default_factory=dict)
    is_history: bool = False


def read_envelope(payload: Json, received_at: datetime, *, is_history: bool) -> Envelope:
    """Return what a body says of all its calls."""
    sent_at = read_time(payload.get("sentAt"))
    return Envelope(sent_at, received_at, child(payload, "context"), is_history)


def translate_call(item: Item, envelope: Envelope, *, unnamed_key: str) -> TrackedRecord:
    """Return the record of a call that was taken.

    Args:
        item: as `stores.domain.calls.read_items` judged it.
        envelope: of its request.
        unnamed_key: what tells it from its like when it has no message id.
    """
    body = item.body
    context = {**envelope.context, **child(body, "context")}
    at = _occurred_at(body, envelope)
    traits = {**child(context, "traits"), **child(body, "traits")}
    is_identify = item.call == calls.IDENTIFY
    said = traits if is_identify else _typed_in(body, context)
    name, properties = _happened(item.call, body, context)
    return TrackedRecord(
        occurred_at=at,
        who=_who(body, said, context, at, is_identify=is_identify),
        anonymous_ids=_anonymous_ids(item.call, body),
        device_id=read_id(child(context, "device").get("id")),
        name=name,
        properties=properties,
        dedupe_key=f"track:{item.message_id or unnamed_key}",
        has_traits=is_identify and bool(traits),
        is_visit=item.call in (calls.TRACK, calls.PAGE, calls.SCREEN)
        or (is_identify and bool(read_id(body.get("anonymousId")))),
        origin=_origin(body, context) if item.call == calls.PAGE else None,
    )


def canonical_name(event: str) -> str:
    """Return the name under which an event is kept.

    Names of e-commerce are canonical however they are written; those that only Patron gives are
    marked, because a site can only claim them. Every other name stays as it is.
    """
    name = event.strip()
    name = _CANONICAL.get(_fold(name), name)
    return f"{name} (reported)" if name in OWN_EVENTS else name


def read_time(value: Any) -> datetime | None:
    """Return a time in ISO 8601, or since 1970 in seconds or milliseconds; None for another."""
    try:
        if value.__class__ is str:
            at = datetime.fromisoformat(value.strip())
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        if value.__class__ in (int, float):
            seconds = value / 1000 if value >= MILLISECONDS_FROM else value
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _occurred_at(body: Json, envelope: Envelope) -> datetime:
    """Return when it happened, by our clock: the sender's may be days off."""
    original = read_time(body.get("originalTimestamp")) or read_time(body.get("timestamp"))
    if original is None:
        return envelope.received_at
    if envelope.is_history:
        return original
    sent_at = read_time(body.get("sentAt")) or envelope.sent_at
    if sent_at is None:
        return min(original, envelope.received_at)
    try:
        return min(envelope.received_at - (sent_at - original), envelope.received_at)
    except OverflowError:
        return envelope.received_at


def _anonymous_ids(call: str, body: Json) -> list[str]:
    ids = [read_id(body.get("anonymousId"))]
    if call == calls.ALIAS:
        ids.append(read_id(body.get("previousId")))
    user_id = read_id(body.get("userId"))
    return [value for value in ids if value and value != user_id]


def _happened(call: str, body: Json, context: Json) -> tuple[str, dict[str, Any]]:
    """Return name and properties of the event of a call; no name where it is none."""
    properties = dict(child(body, "properties"))
    match call:
        case calls.TRACK:
            return canonical_name(str(body["event"])), properties
        case calls.PAGE | calls.SCREEN:
            seen = {name: body[name] for name in ("name", "category") if body.get(name)}
            if call == calls.SCREEN:
                return "Screen Viewed", {**seen, **properties}
            page = {name: value for name, value in child(context, "page").items() if value}
            return "Page Viewed", {**page, **seen, **properties}
        case calls.GROUP:
            joined = {"group_id": read_id(body.get("groupId"))}
            return "Group Joined", joined | {
                name: value for name, value in child(body, "traits").items() if name not in joined
            }
        case _:
            return "", {}


def _origin(body: Json, context: Json) -> Origin | None:
    """Return where a visit came from; None for a page that another page of the site led to."""
    page = {**child(context, "page"), **child(body, "properties")}
    url, referrer, told = text(page, "url"), text(page, "referrer"), child(context, "campaign")
    words = {f"utm_{name}": text(told, name) for name in CAMPAIGN_WORDS}
    words["utm_campaign"] = words["utm_campaign"] or text(told, "name")
    origin = read_origin(url, referrer, words)
    is_inside = origin is not None and origin.source == DIRECT and bool(referrer)
    return None if is_inside else origin


def _typed_in(body: Json, context: Json) -> dict[str, Any]:
    """Return the address and number that an event brings along, such as one of the checkout."""
    places = (child(context, "traits"), child(body, "properties"))
    return {
        name: value
        for place in places
        for name in ("email", "phone")
        if (value := text(place, name))
    }


def _who(
    body: Json, said: Json, context: Json, at: datetime, *, is_identify: bool
) -> CustomerRecord:
    fields: dict[str, Any] = {field: _first(said, names) for field, names in _TRAITS.items()}
    whole = text(said, "name")
    if whole and not (fields["first_name"] or fields["last_name"]):
        fields["first_name"], _, fields["last_name"] = whole[:MAX_TEXT].partition(" ")
    zone = text(said, "timezone") or text(context, "timezone")
    others = {name: value for name, value in said.items() if name not in _READ}
    return CustomerRecord(
        external_id=read_id(body.get("userId")),
        version_at=at,
        locale=(text(said, "locale") or text(context, "locale"))[:MAX_TEXT],
        timezone=zone if zone in _zones() else "",
        address=_address(said),
        properties=others if is_identify else {},
        **fields,
    )


def _address(said: Json) -> AddressData:
    place: Mapping[str, Any] = {**said, **child(said, "address")}
    found = {field: _first(place, names) for field, names in _PLACES.items()}
    country = found["country"].upper()
    found["country"] = country if re.fullmatch("[A-Z]{2}", country) else ""
    return AddressData(**found)


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _first(said: Json, names: tuple[str, ...]) -> str:
    return next((found[:MAX_TEXT] for name in names if (found := text(said, name))), "")
