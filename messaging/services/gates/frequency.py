"""Not more messages than the merchant's rules allow, and an alarm before there are far too many."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from kernel.formats import find_zone
from messaging.choices import SkipReason
from messaging.domain.frequency import FLOOD, FLOOD_WINDOW, Rule, find_opening
from messaging.domain.limit_words import say_window
from messaging.queries.usage import UNUSED, Left, list_left
from messaging.services.gates import batch
from messaging.services.gates.holding import wait_for
from messaging.services.gating import MARKETING
from messaging.types import PendingMessage, Verdict

_Hit = tuple[PendingMessage, Rule, int]


def frequency_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop marketing beyond what the rules allow; what has room again in time waits for it."""
    asked = [message for message in messages if message.message_class in MARKETING]
    if not asked:
        return {}
    found = batch.usage_of(messages, now)
    judge = _Judge(found, batch.engaged_of(asked, now), now)
    verdicts, hits = {}, []
    for message in asked:
        if batch.used(found, message, batch.FLOOD).used >= FLOOD - 1:
            verdicts[message.id] = _flood()
            continue
        verdict, hit = judge.ask(message)
        if hit is not None:
            hits.append(hit)
        elif verdict is not None:
            verdicts[message.id] = verdict
    return verdicts | _stop(hits, now)


class _Judge:
    """Asks the rules for one message after the other; what it says of the same state is kept."""

    def __init__(self, found: batch.Used, engaged: set[int], now: datetime) -> None:
        self._found = found
        self._engaged = engaged
        today = now.astimezone(find_zone(batch.tenant_of_batch().timezone)).date()
        rules = ((rule, rule.max_on(today)) for rule in batch.rules_of_tenant())
        self._rules = [(rule, most) for rule, most in rules if most]
        self._covering: dict[tuple[str, str, bool], list[tuple[Rule, int]]] = {}
        self._words: dict[tuple[str, int], Verdict] = {}

    def ask(self, message: PendingMessage) -> tuple[Verdict | None, _Hit | None]:
        """Return what the tightest rule says, or the first rule that is used up."""
        tightest: tuple[int, Rule, int, int] | None = None
        for rule, most in self._cover(message):
            count = self._found.get((message.profile.id, rule.key), UNUSED).used
            if count >= most:
                return None, (message, rule, most)
            if tightest is None or most - count < tightest[0]:
                tightest = (most - count, rule, most, count)
        return (None if tightest is None else self._pass(*tightest[1:])), None

    def _cover(self, message: PendingMessage) -> list[tuple[Rule, int]]:
        is_engaged = message.profile.id in self._engaged
        key = (message.message_class, message.channel, is_engaged)
        if key not in self._covering:
            self._covering[key] = [
                (rule, most)
                for rule, most in self._rules
                if rule.covers(key[0], key[1], is_engaged=is_engaged)
            ]
        return self._covering[key]

    def _pass(self, rule: Rule, most: int, count: int) -> Verdict:
        key = (rule.key, count)
        if key not in self._words:
            words = f"{count} of {most} in {say_window(rule.window)}"
            self._words[key] = Verdict(passed=True, detail=words)
        return self._words[key]


def _flood() -> Verdict:
    words = f"this would be message {FLOOD} or more in {say_window(FLOOD_WINDOW)}"
    return Verdict(passed=False, detail=words, reason=SkipReason.FLOOD)


def _stop(hits: Sequence[_Hit], now: datetime) -> dict[int, Verdict]:
    """Say of messages that a rule stops when its window has room again."""
    if not hits:
        return {}
    longest = max(rule.window for _, rule, _ in hits)
    left = list_left({message.profile.id for message, _, _ in hits}, now - longest)
    verdicts = {}
    for message, rule, most in hits:
        words = f"{most} {rule.message_class} messages in {say_window(rule.window)} already"
        verdict = Verdict(passed=False, detail=words)
        opens_at = _opening(left, message.profile.id, rule, most)
        verdicts[message.id] = wait_for(message, opens_at or now, verdict)
    return verdicts


def _opening(
    left: Mapping[int, Iterable[Left]], profile_id: int, rule: Rule, most: int
) -> datetime | None:
    counted = [
        one.at
        for one in left.get(profile_id, ())
        if one.message_class == rule.message_class and rule.channel in ("", one.channel)
    ]
    return find_opening(counted, most, rule.window)
