"""What stands between the messages of a flow: waits, choices between ways, and acts.

Each type has `ways`: the words that a step of it records, and the node that each leads to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, Final

from flows.domain.values import Condition, Duration, EventMatch

Ways = tuple[tuple[str, str], ...]

ELSE: Final = "otherwise"
HAPPENED: Final = "happened"
TIMEOUT: Final = "timeout"
REACHED: Final = "reached"
PAST: Final = "past"
IN_STOCK: Final = "in_stock"
DONE, CANCELLED = "done", "cancelled"
AGAIN: Final = "again"
METRICS: Final = ("opens", "clicks", "revenue")
WAY: Final = "way: "
"""Before the name that a merchant gave to a way."""


@dataclass(frozen=True, slots=True)
class DateWait:
    """Waits until a date that the profile or the trigger event carries.

    Attributes:
        holder: ``profile`` or ``event``.
        name: the property; ISO date, or time of a day.
        offset: how far from the date; ``is_before`` says in which direction.
        at: local time of day for a date without one; a time that the property has is kept.
        zone: IANA name; empty is the profile's own.
        past: where those go whose date has passed, or who have none.
    """

    id: str
    holder: str
    name: str
    offset: Duration
    is_before: bool
    at: time
    zone: str
    next: str
    past: str

    @property
    def ways(self) -> Ways:
        """Where it leads."""
        return ((REACHED, self.next), (PAST, self.past))


@dataclass(frozen=True, slots=True)
class EventWait:
    """Waits for an event of the profile, and no longer than `timeout`.

    Attributes:
        since_start: events since the run's trigger count; otherwise those since it came here.
    """

    id: str
    any_of: tuple[EventMatch, ...]
    timeout: Duration
    since_start: bool
    on_event: str
    on_timeout: str

    @property
    def ways(self) -> Ways:
        """Where it leads."""
        return ((HAPPENED, self.on_event), (TIMEOUT, self.on_timeout))


@dataclass(frozen=True, slots=True)
class StockWait:
    """Waits until a variant can be bought again, and no longer than `timeout`.

    Attributes:
        variant: property of the trigger event that holds the variant's id at its store, or
            Patron's.
        min_units: pieces from which on it is back.
        tranche: people who go on at once for each piece; the next as many follow later.
        best_first: the best customers go first; otherwise who waits longest.
    """

    id: str
    variant: str
    min_units: int
    tranche: int
    best_first: bool
    timeout: Duration
    on_stock: str
    on_timeout: str

    @property
    def ways(self) -> Ways:
        """Where it leads."""
        return ((IN_STOCK, self.on_stock), (TIMEOUT, self.on_timeout))


@dataclass(frozen=True, slots=True)
class TaskWait:
    """Opens a task for a member and waits for its outcome, no longer than `timeout`.

    Attributes:
        assignee: e-mail address of the member; empty: whoever comes first.
        due: how long they have.
    """

    id: str
    title: str
    assignee: str
    due: Duration | None
    timeout: Duration
    on_done: str
    on_cancelled: str
    on_timeout: str

    @property
    def ways(self) -> Ways:
        """Where it leads."""
        return (
            (DONE, self.on_done),
            (CANCELLED, self.on_cancelled),
            (TIMEOUT, self.on_timeout),
        )


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of a node; the name is unique within it."""

    name: str
    next: str


