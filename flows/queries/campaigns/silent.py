"""Who got a campaign and has shown no sign of it since: whom it can be sent to again."""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

from kernel.arrays import array
from kernel.sql import run_sql

_SET: Final = 20_000


class Silent(NamedTuple):
    """How many have shown no sign.

    Attributes:
        people: of whom it is known.
        hidden: of whom Apple's Mail Privacy Protection hides whether they read it.
    """

    people: int
    hidden: int


def list_silent_ids(campaign_id: int, *, with_hidden: bool, after: int, limit: int) -> list[int]:
    """Return ids of silent people ascending, page by page.

    Args:
        campaign_id: of the active tenant.
        with_hidden: also those of whom nobody knows it.
        after: the last id seen; 0 for the first page.
        limit: the most ids.
    """
    rows = _list(campaign_id, with_hidden=with_hidden, after=after, batch=limit)
    return [row.profile_id for row in rows]


def find_silent(campaign_id: int, profile_ids: Collection[int], *, with_hidden: bool) -> set[int]:
    """Return who of some people is silent."""
    rows = _list(
        campaign_id,
        with_hidden=with_hidden,
        after=0,
        batch=len(profile_ids),
        profile_ids=array(sorted(profile_ids)),
    )
    return {row.profile_id for row in rows}


def count_silent(campaign_id: int) -> Silent:
    """Count the silent ones, page by page; the cost grows with the campaign."""
    people = hidden = after = 0
    while rows := _list(campaign_id, with_hidden=True, after=after, batch=_SET):
        after = rows[-1].profile_id
        found = sum(row.is_hidden for row in rows)
        people, hidden = people + len(rows) - found, hidden + found
    return Silent(people, hidden)


def _list(campaign_id: int, **asked: Any) -> list[Any]:
    return run_sql("flows.list_silent", campaign_id=campaign_id, **{"profile_ids": None, **asked})
