"""Parts of a definition as a person would say them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from crm.domain.channels import CHANNEL_LABELS, CHANNEL_WORDS
from flows.domain.graph import (
    DRAFT,
    ITEMS,
    MANUAL,
    NOTHING,
    OFF,
    SKIP,
    USUAL_PRIORITY,
    Delay,
    Message,
    Policy,
    Reentry,
)
from flows.domain.nodes import (
    AGAIN,
    CANCELLED,
    DONE,
    ELSE,
    HAPPENED,
    IN_STOCK,
    PAST,
    REACHED,
    TIMEOUT,
    WAY,
    DateWait,
    EventWait,
    PropertyChange,
    StockWait,
    TagChange,
    TaskWait,
)
from flows.domain.values import Duration, EventMatch, PropertyCondition

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_STATES = {
    MANUAL: "waits for review",
    DRAFT: "a draft, nobody gets it",
    OFF: "off, nobody gets it",
}
_SIGNS = {
    "=": "is",
    "!=": "is not",
    ">": "is more than",
    ">=": "is at least",
    "<": "is less than",
    "<=": "is at most",
    "contains": "contains",
    "in": "is one of",
    "is_set": "is set",
    "not_set": "is not set",
}


def speak_duration(duration: Duration) -> str:
    """Return such as ``7 days`` or ``1 hour``."""
    return _plural(duration.n, duration.unit.removesuffix("s"))


def speak_length(length: timedelta) -> str:
    """Return a length in its largest whole unit, such as ``60 days`` or ``36 hours``."""
    for unit, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1))):
        if length and not length % size:
            return _plural(length // size, unit)
    return _plural(length // timedelta(minutes=1), "minute")


def speak_delay(delay: Delay) -> str:
    """Return such as ``Wait 7 days, then until 09:00 on Mon, Tue``."""
    then = []
    if delay.until_time is not None:
        then.append(f"until {delay.until_time:%H:%M}")
    if delay.weekdays:
        then.append("on " + ", ".join(DAY_NAMES[day] for day in sorted(delay.weekdays)))
    if not delay.duration.n and then:
        return f"Wait {' '.join(then)}"
    words = f"Wait {speak_duration(delay.duration)}"
    return f"{words}, then {' '.join(then)}" if then else words


class WayWords(NamedTuple):
    """How a way out of a node is shown."""

    label: str
    tone: str
    symbol: str


_WAYS: Final[dict[str, WayWords]] = {
    "yes": WayWords("Yes", "good", "check"),
    "no": WayWords("No", "neutral", "x"),
    HAPPENED: WayWords("It happens", "good", "check"),
    DONE: WayWords("Done", "good", "check"),
    CANCELLED: WayWords("Cancelled", "neutral", "x"),
    TIMEOUT: WayWords("Time is over", "neutral", "clock"),
    IN_STOCK: WayWords("Back in stock", "good", "check"),
    REACHED: WayWords("The day has come", "good", "check"),
    PAST: WayWords("Past, or no date", "neutral", "x"),
    AGAIN: WayWords("Again", "accent", "return"),
    ELSE: WayWords("Otherwise", "neutral", "x"),
}


def speak_way(word: str, shares: Mapping[str, int]) -> WayWords:
    """Return how a way is shown.

    Args:
        word: what a step that goes it records.
        shares: of the named ways of the node, in hundredths of a percent.
    """
    known = _WAYS.get(word)
    if known is not None:
        return known
    name = word.removeprefix(WAY)
    label = CHANNEL_LABELS.get(name, name)
    if name in shares:
        label = f"{label}, {speak_share(shares[name])}"
    return WayWords(label, "accent", "split")


def speak_share(share: int) -> str:
    """Return hundredths of a percent such as ``33.4%``."""
    return f"{share / 100:.2f}".rstrip("0").rstrip(".") + "%"


def speak_match(match: EventMatch, message: str = "") -> str:
    """Return such as ``Order Placed where total is at least 50 of the same cart``.

    Args:
        match: the event.
        message: name of the message that it is about.
    """
    if match.message:
        return f"“{message}” is {match.event.removeprefix('Message ').lower()}"
    words = match.event
    if match.where:
        words += " where " + " and ".join(speak_property(each) for each in match.where)
    if match.same:
        names = ", ".join(_name_key(name) for name, _ in match.same)
        words += f" of the same {names}"
    return words


def speak_date_wait(node: DateWait) -> str:
    """Return such as ``Wait until 3 days before birthday``."""
    date = node.name.replace("_", " ")
    if not node.offset.n:
        return f"Wait until {date}"
    direction = "before" if node.is_before else "after"
    return f"Wait until {speak_duration(node.offset)} {direction} {date}"


def speak_timeout(node: EventWait | StockWait | TaskWait) -> str:
    """Return such as ``At the longest 24 hours``."""
    return f"At the longest {speak_duration(node.timeout)}"


def speak_change(change: PropertyChange) -> str:
    """Return such as ``Set favourite colour to blue``."""
    name = change.name.replace("_", " ")
    match change.how:
        case "add":
            return f"Add {change.value} to {name}"
        case "now":
            return f"Set {name} to the present time"
        case "copy":
            return f"Set {name} to the event's {str(change.value).replace('_', ' ')}"
        case "remove":
            return f"Remove {name}"
        case _:
            return f"Set {name} to {_speak_value(change.value)}"


def speak_tags(change: TagChange) -> str:
    """Return such as ``Add VIP, remove Newcomer``."""
    parts = [
        f"{verb} {', '.join(tags)}"
        for verb, tags in (("add", change.added), ("remove", change.removed))
        if tags
    ]
    words = ", ".join(parts)
    return words[:1].upper() + words[1:]


def _speak_value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value)


def speak_message(message: Message) -> str:
    """Return such as ``Promotional email, priority 1, gives a coupon code``."""
    channel = CHANNEL_WORDS.get(message.channel, message.channel)
    words = [f"{message.message_class.capitalize()} {channel}"]
    if message.priority != USUAL_PRIORITY:
        words.append(f"priority {message.priority}")
    if message.expected_value is not None:
        words.append(f"expected to bring {message.expected_value:g} in your currency")
    if message.on_quiet == SKIP:
        words.append("skipped in quiet hours")
    if message.about == ITEMS:
        words.append("about the items of the event")
    elif message.about == NOTHING:
        words.append("about no item")
    if message.coupon_id is not None:
        words.append("gives a coupon code")
    if message.state in _STATES:
        words.append(_STATES[message.state])
    return ", ".join(words)


def speak_reentry(reentry: Reentry) -> str:
    """Return when a profile may enter again, in a few words."""
    words = _speak_policy(reentry)
    if reentry.at_once == 1:
        return f"{words}, never twice at the same time"
    if reentry.at_once:
        return f"{words}, at most {reentry.at_once} times at the same time"
    return words


def _speak_policy(reentry: Reentry) -> str:
    match reentry.policy:
        case Policy.ONCE:
            return "Once"
        case Policy.EVERY_TIME:
            return "Every time"
        case Policy.AFTER:
            return f"Again after {speak_length(reentry.gap)}"
        case Policy.KEYED if reentry.again:
            return f"Once at a time for each {_name_key(reentry.key)}"
        case Policy.KEYED:
            return f"Once for each {_name_key(reentry.key)}"


def _name_key(name: str) -> str:
    """Return what a property of an event tells apart: ``cart_id`` is a cart."""
    return "tier" if name == "to" else name.removesuffix("_id").replace("_", " ")


def speak_property(condition: PropertyCondition) -> str:
    """Return such as ``total is at least 50``."""
    value = condition.value
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    sign = _SIGNS[condition.operator]
    return f"{condition.name} {sign}" if value is None else f"{condition.name} {sign} {value}"


def _plural(n: int, unit: str) -> str:
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"