@dataclass(frozen=True, slots=True)
class ConditionWay(Way):
    """A way for those who meet a condition."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class ShareWay(Way):
    """A way for a share of all, in hundredths of a percent."""

    share: int


@dataclass(frozen=True, slots=True)
class ChannelWay(Way):
    """A way for those who are written to on a channel."""

    channel: str


@dataclass(frozen=True, slots=True)
class Branches:
    """Goes the first way whose condition holds."""

    id: str
    branches: tuple[ConditionWay, ...]
    otherwise: str

    @property
    def ways(self) -> Ways:
        """Where it leads."""
        return (*_named(self.branches), (ELSE, self.otherwise))


@dataclass(frozen=True, slots=True)
class RandomShare:
    """Goes one of several ways by lot, drawn anew at each visit and never for a repeat of one."""

    id: str
    branches: tuple[ShareWay, ...]

    @property
    def ways(self) -> Ways:
        """Where it leads."""
        return _named(self.branches)


@dataclass(frozen=True, slots=True)
class ABSplit:
    """Goes one of several ways by lot, always the same one for a profile.

    Attributes:
        winner: name of the way that everybody takes who comes for the first time; empty: none.
        metric: by what a winner is found by itself, a word of `METRICS`; empty: by nobody.
    """

    id: str
    branches: tuple[ShareWay, ...]
    winner: str
    metric: str = ""

    @property
    def ways(self) -> Ways:
        """Where it leads."""
        return _named(self.branches)


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """Goes the way of the best channel on which the person can be reached.

    Attributes:
        by_history: the channel that they last opened or clicked on goes first.
        message_class: marketing classes need consent, the others an address.
    """

    id: str
    branches: tuple[ChannelWay, ...]
    by_history: bool
    message_class: str
    otherwise: str

    @property
    def ways(self) -> Ways:
        """Where it leads."""
        return (*_named(self.branches), (ELSE, self.otherwise))


@dataclass(frozen=True, slots=True)
class Jump:
    """Goes back or elsewhere, so often at most, then another way."""

    id: str
    target: str
    max_visits: int
    otherwise: str

    @property
    def ways(self) -> Ways:
        """Where it leads."""
        return ((AGAIN, self.target), (ELSE, self.otherwise))


@dataclass(frozen=True, slots=True)
class Goal:
    """Ends the run as a success."""

    id: str
    name: str

    @property
    def ways(self) -> Ways:
        """It leads nowhere."""
        return ()


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """Changes a property of the profile.

    Attributes:
        how: ``set``, ``add`` (to a number), ``now`` (the time of the step), ``copy`` (of the
            trigger event's property ``value``) or ``remove``.
    """

    name: str
    how: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class TagChange:
    """Gives the profile tags and takes others away."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Award:
    """Gives the profile loyalty points."""

    points: int
    note: str


@dataclass(frozen=True, slots=True)
class Alert:
    """Tells the members that somebody came here."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """Tells an endpoint of the merchant that somebody came here."""

    endpoint_id: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CouponChoice:
    """Says of which coupon the messages that follow carry a code."""

    coupon_id: int


@dataclass(frozen=True, slots=True)
class TaskOpening:
    """Opens a task; ``due`` is how long there is for it."""

    title: str
    assignee: str
    due: Duration | None


@dataclass(frozen=True, slots=True)
class ReviewsAnswer:
    """Settles the bad reviews of the person."""


Effect = PropertyChange | TagChange | Award | Alert | Call | CouponChoice | ReviewsAnswer
Deed = Effect | TaskOpening
"""What a step may do: the effect of an act, or what a wait begins with."""

RESULTS: Final[dict[type, str]] = {
    PropertyChange: "changed",
    TagChange: "tagged",
    Award: "awarded",
    Alert: "alerted",
    Call: "called",
    CouponChoice: "coupon",
    ReviewsAnswer: "answered",
}
"""What a step records that did something."""


@dataclass(frozen=True, slots=True)
class Act:
    """Does something and goes on."""

    id: str
    effect: Effect
    next: str

    @property
    def ways(self) -> Ways:
        """Where it leads."""
        return ((RESULTS[type(self.effect)], self.next),)


Wait = DateWait | EventWait | StockWait | TaskWait
Choice = Branches | RandomShare | ABSplit | ChannelChoice


def _named(ways: tuple[Way, ...]) -> Ways:
    return tuple((f"{WAY}{way.name}", way.next) for way in ways)
