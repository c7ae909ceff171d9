"""The weekly audit: live memberships against a full computation; what differs is a fault of ours.

It runs right before a nightly refresh, which would put everything right without a word. Each part
is asked for its own instant, read under the lock, so that what events and the clock decided
meanwhile is no defect; and once a definition changes or an import makes everything due, the audit
ends, because nobody could tell a fault from what is not counted yet.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from kernel.sql import execute, load_sql, run_sql, time_limit
from segments.choices import Cause
from segments.domain.shared import build_shared
from segments.models import Defect, Upkeep
from segments.queries.conditions import get_compiler, list_definitions, list_references
from segments.queries.reasons import explain_segments
from segments.services.memberships import Why, decide_memberships, of_profiles
from segments.services.stopping import BLAMABLE, stop_blamed
from segments.services.upkeep import clock_from, lock_upkeep
from segments.types import ChangeCause, GroupReason, LeafReason

EVERY: Final = timedelta(days=6, hours=12)
"""Longer than six nights and shorter than seven, so that each seventh night is one."""
CHUNK: Final = 50_000
EXPLAINED: Final = 20
"""Defects of one audit that are kept with the values of each condition."""
STATEMENT_SECONDS = 300.0
"""How long looking at a part may take before a definition is stopped for it."""
_LAST_ID: Final = 2**63 - 1


def is_audit_due(upkeep: Upkeep, now: datetime) -> bool:
    """Say whether the last audit is a week ago, or none was made yet."""
    return upkeep.audited_at is None or upkeep.audited_at <= now - EVERY


def audit_memberships(now: datetime, *, chunk: int = CHUNK) -> int:
    """Compare every live membership with what the definitions say, record and repair differences.

    People with an event that is not worked off yet, and those whose time has just come, are left
    out: nothing is late with them. A definition that takes too long is stopped as by a rebuild.

    Args:
        now: aware; when the audit begins, and what its defects are kept under.
        chunk: profiles per transaction, so that live changes get their turn in between.

    Returns:
        Memberships that were wrong.
    """
    tell = clock_from(now)
    after, found, seen = 0, 0, 0
    while True:
        with transaction.atomic():
            rows = run_sql("segments.find_chunk", after=after, count=chunk)
        if not rows:
            break
        upto = rows[0].upto
        wrong = _audit_part(tell, (after, upto), found_at=now, explained=EXPLAINED - found)
        if wrong is None:
            return found
        after, found, seen = upto, found + wrong, seen + rows[0].people
    with transaction.atomic():
        Upkeep.objects.update(audited_at=now, audited_count=seen)
    return found


def find_wrong(
    now: datetime, *, after: int = 0, upto: int = _LAST_ID, is_settled: bool = True
) -> list[Any]:
    """Return the profiles of a range whose stored segments are not what the definitions say.

    Args:
        now: aware; the instant conditions are asked for.
        after: profiles above this id.
        upto: profiles up to this one.
        is_settled: False leaves out those with an event that is not worked off yet.

    Returns:
        Rows of ``profile_id``, ``stored`` and ``computed``, arrays of segment ids.
    """
    compiler = get_compiler(now, list_references())
    shared = build_shared(list_definitions(), compiler)
    statement = load_sql("segments.find_wrong_memberships")
    for name, text in (
        ("{laterals}", shared.laterals),
        ("{segment_ids}", shared.segment_ids),
    ):
        statement = statement.replace(name, text)
    return execute(
        statement, now=now, after=after, upto=upto, is_settled=is_settled, **compiler.params
    )


def _audit_part(
    tell: Callable[[], datetime], part: tuple[int, int], *, found_at: datetime, explained: int
) -> int | None:
    """Look at one part; returns how many memberships were wrong, None when the audit has to end."""
    while True:
        try:
            with transaction.atomic():
                # Whoever changes a definition asks for a refresh in the same transaction.
                if lock_upkeep().cause != Cause.REFERENCE:
                    return None
                now = tell()
                with time_limit(STATEMENT_SECONDS):
                    wrong = find_wrong(now, after=part[0], upto=part[1], is_settled=False)
                return _repair(wrong, now, found_at, explained) if wrong else 0
        except BLAMABLE as exc:
            with transaction.atomic():
                stop_blamed(exc, list_definitions(), tell(), STATEMENT_SECONDS)


def _repair(wrong: Sequence[Any], now: datetime, found_at: datetime, explained: int) -> int:
    defects = list(_defects(wrong, now, found_at, explained))
    Defect.objects.bulk_create(defects)
    ids = [row.profile_id for row in wrong]
    decide_memberships(of_profiles(ids), now, Why(ChangeCause(Cause.AUDIT)))
    return len(defects)


def _defects(
    wrong: Sequence[Any], now: datetime, found_at: datetime, explained: int
) -> Iterator[Defect]:
    """Yield each membership that is wrong; the first ones with what each condition says."""
    number = 0
    for row in wrong:
        for segment_id in sorted({*row.stored} ^ {*row.computed}):
            leaves = _leaves(row.profile_id, segment_id, now) if number < explained else []
            number += 1
            yield Defect(
                profile_id=row.profile_id,
                segment_id=segment_id,
                was_member=segment_id in row.stored,
                leaves=leaves,
                found_at=found_at,
            )


def _leaves(profile_id: int, segment_id: int, now: datetime) -> list[dict[str, Any]]:
    """Return the conditions that have to hold all, in groups where the definition has any."""
    reasons = explain_segments(profile_id, now, segment_id=segment_id)
    return [part for reason in reasons for part in _conjoined(reason.whole)]


def _conjoined(whole: GroupReason) -> list[dict[str, Any]]:
    return [_tell(part) for part in whole.parts] if whole.op == "and" else [_tell(whole)]


def _tell(part: LeafReason | GroupReason) -> dict[str, Any]:
    if isinstance(part, GroupReason):
        parts = [_tell(one) for one in part.parts]
        return {"op": part.op, "holds": part.holds, "parts": parts}
    return {"words": part.words, "actual": part.actual, "holds": part.holds}
