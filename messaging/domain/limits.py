"""The sending limits of a merchant: what holds without a word from them, and how it is stored.

What is stored may be of an older release or half of it: whatever is missing or unreadable is read
as the default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Any, Final, TypeVar

from messaging.domain.quiet_hours import COUNTRY_RULES, DEFAULT_RULE, QuietRule, QuietTimes

CHANNELS: Final = ("email", "sms", "whatsapp", "push")
TROUBLES: Final = ("ticket", "return", "review", "parcel")
"""What makes somebody unhappy, the kinds of `crm.queries.unhappy`."""
MOST_HOURS: Final = 720
BUDGET_DAYS: Final = 7
MOST_SUNSET_DAYS: Final = 1_000
MOST_SUNSET_MAILS: Final = 50
_Value = TypeVar("_Value")


class OnHit(StrEnum):
    """What becomes of a message that a limit stops."""

    SKIP = "skip"
    WAIT = "wait"


class Guard(StrEnum):
    """What one kind of trouble does to promotions."""

    WAIT = "wait"
    SKIP = "skip"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SmartSending:
    """How far apart promotional messages of one channel leave.

    Attributes:
        hours: between two of them; 0 is no limit.
        max_wait_hours: so long one waits at most; of `OnHit.WAIT` alone.
    """

    hours: int
    on_hit: OnHit = OnHit.SKIP
    max_wait_hours: int = 24


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of one person's attention promotions take in 7 days, over all channels.

    Attributes:
        points: of a week.
        costs: points that one message takes, by channel.
        on_loss: what becomes of the message that loses a slot to a better one.
    """

    is_on: bool = True
    points: int = 10
    costs: Mapping[str, int] = field(
        default_factory=lambda: {"email": 1, "sms": 2, "whatsapp": 2, "push": 1}
    )
    on_loss: OnHit = OnHit.WAIT


@dataclass(frozen=True, slots=True)
class QuietSettings:
    """When nobody is disturbed.

    Attributes:
        has_email: whether emails keep to it as well.
        spares_orders: whether messages about orders may leave at any time.
        rules: by ISO 3166-1 alpha-2 code, where it differs from ``rule``.
        own_days: further days that are quiet throughout.
    """

    is_on: bool = True
    has_email: bool = False
    spares_orders: bool = True
    rule: QuietRule = DEFAULT_RULE
    rules: Mapping[str, QuietRule] = field(default_factory=lambda: dict(COUNTRY_RULES))
    own_days: frozenset[date] = frozenset()

    def times_for(self, country: str) -> QuietTimes:
        """Return what is quiet for somebody in a country."""
        return QuietTimes(self.rules.get(country, self.rule), country, self.own_days)


