"""Walking a list by when its objects changed, page after page, while it changes.

The next page begins a second before the last change of this one, so that none of the same second
is passed over; a page that lies in one second is followed by number. An object that is deleted or
changes meanwhile shifts nothing, and is met again where it now stands.

A cursor holds ``since`` and ``after`` (UTC, to the second, without a zone), ``page`` (from 1) and
``edge``: the objects of the last two seconds, which the next page may repeat, whether the platform
takes "after" with or without that second itself.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from stores.errors import PullUnavailable

Item = dict[str, Any]
Cursor = Mapping[str, Any]
SECOND = timedelta(seconds=1)


def begin(stage: str, since: datetime | None) -> dict[str, Any]:
    """Return the cursor before the first page of a stage; ``since`` None is everything."""
    return _begin(stage, spell(since) if since else "")


def begin_next(stages: Sequence[str], cursor: Cursor) -> dict[str, Any] | None:
    """Return the cursor of the stage after a cursor's; None behind the last one."""
    place = stages.index(str(cursor["stage"])) + 1
    return _begin(stages[place], str(cursor["since"])) if place < len(stages) else None


def go_on(
    cursor: Cursor,
    items: Sequence[Item],
    *,
    changed_at: Callable[[Item], datetime | None],
    name: Callable[[Item], str],
) -> dict[str, Any]:
    """Return the cursor behind a full page that is ordered by the time of change.

    Args:
        cursor: the page was fetched with.
        items: of the page, at least one.
        changed_at: aware; None where an object names no time.
        name: what an object is known by.

    Raises:
        PullUnavailable: the last object names no time.
    """
    last = changed_at(items[-1])
    if last is None:
        raise PullUnavailable("The shop names no time at which an object changed")
    after = spell(last - SECOND)
    repeated = [name(item) for item in items if (at := changed_at(item)) and spell(at) >= after]
    page = int(cursor["page"])
    is_dense = after <= str(cursor["after"])
    known = cursor["edge"] if is_dense or page > 1 else ()
    edge = list(dict.fromkeys([*known, *repeated]))
    if is_dense:
        return {**cursor, "page": page + 1, "edge": edge}
    return {**cursor, "after": after, "page": 1, "edge": edge}


def count_fresh(cursor: Cursor, items: Sequence[Item], name: Callable[[Item], str]) -> int:
    """Return how many objects of a page the page before did not hold."""
    return sum(1 for item in items if name(item) not in cursor["edge"])


def spell(at: datetime) -> str:
    """Return a time as a cursor holds it."""
    return at.astimezone(UTC).isoformat()[:19]


def _begin(stage: str, since: str) -> dict[str, Any]:
    return {"stage": stage, "since": since, "after": since, "page": 1, "edge": []}
