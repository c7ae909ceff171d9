"""What weighs on people at this moment, for many at once: asked before anything is sold to them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from kernel.arrays import array
from kernel.sql import run_sql


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not settled.

    Attributes:
        kind: ``ticket``, ``return``, ``review`` or ``parcel``.
        title: subject of the oldest one, its number, or that of the order; may be empty.
        since: of the oldest one, aware.
        count: how many of this kind there are.
    """

    kind: str
    title: str
    since: datetime
    count: int


def find_troubles(profile_ids: Collection[int], kinds: Collection[str]) -> dict[int, list[Trouble]]:
    """Return what is not settled by person, oldest first; people without any are left out."""
    if not profile_ids or not kinds:
        return {}
    rows = run_sql("crm.find_unhappy", profile_ids=array(profile_ids), kinds=array(kinds))
    found: dict[int, list[Trouble]] = {}
    for row in sorted(rows, key=lambda row: (row.since, row.kind)):
        trouble = Trouble(row.kind, row.title, row.since, row.count)
        found.setdefault(row.profile_id, []).append(trouble)
    return found
