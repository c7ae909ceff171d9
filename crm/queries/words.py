"""What the timeline says of the events of this app."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crm.choices import OrderChannel, PaymentMethod
from crm.domain.channels import CHANNEL_WORDS
from crm.domain.merging import say_merge_rule
from crm.models import Event, Note
from crm.panels import EventWords
from kernel.formats import format_money
from kernel.money import to_minor

ORDER_EVENTS = (
    "Order Placed",
    "Order Updated",
    "Order Cancelled",
    "Order Refunded",
    "Order Fulfilled",
    "Order Delivered",
    "Shipment Delayed",
)
PROFILE_EVENTS = (
    "Profile Created",
    "Profile Updated",
    "Profile Merged",
    "Consent Changed",
    "Suppression Changed",
    "Push Device Changed",
    "Tags Changed",
    "Data Requested",
    "Import Undone",
)
NOTE_EVENTS = ("Note Added",)
_PAYMENTS = {str(value): str(label) for value, label in PaymentMethod.choices}
_ORDER_CHANNELS = {str(value): str(label) for value, label in OrderChannel.choices}
_TITLES_SHOWN = 3


def speak_orders(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word what happened to orders."""
    return {event.pk: _speak_order(event.name, event.properties) for event in events}


def speak_profile(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word what happened to the profile itself."""
    return {event.pk: _speak_profile(event.name, event.properties) for event in events}


def speak_notes(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word notes by what they say now; one statement for any number."""
    ids = [event.object_id for event in events if event.object_id is not None]
    notes = Note.objects.in_bulk(ids)
    return {event.pk: _speak_note(event, notes.get(event.object_id or 0)) for event in events}


def _speak_note(event: Event, note: Note | None) -> EventWords:
    by = str(event.properties.get("by", ""))
    if note is None:
        return EventWords("note", "A note was deleted", f"By {by}" if by else "")
    return EventWords("note", f"Note of {note.author}", note.text, "accent")


def _speak_order(name: str, said: Mapping[str, Any]) -> EventWords:
    number = said.get("number", "")
    match name:
        case "Order Placed":
            return EventWords("order", f"Placed order {number}", _goods(said), "good")
        case "Order Refunded":
            of = f"Refund of order {number}" if number else "Refund"
            return EventWords("return", of, _amount(said, "amount"), "bad")
        case "Order Cancelled":
            return EventWords("x", f"Order {number} was cancelled", "", "bad")
        case "Order Fulfilled" | "Order Delivered" | "Shipment Delayed":
            return _speak_parcel(name, said)
        case _:
            return EventWords("edit", f"Order {number} was changed in the store")


def _speak_parcel(name: str, said: Mapping[str, Any]) -> EventWords:
    number = said.get("number", "")
    parcel = " ".join(filter(None, [said.get("carrier"), said.get("tracking_number")]))
    if name == "Order Fulfilled":
        return EventWords("truck", f"Order {number} was shipped", parcel)
    if name == "Order Delivered":
        return EventWords("truck", f"Order {number} arrived", parcel, "good")
    return EventWords("clock", f"Order {number} is late", parcel, "bad")


def _goods(said: Mapping[str, Any]) -> str:
    items = [item for item in said.get("items", []) if isinstance(item, dict)]
    titles = [str(item.get("title") or item.get("sku") or "") for item in items[:_TITLES_SHOWN]]
    more = len(items) - _TITLES_SHOWN
    goods = ", ".join(filter(None, titles)) + (f" and {more} more" if more > 0 else "")
    return " · ".join(filter(None, [_amount(said, "total"), goods, *_how_bought(said)]))


def _how_bought(said: Mapping[str, Any]) -> list[str]:
    """Say how an order was paid, and where it was placed when that was not the online shop."""
    method, channel = str(said.get("payment_method", "")), str(said.get("channel", ""))
    payment = str(said.get("payment_name") or _PAYMENTS.get(method, ""))
    return [payment, "" if channel == OrderChannel.ONLINE else _ORDER_CHANNELS.get(channel, "")]


def _amount(said: Mapping[str, Any], key: str) -> str:
    """Return the amount of a decimal text, such as £59.90; empty for one that is none."""
    currency = str(said.get("currency", ""))
    try:
        return format_money(to_minor(str(said[key]), currency), currency)
    except (KeyError, ValueError):
        return ""


def _speak_profile(name: str, said: Mapping[str, Any]) -> EventWords:
    speak = _PROFILE_SPEAKERS.get(name)
    return speak(said) if speak else EventWords("edit", "Details changed")


def _speak_merge(said: Mapping[str, Any]) -> EventWords:
    if said.get("undone"):
        return EventWords("return", "A merge was undone")
    if by_rule := say_merge_rule(str(said.get("rule", ""))):
        return EventWords(
            "link", "Another profile became part of this one", f"By your rule: {by_rule.lower()}"
        )
    rule = str(said.get("rule", "")).replace("_", " ")
    text = f"Both had the same {rule}" if rule and rule != "manual" else "By hand"
    return EventWords("link", "Another profile became part of this one", text)


def _speak_consent(said: Mapping[str, Any]) -> EventWords:
    channel = CHANNEL_WORDS.get(str(said.get("channel")), str(said.get("channel", "")))
    state = str(said.get("state", "")).replace("_", " ")
    tone = "good" if state == "subscribed" else "neutral"
    before = str(said.get("before", "")).replace("_", " ")
    return EventWords("bell", f"{state.capitalize()} for {channel}", f"Was {before} before", tone)


def _speak_suppression(said: Mapping[str, Any]) -> EventWords:
    channel = CHANNEL_WORDS.get(str(said.get("channel")), str(said.get("channel", "")))
    if said.get("is_stopped"):
        return EventWords("bell", f"Suppressed for {channel}", "", "bad")
    return EventWords("bell", f"No longer suppressed for {channel}")


def _speak_tags(said: Mapping[str, Any]) -> EventWords:
    added = ", ".join(map(str, said.get("added", [])))
    removed = ", ".join(map(str, said.get("removed", [])))
    by = f"By {said['by']}" if said.get("by") else ""
    if added:
        also = f"Took {removed} away" if removed else ""
        return EventWords("tag", f"Tagged {added}", " · ".join(filter(None, [also, by])))
    return EventWords("tag", f"Tag {removed} removed", by)


_PROFILE_SPEAKERS: dict[str, Callable[[Mapping[str, Any]], EventWords]] = {
    "Profile Created": lambda _: EventWords("user", "First known", "", "accent"),
    "Profile Merged": _speak_merge,
    "Consent Changed": _speak_consent,
    "Suppression Changed": _speak_suppression,
    "Push Device Changed": lambda _: EventWords("bell", "Another browser or app, or one less"),
    "Tags Changed": _speak_tags,
    "Import Undone": lambda said: EventWords(
        "return", "An import was undone", str(said.get("file", ""))
    ),
    "Data Requested": lambda _: EventWords("download", "Asked for a copy of their data"),
}
