"""When somebody loses their tier by time alone, if they do nothing more, and what is left then."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from loyalty.domain.tiers import CALENDAR, ROLLING, Figures, Rules, Standing, Step, years_on


@dataclass(frozen=True, slots=True)
class Deed:
    """What counts from one instant: an order, or the points of one."""

    at: datetime
    figures: Figures


class Record:
    """What somebody did, summed so that the figures of any period are two look-ups."""

    def __init__(self, deeds: Sequence[Deed]) -> None:
        """Sum up deeds, in whatever order they come."""
        ordered = sorted(deeds, key=lambda deed: deed.at)
        self.instants = [deed.at for deed in ordered]
        self._sums = [_NOTHING]
        for deed in ordered:
            self._sums.append(_plus(self._sums[-1], deed.figures))

    def between(self, since: datetime, until: datetime | None = None) -> Figures:
        """Return the figures from an instant on, up to before another one."""
        first = bisect_left(self.instants, since)
        last = len(self.instants) if until is None else bisect_left(self.instants, until)
        return _plus(self._sums[max(first, last)], self._sums[first], sign=-1)


@dataclass(frozen=True, slots=True)
class Fall:
    """That a tier ends.

    Attributes:
        at: when.
        step: the tier that is left then; None: none.
    """

    at: datetime
    step: Step | None


def foresee(rules: Rules, standing: Standing, record: Record, now: datetime) -> Fall | None:
    """Return when time alone takes a tier next; None: never.

    Args:
        rules: the ladder.
        standing: how they stand now.
        record: what they did in the window of now and in the one before.
        now: aware.
    """
    step = standing.step
    if step is None:
        return None
    ends = standing.falls_at or _end_of(rules, step, record, now)
    if ends is None:
        return None
    left = _merited_at(rules, record, ends)
    return Fall(ends, left) if _is_below(left, step) else None


def _end_of(rules: Rules, step: Step, record: Record, now: datetime) -> datetime | None:
    """Return when the days of grace end that begin by time alone."""
    for at in _losses(rules, record, now):
        if _is_below(_merited_at(rules, record, at), step):
            return rules.end_of_grace(at)
    return None


def _losses(rules: Rules, record: Record, now: datetime) -> Iterator[datetime]:
    """Give the instants ahead, ascending, at which something done ceases to count."""
    if rules.window == CALENDAR:
        year = now.astimezone(rules.zone).year
        yield from (rules.midnight(date(year + ahead, 1, 1)) for ahead in (1, 2))
    elif rules.window == ROLLING:
        days = sorted({at.astimezone(rules.zone).date() for at in record.instants})
        instants = (rules.midnight(years_on(day, 1)) for day in days)
        yield from (at for at in instants if at > now)


def _merited_at(rules: Rules, record: Record, at: datetime) -> Step | None:
    bounds = rules.bounds(at)
    before = record.between(bounds.before, bounds.since)
    return rules.merited(record.between(bounds.since), before)


def _is_below(left: Step | None, step: Step) -> bool:
    return left is None or left.rank < step.rank


_NOTHING: Final = Figures()


def _plus(one: Figures, other: Figures, *, sign: int = 1) -> Figures:
    return Figures(
        one.spend_minor + sign * other.spend_minor,
        one.orders + sign * other.orders,
        one.points + sign * other.points,
    )
