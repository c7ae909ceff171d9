"""What the timeline says of people who knocked at a flow by themselves or by hand."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crm.models import Event
from crm.panels import EventWords
from flows.domain.starts import (
    ADDED,
    DATE_REACHED,
    PRICE_FELL,
    PRODUCT_CAME,
    REFILL_DUE,
    STOCK_CAME,
    STOCK_FELL,
)
from flows.models import Flow

EVENTS: Final = (
    DATE_REACHED,
    PRICE_FELL,
    STOCK_FELL,
    STOCK_CAME,
    REFILL_DUE,
    PRODUCT_CAME,
    ADDED,
)


def speak_starts(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word what was to start flows; one statement for any number."""
    ids = {event.object_id for event in events if event.object_id is not None}
    names = dict(Flow.objects.filter(pk__in=ids).values_list("pk", "name"))
    return {event.pk: _speak(event, names) for event in events}


def _speak(event: Event, names: Mapping[int, str]) -> EventWords:
    said, flow_id = event.properties, event.object_id or 0
    name = names.get(flow_id, "a deleted flow")
    link = ("flows:detail", flow_id) if flow_id in names else None
    symbol, title = _title(event.name, said)
    return EventWords(symbol, title, f"For the flow {name}", "neutral", link)


def _title(name: str, said: Mapping[str, Any]) -> tuple[str, str]:
    if name == DATE_REACHED:
        date = str(said.get("property", "")).removesuffix("_at").replace("_", " ")
        return "calendar", f"The date came: {date}"
    if name in _OF_GOODS:
        symbol, words = _OF_GOODS[name]
        named = (said[key] for key in ("title", "name", "sku") if said.get(key))
        return symbol, words.format(next(named, "a product"))
    return "plus", f"Put in by {said.get('added_by', 'your team')}"


_OF_GOODS: Final[Mapping[str, tuple[str, str]]] = {
    PRICE_FELL: ("tag", "The price of {} dropped"),
    STOCK_FELL: ("store", "{} runs low"),
    STOCK_CAME: ("store", "{} is back in stock"),
    REFILL_DUE: ("refresh", "{} runs out soon"),
    PRODUCT_CAME: ("tag", "{} is new in a category that they like"),
}
"""Symbol and words by event; braces stand for the name of the product."""
