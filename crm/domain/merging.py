"""How long a merge can be taken back. Pure."""

from datetime import datetime, timedelta

UNDO_WITHIN = timedelta(days=30)


def can_undo(merged_at: datetime, undone_at: datetime | None, now: datetime) -> bool:
    """Say whether a merge can be taken back: once, and for 30 days."""
    return undone_at is None and now - merged_at <= UNDO_WITHIN
