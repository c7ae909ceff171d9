"""What a plan does, said for people before and while it happens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from flows.domain.campaigns.cells import letter_of
from flows.domain.campaigns.hours import USUAL_HOUR
from flows.domain.campaigns.plan import AT, BEST_HOUR, NEXT_DAY, NOW, Plan

METRIC_WORDS: Final = {
    "opens": "is opened by the largest share",
    "clicks": "is clicked by the largest share",
    "revenue": "earns the most for each recipient",
}
_HOUR: Final = 60


def say_plan(plan: Plan, *, zone: str, variants: int, again: str = "") -> list[str]:
    """Return what will happen, one sentence for each step, in order.

    Args:
        plan: of the campaign.
        zone: name of the tenant's zone.
        variants: its templates.
        again: name of the campaign that it sends again; empty where it sends none again.
    """
    said = [_say_start(plan, zone)]
    if again:
        said.append(_say_again(plan, again))
    if plan.holdout:
        said.append(
            f"{plan.holdout}% of the audience, drawn by lot, get nothing, so that you see what "
            "the campaign earns beyond what people buy anyway."
        )
    if plan.test is not None:
        letters = _join([letter_of(place) for place in range(variants)])
        times = "".join(
            f" {letter_of(place)} leaves at {at:%H:%M}." for place, at in enumerate(plan.test.times)
        )
        said.append(
            f"{plan.test.share}% of the others get {letters} at random.{times} After "
            f"{say_minutes(int(plan.test.wait.total_seconds() // 60))} everybody else gets the "
            f"one that {METRIC_WORDS[plan.test.metric]}{', at its time' if times else ''}."
        )
    if plan.throttle is not None:
        share = plan.throttle
        many = f"{share.per_hour:,} people" if share.per_hour else f"{share.percent}%"
        said.append(f"At most {many} are written to in an hour.")
    said.append(
        "Whoever said no, was written to a short while ago or is in quiet hours is left out or "
        "waits: every check is asked at the moment of sending."
    )
    return said


def _say_again(plan: Plan, name: str) -> str:
    unsure = (
        "It also goes to those whose mail program hides whether they read it."
        if plan.with_hidden
        else "Whoever’s mail program hides whether they read it is left out."
    )
    return (
        f"It goes to those who got “{name}” and neither opened nor clicked it, unsubscribed nor "
        f"ordered since; that is asked again before each message leaves. {unsure}"
    )


def say_wait(names: Sequence[str]) -> str:
    """Return what a campaign waits for, by the segments that are worked out; empty for none."""
    if not names:
        return ""
    quoted = [f"“{name}”" for name in names]
    return f"It is being worked out who is in {' and '.join(quoted)}. It begins once that is known."


def say_minutes(minutes: int) -> str:
    """Write a wait, such as ``4 hours``."""
    if minutes % _HOUR == 0:
        hours = minutes // _HOUR
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{minutes} minutes"


def _say_start(plan: Plan, zone: str) -> str:
    if plan.timing == NOW or plan.at is None:
        return "It is sent as soon as you confirm. The audience is taken at that moment."
    at = _say_time(plan.at)
    if plan.timing == AT:
        return f"It is sent on {at} ({zone}). The audience is taken at that moment."
    if plan.timing == BEST_HOUR:
        return (
            f"Everybody gets it on {plan.at:%A} {plan.at.day} {plan.at:%B %Y}, at the hour at "
            "which they usually open and click, by their own clock. Whoever has shown none gets it "
            f"at the hour of most people, or at {USUAL_HOUR}:00 while little is known of anybody."
        )
    past = "the next day at that time" if plan.if_past == NEXT_DAY else "at once"
    return (
        f"Everybody gets it on {at} by the clock where they are; whoever has that time behind "
        f"them gets it {past}. The audience is taken shortly before the first of them."
    )


def _say_time(at: datetime) -> str:
    return f"{at:%A} {at.day} {at:%B %Y} at {at:%H:%M}"


def _join(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
