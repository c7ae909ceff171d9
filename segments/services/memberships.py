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

from crm.services.events import list_heard
from kernel.arrays import array, columns
from kernel.sql import execute, execute_kept, load_sql, time_limit, whole_tenant
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from segments.choices import Cause, SegmentKind
from segments.domain.definitions import Node
from segments.domain.shared import with_dependents
from segments.queries.conditions import StoredSegment, list_stored, trees_of
from segments.queries.together import compile_together
from segments.services.references import current_references
from segments.services.stopping import BLAMABLE, stop_blamed, stop_unreadable
from segments.services.waiting import heard_columns
from segments.types import ChangeCause

TOLD = ("Segment Entered", "Segment Exited")
"""What tells of entries and of exits (`sql/tell_moves.sql`)."""
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
    "SELECT NULL::bigint AS profile_id, NULL::bigint AS event_id,"
    " NULL::text AS event_name, NULL::boolean AS is_backfill, NULL::timestamptz AS came_at,"
    " NULL::text AS cause WHERE false"
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
) -> int:
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
        How many entries and exits were told of.
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
) -> int:
    """Decide as `decide_memberships`, once.

    Args:
        scope: which profiles.
        now: aware, as there.
        why: as there.
        trees: definitions by segment id.
        segments: as they are stored now.
        seconds: how long it may take; None for however long it takes.

    Raises:
        OperationalError: it took longer, and nothing of the transaction is kept.
    """
    together = compile_together(trees, now, current_references(now, trees.values()))
    shared = together.condition
    heeds = bool(trees) and why.heeds_waiting
    statement = load_sql("segments.apply_memberships")
    for name, text in (
        ("{laterals}", shared.laterals),
        ("{segment_ids}", shared.segment_ids),
        ("{reeval_at}", shared.reeval_at),
        ("{profiles}", scope.on("p.id")),
        ("{facts}", scope.on("f.profile_id")),
        ("{memberships}", scope.on("m.profile_id")),
        ("{waiting}", load_sql("segments.events_that_wait") if heeds else _NOBODY_WAITS),
    ):
        statement = statement.replace(name, text)
    with _limits(scope, seconds):
        [done] = _run(
            scope,
            statement,
            now=now,
            today=together.moment.today,
            many=MANY,
            **_cause_params(why),
            **_segment_columns(why, trees, segments, heeds=heeds),
            **(heard_columns(trees.values()) if heeds else {}),
            heard_live=array(list_heard(TOLD)),
            heard_history=_hear_history(why, heeds=heeds),
            **scope.params,
            **together.params,
        )
    if done.heard:
        ring("reactions", current_tenant_id())
    return int(done.told)


def _hear_history(why: Why, *, heeds: bool) -> str:
    """Return which events are heard that are history; not asked where none of them can be."""
    is_possible = heeds or why.cause.is_history
    return array(list_heard(TOLD, is_history=True) if is_possible else [])


def _run(scope: Scope, statement: str, **params: Any) -> list[Any]:
    """Run a statement; kept, it is one for a few and another for many, who are planned apart."""
    if not scope.is_kept:
        return execute(statement, **params)
    return execute_kept(f"{statement}-- {'many' if scope.is_wide else 'few'}", **params)


def _limits(scope: Scope, seconds: float | None) -> AbstractContextManager[None]:
    if seconds is not None:
        return time_limit(seconds, is_wide=scope.is_wide)
    return whole_tenant() if scope.is_wide else nullcontext()


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
