"""What uses what is received: segments, flows and templates by event and by property."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import F

from flows.models import FlowVersion
from messaging.models import Template
from segments.models import Segment

_ORDERS: Final = (
    *("order_count", "net_revenue", "gross_revenue", "refunded", "average_order_value"),
    *("first_order_at", "days_since_first_order", "last_order_at", "days_since_last_order"),
    *("days_between_orders", "categories", "recency", "frequency", "monetary", "rfm_group"),
)
FIELDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "Order Placed": _ORDERS,
    "Order Updated": _ORDERS,
    "Order Cancelled": _ORDERS,
    "Order Refunded": _ORDERS,
    "Product Viewed": ("last_viewed_at", "days_since_last_viewed"),
    "Products Searched": ("last_searched_at", "days_since_last_searched"),
    "Product Added": ("last_carted_at", "days_since_last_carted", "cart_at", "cart_value"),
    "Product Removed": ("cart_at", "cart_value"),
    "Cart Viewed": ("cart_at", "cart_value"),
    "Cart Updated": ("cart_at", "cart_value"),
    "Checkout Started": ("last_checkout_at", "days_since_last_checkout", "cart_at", "cart_value"),
    "Page Viewed": ("last_seen_at", "days_since_last_seen"),
    "Screen Viewed": ("last_seen_at", "days_since_last_seen"),
    "Message Opened": ("last_opened_at", "days_since_last_opened"),
    "Message Clicked": ("last_clicked_at", "days_since_last_clicked"),
}
"""Fields of segments that an event moves."""
_VARIABLE: Final = re.compile(r"\bevent\.(\w+)")


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that uses something: its kind, its name and the page that shows it."""

    kind: str
    name: str
    route: str = ""
    id: int = 0


@dataclass(slots=True)
class Usage:
    """Who uses which event, and which property of which event."""

    of_events: dict[str, list[Use]] = field(default_factory=lambda: defaultdict(list))
    of_properties: dict[tuple[str, str], list[Use]] = field(
        default_factory=lambda: defaultdict(list)
    )


def find_usage() -> Usage:
    """Return what the segments and the published flows of the tenant use, with their templates."""
    usage = Usage()
    _read_segments(usage)
    _read_flows(usage)
    return usage


def _read_segments(usage: Usage) -> None:
    events: dict[str, list[str]] = defaultdict(list)
    for event, fields in FIELDS_OF.items():
        for name in fields:
            events[name].append(event)
    for pk, name, definition in Segment.objects.order_by("name").values_list(
        "pk", "name", "definition"
    ):
        use = Use("Segment", name, "segments:detail", pk)
        asked = {event for word in _words_in(definition, "field") for event in events.get(word, ())}
        asked |= _words_in(definition, "event")
        for event in sorted(asked):
            usage.of_events[event].append(use)


def _read_flows(usage: Usage) -> None:
    texts = {
        key: (name, f"{subject} {mjml} {text}")
        for key, name, subject, mjml, text in Template.objects.values_list(
            "key", "name", "subject", "mjml", "text"
        )
    }
    live = FlowVersion.objects.filter(number=F("flow__version_number")).order_by("flow__name")
    for flow_id, name, graph in live.values_list("flow_id", "flow__name", "graph"):
        use = Use("Flow", name, "flows:detail", flow_id)
        trigger = graph.get("trigger", {}).get("event", "")
        for event in sorted({trigger, *_exits_in(graph)} - {""}):
            usage.of_events[event].append(use)
        for found in _properties_in(graph):
            _note(usage.of_properties[trigger, found], use)
        for key in _templates_in(graph):
            title, words = texts.get(key, ("", ""))
            for found in sorted(set(_VARIABLE.findall(words))):
                _note(usage.of_properties[trigger, found], Use("Template", title))


def _note(uses: list[Use], use: Use) -> None:
    if use not in uses:
        uses.append(use)


def _words_in(part: Any, key: str) -> set[str]:
    """Return every field, or event, that a definition asks, wherever it stands."""
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    found = {name for each in inner for name in _words_in(each, key)}
    word = part.get(key) if isinstance(part, dict) else None
    return found | {word} if isinstance(word, str) else found


def _exits_in(graph: Mapping[str, Any]) -> Iterable[str]:
    exits = [*graph.get("exit_on", ()), graph.get("goal") or {}]
    return (str(one.get("event", "")) for one in exits)


def _properties_in(graph: Mapping[str, Any]) -> Iterable[str]:
    asked = [str(one.get("property", "")) for one in graph.get("trigger", {}).get("filter", ())]
    keyed = graph.get("reentry", {}).get("property")
    return [name for name in [*asked, str(keyed or "")] if name]


def _templates_in(graph: Mapping[str, Any]) -> list[str]:
    nodes = graph.get("nodes", {}).values()
    return sorted({str(node["template"]) for node in nodes if node.get("template")})
