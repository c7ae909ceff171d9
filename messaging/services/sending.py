"""Sends due messages by claim, call, record: no transaction is open while a provider is called.

A worker holds few messages at a time. When it dies between call and record, these stay in
``sending`` until their lease ends and `settle_unknown` deals with them: a promotional message
is never sent twice, a transactional one is sent again, once, with the same Message-ID.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from crm.choices import EventSource
from crm.services.events import append_events
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import columns
from kernel.batches import Deadline
from kernel.sql import count_sql, run_sql
from messaging.channels.base import (
    Channel,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
)
from messaging.choices import FailReason, MessageClass, MessageStatus
from messaging.services.coupon_claims import settle_codes
from messaging.services.lanes import Lane, open_lanes
from messaging.services.marking import address_of_test
from messaging.services.preparing import prepare_batch
from messaging.services.refusals import learn_from_refusals
from messaging.services.writers.base import Ready
from messaging.types import PendingMessage

log = structlog.get_logger(__name__)

BATCH_SIZE = 10
"""So many messages at most are in doubt when a worker is killed."""
HAND_OVER_SECONDS = 40.0
"""A slow server gets no new message of a batch after this, long before the lease ends."""
MAX_TRIES = 5
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""How long after each try that was put off the next one follows."""
UNAVAILABLE_PAUSE = timedelta(seconds=30)
"""How long messages wait when the mail server itself cannot be reached."""
SEND_AGAIN = (
    MessageClass.TRANSACTIONAL.value,
    MessageClass.SAFETY.value,
    MessageClass.SERVICE.value,
)
"""Classes that are sent once more when nobody knows whether they were taken."""
_DONE = "ids statuses reasons details tries dues resends provider_ids"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one message.

    Attributes:
        tries: added to the attempts; 0 where the message was not to blame.
        due_at: when it is tried again; None is never.
    """

    message: PendingMessage
    status: str
    reason: str = ""
    detail: str = ""
    tries: int = 1
    due_at: datetime | None = None
    is_resend: bool = False
    provider_id: str = ""


@dataclass(slots=True)
class Outcomes:
    """What became of a batch that one worker handed over.

    Attributes:
        refusals: what the provider said of those that it will never take.
        is_down: the provider could not be reached; there is no point in claiming more now.
    """

    now: datetime
    items: list[Outcome] = field(default_factory=list)
    refusals: list[tuple[PendingMessage, ChannelRejected]] = field(default_factory=list)
    is_down: bool = False

    def sent(self, message: PendingMessage, handed: Handed) -> None:
        """Note that the provider took it."""
        detail = "outcome unknown, sent again" if message.is_resend else ""
        self.items.append(
            Outcome(message, MessageStatus.SENT, detail=detail, provider_id=handed.provider_id)
        )

    def refused(self, message: PendingMessage, refusal: ChannelRejected) -> None:
        """Note that the provider will never take it."""
        words = str(refusal)[:500]
        self.items.append(Outcome(message, MessageStatus.FAILED, FailReason.REJECTED, words))
        self.refusals.append((message, refusal))

    def deferred(self, message: PendingMessage, reason: str, pause: timedelta | None) -> None:
        """Try again after the provider's own pause or ours, or give up after the last try."""
        if message.attempts + 1 >= MAX_TRIES:
            failed = Outcome(message, MessageStatus.FAILED, FailReason.TRIES_USED_UP, reason[:500])
            self.items.append(failed)
            return
        due_at = self.now + (pause or BACK_OFF[min(message.attempts, len(BACK_OFF) - 1)])
        self.items.append(
            Outcome(message, MessageStatus.PENDING, detail=reason[:500], due_at=due_at)
        )

    def unknown(self, message: PendingMessage, reason: str) -> None:
        """Note that the answer was lost; what must arrive is sent again, once."""
        is_again = message.message_class in SEND_AGAIN and not message.is_resend
        words = "outcome unknown, sent again" if is_again else "outcome unknown, not sent again"
        self.items.append(
            Outcome(
                message,
                MessageStatus.PENDING if is_again else MessageStatus.UNKNOWN,
                FailReason.OUTCOME_UNKNOWN,
                f"{words}: {reason}"[:500],
                due_at=self.now if is_again else None,
                is_resend=is_again,
            )
        )

    def released(self, message: PendingMessage, reason: str, pause: timedelta) -> None:
        """Put back what was certainly not handed over; it costs no try."""
        self.items.append(
            Outcome(
                message,
                MessageStatus.PENDING,
                detail=reason[:500],
                tries=0,
                due_at=self.now + pause,
            )
        )


