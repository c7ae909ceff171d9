"""Claims what is ready, a few at a time, and records what became of the few before them.

Both are one short transaction, and none is open while a provider is called. What is claimed is
``sending``; it is all that is in doubt when the worker dies.
"""

import time
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import OperationalError, connection, transaction

from crm.choices import EventSource
from crm.services.events import append_events, append_resolved
from crm.services.ids import lock_final_profiles
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import array, columns
from kernel.sql import run_kept
from messaging.choices import MessageStatus
from messaging.domain.prices import PAID
from messaging.services.gating import MARKETING
from messaging.services.lanes import Lane
from messaging.services.marking import address_of_test
from messaging.services.outcomes import RESENT, Outcomes
from messaging.services.preparing import Prepared
from messaging.services.rates import give_back_tokens, take_tokens
from messaging.services.refusals import learn_from_refusals
from messaging.services.spending import Paid, add_spend
from messaging.services.warm_ups import admit, count_mails, give_back_mails
from messaging.services.writers.base import Ready
from messaging.types import PendingMessage

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=120)
"""How long a worker may take over what it claimed before its outcome counts as unknown."""
PATIENCE_SECONDS = 60.0
"""How long a worker goes on trying to write what became of messages while the database is away."""
RETRY_SECONDS = 1.0
_CLAIMED = "ids profiles consents details trails addresses subjects message_ids parts"
_DONE = "ids statuses reasons details tries dues resends provider_ids"


@transaction.atomic
def record_and_claim(
    prepared: Prepared, lane: Lane, done: Outcomes | None, ready: Sequence[Ready]
) -> list[Ready]:
    """Record the outcomes of what was claimed before, and claim more of the set.

    Args:
        prepared: the set.
        lane: over which it leaves.
        done: what became of the messages claimed before; None where there were none.
        ready: messages of the set.

    Returns:
        What may be handed over now: the messages that are still as they were when the gates were
        asked.
    """
    if done is not None:
        _record(prepared, lane, done)
    return _claim(prepared, lane, ready) if ready else []


def record_surely(prepared: Prepared, lane: Lane, done: Outcomes) -> None:
    """Record outcomes, and wait for a database that is away: they are known nowhere else.

    Raises:
        OperationalError: it did not come back in time; the messages count as unknown once their
            lease ends.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            record_and_claim(prepared, lane, done, [])
        except OperationalError:
            if connection.in_atomic_block or time.monotonic() > until:
                raise
            log.warning("outcomes_wait", messages=len(done.items))
            connection.close()
            time.sleep(RETRY_SECONDS)
        else:
            return


def _claim(prepared: Prepared, lane: Lane, ready: Sequence[Ready]) -> list[Ready]:
    now = clock.now()
    if prepared.warming is not None:
        admitted = admit(prepared.warming, [item.message for item in ready])
        ready = [item for item in ready if item.message.id in admitted]
    trails = _Trails()
    rows = [
        (
            item.message.id,
            item.message.profile.id,
            _needed_consent(item.message),
            RESENT if item.message.is_resend else "",
            trails.place(prepared.trails[item.message.id]),
            item.address,
            item.subject,
            item.message_id,
            item.parts,
        )
        for item in ready
    ]
    claimed = run_kept(
        "messaging.claim_ready",
        claim_id=prepared.claim_id,
        now=now,
        prepared_at=prepared.at,
        lease_until=now + LEASE,
        account_id=lane.account_id,
        gates=array(trails.found),
        **columns(_CLAIMED, rows),
    )
    taken = {row.id for row in claimed}
    mine = [item for item in ready if item.message.id in taken]
    take_tokens(prepared.rates, [item.message for item in mine], now)
    if prepared.warming is not None:
        count_mails(prepared.warming, [item.message for item in mine])
    return mine


class _Trails:
    """The trails of a claim, each once: most messages share one."""

    def __init__(self) -> None:
        self.found: list[list[dict[str, Any]]] = []
        self._places: dict[int, int] = {}

    def place(self, trail: list[dict[str, Any]]) -> int:
        """Return which of those found it is, counted from 1 as PostgreSQL does."""
        place = self._places.get(id(trail))
        if place is None:
            self.found.append(trail)
            place = self._places[id(trail)] = len(self.found)
        return place


def _needed_consent(message: PendingMessage) -> str:
    """Return what somebody must still say of a channel; empty where it does not matter."""
    if message.message_class not in MARKETING or address_of_test(message.context):
        return ""
    return message.profile.consent(message.channel)


def _record(prepared: Prepared, lane: Lane, done: Outcomes) -> None:
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
        for item in done.items
    ]
    locked = _lock_people(done)
    learn_from_refusals(done.refusals)
    written = run_kept(
        "messaging.record_outcomes",
        claim_id=prepared.claim_id,
        account_id=lane.account_id,
        now=now,
        **columns(_DONE, rows),
    )
    rows_by_id = {row.id: row for row in written}
    if lane.channel in PAID and lane.account_id is not None:
        _add_spend(prepared, lane.account_id, done, rows_by_id.keys())
    shared: dict[Any, dict[str, Any]] = {}
    events = [
        _sent_event(item.message, rows_by_id[item.message.id], now, shared)
        for item in done.items
        if item.status == MessageStatus.SENT
        and item.message.id in rows_by_id
        and not address_of_test(item.message.context)
    ]
    if locked.issuperset(event.profile_id for event in events):
        append_resolved(events, now)
    else:
        append_events(events, now=now)
    _give_back(prepared, done, rows_by_id.keys())


def _give_back(prepared: Prepared, done: Outcomes, written: Collection[int]) -> None:
    """Count no more what was claimed and not handed over; limits are locked last, as by claims."""
    unsent = [item.message for item in done.items if item.is_unsent and item.message.id in written]
    if not unsent:
        return
    if prepared.warming is not None:
        give_back_mails(prepared.warming, unsent)
    give_back_tokens(prepared.rates, unsent, clock.now())


def _add_spend(
    prepared: Prepared, account_id: int, done: Outcomes, written: Collection[int]
) -> None:
    """Add up what those cost that the provider took."""
    parts = {item.message.id: item.parts for item in prepared.ready}
    paid = [
        Paid(item.message.address, parts.get(item.message.id, 1))
        for item in done.items
        if item.status == MessageStatus.SENT and item.message.id in written
    ]
    add_spend(account_id, paid, clock.now())


def _lock_people(done: Outcomes) -> set[int]:
    """Lock whom the messages went to: a merge locks people first, and their messages then.

    Returns:
        Those of them who were not merged.
    """
    final = lock_final_profiles(item.message.profile.id for item in done.items)
    winners = set(final.values())
    lock_final_profiles(winners - final.keys())
    return winners


def _sent_event(
    message: PendingMessage, written: Any, now: datetime, shared: dict[Any, dict[str, Any]]
) -> NewEvent:
    """Return the event of a message; those of which the same is said share what is said."""
    kind = (message.channel, message.message_class, message.template_id, message.flow_id)
    if kind not in shared:
        names = ("channel", "class", "template_id", "flow_id")
        shared[kind] = {**dict(zip(names, kind, strict=True)), "tags": written.tags}
    return NewEvent(
        name="Message Sent",
        occurred_at=now,
        source=EventSource.SYSTEM.value,
        profile_id=written.profile_id,
        object_id=message.id,
        properties=shared[kind],
        dedupe_key=f"message_sent:{message.id}",
    )
