"""Applies what providers told of messages: in sets, once, in whatever order it came.

One transaction per batch holds the claim, what follows and the new status, so a worker that dies
leaves the batch as it was. Profiles are locked before messages, as a merge does.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction

from crm.services.ids import lock_final_profiles
from kernel import clock
from kernel.arrays import columns
from kernel.batches import Deadline
from kernel.scope import current_tenant_id
from kernel.sql import count_sql, run_sql
from messaging.channels.base import ProviderEvent
from messaging.choices import CallbackKind, CallbackStatus, MessageStatus
from messaging.domain.hits import is_bot
from messaging.domain.told import TOUCHES, Said, sum_up
from messaging.inbound import hand_over
from messaging.models import Message, ProviderCallback
from messaging.services import consequences
from messaging.services.consequences import Told
from messaging.services.deliveries import note_deliveries
from messaging.types import Hit

log = structlog.get_logger(__name__)

BATCH_SIZE: Final = 500
KEPT: Final = timedelta(days=30)
"""How long what was dealt with is kept; no provider repeats itself so late."""
PATIENCE: Final = timedelta(hours=1)
"""How long a callback waits for its message to become known."""
FIRST_WAIT: Final = timedelta(seconds=15)
MAX_TRIES: Final = 5
NOBODY_KNOWS: Final = "No message of yours goes by this id; it may have been sent elsewhere"
NOT_POISON: Final = (OperationalError, InterfaceError, SoftTimeLimitExceeded)
"""Failures that no callback is to blame for."""
_DONE: Final = "ids statuses details dues"
_FATES: Final = (
    "ids provider_ids account_ids delivereds opens clicks complaints arrivals failures reasons "
    "details puts_off takens"
)
_TOUCHES: Final = "message_ids profile_ids kinds times urls user_agents bots"
_SETTLED_BY_NEWS: Final = (MessageStatus.UNKNOWN, MessageStatus.PENDING, MessageStatus.FAILED)
"""Of which nobody knew for certain that the provider had taken them."""


class _Broke(Exception):
    """Applying some callbacks broke; the cause says how."""

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__(ids)
        self.ids = list(ids)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One callback that was claimed; ``event`` is None for one that cannot be read."""

    id: int
    account_id: int
    channel: str
    kind: str
    dedupe_key: str
    tries: int
    received_at: datetime
    event: ProviderEvent | None


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of one callback."""

    id: int
    status: CallbackStatus
    detail: str = ""
    due_at: datetime | None = None


def apply_callbacks(deadline: Deadline) -> int:
    """Apply what providers told the active tenant, batch by batch.

    Args:
        deadline: when to stop claiming; what is left is rung for again.

    Returns:
        Callbacks worked off, whatever became of them; 0 when none was due.
    """
    done = 0
    while turn := 0 if done and deadline.passed else _apply_batch():
        done += turn
    if done:
        prune_callbacks(clock.now())
    return done


@transaction.atomic
def prune_callbacks(now: datetime) -> int:
    """Forget callbacks that were dealt with long ago; returns how many."""
    return count_sql("messaging.prune_callbacks", before=now - KEPT, batch=BATCH_SIZE)


def _apply_batch() -> int:
    """Apply one batch; where that breaks, one by one, so that one bad callback fails alone."""
    try:
        return _apply(BATCH_SIZE)
    except _Broke as broke:
        log.exception("callbacks_failed", tenant=current_tenant_id(), callbacks=len(broke.ids))
        return sum(_apply_one() for _ in broke.ids)


def _apply_one() -> int:
    try:
        return _apply(1)
    except _Broke as broke:
        log.exception("callback_failed", tenant=current_tenant_id(), callbacks=broke.ids)
        return _postpone(broke.ids, repr(broke.__cause__))


@transaction.atomic
def _postpone(ids: Sequence[int], words: str) -> int:
    """Try callbacks again later that broke, or give them up after some tries."""
    rows = ProviderCallback.objects.filter(pk__in=ids, status=CallbackStatus.PENDING)
    waiting = list(rows.select_for_update(no_key=True).order_by("pk"))
    _finish([_put_off(row.pk, row.tries, words) for row in waiting])
    return len(ids)


def _put_off(row_id: int, tries: int, words: str) -> _Done:
    if tries + 1 >= MAX_TRIES:
        return _Done(row_id, CallbackStatus.FAILED, words[:500])
    wait = FIRST_WAIT * 4**tries
    return _Done(row_id, CallbackStatus.PENDING, words[:500], clock.now() + wait)


@transaction.atomic
def _apply(size: int) -> int:
    now = clock.now()
    waiting = _claim(size, now)
    try:
        _deal_with(waiting, now)
    except NOT_POISON:
        raise
    except Exception as exc:  # whatever it is, the other callbacks must go on
        raise _Broke([each.id for each in waiting]) from exc
    return len(waiting)


def _deal_with(waiting: Sequence[_Waiting], now: datetime) -> None:
    readable = [each for each in waiting if each.event is not None]
    done = [
        _Done(each.id, CallbackStatus.FAILED, "It cannot be read")
        for each in waiting
        if each.event is None
    ]
    done += _take_in([each for each in readable if each.kind == CallbackKind.INBOUND])
    of_messages = [each for each in readable if each.kind != CallbackKind.INBOUND]
    done += _apply_to_messages(of_messages, now)
    _finish(done)


def _claim(size: int, now: datetime) -> list[_Waiting]:
    rows = run_sql("messaging.claim_callbacks", now=now, batch=size)
    return [
        _Waiting(
            id=row.id,
            account_id=row.account_id,
            channel=row.channel,
            kind=row.kind,
            dedupe_key=row.dedupe_key,
            tries=row.tries,
            received_at=row.received_at,
            event=_read_event(row),
        )
        for row in rows
    ]


def _read_event(row: Any) -> ProviderEvent | None:
    """Return a stored event; None for one that this version cannot read."""
    try:
        said = {**json.loads(row.body)}
        at = datetime.fromisoformat(said.pop("at"))
        media = tuple(said.pop("media", ()))
        return ProviderEvent(kind=row.kind, dedupe_key=row.dedupe_key, at=at, media=media, **said)
    except (ValueError, KeyError, TypeError):
        log.exception("callback_unreadable", callback=row.id)
        return None


def _take_in(inbound: Sequence[_Waiting]) -> list[_Done]:
    """Hand what people wrote to whoever keeps it."""
    by_account: dict[tuple[str, int], list[_Waiting]] = defaultdict(list)
    for each in inbound:
        by_account[each.channel, each.account_id].append(each)
    done = []
    for (channel, account_id), messages in by_account.items():
        events = [each.event for each in messages if each.event is not None]
        ignored = hand_over(channel, account_id, events)
        for each in messages:
            why = ignored.get(each.dedupe_key)
            status = CallbackStatus.APPLIED if why is None else CallbackStatus.IGNORED
            done.append(_Done(each.id, status, (why or "")[:500]))
    return done


def _apply_to_messages(waiting: Sequence[_Waiting], now: datetime) -> list[_Done]:
    found = _find_messages(waiting)
    lock_final_profiles(profile_id for _, profile_id in found.values())
    ids = {message_id for message_id, _ in found.values()}
    rows = Message.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    messages = {row.pk: row for row in rows}
    done, told = [], []
    for each in waiting:
        message = messages.get(found.get(each.id, (0, 0))[0])
        if message is None:
            done.append(_wait(each, now, NOBODY_KNOWS))
        elif message.status == MessageStatus.SENDING:
            done.append(_wait(each, now, "Its message is being handed over"))
        elif each.event is not None:
            told.append(_tell(each, message))
            done.append(_Done(each.id, CallbackStatus.APPLIED))
    _write(told)
    consequences.follow(told, now)
    return done


def _find_messages(waiting: Sequence[_Waiting]) -> dict[int, tuple[int, int]]:
    """Return message and profile by the id of the callback."""
    rows = [
        (place, each.account_id, each.event.provider_id, _referred(each.event), each.channel)
        for place, each in enumerate(waiting)
        if each.event is not None
    ]
    params = columns("places account_ids provider_ids message_ids channels", rows)
    found = run_sql("messaging.find_told_messages", **params)
    return {waiting[row.place].id: (row.id, row.profile_id) for row in found}


def _referred(event: ProviderEvent) -> int | None:
    """Return the message that our own reference names; None for another tenant's or none."""
    tenant_id, _, message_id = event.reference.partition("-")
    is_ours = tenant_id == str(current_tenant_id()) and message_id.isdigit()
    return int(message_id[:19]) if is_ours else None