def send_due(deadline: Deadline) -> int:
    """Send the due messages of the active tenant, channel by channel and batch by batch.

    Args:
        deadline: when to stop claiming; what is left is rung for again.

    Returns:
        Messages worked off, those that were skipped included; 0 when nothing was due.
    """
    done = settle_unknown(clock.now())
    settle_codes(clock.now())
    for lane in open_lanes(clock.now()):
        while not deadline.passed:
            claimed = send_batch(lane)
            if not claimed:
                break
            done += claimed
    if done:
        settle_codes(clock.now())
    return done


def send_batch(lane: Lane) -> int:
    """Claim, hand over and record one batch of the active tenant.

    Returns:
        Messages worked off; 0 when nothing was due, or the provider cannot be reached: then the
        rest waits for the next ring.
    """
    batch = prepare_batch(lane.channel, size=BATCH_SIZE, now=clock.now())
    if not batch.ready:
        return batch.claimed_count
    outcomes = _hand_over(lane, batch.ready)
    _record(batch.claim_id, lane, outcomes)
    return 0 if outcomes.is_down else batch.claimed_count


@transaction.atomic
def settle_unknown(now: datetime) -> int:
    """Settle the messages whose worker died between call and record, by the guarantee.

    Returns:
        Messages settled.
    """
    settled = count_sql("messaging.settle_unknown", now=now, send_again=list(SEND_AGAIN))
    if settled:
        log.warning("outcomes_unknown", messages=settled)
    return settled


def _hand_over(lane: Lane, ready: Sequence[Ready]) -> Outcomes:
    """Call the provider for each message; the first that shows it is down ends the batch."""
    outcomes = Outcomes(clock.now())
    started = time.monotonic()
    place = 0
    try:
        channel = lane.open()
        for place, item in enumerate(ready):
            if time.monotonic() - started > HAND_OVER_SECONDS:
                _release(outcomes, ready[place:], "the provider is slow", timedelta())
                break
            _hand_over_one(channel, item, outcomes)
    except ChannelUnavailable as exc:
        log.warning("channel_unavailable", channel=lane.channel, reason=str(exc))
        _release(outcomes, ready[place:], str(exc), exc.retry_after or UNAVAILABLE_PAUSE)
        outcomes.is_down = True
    return outcomes


def _hand_over_one(channel: Channel, item: Ready, outcomes: Outcomes) -> None:
    try:
        handed = channel.send(item.outgoing)
    except ChannelUnavailable:
        raise
    except ChannelRejected as exc:
        outcomes.refused(item.message, exc)
    except ChannelDeferred as exc:
        outcomes.deferred(item.message, str(exc), exc.retry_after)
    except OutcomeUnknown as exc:
        outcomes.unknown(item.message, str(exc))
    except Exception as exc:  # the outcomes before it must be recorded all the same
        log.exception("channel_broke", message=item.message.id)
        outcomes.unknown(item.message, repr(exc))
    else:
        outcomes.sent(item.message, handed)


def _release(outcomes: Outcomes, rest: Sequence[Ready], reason: str, pause: timedelta) -> None:
    for item in rest:
        outcomes.released(item.message, reason, pause)


@transaction.atomic
def _record(claim_id: UUID, lane: Lane, outcomes: Outcomes) -> None:
    """Write the outcomes in one statement, and the event of each message that was sent."""
    now = clock.now()
    rows = [
        (
            item.message.id,
            str(item.status),
            str(item.reason),
            item.detail,
            item.tries,
            item.due_at,
            item.is_resend,
            item.provider_id,
        )
        for item in outcomes.items
    ]
    learn_from_refusals(outcomes.refusals)  # locks people, who are locked before messages
    written = run_sql(
        "messaging.record_outcomes",
        claim_id=claim_id,
        account_id=lane.account_id,
        now=now,
        **columns(_DONE, rows),
    )
    profiles = {row.id: row.profile_id for row in written}
    append_events(
        [
            _sent_event(item.message, profiles[item.message.id], now)
            for item in outcomes.items
            if item.status == MessageStatus.SENT
            and item.message.id in profiles
            and not address_of_test(item.message.context)
        ]
    )


def _sent_event(message: PendingMessage, profile_id: int, now: datetime) -> NewEvent:
    return NewEvent(
        name="Message Sent",
        occurred_at=now,
        source=EventSource.SYSTEM.value,
        profile_id=profile_id,
        object_id=message.id,
        properties={
            "channel": message.channel,
            "class": message.message_class,
            "template_id": message.template_id,
            "flow_id": message.flow_id,
        },
        dedupe_key=f"message_sent:{message.id}",
    )
