"""Sends due messages by claim, call, record: no transaction is open while a provider is called.

A set of messages is looked at and written at once; of it a worker holds few at a time. When it dies
between call and record, these stay in ``sending`` until their lease ends and `settle_unknown` deals
with them: a promotional message is never sent twice, a transactional one is sent again, once, with
the same Message-ID. What was written but not claimed is pending still.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection, transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.sql import count_sql
from kernel.tenancy import current_tenant_id
from kernel.work import gather_rings
from messaging.channels.base import Channel, ChannelUnavailable
from messaging.channels.sender_faults import bear
from messaging.channels.sets import Answer, ApartChannel, SetChannel
from messaging.choices import URGENT
from messaging.services.breaking import note_answers, read_answers
from messaging.services.claiming import record_and_claim, record_surely
from messaging.services.coupon_claims import settle_codes
from messaging.services.handing import Handing
from messaging.services.isolating import prepare_sound_set
from messaging.services.lanes import Lane, open_lanes
from messaging.services.outcomes import UNAVAILABLE_PAUSE, Outcomes
from messaging.services.pacing import BATCH_SIZE, Pace, keep_pace, take_pace
from messaging.services.preparing import Prepared
from messaging.services.writers.base import Ready

__all__ = ["BATCH_SIZE", "UNAVAILABLE_PAUSE", "send_batch", "send_due", "settle_unknown"]

log = structlog.get_logger(__name__)

HAND_OVER_SECONDS = 5.0
"""A slow server gets no new message of a batch after this: others wait for the worker."""
FRESH_SECONDS = 2.0
"""What was looked at longer ago than this is looked at again; what a person says counts at once."""
HELD_SECONDS = 0.5
"""What was claimed longer ago than this and waits for the claim before it is given back."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one set came to.

    Attributes:
        done: messages worked off, those that were skipped included.
        goes_on: whether there is a point in looking for more now.
    """

    done: int
    goes_on: bool


def send_due(deadline: Deadline) -> int:
    """Send the due messages of the active tenant, channel by channel and set by set.

    Args:
        deadline: when to go on to the next channel; what is left is rung for again.

    Returns:
        Messages worked off, those that were skipped included; 0 when nothing was due.
    """
    with gather_rings():
        return _send_due(deadline)


def _send_due(deadline: Deadline) -> int:
    done = settle_unknown(clock.now())
    settle_codes(clock.now())
    for lane in open_lanes(clock.now()):
        key = (current_tenant_id(), lane.channel, lane.account_id)
        pace = take_pace(key, together=lane.together)
        while True:  # each lane has one set at least, however long the one before it took
            turn = send_set(lane, size=pace.set_size, pace=pace)
            done += turn.done
            if not turn.goes_on:
                break
            if deadline.passed:
                keep_pace(key, pace)
                break
    if done:
        settle_codes(clock.now())
    return done


def send_batch(lane: Lane) -> int:
    """Look at, claim, hand over and record a few messages of the active tenant.

    Returns:
        Messages worked off; 0 when nothing was due, or the provider cannot be reached: then the
        rest waits for the next ring.
    """
    return send_set(lane, size=BATCH_SIZE).done


def send_set(lane: Lane, *, size: int, pace: Pace | None = None) -> Turn:
    """Look at so many messages, and claim, hand over and record them a few at a time.

    Stops when the set is no longer fresh, when the provider cannot be reached, and when another
    worker is at the same messages; what is left is pending as before. Where looking took so long
    that nothing is fresh, fewer are looked at the next time; ten are claimed in any case.
    """
    pace = pace or Pace()
    prepared = prepare_sound_set(lane, size=size)
    stopped = prepared.seen_count - len(prepared.ready)
    if not prepared.ready:
        return Turn(prepared.seen_count, goes_on=prepared.seen_count > 0)
    if _is_stale(prepared) and size > BATCH_SIZE:
        pace.shrink(size)
        return Turn(stopped, goes_on=True)
    turn = _Run(prepared, lane, pace).work_off()
    pace.end_set(prepared.seen_count, time.monotonic() - prepared.started)
    return turn


def _is_stale(prepared: Prepared) -> bool:
    return time.monotonic() - prepared.started > FRESH_SECONDS


@transaction.atomic
def settle_unknown(now: datetime) -> int:
    """Settle the messages whose worker died between call and record, by the guarantee.

    Returns:
        Messages settled.
    """
    settled = count_sql("messaging.settle_unknown", now=now, send_again=list(URGENT))
    if settled:
        log.warning("outcomes_unknown", messages=settled)
    return settled


class _Held:
    """What one claim took.

    Attributes:
        is_shared: whether another worker is at the same messages.
    """

    def __init__(self, few: Sequence[Ready], claimed: list[Ready]) -> None:
        self.claimed = claimed
        self.is_shared = 2 * len(claimed) < len(few)
        self._at = time.monotonic()

    @property
    def is_old(self) -> bool:
        """Whether somebody may have said stop so long ago that it has to count."""
        return time.monotonic() - self._at > HELD_SECONDS


class _Run:
    """Works off one set."""

    def __init__(self, prepared: Prepared, lane: Lane, pace: Pace) -> None:
        self._prepared = prepared
        self._lane = lane
        self._pace = pace
        self._health = lane.health
        self._unrecorded: Outcomes | None = None
        self._handed = 0
        self._is_down = False
        self._fault: ChannelUnavailable | None = None
        self._limit: SoftTimeLimitExceeded | None = None

    def work_off(self) -> Turn:
        """Hand over what is ready; each few is recorded together with the claim of others.

        Raises:
            SoftTimeLimitExceeded: the worker's time is up; what is known by then is recorded.
        """
        goes_on = False
        try:
            goes_on = self._work_through(self._split())
        except SoftTimeLimitExceeded as exc:
            self._limit = exc
        finally:  # whatever broke: of what left meanwhile nobody else knows
            if self._unrecorded is not None:
                record_surely(self._prepared, self._lane, self._unrecorded)
        if self._limit is not None:
            raise self._limit
        if self._is_down:
            return Turn(0, goes_on=False)
        stopped = self._prepared.seen_count - len(self._prepared.ready)
        return Turn(stopped + self._handed, goes_on=goes_on)

    def _work_through(self, parts: Iterator[Sequence[Ready]]) -> bool:
        """Hand over claim after claim; returns whether there is a point in looking for more."""
        held = self._take(parts)
        while held is not None and held.claimed:
            ahead = self._hand_over(held, parts)
            if held.is_shared or self._is_down or self._limit is not None:
                self._put_back(ahead)
                return False
            if ahead is not None and ahead.is_old:
                self._put_back(ahead)
                return True
            if ahead is None and _is_stale(self._prepared):
                return True
            held = ahead or self._take(parts)
        return held is None

    def _split(self) -> Iterator[Sequence[Ready]]:
        """Hand out a few at a time; over an account that was left alone one is tried before them.

        Whatever gates stopped of the set says nothing of the account.
        """
        ready = self._prepared.ready
        tried = 0 if self._health.is_closed else 1
        if tried:
            yield ready[:tried]
        yield from self._pace.split(ready[tried:])

    def _take(self, parts: Iterator[Sequence[Ready]], *, is_leaving: bool = False) -> _Held | None:
        """Record and claim; while the database is away nothing is claimed and nothing forgotten.

        Args:
            parts: what is not claimed yet.
            is_leaving: whether a claim is being handed over, whose outcomes are known soon.
        """
        few = next(parts, None)
        if few is None:
            return None
        try:
            claimed = record_and_claim(self._prepared, self._lane, self._unrecorded, few)
        except OperationalError:
            if connection.in_atomic_block or not (is_leaving or self._unrecorded):
                raise
            log.warning("claim_failed", messages=len(few))
            return _Held(few, [])
        self._unrecorded = None
        return _Held(few, claimed)

    def _hand_over(self, held: _Held, parts: Iterator[Sequence[Ready]]) -> _Held | None:
        """Hand over a claim; returns the next one where it was made meanwhile."""
        messages = [item.outgoing for item in held.claimed]
        started = time.monotonic()
        until = started + HAND_OVER_SECONDS
        try:
            channel = _open(self._lane)
        except SoftTimeLimitExceeded as exc:
            self._limit = exc
            self._put_back(held)  # none of it was begun
            return None
        if not (self._pace.is_quick and isinstance(channel, ApartChannel)):
            answers = _call(channel, messages, until)
            self._keep(held, answers, time.monotonic() - started)
            return None
        handing = Handing(channel, messages, until)
        try:
            is_last = held.is_shared or _is_stale(self._prepared)
            return None if is_last else self._take(parts, is_leaving=True)
        finally:
            answers = handing.wait()
            self._limit = self._limit or handing.limit
            self._keep(held, answers, handing.seconds)

    def _keep(self, held: _Held, answers: Sequence[Answer], seconds: float) -> None:
        """Keep what became of a claim, until it is recorded."""
        outcomes = Outcomes(clock.now())
        self._pace.note(len(held.claimed), seconds)
        for item, answer in zip(held.claimed, answers, strict=True):
            outcomes.note(item.message, answer)
            if isinstance(answer, SoftTimeLimitExceeded):
                self._limit = answer
        if outcomes.fault:
            fault = str(outcomes.fault)
            log.warning("channel_unavailable", channel=self._lane.channel, reason=fault)
        self._handed += len(held.claimed)
        self._add(outcomes)
        self._note_health(outcomes)

    def _put_back(self, ahead: _Held | None) -> None:
        """Give back what was claimed and not handed over."""
        if ahead is not None:
            outcomes = Outcomes(clock.now())
            for item in ahead.claimed:
                outcomes.note(item.message, self._fault)
            self._add(outcomes)

    def _add(self, outcomes: Outcomes) -> None:
        if self._unrecorded is None:
            self._unrecorded = outcomes
        else:
            self._unrecorded.add(outcomes)

    def _note_health(self, outcomes: Outcomes) -> None:
        """Count what went wrong, once what is known of the messages is safe."""
        self._fault = outcomes.fault
        self._is_down = bool(outcomes.fault)
        if self._health.is_spotless and read_answers(outcomes).is_good:
            return
        record_surely(self._prepared, self._lane, self._unrecorded or outcomes)
        self._unrecorded = None
        lane = self._lane
        self._health = note_answers(lane.channel, lane.account_id, outcomes)
        self._is_down = self._is_down or not self._health.is_closed


def _open(lane: Lane) -> Channel | ChannelUnavailable:
    """Return the channel of a lane, or why there is none.

    Raises:
        SoftTimeLimitExceeded: the worker's time is up.
    """
    try:
        return lane.open()
    except SoftTimeLimitExceeded:
        raise
    except ChannelUnavailable as exc:
        return exc
    except Exception as exc:
        log.exception("channel_not_opened", channel=lane.channel)
        return ChannelUnavailable(repr(exc), is_account_fault=True)


def _call(
    channel: Channel | ChannelUnavailable, messages: Sequence[Any], until: float
) -> Sequence[Answer]:
    """Call the provider; the first answer that shows it is down is the answer for the rest.

    Where the worker's time is up in the middle, the rest is not begun.
    """
    if isinstance(channel, ChannelUnavailable):
        return [channel] * len(messages)
    if isinstance(channel, SetChannel):
        try:
            return channel.send_all(messages, until=until)
        except Exception as exc:  # noqa: BLE001 nobody knows which of them were handed over
            return [exc] * len(messages)
    answers: list[Answer] = []
    fault: ChannelUnavailable | None = None
    is_stopped = False
    for message in messages:
        if fault is None and not is_stopped and time.monotonic() < until:
            answer = _call_one(channel, message)
            fault = answer if isinstance(answer, ChannelUnavailable) else None
            is_stopped = isinstance(answer, SoftTimeLimitExceeded)
            answers.append(answer)
        else:
            answers.append(fault)
    return answers


def _call_one(channel: Channel, message: Any) -> Answer:
    try:
        return channel.send(message)
    except Exception as exc:  # noqa: BLE001 one of the four ways to say no, or a fault of ours
        return bear(exc, message)
