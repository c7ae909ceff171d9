"""Parts of a definition as a person would say them."""

from datetime import timedelta

from crm.domain.channels import CHANNEL_WORDS
from flows.domain.graph import (
    ITEMS,
    NOTHING,
    SKIP,
    USUAL_PRIORITY,
    Delay,
    Duration,
    Message,
    Policy,
    PropertyCondition,
    Reentry,
)

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
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
    words = f"Wait {speak_duration(delay.duration)}"
    return f"{words}, then {' '.join(then)}" if then else words


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
    return ", ".join(words)


def speak_reentry(reentry: Reentry) -> str:
    """Return when a profile may enter again, in a few words."""
    match reentry.policy:
        case Policy.ONCE:
            return "Once"
        case Policy.EVERY_TIME:
            return "Every time"
        case Policy.AFTER:
            return f"Again after {speak_length(reentry.gap)}"
        case Policy.KEYED:
            return f"Once for each {reentry.key}"


def speak_property(condition: PropertyCondition) -> str:
    """Return such as ``total is at least 50``."""
    value = condition.value
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    sign = _SIGNS[condition.operator]
    return f"{condition.name} {sign}" if value is None else f"{condition.name} {sign} {value}"


def _plural(n: int, unit: str) -> str:
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"
