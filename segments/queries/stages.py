"""The stage of a customer's life that somebody is at, and until when."""

from datetime import datetime

from kernel.sql import execute
from segments.domain.compile_standing import stage_sql
from segments.domain.standing import STAGES
from segments.queries.conditions import FROM_PROFILES, LIVE_PROFILES, get_compiler


def find_stage(profile_id: int, now: datetime) -> tuple[str, datetime | None] | None:
    """Return the name of somebody's stage, and when time alone ends it; None: it never does.

    Args:
        profile_id: of the tenant; an unknown, merged, erased or anonymous one is at none.
        now: aware.
    """
    compiler = get_compiler(now, {})
    stage = stage_sql(compiler)
    rows = execute(
        f"SELECT {stage} AS stage, {compiler.next_flip()} AS until {FROM_PROFILES}"
        f" {compiler.joined()} WHERE {LIVE_PROFILES} AND p.id = %(profile_id)s",
        profile_id=profile_id,
        **compiler.params,
    )
    return (STAGES[rows[0].stage], rows[0].until) if rows else None
