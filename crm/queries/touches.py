"""Where people and their orders came from, in words."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from crm.domain.touches import origin_of_order
from crm.models import Order, ProfileFacts

_WORDS = {"pos": "Point of sale", "offline": "Offline", "direct": "Direct"}
"""What people read for words of this app; all others are those of campaigns."""
_LABELS = {
    "source": "Source",
    "medium": "Medium",
    "campaign": "Campaign",
    "content": "Content",
    "term": "Term",
    "referrer": "Referrer",
    "landing_page": "Landing page",
}


@dataclass(frozen=True, slots=True)
class TouchWords:
    """One visit: label and value of what is known of where it came from."""

    title: str
    at: datetime | None
    lines: list[tuple[str, str]]


def touch_of_order(order: Order) -> TouchWords | None:
    """Return where the visit that ended in an order came from; None when it is not known."""
    origin = origin_of_order(order.attribution or {}, order.channel)
    if origin is None:
        return None
    return TouchWords("This order", None, _lines(asdict(origin)))


def touches_of_person(facts: ProfileFacts | None) -> list[TouchWords]:
    """Return first and last touch of somebody; one line where both are the same visit."""
    first, last = (facts.first_touch, facts.last_touch) if facts else (None, None)
    if first is None or last is None:
        return []
    if first == last:
        return [_words("First and last visit", first)]
    return [_words("First visit", first), _words("Last visit", last)]


def _words(title: str, touch: Mapping[str, Any]) -> TouchWords:
    return TouchWords(title, datetime.fromisoformat(touch["at"]), _lines(touch))


def _lines(known: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (label, _WORDS.get(known[key], str(known[key])))
        for key, label in _LABELS.items()
        if known.get(key)
    ]
