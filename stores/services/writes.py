"""Writing to stores what was wished: batch by batch, one worker for each lane at a time.

A worker takes a lane, looks at what the store has, notes what will be ours, writes, and says what
became of each wish; every step is committed before the next request, and none is made inside a
transaction. A worker that dies leaves the lane to another, which does the same once more: what is
at the store already is seen, and a repeat changes nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import models, transaction
from django.db.models import Case, Min, Q, Value, When

from crm.choices import StoreStatus
from kernel import clock
from kernel.arrays import array, columns
from kernel.batches import Deadline
from kernel.http import AddressForbidden, Client, HttpUnavailable
from kernel.sql import run_sql
from stores.choices import WriteKind, WriteState
from stores.domain.writing import Memo, Step, Wish, Wrote, leave_tags
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.models import StoreWrite, WriteLane
from stores.platforms import WRITERS
from stores.platforms.writer import Writer
from stores.services.inbox import NOT_POISON
from stores.services.syncing import BACK_OFF, UNKNOWN_FAULT, describe_failure, read_access
from stores.services.wishing import PEOPLE, REFILL_EVERY, REFILLED, fill, is_refill_due
from stores.types import StoreAccess

log = structlog.get_logger(__name__)

BATCH_SIZE: Final = 25
LEASE: Final = timedelta(minutes=4)
"""How long a worker may ask the store for one thing until it is taken for dead; it is renewed."""
REFUSED_WAIT: Final = timedelta(hours=1)
"""How often a store that lets nobody in is asked again without anybody having changed something."""
FILLS: Final = 10
"""Pages of people for whom is wished in one turn, while a lane that was switched on is filled."""
GIVEN_UP_AFTER: Final = 8
"""After so many tries one thing that cannot be written, while others can, is put aside."""
UNSAID: Final = "The shop did not say what became of it"
KNOWN_FAILURES: Final = (PullBusy, PullRefused, PullUnavailable, HttpUnavailable)


@dataclass(slots=True)
class _Turn:
    """A lane in the hands of this worker; ``held_until`` moves on while it works."""

    lane_id: int
    kind: str
    due_at: datetime | None
    held_until: datetime
    tries: int
    kept: Collection[str]
    access: StoreAccess
    writer: Writer


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one wish; ``memo`` None leaves what is known as it is."""

    wish: Wish
    state: WriteState
    reason: str = ""
    memo: Memo | None = None
    due_at: datetime | None = None
    was_written: bool = False


class _LaneLost(Exception):
    """Another worker took the lane over: what this one learnt is learnt again."""


def drain_writes(deadline: Deadline) -> int:
    """Write what waits for the stores of the active tenant; consent goes first.

    Args:
        deadline: when to stop; a batch that was begun ends first.

    Returns:
        Batches; 0 when nothing is due or other workers hold it.
    """
    done = 0
    while not deadline.passed and (turns := _claim()):
        for turn in turns:
            _work_safely(turn)
        done += 1
    return done


@transaction.atomic
def _claim() -> list[_Turn | None]:
    """Take the most urgent lane; a lane whose store cannot be written to goes to sleep."""
    now = clock.now()
    found = (
        WriteLane.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("store")
        .filter(Q(held_until=None) | Q(held_until__lte=now), due_at__lte=now)
        .order_by(
            Case(When(kind=WriteKind.CONSENT, then=Value(0)), default=Value(1)), "due_at", "pk"
        )
        .first()
    )
    if found is None:
        return []
    mine = WriteLane.objects.filter(pk=found.pk)
    writer = WRITERS.get(found.store.platform)
    if writer is None or not found.is_on or found.store.status != StoreStatus.CONNECTED:
        mine.update(due_at=None)
        return [None]
    held_until = now + LEASE
    mine.update(held_until=held_until)
    return [
        _Turn(
            lane_id=found.pk,
            kind=found.kind,
            due_at=found.due_at,
            held_until=held_until,
            tries=found.tries,
            kept=frozenset(tag.casefold() for tag in found.options.get("kept", ())),
            access=read_access(found.store_id)[0],
            writer=writer,
        )
    ]


def _work_safely(turn: _Turn | None) -> None:
    if turn is None:
        return
    try:
        _work(turn)
    except _LaneLost:
        log.warning("write_lane_lost", lane=turn.lane_id)
    except NOT_POISON:
        raise
    except Exception:
        log.exception("writing_failed", lane=turn.lane_id)
        with suppress(_LaneLost):
            _settle(turn, [], PullUnavailable(UNKNOWN_FAULT), is_full=True)


