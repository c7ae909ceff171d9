"""The one statement that decides memberships, and the events that tell of entries and exits."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.choices import EventSource
from crm.services.events import append_events
from crm.types import NewEvent
from kernel.arrays import array, columns
from kernel.sql import execute, load_sql, whole_tenant
from segments.choices import Cause
from segments.domain.definitions import Node
from segments.domain.shared import build_shared
from segments.models import Segment
from segments.queries.conditions import get_compiler, get_moment, list_definitions
from segments.services.references import current_references
from segments.types import ChangeCause, MembershipMove

EVENT_BATCH = 5_000
FEW = 20
"""Profiles up to which a look-up each is as good as a join, whatever the statistics say."""
QUIET_CAUSES = frozenset({Cause.DEFINITION, Cause.MERGE, Cause.CATALOG})
"""Changes that are no event in anybody's life: another definition, a profile that ceases to be, a
product that was put right."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which profiles a statement looks at: a condition on ``{id}`` and what it binds.

    Attributes:
        is_wide: more than a few, up to all of a tenant.
    """

    condition: str
    params: Mapping[str, Any]
    is_wide: bool = False

    def on(self, column: str) -> str:
        """Return the condition for a column that holds the profile's id."""
        return self.condition.replace("{id}", column)


def of_profiles(profile_ids: Sequence[int]) -> Scope:
    """Return the scope of some profiles."""
    params = {"scope_ids": array(profile_ids)}
    return Scope("{id} = ANY(%(scope_ids)s::bigint[])", params, is_wide=len(profile_ids) > FEW)


def of_range(after: int, upto: int) -> Scope:
    """Return the scope of profiles above one id up to another."""
    params = {"after": after, "upto": upto}
    return Scope("({id} > %(after)s AND {id} <= %(upto)s)", params, is_wide=True)


def decide_memberships(
    scope: Scope,
    now: datetime,
    *,
    cause: ChangeCause,
    causes: Mapping[int, ChangeCause] | None = None,
    trees: Mapping[int, Node] | None = None,
) -> list[MembershipMove]:
    """Decide all segments of the profiles in a scope, write differences, tell of them.

    The caller holds the row of upkeep and a transaction. A repeat finds no difference.

    Args:
        scope: which profiles.
        now: aware; the instant conditions are asked for.
        cause: why, for profiles without a cause of their own; with a quiet one no events follow.
        causes: by profile id.
        trees: definitions by segment id, where the caller has them; else they are read.

    Returns:
        The entries and exits; empty with a quiet cause.
    """
    causes = causes or {}
    trees = list_definitions() if trees is None else trees
    compiler = get_compiler(now, current_references(now, trees.values()) if trees else {})
    shared = build_shared(trees, compiler)
    statement = load_sql("segments.apply_memberships")
    for name, text in (
        ("{laterals}", shared.laterals),
        ("{segment_ids}", shared.segment_ids),
        ("{reeval_at}", shared.reeval_at),
        ("{profiles}", scope.on("p.id")),
        ("{facts}", scope.on("f.profile_id")),
        ("{memberships}", scope.on("m.profile_id")),
    ):
        statement = statement.replace(name, text)
    with whole_tenant() if scope.is_wide else nullcontext():
        rows = execute(
            statement,
            now=now,
            today=get_moment(now).today,
            cause=cause.cause,
            is_told=cause.cause not in QUIET_CAUSES,
            **_cause_columns(causes),
            **scope.params,
            **compiler.params,
        )
    moves = [MembershipMove(row.profile_id, row.segment_id, row.entered) for row in rows]
    _append_moves(moves, now, cause=cause, causes=causes)
    return moves


def _cause_columns(causes: Mapping[int, ChangeCause]) -> dict[str, str]:
    rows = [(key, one.cause, one.event_id, one.event_name) for key, one in causes.items()]
    return columns("cause_profiles causes event_ids event_names", rows)


def _append_moves(
    moves: Sequence[MembershipMove],
    now: datetime,
    *,
    cause: ChangeCause,
    causes: Mapping[int, ChangeCause],
) -> None:
    told = _describe({move.segment_id for move in moves})
    for start in range(0, len(moves), EVENT_BATCH):
        events = [
            NewEvent(
                name="Segment Entered" if move.entered else "Segment Exited",
                occurred_at=now,
                source=EventSource.SYSTEM,
                profile_id=move.profile_id,
                object_id=move.segment_id,
                properties=told[move.segment_id],
                is_backfill=causes.get(move.profile_id, cause).is_history,
            )
            for move in moves[start : start + EVENT_BATCH]
            if move.segment_id in told
        ]
        append_events(events, now=now)


def _describe(segment_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Return what events tell of segments, by id; leaving one that is archived tells nothing."""
    if not segment_ids:
        return {}
    live = Segment.objects.filter(pk__in=segment_ids, archived_at=None)
    rows = live.values_list("pk", "name", "key")
    return {pk: {"segment": name, "key": key} for pk, name, key in rows}
