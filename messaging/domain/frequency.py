"""How often people may hear from a merchant: rules, and when a window has room again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

ALL: Final = "all"
ENGAGED: Final = "engaged"
UNENGAGED: Final = "unengaged"
ENGAGED_DAYS: Final = 90
"""Who opened, clicked, visited or bought in so many days is engaged."""
FLOOD: Final = 12
"""The message with which a flood begins: it is stopped, and the merchant is told."""
FLOOD_WINDOW: Final = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Peak:
    """Days of the merchant's calendar, both included, on which another number holds."""

    first: date
    last: date
    max_n: int


@dataclass(frozen=True, slots=True)
class Rule:
    """At most so many messages in a window that moves along with time.

    Attributes:
        key: unique.
        message_class: ``promotional`` or ``behavioural``.
        channel: empty for all of them together.
        max_n: 0 is no limit.
        audience: ``all``, ``engaged`` or ``unengaged``.
    """

    key: str
    message_class: str
    channel: str
    max_n: int
    window: timedelta
    audience: str = ALL
    peaks: tuple[Peak, ...] = ()

    def max_on(self, day: date) -> int:
        """Return the number that holds on a day; 0 is no limit."""
        found = [peak.max_n for peak in self.peaks if peak.first <= day <= peak.last]
        return found[0] if found else self.max_n

    def covers(self, message_class: str, channel: str, *, is_engaged: bool) -> bool:
        """Say whether a message is under this rule."""
        if message_class != self.message_class or self.channel not in ("", channel):
            return False
        return self.audience == ALL or (self.audience == ENGAGED) == is_engaged


def find_opening(left: Sequence[datetime], max_n: int, window: timedelta) -> datetime | None:
    """Return when one more message fits into a window.

    Args:
        left: when messages left, newest first.
        max_n: 1 or more.
        window: a message counts until it is exactly so old.

    Returns:
        None when it fits now: fewer than ``max_n`` are known.
    """
    return left[max_n - 1] + window if len(left) >= max_n else None


def find_opening_of_points(
    left: Sequence[tuple[datetime, int]], room: int, window: timedelta
) -> datetime | None:
    """Return when what counts is at most so much.

    Args:
        left: when messages left and what each counts, newest first.
        room: what may be used up at most, 0 or more.
        window: a message counts until it is exactly so old.

    Returns:
        None when it is so little now.
    """
    used = 0
    for at, points in left:
        used += points
        if used > room:
            return at + window
    return None


def read_peaks(stored: Any) -> tuple[Peak, ...]:
    """Return the peak seasons of a rule as they were stored; what is unreadable is left out."""
    peaks = []
    for one in stored if isinstance(stored, list) else []:
        try:
            peak = Peak(
                date.fromisoformat(one["first"]), date.fromisoformat(one["last"]), int(one["max_n"])
            )
        except (KeyError, TypeError, ValueError):
            continue
        peaks.append(peak)
    return tuple(peaks)


def write_peaks(peaks: Sequence[Peak]) -> list[dict[str, Any]]:
    """Return peak seasons as they are stored, JSON."""
    return [
        {"first": peak.first.isoformat(), "last": peak.last.isoformat(), "max_n": peak.max_n}
        for peak in peaks
    ]


@dataclass(frozen=True, slots=True)
class Rank:
    """How much a message deserves a slot that several want; a smaller one goes first.

    Attributes:
        priority: 1 to 5; 1 goes first.
        expected_value: what the message is expected to bring; more goes first.
        id: of the message; the older one goes first.
    """

    priority: int
    expected_value: float
    id: int

    @property
    def place(self) -> tuple[int, float, int]:
        """Return what ranks are compared by."""
        return self.priority, -self.expected_value, self.id


USUAL_PRIORITY: Final = 3


def rank_of(message_id: int, context: Mapping[str, Any]) -> Rank:
    """Return the rank of a message by its context; what is missing or no number is the usual."""
    priority = _number(context.get("priority"))
    value = _number(context.get("expected_value"))
    return Rank(
        priority=min(max(round(priority), 1), 5) if priority is not None else USUAL_PRIORITY,
        expected_value=value or 0.0,
        id=message_id,
    )


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < float("inf") else None
