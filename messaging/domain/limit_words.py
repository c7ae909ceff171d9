"""Sending limits in plain sentences: what the pages and the reasons of messages say of them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from crm.domain.channels import CHANNEL_WORDS
from kernel.formats import format_country, format_day
from messaging.domain.frequency import ENGAGED, ENGAGED_DAYS, UNENGAGED, Peak, Rule
from messaging.domain.limits import (
    BUDGET_DAYS,
    Budget,
    Guard,
    OnHit,
    QuietSettings,
    SmartSending,
    Sunset,
    Unhappy,
)
from messaging.domain.quiet_hours import QuietRule

TROUBLE_WORDS: Final = {
    "ticket": "an open ticket",
    "return": "a refund that is not settled",
    "review": "a bad review without an answer",
    "parcel": "a parcel that is late",
}
_DAYS: Final = (
    "Mondays",
    "Tuesdays",
    "Wednesdays",
    "Thursdays",
    "Fridays",
    "Saturdays",
    "Sundays",
)
_DAY: Final = timedelta(days=1)
_LONG: Final = timedelta(days=3)
"""Shorter windows are said in hours."""


def say_window(window: timedelta) -> str:
    """Return ``30 days``, or ``72 hours`` up to three days."""
    if window > _LONG and window % _DAY == timedelta():
        return count(window // _DAY, "day")
    return count(window // timedelta(hours=1), "hour")


def say_rule(rule: Rule) -> str:
    """Return what a frequency rule says, in one sentence."""
    channel = CHANNEL_WORDS.get(rule.channel)
    where = f"by {channel}" if channel else "on any channel"
    if not rule.max_n:
        said = f"No limit to {rule.message_class} messages {where}"
    else:
        messages = count(rule.max_n, f"{rule.message_class} message")
        said = f"At most {messages} in {say_window(rule.window)} {where}"
    whom = {
        ENGAGED: ", for people who are engaged",
        UNENGAGED: ", for people who are not engaged",
    }.get(rule.audience, "")
    return f"{said}{whom}."


def say_peak(peak: Peak) -> str:
    """Return what holds in a peak season."""
    days = f"From {format_day(peak.first)} to {format_day(peak.last)}"
    return f"{days}: at most {peak.max_n}" if peak.max_n else f"{days}: no limit"


def say_engaged() -> str:
    """Return who counts as engaged."""
    return f"Engaged is who opened, clicked, visited or bought in the last {ENGAGED_DAYS} days."


def say_smart(channel: str, smart: SmartSending) -> str:
    """Return what smart sending does on a channel."""
    word = CHANNEL_WORDS[channel]
    if not smart.hours:
        return f"Promotional messages by {word} may follow each other at once."
    said = f"Between two promotional messages by {word} lie at least {count(smart.hours, 'hour')}"
    if smart.on_hit == OnHit.SKIP:
        return f"{said}; what comes sooner is skipped."
    waits = count(smart.max_wait_hours, "hour")
    return f"{said}; what comes sooner waits, for {waits} at most."


def say_quiet(quiet: QuietSettings) -> list[str]:
    """Return when nobody is disturbed, a sentence for each rule."""
    if not quiet.is_on:
        return ["Messages leave at any time of day."]
    channels = "SMS, WhatsApp, push or email" if quiet.has_email else "SMS, WhatsApp or push"
    said = [f"No {channels} {_say_hours(quiet.rule)}, by the clock of the person."]
    for code, rule in sorted(quiet.rules.items()):
        said.append(f"In {format_country(code)} none {_say_hours(rule)}.")
    if quiet.own_days:
        said.append(f"None on {say_days(sorted(quiet.own_days))}.")
    return said


def say_days(days: Sequence[date]) -> str:
    """Return days in a row."""
    return _join([format_day(day) for day in days])


def say_budget(budget: Budget) -> str:
    """Return what the budget of attention is."""
    if not budget.is_on:
        return "No budget: only the other limits hold."
    costs = _join([f"{CHANNEL_WORDS[name]} takes {cost}" for name, cost in budget.costs.items()])
    points = count(budget.points, "point")
    return f"{points} in {BUDGET_DAYS} days for each person, over all channels: {costs}."


def say_unhappy(unhappy: Unhappy) -> list[str]:
    """Return what keeps promotions from people."""
    if not unhappy.kinds:
        return ["Promotions go to everybody, whatever is open."]
    ways = {Guard.WAIT: "Promotions wait", Guard.SKIP: "Promotions are skipped"}
    said = []
    for guard, words in ways.items():
        kinds = [kind for kind in unhappy.kinds if unhappy.guards[kind] == guard]
        if kinds:
            troubles = _join([TROUBLE_WORDS[kind] for kind in kinds], "or")
            said.append(f"{words} for people with {troubles}.")
    return said


def say_sunset(sunset: Sunset) -> list[str]:
    """Return when promotional mails to somebody end."""
    if not sunset.is_on:
        return ["Promotional mails go on for ever, also to people who never react."]
    days, mails = count(sunset.days, "day"), count(sunset.mails, "promotional mail")
    asleep = f"After {days} without an opening, a click, a visit or an order"
    last = f"{asleep}: {mails} as a last chance, then none until they show interest again."
    if sunset.slow_days >= sunset.days:
        return [last]
    slow_days, gap = count(sunset.slow_days, "day"), count(sunset.slow_gap, "day")
    return [f"After {slow_days} without any of these: one promotional mail in {gap}.", last]


def say_discounts(*, spares_best: bool) -> list[str]:
    """Return who gets the discounts of campaigns."""
    if not spares_best:
        return ["Everybody in its audience gets a campaign that carries a coupon."]
    spared = "VIPs get no campaign that carries a coupon, unless its audience is the VIPs alone."
    return [spared, "Flows decide by their step “Discount guard”."]


def say_trouble(kind: str, title: str) -> str:
    """Return what weighs on somebody, with its subject or number."""
    words = TROUBLE_WORDS[kind]
    return f"{words} (“{title[:80]}”)" if title else words


def count(number: int, word: str) -> str:
    """Return ``1 day`` or ``3 days``."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def _say_hours(rule: QuietRule) -> str:
    parts = []
    if rule.start != rule.end:
        parts.append(f"from {rule.start:%H:%M} to {rule.end:%H:%M}")
    days = [_DAYS[day] for day in sorted(rule.weekdays)]
    if rule.has_holidays:
        days.append("public holidays")
    if days:
        parts.append(f"on {_join(days)}")
    return _join(parts) or "at no time"


def _join(words: Sequence[str], last: str = "and") -> str:
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
