"""Conditions on the order in which things happened: one after another, the first, the most recent.

A funnel begins with an event inside its window; each next step comes after the one before, all of
them within so many hours of the first (a day is 24 of them). A last step under ``not`` must not
have come: this is certain, and true, only when that time is over. What happened at one and the
same instant came in the order in which it was recorded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from segments.domain.happenings import (
    WINDOW_KEYS,
    PropertyTest,
    Window,
    parse_tests,
    parse_window,
)
from segments.domain.values import parse_hours, parse_text, refuse_unknown
from segments.errors import DefinitionError

MAX_STEPS: Final = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a funnel; all tests are met by it."""

    name: str
    tests: tuple[PropertyTest, ...]


@dataclass(frozen=True, slots=True)
class FunnelLeaf:
    """Whether some events followed each other.

    Attributes:
        steps: those that came, in order; at least one.
        absent: what must not have come after the last of them; None without.
        hours: how long after the first step everything is looked for.
        window: when the first step happened.
    """

    path: str
    steps: tuple[Step, ...]
    absent: Step | None
    hours: int
    window: Window


@dataclass(frozen=True, slots=True)
class EdgeLeaf:
    """Whether the first or the most recent event of a name, whichever it is, was like this.

    Attributes:
        is_first: else the most recent.
        tests: of its properties.
        window: when it happened.
    """

    path: str
    is_first: bool
    name: str
    tests: tuple[PropertyTest, ...]
    window: Window


Sequence = FunnelLeaf | EdgeLeaf


def parse_sequence(raw: Mapping[str, Any], path: str) -> Sequence:
    """Check a condition that begins with one of `SEQUENCES`.

    Raises:
        DefinitionError: it cannot be understood.
    """
    read = next(read for word, read in SEQUENCES.items() if word in raw)
    return read(raw, path)


def _parse_funnel(raw: Mapping[str, Any], path: str) -> FunnelLeaf:
    refuse_unknown(raw, path, ("funnel", "complete_in", *WINDOW_KEYS))
    given, at = raw["funnel"], f"{path}.funnel"
    if not isinstance(given, list) or not 2 <= len(given) <= MAX_STEPS:  # noqa: PLR2004 an order
        raise DefinitionError(at, f"must be a list of 2 to {MAX_STEPS} steps")
    *before, last = given
    steps = [_parse_step(one, f"{at}[{place}]") for place, one in enumerate(before)]
    absent, place = None, f"{at}[{len(before)}]"
    if isinstance(last, Mapping) and "not" in last:
        absent = _parse_step(last, place, key="not")
    else:
        steps.append(_parse_step(last, place))
    hours = parse_hours(raw.get("complete_in"), f"{path}.complete_in")
    return FunnelLeaf(path, tuple(steps), absent, hours, parse_window(raw, path))


def _parse_step(given: object, at: str, *, key: str = "event") -> Step:
    if not isinstance(given, Mapping) or key not in given:
        raise DefinitionError(at, 'must be {"event": "Checkout Started"}; the last may say “not”')
    refuse_unknown(given, at, (key, "where"))
    return Step(parse_text(given[key], f"{at}.{key}"), parse_tests(given, at))


def _parse_edge(raw: Mapping[str, Any], path: str, key: str) -> EdgeLeaf:
    refuse_unknown(raw, path, (key, "where", *WINDOW_KEYS))
    return EdgeLeaf(
        path=path,
        is_first=key == "first_event",
        name=parse_text(raw[key], f"{path}.{key}"),
        tests=parse_tests(raw, path),
        window=parse_window(raw, path),
    )


SEQUENCES: Final[Mapping[str, Callable[[Mapping[str, Any], str], Sequence]]] = {
    "funnel": _parse_funnel,
    "first_event": lambda raw, path: _parse_edge(raw, path, "first_event"),
    "last_event": lambda raw, path: _parse_edge(raw, path, "last_event"),
}
"""What reads a condition, by the word that it begins with."""
