"""The one statement that decides memberships, and the events that tell of entries and exits.

An entry that an event or the clock was about to tell of is told by whoever decides first: the row
is written once, and the one who comes second finds no difference.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.choices import EventSource
from crm.services.events import append_events
from crm.types import NewEvent
from kernel.arrays import array, columns
from kernel.sql import execute, execute_kept, load_sql, time_limit, whole_tenant
from segments.choices import Cause, SegmentKind
from segments.domain.definitions import Node
from segments.domain.shared import build_shared, with_dependents
from segments.queries.conditions import StoredSegment, get_compiler, list_stored, trees_of
from segments.services.references import current_references
from segments.services.stopping import BLAMABLE, stop_blamed, stop_unreadable
from segments.services.waiting import heard_columns
from segments.types import ChangeCause, MembershipMove

EVENT_BATCH = 5_000
FEW = 20
"""Profiles up to which a look-up each is as good as a join, whatever the statistics say."""
SOME = 1_000
"""Profiles up to which planning anew takes longer than what it wins."""
MANY = 20
"""People of one part who enter or leave one segment for one reason: from so many on they are kept
as one row of `MembershipMove`, fewer as a row of `MembershipChange` each."""
QUIET_CAUSES = frozenset({Cause.DEFINITION, Cause.MERGE, Cause.CATALOG})
"""Changes that are no event in anybody's life: another definition, a profile that ceases to be, a
product that was put right."""
STATEMENT_SECONDS = 60.0
"""How long deciding some profiles may take: meanwhile the tenant's other changes wait."""
_NOBODY_WAITS = (
    "CROSS JOIN (SELECT NULL::bigint AS profile_id, NULL::bigint AS event_id,"
    " NULL::text AS event_name, NULL::boolean AS is_backfill, NULL::timestamptz AS came_at,"
    " NULL::text AS cause WHERE false) AS w"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which profiles a statement looks at: a condition on ``{id}`` and what it binds.

    Attributes:
        is_wide: more than a few, up to all of a tenant.
        is_kept: the server plans it once for whoever comes, as long as no definition changes.
    """

    condition: str
    params: Mapping[str, Any]
    is_wide: bool = False
    is_kept: bool = False

    def on(self, column: str) -> str:
        """Return the condition for a column that holds the profile's id."""
        return self.condition.replace("{id}", column)


def of_profiles(profile_ids: Sequence[int]) -> Scope:
    """Return the scope of some profiles."""
    params = {"scope_ids": array(profile_ids)}
    count = len(profile_ids)
    is_wide, is_kept = count > FEW, count <= SOME
    return Scope("{id} = ANY(%(scope_ids)s::bigint[])", params, is_wide=is_wide, is_kept=is_kept)


def of_range(after: int, upto: int) -> Scope:
    """Return the scope of profiles above one id up to another."""
    params = {"after": after, "upto": upto}
    return Scope("({id} > %(after)s AND {id} <= %(upto)s)", params, is_wide=True)


@dataclass(frozen=True, slots=True)
class Why:
    """Why profiles are decided.

    Attributes:
        cause: what is said of the moves; with a quiet one they are not told.
        causes: by profile id, of those with an event of their own.
        own: segments that the cause can move; None for all. What else moves had come due.
    """

    cause: ChangeCause
    causes: Mapping[int, ChangeCause] | None = None
    own: Collection[int] | None = None

    @property
    def heeds_waiting(self) -> bool:
        """Whether others than the causes themselves may have to be told in their place."""
        return not self.causes or any(one.is_history for one in self.causes.values())


def decide_memberships(
    scope: Scope, now: datetime, why: Why, *, trees: Mapping[int, Node] | None = None
) -> list[MembershipMove]:
    """Decide all segments of the profiles in a scope, write differences, tell of them.

    The caller holds the row of upkeep and a transaction. A repeat finds no difference. A
    definition that takes too long or cannot be asked is stopped: it keeps its members, and the
    others go on.

    Args:
        scope: which profiles.
        now: aware, read under the lock: an older instant would undo newer decisions.
        why: what entries and exits are told as. An event that waits for a profile is told of in
            its place, and what moves by a new definition alone is quiet.
        trees: definitions by segment id, where the caller has them; else they are read.

    Returns:
        The entries and exits that were told.
    """
    stored = list_stored()
    stop_unreadable(stored, now)
    asked = trees_of(stored) if trees is None else dict(trees)
    while True:
        try:
            with transaction.atomic():
                return write_memberships(scope, now, why, asked, stored, seconds=STATEMENT_SECONDS)
        except BLAMABLE as exc:
            stop_blamed(exc, asked, now, STATEMENT_SECONDS)


def write_memberships(
    scope: Scope,
    now: datetime,
    why: Why,
    trees: Mapping[int, Node],
    segments: Sequence[StoredSegment],
    *,
    seconds: float | None = None,
) -> list[MembershipMove]:
    """Decide as `decide_memberships`, once.

    Args:
        scope: which profiles.
        now: aware, as there.
        why: as there.
        trees: definitions by segment id.
        segments: as they are stored now.
        seconds: how long deciding may take; None for however long it takes. What is told of it
            afterwards is no definition's fault and has its own time.

    Raises:
        OperationalError: it took longer, and nothing of the transaction is kept.
    """
    compiler = get_compiler(now, current_references(now, trees.values()))
    shared = build_shared(trees, compiler)
    heeds = bool(trees) and why.heeds_waiting
    statement = load_sql("segments.apply_memberships")
    for name, text in (
        ("{different}", _beside("segments.decide_memberships", "d")),
        ("{laterals}", shared.laterals),
        ("{segment_ids}", shared.segment_ids),
        ("{reeval_at}", shared.reeval_at),
        ("{profiles}", scope.on("p.id")),
        ("{facts}", scope.on("f.profile_id")),
        ("{memberships}", scope.on("m.profile_id")),
        ("{caused}", _beside("segments.cause_moves", "c")),
        ("{waiting}", _beside("segments.events_that_wait", "w") if heeds else _NOBODY_WAITS),
    ):
        statement = statement.replace(name, text)
    with _limits(scope, seconds):
        rows = _run(
            scope,
            statement,
            now=now,
            today=compiler.moment.today,
            many=MANY,
            **_cause_params(why),
            **_segment_columns(why, trees, segments, heeds=heeds),
            **(heard_columns(trees.values()) if heeds else {}),
            **scope.params,
            **compiler.params,
        )
    _append_moves(rows, now, segments)
    return [MembershipMove(row.profile_id, row.segment_id, row.entered) for row in rows]


def _run(scope: Scope, statement: str, **params: Any) -> list[Any]:
    """Run a statement; kept, it is one for a few and another for many, who are planned apart."""
    if not scope.is_kept:
        return execute(statement, **params)
    return execute_kept(f"{statement}-- {'many' if scope.is_wide else 'few'}", **params)


def _limits(scope: Scope, seconds: float | None) -> AbstractContextManager[None]:
    if seconds is not None:
        return time_limit(seconds, is_wide=scope.is_wide)
    return whole_tenant() if scope.is_wide else nullcontext()


def _beside(name: str, alias: str) -> str:
    return f"CROSS JOIN (\n{load_sql(name)}\n) AS {alias}"


def _segment_columns(
    why: Why, trees: Mapping[int, Node], segments: Sequence[StoredSegment], *, heeds: bool
) -> dict[str, str]:
    """Return for each segment whether the cause can move it, and what its moves are kept as.

    Until a changed definition was counted for everybody, nobody can tell whether an event or the
    definition lets somebody in, and moves are quiet whatever the cause. Of other quiet moves an
    event that came after the segment was last counted is told of nevertheless; an older one has
    been taken in.
    """
    rows = []
    changed = [one.pk for one in segments if one.redefined_at or one.archived_at]
    found = segments if heeds or changed else []
    redefined = with_dependents(changed, trees)
    is_quiet = why.cause.cause in QUIET_CAUSES
    for one in found:
        is_own = why.own is None or one.pk in why.own
        quiet_as = why.cause.cause if is_quiet and is_own else ""
        if one.pk in redefined:
            quiet_as = Cause.DEFINITION
        # No event puts anybody on a list.
        is_never = one.kind == SegmentKind.STATIC or one.pk in redefined
        told_from = None if is_never else one.refreshed_at or one.created_at
        rows.append((one.pk, is_own, str(quiet_as), told_from))
    return columns("segments owns quiets counts", rows)


def _cause_params(why: Why) -> dict[str, Any]:
    given = (why.causes or {}).items()
    rows = [(key, one.cause, one.event_id, one.event_name, one.is_history) for key, one in given]
    return {
        "cause": why.cause.cause,
        "is_quiet": why.cause.cause in QUIET_CAUSES,
        "is_history": why.cause.is_history,
        # Whoever is put on a list enters it by hand, whatever else waits.
        "yields": why.cause.cause != Cause.MANUAL,
        "rest": Cause.TIME,
        **columns("cause_profiles causes event_ids event_names histories", rows),
    }


def _append_moves(rows: Sequence[Any], now: datetime, segments: Sequence[StoredSegment]) -> None:
    """Tell of entries and exits; leaving a segment that is archived tells nothing."""
    live = [one for one in segments if one.archived_at is None]
    told = {one.pk: {"segment": one.name, "key": one.key} for one in live}
    for start in range(0, len(rows), EVENT_BATCH):
        events = [
            NewEvent(
                name="Segment Entered" if row.entered else "Segment Exited",
                occurred_at=now,
                source=EventSource.SYSTEM,
                profile_id=row.profile_id,
                object_id=row.segment_id,
                properties=told[row.segment_id],
                is_backfill=row.is_history,
            )
            for row in rows[start : start + EVENT_BATCH]
            if row.segment_id in told
        ]
        append_events(events, now=now)
