"""What starts a flow, as a person would say it."""

from collections.abc import Mapping
from typing import Final

from flows.domain.graph import EventTrigger, SegmentTrigger, Trigger
from flows.domain.starts import (
    TIER_CHANGED,
    Affinity,
    ArrivalTrigger,
    DateTrigger,
    Interest,
    ManualTrigger,
    OwnTrigger,
    PriceTrigger,
    RefillTrigger,
    Repeats,
    StockTrigger,
)

DELETED: Final = "a deleted segment"
_REPEATS: Final = {
    Repeats.ONCE: "",
    Repeats.YEARLY: ", every year",
    Repeats.MONTHLY: ", every month",
    Repeats.WEEKLY: ", every week",
}
_INTERESTS: Final = {
    Interest.VIEWED: "looked at it",
    Interest.CART: "put it into the cart",
    Interest.CHECKOUT: "went to the checkout with it",
    Interest.ASKED: "asked to be told",
    Interest.WISHED: "put it on their wish list",
}

_AFFINITIES: Final = {
    Affinity.BOUGHT: "bought of its category",
    Affinity.VIEWED: "looked at its category",
    Affinity.EITHER: "bought of its category or looked at it",
}


def speak_trigger(trigger: Trigger, segments: Mapping[int, str]) -> str:
    """Return such as ``Order Placed`` or ``3 days before birthday, every year, at 09:00``.

    Args:
        trigger: what starts the flow.
        segments: names by id.
    """
    match trigger:
        case EventTrigger(event=event):
            return _speak_tier(trigger) if event == TIER_CHANGED else event
        case SegmentTrigger(segment_id=segment_id, is_exit=is_exit):
            return f"{'Leaves' if is_exit else 'Enters'} {segments.get(segment_id, DELETED)}"
        case _:
            return _speak_own(trigger)


def _speak_own(trigger: OwnTrigger) -> str:
    match trigger:
        case DateTrigger():
            return _speak_date(trigger)
        case PriceTrigger(least=least, is_percent=is_percent):
            by = f"{least.normalize():f}{'%' if is_percent else ' in its currency'}"
            return f"The price falls by {by} or more, for who {_speak_interest(trigger)}"
        case StockTrigger(pieces=pieces, is_back=is_back):
            what, more = ("is back in stock", "more") if is_back else ("runs low", "fewer")
            said = f"A variant {what} ({_pieces(pieces)} or {more})"
            return f"{said}, for who {_speak_interest(trigger)}"
        case _:
            return _speak_more(trigger)


def _speak_more(trigger: RefillTrigger | ArrivalTrigger | ManualTrigger) -> str:
    match trigger:
        case RefillTrigger(percent=percent):
            return f"What they bought is {percent}% used up, by how long it lasts"
        case ArrivalTrigger(affinity=affinity, within_days=days):
            who = f"{_AFFINITIES[affinity]} in the last {days} days"
            return f"A product is published, for who {who}"
        case ManualTrigger():
            return "Put in by hand or over the API"


def _speak_tier(trigger: EventTrigger) -> str:
    named = {each.name: str(each.value) for each in trigger.where if each.operator == "="}
    way = "".join(f" {word} {named[word]}" for word in ("from", "to") if word in named)
    return f"Loyalty tier changes{way}"


def _speak_date(trigger: DateTrigger) -> str:
    date = trigger.name.removesuffix("_at").replace("_", " ")
    unit = trigger.unit.removesuffix("s") if trigger.n == 1 else trigger.unit
    direction = "before" if trigger.is_before else "after"
    away = f"{trigger.n} {unit} {direction} {date}" if trigger.n else f"On {date}"
    return f"{away}{_REPEATS[trigger.repeats]}, at {trigger.at:%H:%M}"


def _speak_interest(trigger: PriceTrigger | StockTrigger) -> str:
    days = trigger.within_days
    return f"{_INTERESTS[trigger.interest]} in the last {days} day{'' if days == 1 else 's'}"


def _pieces(pieces: int) -> str:
    return f"{pieces} piece{'' if pieces == 1 else 's'}"
