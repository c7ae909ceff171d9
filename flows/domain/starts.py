"""What starts a run beside an event and a segment: dates, prices, stock, and people by hand."""

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum
from typing import Final

DATE_REACHED: Final = "Date Reached"
PRICE_FELL: Final = "Wanted Price Dropped"
STOCK_FELL: Final = "Wanted Stock Low"
STOCK_CAME: Final = "Wanted Back In Stock"
REFILL_DUE: Final = "Refill Due"
PRODUCT_CAME: Final = "Wanted Product Published"
ADDED: Final = "Added To Flow"
"""Events of a person that start runs of the one flow that they are about, which is their object."""
OWN_STARTS: Final = frozenset(
    {DATE_REACHED, PRICE_FELL, STOCK_FELL, STOCK_CAME, REFILL_DUE, PRODUCT_CAME, ADDED}
)

TIER_CHANGED: Final = "Loyalty Tier Changed"


class Repeats(StrEnum):
    """How often a date comes round."""

    ONCE = "once"
    YEARLY = "yearly"
    MONTHLY = "monthly"
    WEEKLY = "weekly"


class Interest(StrEnum):
    """What somebody did with a product to hear of its price or stock."""

    VIEWED = "viewed"
    CART = "cart"
    CHECKOUT = "checkout"
    ASKED = "asked"
    WISHED = "wished"


@dataclass(frozen=True, slots=True)
class DateTrigger:
    """A date of the person starts a run, so long before or after it.

    Attributes:
        name: a property of the profile, or one of the dates that Patron keeps of everybody.
        n: how many of ``unit`` away from the date; ``is_before`` says in which direction.
        unit: ``days``, ``weeks`` or ``months``.
        at: local time of day.
        zone: IANA name; empty is the person's own, else the tenant's.
        weekdays: Monday is 0; who would enter on another day enters on the next allowed one.
            Empty allows all.
    """

    name: str
    repeats: Repeats
    n: int = 0
    unit: str = "days"
    is_before: bool = False
    at: time = time(9)
    zone: str = ""
    weekdays: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PriceTrigger:
    """A price that falls far enough starts runs of those who were interested.

    Attributes:
        least: by how much it falls at least, in the currency of the price or in percent.
        is_percent: which of both.
        interest: who hears of it: those who did this with the product ``within_days``.
    """

    least: Decimal
    is_percent: bool
    interest: Interest
    within_days: int


@dataclass(frozen=True, slots=True)
class StockTrigger:
    """A variant that runs low, or is back, starts runs of those who were interested.

    Attributes:
        pieces: low: at most so many are left; back: at least so many.
        is_back: which of both.
    """

    pieces: int
    is_back: bool
    interest: Interest
    within_days: int


class Affinity(StrEnum):
    """What somebody did with a category to hear of what is new in it."""

    BOUGHT = "bought"
    VIEWED = "viewed"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class RefillTrigger:
    """What somebody bought is used up by so much, and they did not buy it again.

    Attributes:
        percent: of the time that their pieces last.
    """

    percent: int


@dataclass(frozen=True, slots=True)
class ArrivalTrigger:
    """A product is published, for those who care for its category.

    Attributes:
        affinity: by what it shows, ``within_days``.
    """

    affinity: Affinity
    within_days: int


@dataclass(frozen=True, slots=True)
class ManualTrigger:
    """Nobody enters unless they are put in, by a member or over the API."""


OwnTrigger = (
    DateTrigger | PriceTrigger | StockTrigger | RefillTrigger | ArrivalTrigger | ManualTrigger
)
AudienceTrigger = PriceTrigger | StockTrigger

STARTED_BY: Final[dict[type, str]] = {
    DateTrigger: DATE_REACHED,
    PriceTrigger: PRICE_FELL,
    RefillTrigger: REFILL_DUE,
    ArrivalTrigger: PRODUCT_CAME,
}


def event_of(trigger: object) -> str:
    """Return the event of a person that such a trigger starts a run by; empty for none."""
    if isinstance(trigger, StockTrigger):
        return STOCK_CAME if trigger.is_back else STOCK_FELL
    return STARTED_BY.get(type(trigger), "")
