"""One budget of attention per person over all channels, and who wins a slot that several want.

Two promotional messages want the same slot when both are due within ten minutes and only one of
them can leave: they are under smart sending on one channel, or the budget has points for one. The
better one goes first, by priority, then by expected value, then by age.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from messaging.choices import MessageClass
from messaging.domain.frequency import find_opening_of_points, rank_of
from messaging.domain.limits import BUDGET_DAYS, Limits, OnHit
from messaging.queries.usage import Rival, find_rivals, list_left
from messaging.services.gates import batch
from messaging.services.gates.holding import wait_for
from messaging.types import PendingMessage, Verdict

ARBITRATION: Final = timedelta(minutes=10)
"""How far apart messages may be due and still want the same slot; a loser waits so long. It is
longer than what `claim_messages` looks ahead, or the loser would keep the winner from its turn."""
_WEEK: Final = timedelta(days=BUDGET_DAYS)


def budget_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Let the better promotion go first, and stop what the person's week has no points for."""
    asked = [message for message in messages if message.message_class == MessageClass.PROMOTIONAL]
    if not asked:
        return {}
    limits, found = batch.limits_of_tenant(), batch.usage_of(messages, now)
    people, own = {message.profile.id for message in asked}, [message.id for message in asked]
    rivals = find_rivals(people, now + ARBITRATION, own)
    words: dict[int, Verdict] = {}
    verdicts, short = {}, []
    for message in asked:
        points = batch.used(found, message, batch.BUDGET).used
        better = _find_better(message, points, rivals, limits) if rivals else None
        if better is not None:
            verdicts[message.id] = _outbid(message, better, limits, now)
        elif not limits.budget.is_on:
            continue
        elif points + limits.budget.costs[message.channel] > limits.budget.points:
            short.append((message, points))
        else:
            if points not in words:
                words[points] = Verdict(passed=True, detail=_say_points(points, limits))
            verdicts[message.id] = words[points]
    return verdicts | _stop(short, limits, now)


def _find_better(
    message: PendingMessage, points: int, rivals: Mapping[int, list[Rival]], limits: Limits
) -> Rival | None:
    """Return the best rival that takes the slot of a message, or None."""
    own = rank_of(message.id, message.context)
    better = [rival for rival in rivals.get(message.profile.id, ()) if rival.rank.place < own.place]
    budget, wanted = limits.budget, points + limits.budget.costs[message.channel]
    for rival in better:
        wanted += budget.costs[rival.channel]
        if budget.is_on and wanted > budget.points:
            return better[0]
        if _share_channel(message, rival, limits):
            return rival
    return None


def _share_channel(message: PendingMessage, rival: Rival, limits: Limits) -> bool:
    return (
        message.channel == rival.channel
        and limits.smart[message.channel].hours > 0
        and rival.has_smart
        and bool(message.context.get("smart_sending", True))
    )


def _outbid(message: PendingMessage, rival: Rival, limits: Limits, now: datetime) -> Verdict:
    words = f"“{rival.title}” has priority {rival.rank.priority}"
    if value := rival.rank.expected_value:
        words += f" and is expected to bring {value:g}"
    verdict = Verdict(passed=False, detail=f"{words}, so it goes first")
    if limits.budget.on_loss == OnHit.SKIP:
        return verdict
    return wait_for(message, max(rival.due_at, now) + ARBITRATION, verdict)


def _stop(
    short: Sequence[tuple[PendingMessage, int]], limits: Limits, now: datetime
) -> dict[int, Verdict]:
    """Say of messages without points when there are enough again."""
    if not short:
        return {}
    left = list_left({message.profile.id for message, _ in short}, now - _WEEK)
    costs, verdicts = limits.budget.costs, {}
    for message, points in short:
        cost = costs[message.channel]
        spent = [
            (one.at, costs[one.channel])
            for one in left.get(message.profile.id, ())
            if one.message_class == MessageClass.PROMOTIONAL
        ]
        verdict = Verdict(
            passed=False, detail=f"{_say_points(points, limits)}; this one takes {cost}"
        )
        room = limits.budget.points - cost
        opens_at = find_opening_of_points(spent, room, _WEEK) if room >= 0 else None
        verdicts[message.id] = verdict if opens_at is None else wait_for(message, opens_at, verdict)
    return verdicts


def _say_points(points: int, limits: Limits) -> str:
    return f"{points} of {limits.budget.points} points in {BUDGET_DAYS} days"
