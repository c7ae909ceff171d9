"""A compared day of a store in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from stores.choices import DayDifference, DayStatus

_LOOKS: Final = {
    DayStatus.DUE: ("info", "clock"),
    DayStatus.EQUAL: ("good", "good"),
    DayStatus.MENDED: ("good", "check"),
    DayStatus.DIFFERENT: ("warn", "warn"),
    DayStatus.FAILED: ("warn", "warn"),
}
_MENDING: Final = {
    DayDifference.MISSING: "fetched",
    DayDifference.CHANGED: "fetched again",
    DayDifference.GONE: "cancelled here",
    DayDifference.MOVED: "found by its number",
}
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One order that was not as the platform has it."""

    id: str
    words: str
    mending: str
    is_mended: bool


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day; ``more``: differences beyond those that are shown."""

    day: date
    words: str
    tone: str
    symbol: str
    is_waiting: bool
    our_count: int | None
    our_minor: int | None
    their_count: int | None
    their_minor: int | None
    differences: Sequence[DifferenceLine]
    more: int
    detail: str


def describe_day(row: Any) -> DayLine:
    """Return a day (`stores.models.StoreDay`) in words."""
    status = DayStatus(row.status)
    tone, symbol = _LOOKS[status]
    lines = [_describe(one) for one in row.differences[:SHOWN]]
    return DayLine(
        day=row.day,
        words=str(status.label),
        tone=tone,
        symbol=symbol,
        is_waiting=status is DayStatus.DUE,
        our_count=row.our_count,
        our_minor=row.our_minor,
        their_count=row.their_count,
        their_minor=row.their_minor,
        differences=lines,
        more=row.difference_count - len(lines),
        detail=row.detail,
    )


def _describe(one: Mapping[str, Any]) -> DifferenceLine:
    kind = DayDifference(one["kind"])
    return DifferenceLine(str(one["id"]), str(kind.label), _MENDING[kind], bool(one["is_mended"]))
