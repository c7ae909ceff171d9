"""Periods, figures, and what waits for a person."""

from dataclasses import dataclass
from datetime import date, timedelta

START = "start"
"""Key of a dismissal under which a member hides the first steps on Home."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the tenant's calendar, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The period of equal length directly before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a figure should lie; an end that is None is open."""

    low: float | None = None
    high: float | None = None

    def is_met(self, value: float) -> bool:
        """Say whether a value lies in it."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def is_reached(self, value: float) -> bool:
        """Say whether a value is as good as wanted, or better."""
        return value >= self.low if self.low is not None else self.is_met(value)


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure with what is needed to read it.

    Attributes:
        key: stable word.
        unit: ``money`` (minor units of the tenant's currency), ``number`` or ``rate`` (0 to 1).
        value: None where nothing can be divided, such as the average of no orders.
        previous: the same for the period before.
        formula: how it is made, in words.
        better: ``up``, ``down`` or ``none``: which way is good.
    """

    key: str
    label: str
    unit: str
    value: int | float | None
    previous: int | float | None
    formula: str
    better: str = "up"
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Sales of one day of the tenant's calendar, in minor units of its currency."""

    day: date
    gross_minor: int
    refunded_minor: int
    net_minor: int
    orders: int


@dataclass(frozen=True, slots=True)
class PartFigures:
    """What one part of a period (a day, a week, a month) measures; money in minor units.

    Attributes:
        ordered_net: net of the orders of the part, refunds of theirs up to the period's end.
        email_net: the part of it that is credited to email.
        all_buyers, repeat_buyers: everybody with one and with two orders by the end of the part.
        lifetime_net: what all of them were worth by then.
        churned, active: who lapsed in the 30 days to the end of the part, and who was active at
            their start.
    """

    period: Period
    gross: int
    refunded: int
    orders: int
    buyers: int
    new_buyers: int
    ordered_net: int
    email_net: int
    all_buyers: int
    repeat_buyers: int
    lifetime_net: int
    churned: int
    active: int

    @property
    def net(self) -> int:
        """Gross revenue minus what was refunded in the part."""
        return self.gross - self.refunded


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that waits for a person.

    Attributes:
        key: stable word of what it is about.
        mark: how it stands.
        tone: ``warn`` or ``bad``.
        text: what is kept and what to do.
        route, id: name of the address that shows it, and the id it takes; None without one.
        query: of the address, with its ``?``.
        action: words of the link.
    """

    key: str
    mark: str
    tone: str
    title: str
    text: str
    route: str
    id: int | None = None
    query: str = ""
    action: str = "Open"