def _work(turn: _Turn) -> None:
    for _ in range(FILLS):
        if not _fill(turn):
            break
    wishes = _list_due(turn)
    if not wishes:
        _settle(turn, [], None, is_full=False)
        return
    with Client(before=lambda: _keep_hold(turn)) as client:
        try:
            steps = _look(turn, client, wishes)
        except KNOWN_FAILURES as exc:
            _settle(turn, [], exc, is_full=True)
            return
        outcomes = [each for step in steps if (each := _judge(step)) is not None]
        todo = [step for step in steps if step.change and not step.refused]
        wrote = Wrote()
        if todo:
            _note(turn, todo)
            wrote = _write(turn, client, todo)
    outcomes += _tell(todo, wrote)
    outcomes += _pass_over(wishes, steps)
    _settle(turn, outcomes, wrote.stopped_by, is_full=len(wishes) == BATCH_SIZE)


def _look(turn: _Turn, client: Client, wishes: Sequence[Wish]) -> Sequence[Step]:
    """Look at the store; what cannot be made out of one answer stops no other."""
    try:
        return turn.writer.look(turn.access, client, turn.kind, wishes)
    except (_LaneLost, *KNOWN_FAILURES, *NOT_POISON):
        raise
    except Exception:
        log.exception("look_failed", lane=turn.lane_id, wishes=len(wishes))
        if len(wishes) == 1:
            return []
    return [step for wish in wishes for step in _look(turn, client, [wish])]


def _write(turn: _Turn, client: Client, steps: Sequence[Step]) -> Wrote:
    """Write; what fails in a way that nobody foresaw stops no other."""
    try:
        return turn.writer.write(turn.access, client, turn.kind, steps)
    except (_LaneLost, *NOT_POISON):
        raise
    except Exception:
        log.exception("write_failed", lane=turn.lane_id, steps=len(steps))
        if len(steps) == 1:
            return Wrote(failed={steps[0].wish.id: UNKNOWN_FAULT})
    whole = Wrote()
    for step in steps:
        part = _write(turn, client, [step])
        whole.done |= part.done
        whole.refused |= part.refused
        whole.failed |= part.failed
        whole.memos |= part.memos
        whole.stopped_by = part.stopped_by
        if whole.stopped_by is not None:
            break
    return whole


def _pass_over(wishes: Sequence[Wish], steps: Sequence[Step]) -> list[_Outcome]:
    """Let what could not even be looked at be tried again later."""
    seen, now = {step.wish.id for step in steps}, clock.now()
    return [_try_again(wish, UNKNOWN_FAULT, now) for wish in wishes if wish.id not in seen]


@transaction.atomic
def _fill(turn: _Turn) -> bool:
    """Wish for the next people of a lane that has just been switched on; are there more?"""
    lane = _hold(turn)
    _leave(lane)
    if lane.kind in REFILLED and is_refill_due(lane):
        lane.fill_after = 0
    if lane.fill_after is None or lane.kind not in PEOPLE:
        return False
    after = fill(lane)
    filled_at = clock.now() if after is None else lane.filled_at
    WriteLane.objects.filter(pk=lane.pk).update(fill_after=after, filled_at=filled_at)
    return after is not None


def _leave(lane: WriteLane) -> None:
    """Note for good which tags are the store's, before any is given again that was left to it."""
    if not (again := lane.options.get("again")):
        return
    run_sql("stores.leave_tags", lane_id=lane.pk, tags=array([tag.lower() for tag in again]))
    options = {name: value for name, value in lane.options.items() if name != "again"}
    WriteLane.objects.filter(pk=lane.pk).update(options=options)


@transaction.atomic
def _list_due(turn: _Turn) -> list[Wish]:
    rows = StoreWrite.objects.filter(
        lane_id=turn.lane_id, state=WriteState.WAITING, due_at__lte=clock.now()
    ).order_by("urgency", "due_at", "pk")[:BATCH_SIZE]
    return [
        Wish(
            row.pk,
            row.version,
            row.subject,
            row.value,
            leave_tags(row.memo, turn.kept),
            row.attempts,
        )
        for row in rows
    ]


def _judge(step: Step) -> _Outcome | None:
    """Return what became of a wish already when the store was looked at; None: it is to do."""
    if step.refused:
        return _Outcome(step.wish, WriteState.REFUSED, step.refused)
    if step.change:
        return None
    if step.overtaken:
        return _Outcome(step.wish, WriteState.SUPERSEDED, step.overtaken, step.memo)
    return _Outcome(step.wish, WriteState.SENT, "The shop has it already", step.memo)


@transaction.atomic
def _note(turn: _Turn, steps: Sequence[Step]) -> None:
    """Keep what will be ours, from before it is written; the lease begins anew."""
    _renew(turn)
    claims = [(step.wish.id, step.claim) for step in steps if step.claim is not None]
    if claims:
        run_sql("stores.claim_writes", **columns("ids memos", claims))


