"""Whether as many events arrive as usual: a band from the same hours of the weeks before. Pure.

A shop sleeps at night and is busy at weekends, so hours are compared with the same hours of the
week. Where the past says too little nothing is judged: a new store alarms nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import sqrt
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

WEEKS: Final = 8
"""So many weeks before are looked at."""
LEAST_WEEKS: Final = 3
"""Fewer weeks say nothing."""
WINDOW: Final = timedelta(hours=6)
LEAST_USUAL: Final = 8
"""Where usually fewer arrive in a window, or a week had none as well, none is no news."""
FAR_ABOVE: Final = 3.0
"""Times the upper end of the band; a busy day is good news, a loop of a script is not."""
FAR_BELOW: Final = 0.5
"""Times the lower end."""
MANY_FROM: Final = 100
"""Where usually hardly any arrive, so many in a window are far more."""


class Health(StrEnum):
    """How the newest window compares with the weeks before."""

    USUAL = "usual"
    SILENT = "silent"
    FEW = "few"
    MANY = "many"
    NEW = "new"
    RARE = "rare"


ALARMS: Final = (Health.SILENT, Health.FEW, Health.MANY)


@dataclass(frozen=True, slots=True)
class Band:
    """How many events are expected in a window."""

    low: int
    usual: int
    high: int


def find_band(past: Sequence[int]) -> Band | None:
    """Return the band of the same window in earlier weeks; None when they are too few.

    The usual number is the median, so that one day of a sale moves nothing. The width is that of
    the weeks themselves, and never less than chance alone would make it.

    Args:
        past: counts, one for each week in which the store sent the event already.
    """
    if len(past) < LEAST_WEEKS:
        return None
    usual = median(past)
    chance = 2 * sqrt(usual)
    low = max(0.0, min(*past, usual - chance))
    return Band(int(low), round(usual), round(max(*past, usual + chance)))


def judge(count: int, band: Band | None) -> Health:
    """Say how a window compares with its band."""
    if band is None:
        return Health.NEW
    if band.usual < LEAST_USUAL:
        return Health.MANY if count > MANY_FROM else Health.RARE
    if not count and band.low:
        return Health.SILENT
    if count < band.low * FAR_BELOW:
        return Health.FEW
    return Health.MANY if count > band.high * FAR_ABOVE else Health.USUAL


def windows_before(until: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Return the same hours by the wall clock of this week and the weeks before, newest first.

    Args:
        until: aware; the end of the newest window.
        zone: whose wall clock; a change to summer time moves no window.
    """
    wall = until.astimezone(zone).replace(tzinfo=None)
    found = []
    for week in range(WEEKS + 1):
        end = (wall - timedelta(weeks=week)).replace(tzinfo=zone).astimezone(UTC)
        found.append((end - WINDOW, end))
    return found