@dataclass(frozen=True, slots=True)
class Unhappy:
    """What keeps promotions from people who have other worries; ``guards`` by kind of trouble."""

    is_on: bool = True
    guards: Mapping[str, Guard] = field(default_factory=lambda: dict.fromkeys(TROUBLES, Guard.WAIT))

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of trouble that count, in their order."""
        return [kind for kind in TROUBLES if self.is_on and self.guards[kind] != Guard.OFF]


@dataclass(frozen=True, slots=True)
class Sunset:
    """When promotional mails to somebody become rare, and end, who shows no interest.

    Attributes:
        days: without an opening, a click, a visit and an order.
        mails: promotional ones that they still get after that.
        slow_days: without the same, after which mails come more rarely.
        slow_gap: days between two of them then.
    """

    is_on: bool = True
    days: int = 180
    mails: int = 3
    slow_days: int = 120
    slow_gap: int = 30


SMART_HOURS: Final = {"email": 16, "sms": 24, "whatsapp": 24, "push": 24}


@dataclass(frozen=True, slots=True)
class Limits:
    """All sending limits but the frequency rules.

    Attributes:
        smart: by channel.
        spares_best: the best customers get no campaign that carries a coupon.
    """

    smart: Mapping[str, SmartSending] = field(
        default_factory=lambda: {name: SmartSending(hours) for name, hours in SMART_HOURS.items()}
    )
    quiet: QuietSettings = field(default_factory=QuietSettings)
    budget: Budget = field(default_factory=Budget)
    unhappy: Unhappy = field(default_factory=Unhappy)
    sunset: Sunset = field(default_factory=Sunset)
    spares_best: bool = True


def read_limits(stored: Mapping[str, Any]) -> Limits:
    """Return limits as they were stored; an empty mapping is all defaults."""
    smart, quiet = _part(stored, "smart"), _part(stored, "quiet")
    return Limits(
        smart={name: _read_smart(_part(smart, name), hours) for name, hours in SMART_HOURS.items()},
        quiet=_read_quiet(quiet),
        budget=_read_budget(_part(stored, "budget")),
        unhappy=_read_unhappy(_part(stored, "unhappy")),
        sunset=_read_sunset(_part(stored, "sunset")),
        spares_best=_flag(_part(stored, "discounts"), "spares_best", default=True),
    )


def write_limits(limits: Limits) -> dict[str, Any]:
    """Return limits as they are stored, JSON."""
    quiet, budget = limits.quiet, limits.budget
    return {
        "smart": {
            name: {
                "hours": one.hours,
                "on_hit": one.on_hit.value,
                "max_wait_hours": one.max_wait_hours,
            }
            for name, one in limits.smart.items()
        },
        "quiet": {
            "is_on": quiet.is_on,
            "has_email": quiet.has_email,
            "spares_orders": quiet.spares_orders,
            "rule": _write_rule(quiet.rule),
            "rules": {code: _write_rule(rule) for code, rule in sorted(quiet.rules.items())},
            "own_days": [day.isoformat() for day in sorted(quiet.own_days)],
        },
        "budget": {
            "is_on": budget.is_on,
            "points": budget.points,
            "costs": dict(budget.costs),
            "on_loss": budget.on_loss.value,
        },
        "unhappy": {
            "is_on": limits.unhappy.is_on,
            "guards": {kind: guard.value for kind, guard in limits.unhappy.guards.items()},
        },
        "sunset": {
            "is_on": limits.sunset.is_on,
            "days": limits.sunset.days,
            "mails": limits.sunset.mails,
            "slow_days": limits.sunset.slow_days,
            "slow_gap": limits.sunset.slow_gap,
        },
        "discounts": {"spares_best": limits.spares_best},
    }


def _read_smart(found: Mapping[str, Any], hours: int) -> SmartSending:
    return SmartSending(
        hours=_number(found, "hours", hours, MOST_HOURS),
        on_hit=_word(found, "on_hit", OnHit, OnHit.SKIP),
        max_wait_hours=_number(found, "max_wait_hours", 24, MOST_HOURS),
    )


def _read_quiet(found: Mapping[str, Any]) -> QuietSettings:
    rules = found.get("rules")
    given = {
        code: rule
        for code, one in (rules.items() if isinstance(rules, Mapping) else ())
        if (rule := _read_rule(one))
    }
    days = found.get("own_days")
    return QuietSettings(
        is_on=_flag(found, "is_on", default=True),
        has_email=_flag(found, "has_email", default=False),
        spares_orders=_flag(found, "spares_orders", default=True),
        rule=_read_rule(found.get("rule")) or DEFAULT_RULE,
        rules=dict(COUNTRY_RULES) if rules is None else given,
        own_days=frozenset(_read_days(days)) if isinstance(days, list) else frozenset(),
    )


def _read_budget(found: Mapping[str, Any]) -> Budget:
    default, costs = Budget(), _part(found, "costs")
    return Budget(
        is_on=_flag(found, "is_on", default=True),
        points=_number(found, "points", default.points, 1000),
        costs={name: _number(costs, name, cost, 1000) for name, cost in default.costs.items()},
        on_loss=_word(found, "on_loss", OnHit, OnHit.WAIT),
    )


def _read_unhappy(found: Mapping[str, Any]) -> Unhappy:
    guards = _part(found, "guards")
    return Unhappy(
        is_on=_flag(found, "is_on", default=True),
        guards={kind: _word(guards, kind, Guard, Guard.WAIT) for kind in TROUBLES},
    )


def _read_sunset(found: Mapping[str, Any]) -> Sunset:
    default = Sunset()
    return Sunset(
        is_on=_flag(found, "is_on", default=True),
        days=_number(found, "days", default.days, MOST_SUNSET_DAYS),
        mails=_number(found, "mails", default.mails, MOST_SUNSET_MAILS),
        slow_days=_number(found, "slow_days", default.slow_days, MOST_SUNSET_DAYS),
        slow_gap=_number(found, "slow_gap", default.slow_gap, MOST_SUNSET_DAYS),
    )


def _write_rule(rule: QuietRule) -> dict[str, Any]:
    return {
        "start": rule.start.isoformat("minutes"),
        "end": rule.end.isoformat("minutes"),
        "weekdays": sorted(rule.weekdays),
        "has_holidays": rule.has_holidays,
    }


def _read_rule(found: Any) -> QuietRule | None:
    try:
        return QuietRule(
            start=time.fromisoformat(found["start"]),
            end=time.fromisoformat(found["end"]),
            weekdays=frozenset(int(day) for day in found["weekdays"]),
            has_holidays=bool(found["has_holidays"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _read_days(found: list[Any]) -> list[date]:
    days = []
    for text in found:
        try:
            days.append(date.fromisoformat(text))
        except (TypeError, ValueError):
            continue
    return days


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = found.get(name)
    return part if isinstance(part, Mapping) else {}


def _number(found: Mapping[str, Any], name: str, default: int, most: int) -> int:
    value = found.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return default
    return value if 0 <= value <= most else default


def _flag(found: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = found.get(name)
    return value if isinstance(value, bool) else default


def _word(
    found: Mapping[str, Any], name: str, words: Callable[[Any], _Value], default: _Value
) -> _Value:
    try:
        return words(found.get(name))
    except ValueError:
        return default
