"""When so much goes wrong with mails that promotions stop until somebody looks.

What mailbox providers hold against a sender: mails to dead addresses, and mails that people mark as
spam. Both are shares of what left in the last seven days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from messaging.choices import GuardLevel

DAYS: Final = 7
LEAST_EVENTS: Final = 3
"""So many bounces or complaints at least: one alone is no sign of anything."""
_NAMES: Final = (
    "bounce_warn",
    "bounce_stop",
    "complaint_warn",
    "complaint_stop",
    "unsubscribe_warn",
)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which rates on somebody is warned, and promotions are paused; rates of 0 to 1.

    Attributes:
        least_sent: mails that must have left before anything is judged.
        unsubscribe_warn: of the mails of one flow, or to one segment, in 30 days.
    """

    is_on: bool = True
    bounce_warn: float = 0.02
    bounce_stop: float = 0.05
    complaint_warn: float = 0.001
    complaint_stop: float = 0.003
    least_sent: int = 300
    unsubscribe_warn: float = 0.01


@dataclass(frozen=True, slots=True)
class Finding:
    """How it stands; empty words where all is well."""

    level: str
    words: str


WELL: Final = Finding("", "")


@dataclass(frozen=True, slots=True)
class Figures:
    """What is judged: mails that left and what became of them.

    Attributes:
        bounced: to dead addresses.
        complained: marked as spam, of those that arrived.
    """

    sent: int
    arrived: int
    bounced: int
    complained: int


def judge(figures: Figures, limits: Thresholds) -> Finding:
    """Return what the figures of seven days mean; the worse of both counts."""
    if not limits.is_on or figures.sent < limits.least_sent:
        return WELL
    found = [
        _judge(
            figures.bounced,
            figures.sent,
            (limits.bounce_warn, limits.bounce_stop),
            "went to dead addresses",
        ),
        _judge(
            figures.complained,
            figures.arrived,
            (limits.complaint_warn, limits.complaint_stop),
            "were marked as spam",
        ),
    ]
    order = ("", GuardLevel.WARN.value, GuardLevel.STOP.value)
    return max(found, key=lambda one: order.index(one.level))


def read_thresholds(stored: Mapping[str, Any]) -> Thresholds:
    """Return thresholds as they were stored; what is missing or unreadable is the default."""
    default = Thresholds()
    rates = {
        name: value
        for name in _NAMES
        if isinstance(value := stored.get(name), int | float) and 0 < value <= 1
    }
    is_on, least = stored.get("is_on"), stored.get("least_sent")
    return Thresholds(
        is_on=is_on if isinstance(is_on, bool) else default.is_on,
        least_sent=least if isinstance(least, int) and least > 0 else default.least_sent,
        **rates,
    )


def write_thresholds(limits: Thresholds) -> dict[str, Any]:
    """Return thresholds as they are stored, JSON."""
    rates = {name: getattr(limits, name) for name in _NAMES}
    return {"is_on": limits.is_on, "least_sent": limits.least_sent, **rates}


def _judge(count: int, whole: int, limits: tuple[float, float], words: str) -> Finding:
    warn, stop = limits
    rate = count / whole if whole else 0.0
    if count < LEAST_EVENTS or rate < warn:
        return WELL
    level = GuardLevel.STOP if rate >= stop else GuardLevel.WARN
    limit = stop if level == GuardLevel.STOP else warn
    return Finding(
        level.value,
        f"{rate:.2%} of the marketing mails of the last {DAYS} days {words} ({count:,} of"
        f" {whole:,}); the limit is {limit:.1%}",
    )
