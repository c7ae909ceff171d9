"""How many pieces of each line of an order its buyer still has and was not paid back."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

_WHOLE: Final = re.compile(r"-?(\d{1,9})(?:\.\d*)?")


@dataclass(slots=True)
class Pieces:
    """The pieces of one line of an order.

    Attributes:
        line_key, sku, title: by which returns and refunds name the line.
        left: pieces that are neither on their way back nor paid back.
        unpaid: pieces on their way back, or back, for which no refund came yet.
    """

    line_key: str
    sku: str
    title: str
    left: int
    unpaid: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What one return or one refund takes back.

    Attributes:
        items: ``line_key``, ``sku``, ``title``, ``quantity``, as far as the store says them.
    """

    at: datetime
    is_refund: bool
    items: Sequence[Mapping[str, Any]]


def take_back(lines: Sequence[Pieces], taken: Iterable[Taken]) -> int:
    """Take what returns and refunds name from the lines of one order.

    A line is meant by its key; else those with the SKU; else those with the title, the first of
    them first. A refund pays for what was on its way back before it; what it names beyond that
    never was. One that names no line takes nothing: it may be for shipping, or a kindness.

    Args:
        lines: changed in place.
        taken: in any order.

    Returns:
        How many refunds name no line of the order.
    """
    nameless = 0
    for one in sorted(taken, key=lambda each: (each.at, each.is_refund)):
        named = [(_meant(lines, item), read_pieces(item)) for item in one.items]
        for found, pieces in named:
            _take(found, pieces, is_refund=one.is_refund)
        nameless += one.is_refund and not any(found for found, _ in named)
    return nameless


def read_pieces(item: Mapping[str, Any]) -> int:
    """Return how many pieces an item says; 1 where it says nothing that can be read."""
    said = _WHOLE.fullmatch(str(item.get("quantity", "")).strip())
    return int(said[1]) if said else 1


def _meant(lines: Sequence[Pieces], item: Mapping[str, Any]) -> list[Pieces]:
    for name in ("line_key", "sku", "title"):
        said = str(item.get(name) or "")
        found = [line for line in lines if said and getattr(line, name) == said]
        if found:
            return found
    return []


def _take(lines: Sequence[Pieces], pieces: int, *, is_refund: bool) -> None:
    for line in lines if is_refund else ():
        paid = min(pieces, line.unpaid)
        line.unpaid -= paid
        pieces -= paid
    for line in lines:
        gone = min(pieces, line.left)
        line.left -= gone
        pieces -= gone
        line.unpaid += 0 if is_refund else gone
