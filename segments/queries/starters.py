"""Which segments can be installed, which are, and why others cannot be."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from crm.models import Event, OrderLine
from kernel.keyset import has_any
from segments.domain.starters import STARTERS, TOP_CATEGORY, Starter
from segments.errors import DefinitionError
from segments.models import Segment
from segments.queries.listing import describe_definition

_NEWEST_LINES = 5_000


@dataclass(frozen=True, slots=True)
class Offer:
    """One starter, as the page of templates shows it.

    Attributes:
        words: its definition as a person would say it; empty where it cannot be understood.
        segment_id: of the installed segment; None without one.
        obstacle: why it cannot be installed now; empty if it can.
    """

    starter: Starter
    words: str
    segment_id: int | None
    obstacle: str


def list_offers() -> list[Offer]:
    """Return every starter in its order, with what stands in its way."""
    installed = dict(Segment.objects.exclude(key="").values_list("key", "pk"))
    category = find_top_category()
    seen = _list_seen({starter.needs_event for starter in STARTERS if starter.needs_event})
    return [_offer(starter, installed.get(starter.key), category, seen) for starter in STARTERS]


def define_starter(starter: Starter, category: str) -> Any:
    """Return the definition with the category filled in; None where it needs one and there is none.

    Args:
        starter: any.
        category: the one that sells best; empty without any.
    """
    text = json.dumps(starter.definition)
    if TOP_CATEGORY not in text:
        return starter.definition
    if not category:
        return None
    return json.loads(text.replace(json.dumps(TOP_CATEGORY), json.dumps(category)))


def find_top_category() -> str:
    """Return the category that is most often among the newest sold lines; empty without any."""
    newest = OrderLine.objects.order_by("-order_id").values_list("category", flat=True)
    counts: dict[str, int] = {}
    for category in newest[:_NEWEST_LINES]:
        if category:
            counts[category] = counts.get(category, 0) + 1
    return max(counts, key=lambda name: (counts[name], name), default="")


def _offer(starter: Starter, segment_id: int | None, category: str, seen: Collection[str]) -> Offer:
    definition, words, obstacle = define_starter(starter, category), "", ""
    if definition is None:
        obstacle = "No product that was sold has a category yet."
    else:
        try:
            words = describe_definition(definition)
        except DefinitionError:
            obstacle = "A condition in it is not available in this version yet."
    if not obstacle and starter.needs_event and starter.needs_event not in seen:
        obstacle = f"No “{starter.needs_event}” was received yet; connect what sends it first."
    return Offer(starter, words, segment_id, "" if segment_id else obstacle)


def _list_seen(names: Collection[str]) -> set[str]:
    """Return those of some event names that the tenant ever received."""
    return {name for name in sorted(names) if _was_seen(name)}


def _was_seen(name: str) -> bool:
    return has_any(Event.objects.filter(name=name), "name", "-occurred_at")
