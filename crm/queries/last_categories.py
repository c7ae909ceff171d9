"""The category that people bought of or looked at last."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from kernel.arrays import array
from kernel.sql import run_sql

LATELY: Final = timedelta(days=90)


def find_last_categories(profile_ids: Collection[int], now: datetime) -> dict[int, str]:
    """Return the category that each of some people bought of or looked at last, in 90 days.

    Who did neither, or only what is of no category, is left out.

    Args:
        profile_ids: of the active tenant.
        now: aware.
    """
    if not profile_ids:
        return {}
    ids = array(sorted(set(profile_ids)))
    rows = run_sql("crm.find_last_categories", ids=ids, since=now - LATELY, until=now)
    return {row.profile_id: row.category for row in rows}
