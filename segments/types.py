"""Values that pass between the parts of this app: fields of the registry, causes, scores."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a field holds, and with it which operators and values fit."""

    NUMBER = "number"
    MONEY = "money"
    DAYS_SINCE = "days_since"
    DATE = "date"
    TEXT = "text"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a condition can ask about a profile.

    Attributes:
        sql: expression over ``p`` (crm_profile) and ``f`` (crm_profilefacts, may be absent);
            for ``days_since`` the instant that is counted from.
        unit: ``orders``, ``days``, ``points``; empty where the kind says it.
        choices: allowed words with their labels, for ``choice`` only.
        is_nullable: False where ``sql`` is never NULL.
        is_comparable: whether ``top`` and figures of the store are offered; they look at buyers.
        missing: why it cannot be asked yet; empty where it can.
        stored: the column alone, where ``sql`` is 0 for who has none; else empty.
        ends_at, then: instant at which time alone changes it, and what it is from then on; empty
            where time does not.
    """

    name: str
    label: str
    kind: Kind
    sql: str
    group: str
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    is_nullable: bool = True
    is_comparable: bool = False
    missing: str = ""
    stored: str = ""
    ends_at: str = ""
    then: str = ""


@dataclass(frozen=True, slots=True)
class ChangeCause:
    """Why memberships of one profile are looked at again.

    Attributes:
        cause: a `segments.choices.Cause` word.
        event_id, event_name: the event behind it; None and empty without one.
        is_history: True for imports: what follows starts no flow.
    """

    cause: str
    event_id: int | None = None
    event_name: str = ""
    is_history: bool = False


@dataclass(frozen=True, slots=True)
class GroupMove:
    """One profile's move between RFM groups; an empty group means none."""

    profile_id: int
    from_group: str
    to_group: str


@dataclass(frozen=True, slots=True)
class LeafReason:
    """One condition of a segment for one profile.

    Attributes:
        words: the condition as a person would say it.
        actual: the profile's value in words.
        holds: whether the condition is true now.
        flips_at: when time alone changes it next; None if it never does.
    """

    path: str
    words: str
    actual: str
    holds: bool
    flips_at: datetime | None


@dataclass(frozen=True, slots=True)
class GroupReason:
    """What some conditions of a segment come to together for one profile.

    Attributes:
        op: ``and``, ``or`` or ``not``; ``not`` means none of them.
        holds: what that comes to now.
    """

    op: str
    holds: bool
    parts: "tuple[LeafReason | GroupReason, ...]"


@dataclass(frozen=True, slots=True)
class SegmentReason:
    """Why one profile is in or out of one segment.

    Attributes:
        holds: whether the whole definition is true now.
        is_member: whether the stored membership says so; the same once settled.
        leaves: every condition in reading order.
        whole: the same conditions in their groups.
        entered_at, left_at, cause, event_name: the last change; None and empty when the profile
            was in it from the start or never.
        flips_at: the earliest instant at which time alone can change a condition.
        turns_at: when time alone makes ``holds`` the opposite, if nothing else happens: when a
            member leaves, when another one enters; None if it never does.
        is_open: whether that lies too many changes ahead to be told; ``turns_at`` is None then.
    """

    segment_id: int
    key: str
    name: str
    words: str
    holds: bool
    is_member: bool
    leaves: tuple[LeafReason, ...]
    whole: GroupReason
    entered_at: datetime | None
    left_at: datetime | None
    cause: str
    event_name: str
    flips_at: datetime | None
    turns_at: datetime | None = None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class RfmBounds:
    """The lowest values that get scores 2, 3, 4 and 5 in each measure, ascending."""

    recency: tuple[date, date, date, date]
    frequency: tuple[int, int, int, int]
    monetary: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class BuyerMeasures:
    """What one buyer is scored on, within the look-back.

    Attributes:
        last_order_on: day of the last order in the tenant's zone.
        order_count: orders that count, at least 1.
        net_minor: net revenue in minor units of the tenant's currency.
    """

    profile_id: int
    last_order_on: date
    order_count: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class Scores:
    """R, F and M, 1 to 5, 5 best, and the group they make."""

    recency: int
    frequency: int
    monetary: int
    group: str
