"""Who got a campaign and has shown no sign of it since: whom it can be sent to again."""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

from flows.models import Campaign
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


def list_silent_ids(again: Campaign, *, with_hidden: bool, after: int, limit: int) -> list[int]:
    """Return ids of silent people ascending, page by page.

    Args:
        again: the campaign of the active tenant by which another one is sent again.
        with_hidden: also those of whom nobody knows it.
        after: the last id seen; 0 for the first page.
        limit: the most ids.
    """
    rows = _list(again, with_hidden=with_hidden, after=after, batch=limit)
    return [row.profile_id for row in rows]


def find_silent(again: Campaign, profile_ids: Collection[int], *, with_hidden: bool) -> set[int]:
    """Return who of some people is silent, for the campaign that goes to them again."""
    rows = _list(
        again,
        with_hidden=with_hidden,
        after=0,
        batch=len(profile_ids),
        profile_ids=array(sorted(profile_ids)),
    )
    return {row.profile_id for row in rows}


def count_silent(again: Campaign) -> Silent:
    """Count whom a campaign can be sent to again, page by page; the cost grows with the first."""
    people = hidden = after = 0
    while rows := _list(again, with_hidden=True, after=after, batch=_SET):
        after = rows[-1].profile_id
        found = sum(row.is_hidden for row in rows)
        people, hidden = people + len(rows) - found, hidden + found
    return Silent(people, hidden)


def _list(again: Campaign, **asked: Any) -> list[Any]:
    return run_sql(
        "flows.list_silent",
        campaign_id=again.resend_of_id,
        again_id=again.pk,
        **{"profile_ids": None, **asked},
    )
