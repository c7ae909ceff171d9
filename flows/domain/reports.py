"""Figures of a flow over some days. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Final

DAY: Final = timedelta(days=1)
MAX_DAYS: Final = 366 * 2
USUAL_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the tenant's calendar, both ends included."""

    first: date
    last: date

    @property
    def each(self) -> list[date]:
        """Every day, oldest first."""
        return [self.first + place * DAY for place in range((self.last - self.first).days + 1)]


def choose_days(first: date | None, last: date | None, today: date) -> Days:
    """Return days that were asked for, put right: none after today, and not too many.

    Args:
        first: None is 30 days before the end.
        last: None is today.
        today: of the tenant's calendar.
    """
    end = min(last or today, today)
    start = min(first or end - (USUAL_DAYS - 1) * DAY, end)
    return Days(max(start, end - (MAX_DAYS - 1) * DAY), end)


@dataclass(slots=True)
class Figures:
    """What became of messages; money in minor units of the tenant's currency.

    Attributes:
        waiting: queued and neither sent nor stopped yet.
        failed: passed every gate and did not leave, or nobody knows.
        gross_minor: what was paid in the orders that are credited, before refunds.
    """

    sent: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    bounced: int = 0
    unsubscribed: int = 0
    skipped: int = 0
    failed: int = 0
    waiting: int = 0
    orders: int = 0
    gross_minor: int = 0
    refunded_minor: int = 0

    @property
    def net_minor(self) -> int:
        """What the credited orders brought, refunds taken off."""
        return self.gross_minor - self.refunded_minor

    @property
    def open_rate(self) -> float | None:
        """Opened ÷ sent, or None."""
        return self.opened / self.sent if self.sent else None

    @property
    def click_rate(self) -> float | None:
        """Clicked ÷ sent, or None."""
        return self.clicked / self.sent if self.sent else None

    def add(self, other: "Figures") -> None:
        """Add what became of other messages."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(slots=True)
class MessageReport:
    """One message node on one channel.

    Attributes:
        skips: how many were not sent, by reason.
    """

    node: str
    channel: str
    figures: Figures = field(default_factory=Figures)
    skips: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class DayReport:
    """One day: who entered, and the messages that left."""

    day: date
    entered: int = 0
    converted: int = 0
    figures: Figures = field(default_factory=Figures)


@dataclass(frozen=True, slots=True)
class StepReport:
    """One node: visits of those who entered in the time, and who stands there now."""

    node: str
    passed: int = 0
    left_early: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class FlowReport:
    """A flow over some days.

    Attributes:
        waiting: on their way now, whenever they entered.
        refused: attempts to enter that started no run, by reason.
    """

    days: Sequence[DayReport]
    messages: Sequence[MessageReport]
    steps: Sequence[StepReport]
    refused: Mapping[str, int]
    waiting: int

    @property
    def entered(self) -> int:
        """Runs that began."""
        return sum(each.entered for each in self.days)

    @property
    def converted(self) -> int:
        """Of these, how many reached the goal until now."""
        return sum(each.converted for each in self.days)

    @property
    def conversion_rate(self) -> float | None:
        """Converted ÷ entered, or None."""
        return self.converted / self.entered if self.entered else None

    @property
    def total(self) -> Figures:
        """All messages together."""
        total = Figures()
        for each in self.messages:
            total.add(each.figures)
        return total

    @property
    def channels(self) -> dict[str, Figures]:
        """The same by channel."""
        found: dict[str, Figures] = {}
        for each in self.messages:
            found.setdefault(each.channel, Figures()).add(each.figures)
        return dict(sorted(found.items()))

    @property
    def skips(self) -> dict[str, int]:
        """How many messages were not sent, by reason, the most frequent first."""
        found: dict[str, int] = {}
        for each in self.messages:
            for reason, number in each.skips.items():
                found[reason] = found.get(reason, 0) + number
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened in the time and nobody is on the way."""
        return not (self.entered or self.waiting or self.messages or self.refused)