def _tell(steps: Sequence[Step], wrote: Wrote) -> Iterator[_Outcome]:
    now = clock.now()
    for step in steps:
        wish = step.wish
        if wish.id in wrote.done:
            memo = wrote.memos.get(wish.id, step.memo)
            yield _Outcome(wish, WriteState.SENT, step.overtaken, memo, was_written=True)
        elif reason := wrote.refused.get(wish.id):
            memo = wrote.memos.get(wish.id, step.kept)
            yield _Outcome(wish, WriteState.REFUSED, reason, memo)
        elif reason := wrote.failed.get(wish.id, "" if wrote.stopped_by else UNSAID):
            yield _try_again(wish, reason, now)


def _try_again(wish: Wish, reason: str, now: datetime) -> _Outcome:
    if wish.attempts + 1 >= GIVEN_UP_AFTER:
        return _Outcome(wish, WriteState.REFUSED, f"{reason}, {GIVEN_UP_AFTER} times in a row")
    rest = timedelta(seconds=BACK_OFF[min(wish.attempts, len(BACK_OFF) - 1)])
    return _Outcome(wish, WriteState.WAITING, reason, due_at=now + rest)


@transaction.atomic
def _settle(
    turn: _Turn, outcomes: Sequence[_Outcome], stopped_by: Exception | None, *, is_full: bool
) -> None:
    """Say what became of a batch, and when the lane goes on."""
    lane = _hold(turn)
    now = clock.now()
    if outcomes:
        run_sql("stores.settle_writes", now=now, **_columns(outcomes, now))
    after: dict[str, Any] = {"held_until": None, "tries": 0, "detail": ""}
    match stopped_by:
        case None if is_full or lane.fill_after is not None:
            after["due_at"] = now
        case None:
            after["due_at"] = _next_due(lane)
        case PullBusy(seconds=seconds):
            # Nobody takes it before that, whatever is wished meanwhile.
            after = dict.fromkeys(("held_until", "due_at"), now + timedelta(seconds=seconds))
        case PullRefused() | AddressForbidden():
            after["due_at"] = now + REFUSED_WAIT
            after["detail"] = describe_failure(stopped_by)
        case _:
            rest = BACK_OFF[min(turn.tries, len(BACK_OFF) - 1)]
            after |= {
                "due_at": now + timedelta(seconds=rest),
                "tries": min(turn.tries + 1, len(BACK_OFF)),
                "detail": describe_failure(stopped_by),
            }
    if not lane.is_on:
        after["due_at"] = None
    elif lane.due_at != turn.due_at:
        # Somebody mended something meanwhile: what this worker met may be past.
        after |= {"held_until": None, "due_at": lane.due_at, "tries": 0, "detail": ""}
    WriteLane.objects.filter(pk=lane.pk).update(**after)


def _columns(outcomes: Sequence[_Outcome], now: datetime) -> dict[str, str]:
    rows = [
        (
            each.wish.id,
            each.wish.version,
            str(each.state),
            each.reason,
            each.memo,
            each.wish.attempts + 1,
            each.due_at or now,
            each.was_written,
        )
        for each in outcomes
    ]
    return columns("ids versions states reasons memos attempts dues writings", rows)


def _next_due(lane: WriteLane) -> datetime | None:
    waiting = StoreWrite.objects.filter(lane_id=lane.pk, state=WriteState.WAITING)
    refill = lane.filled_at + REFILL_EVERY if lane.kind in REFILLED and lane.filled_at else None
    times = [at for at in (waiting.aggregate(at=Min("due_at"))["at"], refill) if at is not None]
    return min(times, default=None)


def _keep_hold(turn: _Turn) -> None:
    """Renew the lease once half of it has passed; called before each request to the store.

    Raises:
        _LaneLost: the lane is another worker's by now, so that nothing more is asked of the store.
    """
    if clock.now() >= turn.held_until - LEASE / 2:
        with transaction.atomic():
            _renew(turn)


def _renew(turn: _Turn) -> None:
    _hold(turn)
    held_until = clock.now() + LEASE
    WriteLane.objects.filter(pk=turn.lane_id).update(held_until=held_until)
    turn.held_until = held_until


def _hold(turn: _Turn) -> WriteLane:
    """Lock the lane of a turn; whoever wishes waits until the end of the transaction.

    Raises:
        _LaneLost: it is another worker's by now.
    """
    held: models.QuerySet[WriteLane] = WriteLane.objects.select_for_update(
        no_key=True, of=("self",)
    ).select_related("store")
    lane = held.filter(pk=turn.lane_id, held_until=turn.held_until).first()
    if lane is None:
        raise _LaneLost
    return lane
