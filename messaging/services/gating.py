"""Asks every gate in its order, in sets, and keeps what each of them said.

The first gate that says no ends the matter: later ones are not asked, and the message is
skipped with that reason, or waits with it and is asked all of them again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DatabaseError

from crm.choices import Channel, ConsentState, SuppressionScope
from crm.services.addresses import address_hash
from messaging.choices import FailReason, MessageClass, MessageStatus, SkipReason
from messaging.domain.addresses import to_wire
from messaging.domain.numbers import is_landline
from messaging.gates import GateFunction, filled_gates, one_batch
from messaging.queries import sending
from messaging.queries.accounts import find_served_channels
from messaging.types import NewMessage, PendingMessage, Verdict

log = structlog.get_logger(__name__)

DEFAULT_LATENESS = timedelta(hours=24)
"""Of promotional and behavioural messages; the others are never too late."""
DNS_PAUSE = timedelta(minutes=30)
"""When marketing that waits for the records of its sender's domain is asked again at the latest."""
MARKETING = frozenset({MessageClass.PROMOTIONAL.value, MessageClass.BEHAVIOURAL.value})
"""Classes that need consent and carry an unsubscribe link."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a message goes no further, or not before ``wait_until``."""

    status: str
    reason: str
    detail: str
    wait_until: datetime | None = None


@dataclass(slots=True)
class Asked:
    """What the gates said of a batch.

    What most gates say of most messages is a bare yes, so only what differs is kept by message.

    Attributes:
        passed: messages that every gate let through.
        stops: the others, by message id.
    """

    passed: list[PendingMessage]
    stops: dict[int, Stop] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list)
    _said: dict[int, list[tuple[str, Verdict]]] = field(default_factory=dict)
    _ended: dict[int, int] = field(default_factory=dict)
    _trails: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)
    _quick: dict[tuple[int, ...], list[dict[str, Any]]] = field(default_factory=dict)
    _going: set[int] = field(init=False)

    def __post_init__(self) -> None:
        """Note whom gates are asked about: what one says of others is left out."""
        self._going = {message.id for message in self.passed}

    def note(self, message_id: int, gate: str, verdict: Verdict) -> None:
        """Keep what was said of one message by something that is asked after the gates."""
        self._said.setdefault(message_id, []).append((gate, verdict))

    def note_gate(self, gate: str, reason: SkipReason, verdicts: Mapping[int, Verdict]) -> None:
        """Keep what one gate said; a message that it does not name has passed."""
        self._names.append(gate)
        if not verdicts:
            return
        said, going = self._said, self._going
        before, same = len(going), dict[int, tuple[str, Verdict]]()
        for message_id, verdict in verdicts.items():
            if message_id not in going:
                continue
            pair = same.get(id(verdict))
            if pair is None:
                pair = same[id(verdict)] = (gate, verdict)
            if message_id in said:
                said[message_id].append(pair)
            else:
                said[message_id] = [pair]
            if not verdict.passed:
                going.remove(message_id)
                self.stops[message_id] = _stop(verdict, reason)
                self._ended[message_id] = len(self._names)
        if len(going) < before:
            self.passed = [message for message in self.passed if message.id in going]

    def trail(self, message_id: int) -> list[dict[str, Any]]:
        """Return ``{"gate", "passed", "detail"}`` in the order asked.

        Messages of which the same was said share one list; it must not be changed.
        """
        ended = self._ended.get(message_id, len(self._names))
        said = self._said.get(message_id, [])
        quick = (ended, *map(id, said))  # what was said of many is one object, kept as long as this
        found = self._quick.get(quick)
        if found is None:
            key = (ended, *said)
            if key not in self._trails:
                self._trails[key] = self._write_trail(self._names[:ended], said)
            found = self._quick[quick] = self._trails[key]
        return found

    @staticmethod
    def _write_trail(
        names: Sequence[str], said: Sequence[tuple[str, Verdict]]
    ) -> list[dict[str, Any]]:
        verdicts = {**dict.fromkeys(names, _YES), **dict(said)}
        return [
            {"gate": name, "passed": verdict.passed, "detail": verdict.detail}
            for name, verdict in verdicts.items()
        ]


_YES = Verdict(passed=True)
_SUBSCRIBED = Verdict(passed=True, detail=ConsentState.SUBSCRIBED.value)
_NOT_NEEDED = Verdict(passed=True, detail="not needed")


def ask_gates(messages: Sequence[PendingMessage], now: datetime) -> Asked:
    """Ask every gate of a batch of the active tenant, inside the caller's transaction."""
    asked = Asked(passed=list(messages))
    with one_batch():
        for name, reason, gate in filled_gates():
            if not asked.passed:
                break
            asked.note_gate(name, reason, _ask(name, gate, asked.passed, now))
    return asked


def _stop(verdict: Verdict, own: SkipReason) -> Stop:
    if verdict.reason == FailReason.GATE_ERROR:
        return Stop(MessageStatus.FAILED.value, verdict.reason, verdict.detail)
    reason = SkipReason(verdict.reason) if verdict.reason else own
    status = MessageStatus.PENDING if verdict.wait_until else MessageStatus.SKIPPED
    return Stop(status.value, reason.value, verdict.detail or reason.label, verdict.wait_until)


