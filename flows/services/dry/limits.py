"""Smart sending and frequency rules as they hold today, asked of a replay in the order of time.

What else people were sent counts as it really left; what the flow itself really sent them does not,
as the replay stands for it. Rules for the engaged alone are not asked: who was that then is not
kept. Nor are budget, quiet hours and what else a gate knows of the present.
"""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from operator import itemgetter
from zoneinfo import ZoneInfo

from flows.queries.dry import list_left_of_others
from flows.services.dry.passage import Passage
from messaging.choices import MessageClass, SkipReason
from messaging.domain.frequency import ALL, FLOOD, FLOOD_WINDOW, Rule, find_opening
from messaging.domain.limits import OnHit, SmartSending
from messaging.queries.limits import find_limits, list_frequency_rules, read_rule
from messaging.services.gating import MARKETING, lateness_of
from messaging.types import NewMessage

Left = tuple[datetime, str, str]
"""When something left, its class and its channel."""
_WHEN = itemgetter(0)


@dataclass(slots=True)
class Outcome:
    """What limits do to the messages of a replay.

    Attributes:
        stopped: why messages would not have left, by key.
        later: when those would have left that had to wait, by key.
    """

    stopped: dict[str, str] = field(default_factory=dict)
    later: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of a tenant that can be asked of the past.

    Attributes:
        longest: how far back anything counts.
    """

    smart: Mapping[str, SmartSending]
    rules: Sequence[Rule]
    zone: ZoneInfo
    longest: timedelta


def read_rules(zone: ZoneInfo) -> Rules:
    """Return the limits of the active tenant.

    Args:
        zone: of the tenant, which says on which day a peak season begins.
    """
    rules = [rule for row in list_frequency_rules() if (rule := read_rule(row)).audience == ALL]
    smart = find_limits().smart
    windows = [each.window for each in rules]
    hours = [timedelta(hours=each.hours) for each in smart.values()]
    return Rules(smart, rules, zone, max([FLOOD_WINDOW, *windows, *hours]))


def ask_limits(
    flow_id: int,
    passages: Sequence[Passage],
    stopped: Mapping[str, str],
    rules: Rules,
    *,
    since: datetime,
    until: datetime,
) -> Outcome:
    """Return what limits would have done to the marketing of a replay, in one statement.

    Args:
        flow_id: whose own messages do not count.
        passages: people lived through again.
        stopped: messages that would not have left anyhow, by key.
        rules: from `read_rules`.
        since: aware; when the replay begins.
        until: aware.
    """
    wanted = {
        passage.person.id: messages
        for passage in passages
        if (
            messages := [
                each
                for each in passage.messages
                if each.message_class in MARKETING and each.key not in stopped
            ]
        )
    }
    ids = list(wanted)
    others = list_left_of_others(ids, flow_id, since=since - rules.longest, until=until)
    outcome = Outcome()
    for person in ids:
        _live(wanted[person], sorted(others.get(person, ())), rules, outcome)
    return outcome


def _live(messages: Sequence[NewMessage], left: list[Left], rules: Rules, outcome: Outcome) -> None:
    """Let the messages to one person leave one after the other; who waits is asked again."""
    queue = [(message.due_at, place) for place, message in enumerate(messages)]
    heapify(queue)
    while queue:
        now, place = heappop(queue)
        message = messages[place]
        first = bisect_right(left, now - rules.longest, key=_WHEN)
        past = left[first : bisect_right(left, now, key=_WHEN)]
        reason, opens_at = _ask(message, past, rules, now) if past else ("", None)
        if opens_at is not None and _is_in_time(message, opens_at):
            heappush(queue, (opens_at, place))
        elif reason:
            outcome.stopped[message.key] = reason
        else:
            insort(left, (now, message.message_class, message.channel))
            if now != message.due_at:
                outcome.later[message.key] = now


def _ask(
    message: NewMessage, past: Sequence[Left], rules: Rules, now: datetime
) -> tuple[str, datetime | None]:
    """Return the reason of the first limit that is reached, and when it has room again."""
    if opens := _ask_smart(message, past, rules.smart, now):
        return SkipReason.SMART_SENDING.value, opens[0]
    if sum(at > now - FLOOD_WINDOW for at, _, _ in past) >= FLOOD - 1:
        return SkipReason.FLOOD.value, None
    today = now.astimezone(rules.zone).date()
    for rule in rules.rules:
        most = rule.max_on(today)
        if not most or not rule.covers(message.message_class, message.channel, is_engaged=True):
            continue
        counted = [
            at
            for at, kind, channel in reversed(past)
            if at > now - rule.window
            and kind == rule.message_class
            and rule.channel in ("", channel)
        ]
        if opens_at := find_opening(counted, most, rule.window):
            return SkipReason.FREQUENCY_CAP.value, opens_at
    return "", None


def _ask_smart(
    message: NewMessage, past: Sequence[Left], smart: Mapping[str, SmartSending], now: datetime
) -> list[datetime | None]:
    """Return nothing where it may leave, else when it may; None for never."""
    promotional = MessageClass.PROMOTIONAL.value
    if message.message_class != promotional or not message.context.get("smart_sending", True):
        return []
    one = smart[message.channel]
    gap = timedelta(hours=one.hours)
    found = [
        at
        for at, kind, channel in past
        if kind == promotional and channel == message.channel and at > now - gap
    ]
    if not found:
        return []
    opens_at = max(found) + gap
    most = message.due_at + timedelta(hours=one.max_wait_hours)
    return [opens_at if one.on_hit == OnHit.WAIT and opens_at <= most else None]


def _is_in_time(message: NewMessage, at: datetime) -> bool:
    limit = lateness_of(message)
    return limit is None or at <= message.due_at + limit
