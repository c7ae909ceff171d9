"""What can be chosen for a shopper who walks a flow, at each node and to leave early. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flows.domain.graph import Graph, Node, Split
from flows.domain.layout import Place, lay_out
from flows.domain.nodes import (
    ABSplit,
    Branches,
    ChannelChoice,
    DateWait,
    EventWait,
    RandomShare,
    StockWait,
)
from flows.domain.words import speak_way

AFTER: Final = "after:"
_AFTERS: Final = (
    (timedelta(hours=1), "1 hour"),
    (timedelta(hours=6), "6 hours"),
    (timedelta(days=1), "1 day"),
    (timedelta(days=2), "2 days"),
    (timedelta(days=7), "7 days"),
    (timedelta(days=30), "30 days"),
)
_WAITS: Final[dict[type, tuple[str, str]]] = {
    EventWait: ("Its time runs out", "Happens after"),
    StockWait: ("Its time runs out", "Back in stock after"),
    DateWait: ("By the person’s own date", "The date comes after"),
}


@dataclass(frozen=True, slots=True)
class Control:
    """One thing that can be chosen; ``options`` are word and label, the first is the usual one."""

    node: str
    options: tuple[tuple[str, str], ...]


def list_controls(graph: Graph) -> list[Control]:
    """Return what can be chosen at the nodes of a flow, in the order in which they are drawn."""
    found: dict[str, Control] = {}
    _collect(lay_out(graph), found)
    return list(found.values())


def list_times(nothing: str, after: str) -> tuple[tuple[str, str], ...]:
    """Return that something never happens, or after which time, as options."""
    times = ((f"{AFTER}{_minutes(span)}", f"{after} {words}") for span, words in _AFTERS)
    return (("", nothing), *times)


def read_after(word: str) -> timedelta | None:
    """Return the time that an option of `list_times` means; None for never, and for nonsense."""
    number = word.removeprefix(AFTER)
    known = {str(_minutes(span)): span for span, _ in _AFTERS}
    return known.get(number) if word.startswith(AFTER) else None


def read_choices(controls: Sequence[Control], said: Mapping[str, str]) -> dict[str, str]:
    """Return the words that were chosen by node; what is usual and what is unknown is left out."""
    return {
        control.node: word
        for control in controls
        if (word := said.get(control.node, "")) in dict(control.options) and word
    }


def _collect(places: Sequence[Place], found: dict[str, Control]) -> None:
    for place in places:
        if place.is_repeat:
            continue
        if control := _control(place.node):
            found.setdefault(place.node.id, control)
        for branch in place.branches:
            _collect(branch.chain, found)


def _control(node: Node) -> Control | None:
    words = _WAITS.get(type(node))
    if words is not None:
        return Control(node.id, list_times(*words))
    if isinstance(node, Split):
        usual = ("", "As the person’s figures say")
        return Control(node.id, (usual, ("yes", "Yes"), ("no", "No")))
    if isinstance(node, Branches | RandomShare | ABSplit | ChannelChoice):
        is_lot = isinstance(node, RandomShare | ABSplit)
        usual = ("", "By lot" if is_lot else "As the person’s figures say")
        ways = [(word, speak_way(word, {})[0]) for word, _ in node.ways]
        return Control(node.id, (usual, *ways))
    return None


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