def _wait(each: _Waiting, now: datetime, words: str) -> _Done:
    """Look again later, with longer pauses, until patience ends."""
    due_at = now + FIRST_WAIT * 2 ** min(each.tries, 8)
    if due_at > each.received_at + PATIENCE:
        return _Done(each.id, CallbackStatus.IGNORED, words)
    return _Done(each.id, CallbackStatus.PENDING, words, due_at)


def _tell(each: _Waiting, message: Message) -> Told:
    event = each.event
    assert event is not None  # noqa: S101 for the type checker
    hit = Hit(method="GET", user_agent=event.user_agent, ip=None, is_prefetch=False, at=event.at)
    is_hit = event.kind in (CallbackKind.OPENED, CallbackKind.CLICKED)
    is_machine = (
        is_hit
        and message.channel == "email"
        and is_bot(hit, sent_at=message.sent_at or message.claimed_at)
    )
    return Told(message, each.account_id, event, is_machine=is_machine)


def _write(told: Sequence[Told]) -> None:
    """Write what was told to the messages, and keep each thing as a touch."""
    if not told:
        return
    by_message: dict[int, list[Told]] = defaultdict(list)
    for each in told:
        by_message[each.message.pk].append(each)
    fates = [_fate_row(each) for _, each in sorted(by_message.items())]
    count_sql("messaging.record_told", **columns(_FATES, fates))
    touches = [_touch_row(each) for each in told if each.event.kind in TOUCHES]
    if touches:
        count_sql("messaging.add_touches", **columns(_TOUCHES, touches))
    note_deliveries(each.message.pk for each in told if each.message.channel == "email")


def _fate_row(told: Sequence[Told]) -> tuple[Any, ...]:
    message = told[0].message
    fate = sum_up(
        Said(
            each.event.kind,
            each.event.at,
            each.event.code,
            each.event.detail,
            each.event.provider_id,
            each.is_machine,
        )
        for each in told
    )
    is_news = message.status in _SETTLED_BY_NEWS and message.claimed_at is not None
    return (
        message.pk,
        fate.provider_id,
        told[0].account_id,
        fate.delivered,
        fate.opened,
        fate.clicked,
        fate.complained,
        fate.arrival,
        fate.failure,
        fate.reason,
        fate.detail,
        fate.put_off,
        fate.taken if is_news else None,
    )


def _touch_row(told: Told) -> tuple[Any, ...]:
    event = told.event
    return (
        told.message.pk,
        told.message.profile_id,
        TOUCHES[event.kind].value,
        event.at,
        event.url[:2000],
        event.user_agent[:2000],
        told.is_machine,
    )


def _finish(done: Iterable[_Done]) -> None:
    rows = [(each.id, each.status.value, each.detail, each.due_at) for each in done]
    if rows:
        count_sql("messaging.finish_callbacks", **columns(_DONE, rows))
