"""At which hours people open and click, by the clock where they are."""

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kernel.arrays import array
from kernel.sql import execute, run_sql

NEWEST: Final = 50_000
"""Openings and clicks that what everybody does is learned from."""
_ELSE: Final = "UTC"


def count_hours(
    profile_ids: Sequence[int], zones: Sequence[str], since: datetime
) -> dict[int, dict[int, int]]:
    """Return what some people opened and clicked by local hour, by profile.

    Args:
        profile_ids: of the active tenant.
        zones: IANA name of each one's zone.
        since: aware.
    """
    known = _known_zones()
    rows = run_sql(
        "flows.count_hours",
        profile_ids=array(profile_ids),
        zones=array([zone if zone in known else _ELSE for zone in zones]),
        since=since,
    )
    found: dict[int, dict[int, int]] = {}
    for row in rows:
        found.setdefault(row.profile_id, {})[row.hour] = row.touches
    return found


def count_hours_of_all(zone: str) -> dict[int, int]:
    """Return the newest openings and clicks of the tenant by the hour where people are.

    Args:
        zone: of the tenant, for whoever gave none.
    """
    known = _known_zones()
    rows = run_sql(
        "flows.count_hours_of_all",
        zone=zone if zone in known else _ELSE,
        most=NEWEST,
        zones=sorted(known),
    )
    return {row.hour: row.touches for row in rows}


@functools.cache
def _known_zones() -> frozenset[str]:
    """Return the zones that PostgreSQL knows; one that it does not would end the statement."""
    return frozenset(row.name for row in execute("SELECT name FROM pg_timezone_names"))