def _ask(
    name: str, gate: GateFunction, messages: Sequence[PendingMessage], now: datetime
) -> Mapping[int, Verdict]:
    """Ask one gate; a message that breaks it is found by halving and does not stop the rest."""
    try:
        return gate(messages, now)
    except DatabaseError:  # the transaction is lost; the claim goes with it
        raise
    except Exception as exc:  # gates belong to other apps: one that breaks must not stop the mail
        if len(messages) == 1:
            log.exception("gate_broke", gate=name, message=messages[0].id)
            broken = Verdict(passed=False, detail=f"{name}: {exc!r}", reason=FailReason.GATE_ERROR)
            return {messages[0].id: broken}
    middle = len(messages) // 2
    first, second = messages[:middle], messages[middle:]
    return {**_ask(name, gate, first, now), **_ask(name, gate, second, now)}


def profile_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop what would go to an erased profile."""
    del now
    return {message.id: Verdict(passed=False) for message in messages if message.profile.is_erased}


def store_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop what belongs to a store that is no longer connected.

    That is every message about one of its orders, and marketing to people whom no storefront
    knows any more.
    """
    del now
    if not sending.has_lost_store():
        return {}
    of_orders = sending.find_lost_stores({message.order_id for message in messages} - {0})
    stopped = {
        message.id: of_orders[message.order_id]
        for message in messages
        if message.order_id in of_orders
    }
    asked = {
        message.profile.id
        for message in messages
        if message.message_class in MARKETING and message.id not in stopped
    }
    left = sending.find_left_behind(asked)
    for message in messages:
        if message.message_class in MARKETING and message.profile.id in left:
            stopped.setdefault(message.id, "no storefront that knows this person is connected")
    return {message_id: Verdict(passed=False, detail=why) for message_id, why in stopped.items()}


def address_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop what has no address on its channel, or one that no server takes."""
    del now
    verdicts = {}
    for message in messages:
        address = message.address
        if not address:
            verdicts[message.id] = Verdict(passed=False, reason=SkipReason.ADDRESS_MISSING)
        elif message.channel == Channel.EMAIL and to_wire(address) is None:
            verdicts[message.id] = Verdict(passed=False, detail=address[:200])
        elif message.channel == Channel.SMS and is_landline(address):
            verdicts[message.id] = Verdict(passed=False, detail="a landline takes no SMS")
    return verdicts


def suppression_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop what goes to a suppressed address; a promotional suppression lets the rest pass."""
    verdicts: dict[int, Verdict] = {}
    for channel, own in _by_channel(messages).items():
        hashes = {message.id: address_hash(channel, message.address) for message in own}
        found = sending.find_suppressions(channel, set(hashes.values()), now)
        for message in own:
            for scope, reason in found.get(hashes[message.id], ()):
                if scope == SuppressionScope.ALL or message.message_class in MARKETING:
                    verdicts.setdefault(message.id, Verdict(passed=False, detail=reason))
    return verdicts


def consent_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop marketing to everybody who did not say yes on its channel."""
    del now
    verdicts = {}
    for message in messages:
        if message.message_class not in MARKETING:
            verdicts[message.id] = _NOT_NEEDED
            continue
        state = message.profile.consent(message.channel)
        is_yes = state == ConsentState.SUBSCRIBED
        verdicts[message.id] = _SUBSCRIBED if is_yes else Verdict(passed=False, detail=state)
    return verdicts


def _by_channel(messages: Sequence[PendingMessage]) -> dict[str, list[PendingMessage]]:
    found: dict[str, list[PendingMessage]] = {}
    for message in messages:
        found.setdefault(message.channel, []).append(message)
    return found


def lateness_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop what was due so long ago that its moment has passed, such as after an outage."""
    verdicts = {}
    for message in messages:
        limit = lateness_of(message)
        if limit is not None and now - message.planned_at > limit:
            hours = (now - message.planned_at) / timedelta(hours=1)
            verdicts[message.id] = Verdict(passed=False, detail=f"{hours:.0f} hours late")
    return verdicts


def lateness_of(message: PendingMessage | NewMessage) -> timedelta | None:
    """Return how late a message may be; None where it is never too late."""
    minutes = message.context.get("max_lateness_minutes")
    if isinstance(minutes, int | float):
        return timedelta(minutes=minutes)
    return DEFAULT_LATENESS if message.message_class in MARKETING else None


def sender_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop mails while the tenant has no from-identity."""
    del now
    mails = [
        message
        for message in messages
        if message.channel == Channel.EMAIL and message.sender is None
    ]
    if not mails or sending.find_default_sender() is not None:
        return {}
    return {message.id: Verdict(passed=False) for message in mails}


def sender_dns_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Let marketing mails wait while their sender's domain fails DKIM or DMARC; the rest goes on.

    What waits goes out once the records are mended, or ends when it is too late. An address of
    which no domain was set up here is not judged.
    """
    asked = [
        message
        for message in messages
        if message.channel == Channel.EMAIL and message.message_class in MARKETING
    ]
    if not asked:
        return {}
    usual = ""
    if any(message.sender is None for message in asked):
        default = sending.find_default_sender()
        usual = default.email.rpartition("@")[2].lower() if default is not None else ""
    domains = {message.id: message.sender.domain if message.sender else usual for message in asked}
    failures = sending.find_dns_failures(set(domains.values()))
    return {
        message_id: Verdict(passed=False, detail=failures[domain], wait_until=now + DNS_PAUSE)
        for message_id, domain in domains.items()
        if domain in failures
    }


def channel_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop what no account is set up for; mail always has the installation's own server."""
    del now
    asked = {message.channel for message in messages} - {Channel.EMAIL.value}
    if not asked:
        return {}
    missing = asked - find_served_channels()
    return {message.id: Verdict(passed=False) for message in messages if message.channel in missing}
