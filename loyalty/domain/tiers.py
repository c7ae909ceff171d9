"""Which tier somebody merits, and when they move: up at once, down after days of grace.

A year of the calendar keeps what the year before it earned: who reached a tier has it for the rest
of that year and for the next one. A rolling year looks at the last twelve months by day: an order
counts until the day on which it turns one year old begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

LIFETIME: Final = "lifetime"
ROLLING: Final = "rolling"
CALENDAR: Final = "calendar"
ANY: Final = "any"
ALL: Final = "all"
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every order."""
UP: Final = "up"
DOWN: Final = "down"
JOINED: Final = "joined"
LEFT: Final = "left"


@dataclass(frozen=True, slots=True)
class Figures:
    """What somebody did in a window.

    Attributes:
        spend_minor: net of refunds, in minor units of the tenant's currency.
        orders: that count.
        points: that orders earned, net of what was taken back.
    """

    spend_minor: int = 0
    orders: int = 0
    points: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One tier of the ladder. What is None is not asked; without any threshold everybody has it.

    Attributes:
        rank: 1 is the lowest.
        needs: `ANY` or `ALL` of the thresholds.
        multiplier: of the points that orders earn; None: as everybody.
    """

    id: int
    name: str
    rank: int
    min_spend_minor: int | None = None
    min_orders: int | None = None
    min_points: int | None = None
    needs: str = ANY
    multiplier: Decimal | None = None

    @property
    def thresholds(self) -> tuple[int | None, int | None, int | None]:
        """What is asked of spend, orders and points."""
        return self.min_spend_minor, self.min_orders, self.min_points

    @property
    def is_earned(self) -> bool:
        """Say whether anything is asked at all."""
        return any(asked is not None for asked in self.thresholds)

    def is_merited(self, figures: Figures) -> bool:
        """Say whether figures are enough."""
        done = (figures.spend_minor, figures.orders, figures.points)
        met = [
            have >= asked
            for have, asked in zip(done, self.thresholds, strict=True)
            if asked is not None
        ]
        if not met:
            return True
        return all(met) if self.needs == ALL else any(met)


@dataclass(frozen=True, slots=True)
class Window:
    """From when on figures count.

    Attributes:
        since: of the figures of now.
        before: of those of the period before, which ends at ``since``; ``since`` without one.
    """

    since: datetime
    before: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands.

    Attributes:
        step: the tier that they have; None: none.
        falls_at: when they lose it unless they merit it again; None: they merit it.
        due_at: when time alone may change that next; None: never.
    """

    step: Step | None
    falls_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The ladder and how it is climbed.

    Attributes:
        steps: ascending by rank.
        window: `LIFETIME`, `ROLLING` or `CALENDAR`.
        grace_days: how long a tier stays that is no longer merited.
        zone: that says what a day is.
        placed_upto: id up to which people stand on this ladder: what is foreseen for those beyond
            is so by the one before it. None once it is everybody.
    """

    steps: Sequence[Step]
    window: str
    grace_days: int
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    placed_upto: int | None = None

    def has_placed(self, profile_id: int) -> bool:
        """Say whether what is foreseen for somebody is so by this ladder."""
        return self.placed_upto is None or profile_id <= self.placed_upto

    def find(self, tier_id: int | None) -> Step | None:
        """Return a tier by its id; None where it is gone."""
        return next((step for step in self.steps if step.id == tier_id), None)

    def bounds(self, now: datetime) -> Window:
        """Return from when on figures count at an instant."""
        today = now.astimezone(self.zone).date()
        if self.window == ROLLING:
            since = self.midnight(years_on(today, -1) + timedelta(days=1))
            return Window(since, since)
        if self.window == CALENDAR:
            first = today.replace(month=1, day=1)
            return Window(self.midnight(first), self.midnight(years_on(first, -1)))
        return Window(BEGINNING, BEGINNING)

    def merited(self, figures: Figures, before: Figures) -> Step | None:
        """Return the highest tier that the figures of a period, or of the one before, merit."""
        found = [step for step in self.steps if step.is_merited(figures) or step.is_merited(before)]
        return found[-1] if found else None

    def decide(
        self,
        current: Step | None,
        merited: Step | None,
        *,
        falls_at: datetime | None,
        oldest: datetime | None,
        now: datetime,
    ) -> Standing:
        """Say how somebody stands from an instant on.

        Args:
            current: what they have had so far.
            merited: what their figures merit now.
            falls_at: when a tier ends that they no longer merit, where that was said before.
            oldest: their first order in the window; None without one.
            now: aware.
        """
        if _rank(merited) < _rank(current):
            ends = falls_at or self.end_of_grace(now)
            if ends > now:
                return Standing(current, ends, ends)
        return Standing(merited, None, self._next_fall(merited, oldest, now))

    def end_of_grace(self, since: datetime) -> datetime:
        """Return until when somebody keeps a tier that they have not merited since an instant.

        It is the same time of the day in the merchant's zone, also where clocks change meanwhile.
        """
        local = since.astimezone(self.zone) + timedelta(days=self.grace_days)
        return local.astimezone(UTC)

    def _next_fall(
        self, step: Step | None, oldest: datetime | None, now: datetime
    ) -> datetime | None:
        """Return when figures fall next by time alone, where that can take a tier."""
        if step is None or not step.is_earned:
            return None
        if self.window == CALENDAR:
            return self.midnight(date(now.astimezone(self.zone).year + 1, 1, 1))
        if self.window == ROLLING and oldest is not None:
            return self.midnight(years_on(oldest.astimezone(self.zone).date(), 1))
        return None

    def midnight(self, day: date) -> datetime:
        """Return when a day begins, in UTC."""
        return datetime.combine(day, time.min, self.zone).astimezone(UTC)


def direction_of(before: int, after: int, lowest: int) -> str:
    """Name a move between ranks; 0 stands for no tier.

    Args:
        before: rank of the tier that somebody had.
        after: of the one that they have now.
        lowest: of the lowest tier.
    """
    if not after:
        return LEFT
    if not before and after == lowest:
        return JOINED
    return UP if after >= before else DOWN


def find_flaw(steps: Sequence[Step]) -> tuple[int, str] | None:
    """Return the place of the first tier that cannot be like this, and why; None: all can."""
    names: set[str] = set()
    for place, step in enumerate(steps):
        if step.name.casefold() in names:
            return place, "Two tiers cannot have the same name."
        names.add(step.name.casefold())
        if place and not step.is_earned:
            return place, "Say what it takes: only the lowest tier is everybody's."
        if place and _is_easier(step, steps[place - 1]):
            return place, "It asks for less than the tier below it."
    return None


def _is_easier(step: Step, below: Step) -> bool:
    pairs = zip(step.thresholds, below.thresholds, strict=True)
    return any(one is not None and other is not None and one < other for one, other in pairs)


def _rank(step: Step | None) -> int:
    return step.rank if step else 0


def years_on(day: date, years: int) -> date:
    """Return the same day of another year; for 29 February the day next to it on the way there."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1) if years > 0 else date(day.year + years, 2, 28)
