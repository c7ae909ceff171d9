"""The audit trail, filtered, page by page at the cost of one page."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from kernel.formats import find_zone
from kernel.sql import execute, run_sql
from tenants.models import AuditEntry

PAGE_SIZE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DIGITS = 19
_SELECT = """
SELECT id, actor, action, object_type, object_id, before, after, at
FROM tenants_auditentry WHERE tenant_id = %(tenant_id)s
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries.

    Attributes:
        actor: as stored; empty is everybody.
        object_type: likewise.
        action: likewise.
        object_id: likewise.
        first: day of the tenant's zone from which on; None is the beginning.
        last: the last day; None is today.
    """

    actor: str = ""
    object_type: str = ""
    action: str = ""
    object_id: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen."""
        return self != Wanted()


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, as the list shows it."""

    id: int
    actor: str
    action: str
    object_type: str
    object_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    at: datetime


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of entries, newest first; the marks lead to its neighbours."""

    rows: list[Entry]
    next: str | None
    previous: str | None


def list_entries(
    wanted: Wanted, zone: str, *, after: str = "", before: str = "", limit: int = PAGE_SIZE
) -> AuditPage:
    """Return a page of the audit trail of the active tenant, newest first.

    Args:
        wanted: which entries.
        zone: IANA name of the tenant's zone, by which days are told apart.
        after: mark of the last row of the page before.
        before: mark of the first row of the page after.
        limit: rows of a page.
    """
    mark, is_back = _read_mark(before or after), bool(before)
    rows = _select(wanted, zone, mark, is_back=is_back, limit=limit + 1)
    has_more = len(rows) > limit
    rows = rows[:limit][:: -1 if is_back else 1]
    if not rows:
        return AuditPage([], None, None)
    first, last = _mark(rows[0]), _mark(rows[-1])
    if is_back:
        return AuditPage(rows, last, first if has_more else None)
    return AuditPage(rows, last if has_more else None, first if mark else None)


def find_entry(entry_id: int) -> AuditEntry | None:
    """Return one entry of the active tenant, or None."""
    return AuditEntry.objects.filter(pk=entry_id).first()


def list_actors() -> list[str]:
    """Return everybody who stands in the audit trail of the active tenant, by name.

    Each is found by one step in the index, so the cost grows with people and not with entries.
    """
    return [row.actor for row in run_sql("tenants.list_audit_actors")]


def _select(
    wanted: Wanted, zone: str, mark: tuple[datetime, int] | None, *, is_back: bool, limit: int
) -> list[Entry]:
    params: dict[str, Any] = {"limit": limit}
    parts = [""]
    for name in ("actor", "object_type", "action", "object_id"):
        if value := getattr(wanted, name):
            parts.append(f"{name} = %({name})s")
            params[name] = value
    if wanted.first:
        parts.append("at >= %(first)s")
        params["first"] = _midnight(wanted.first, zone)
    if wanted.last:
        parts.append("at < %(until)s")
        params["until"] = _midnight(wanted.last + timedelta(days=1), zone)
    if mark:
        parts.append(f"(at, id) {'>' if is_back else '<'} (%(mark_at)s, %(mark_id)s)")
        params |= {"mark_at": mark[0], "mark_id": mark[1]}
    way = "ASC" if is_back else "DESC"
    order = f" ORDER BY at {way}, id {way} LIMIT %(limit)s"
    rows = execute(_SELECT + " AND ".join(parts) + order, **params)
    return [
        Entry(
            row.id,
            row.actor,
            row.action,
            row.object_type,
            row.object_id,
            _read_json(row.before),
            _read_json(row.after),
            row.at,
        )
        for row in rows
    ]


def _read_json(text: str | None) -> dict[str, Any] | None:
    """Read a stored object; the driver hands it over as text, as Django wants it."""
    return None if text is None else dict(json.loads(text))


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, tzinfo=find_zone(zone))


def _mark(row: Entry) -> str:
    return f"{(row.at - _EPOCH) // timedelta(microseconds=1)}_{row.id}"


def _read_mark(mark: str) -> tuple[datetime, int] | None:
    figure, _, key = mark.partition("_")
    try:
        return (
            _EPOCH + timedelta(microseconds=int(figure[:_MOST_DIGITS])),
            int(key[:_MOST_DIGITS]),
        )
    except (ValueError, OverflowError):
        return None
