"""First and last touch: where people came from at first, and where from most recently.

Whoever learns of a visit calls `record_touches` with any number of them, in its own transaction::

    origin = read_origin(page_url, referrer, {"utm_source": "news"}, own_hosts=["soap.example"])
    if origin is not None:
        touches.append(NewTouch(f"visit:{message_id}", profile_id, occurred_at, origin))
    changed = record_touches(touches)

Give one touch for the first page of a visit, not for each page of it. The keys of orders begin with
``order:``; take another word. `record_touches` says whose facts changed: append an event of theirs
to which segments react, as conditions may ask for first and last touch.

The facts follow from the rows alone, whatever the order in which they arrive: the first touch is
the earliest, the last one the latest that is not direct (a direct visit takes no known source's
place), ties by key.
"""

from collections.abc import Collection, Iterable, Sequence

from django.db import transaction

from crm.services.ids import lock_final_profiles
from crm.services.repointing import Pair
from crm.types import NewTouch
from kernel.arrays import array, columns
from kernel.sql import run_sql

_COLUMNS = (
    "touch_key profile_id order_id occurred_at source medium campaign content term landing_page "
    "referrer"
)


@transaction.atomic(savepoint=False)
def record_touches(touches: Sequence[NewTouch], *, gone: Collection[str] = ()) -> list[int]:
    """Keep where visits came from and bring first and last touch up to date, in four statements.

    A key that is known takes the new values, so a repeat changes nothing. A profile that was
    merged meanwhile is replaced by its winner; unknown and erased ones are left out.

    Args:
        touches: in any order; of several with one key the last one is kept.
        gone: keys of touches that are none any more.

    Returns:
        Ids of the profiles whose first or last touch changed.
    """
    if not touches and not gone:
        return []
    final = lock_final_profiles(touch.profile_id for touch in touches)
    known = [touch for touch in touches if touch.profile_id in final]
    rows = {touch.key: _row(touch, final[touch.profile_id]) for touch in known}
    owners = run_sql("crm.list_touch_owners", keys=array(sorted({*rows, *gone})))
    if gone:
        run_sql("crm.drop_touches", keys=array(sorted(set(gone) - rows.keys())))
    run_sql("crm.upsert_touches", **columns(_COLUMNS, [rows[key] for key in sorted(rows)]))
    return refresh_touches(
        {row.profile_id for row in owners} | {final[touch.profile_id] for touch in known}
    )


@transaction.atomic(savepoint=False)
def refresh_touches(profile_ids: Iterable[int]) -> list[int]:
    """Recompute first and last touch of some profiles; merged and erased ones are left out.

    Returns:
        Ids of the profiles whose first or last touch changed.
    """
    wanted = sorted(set(profile_ids))
    if not wanted:
        return []
    return [row.profile_id for row in run_sql("crm.refresh_touches", ids=array(wanted))]


def refresh_merged(pairs: Sequence[Pair]) -> None:
    """Recompute both sides of merges, made or undone."""
    refresh_touches(profile_id for pair in pairs for profile_id in pair)


def _row(touch: NewTouch, profile_id: int) -> tuple[object, ...]:
    origin = touch.origin
    return (
        touch.key,
        profile_id,
        touch.order_id,
        touch.occurred_at,
        origin.source,
        origin.medium,
        origin.campaign,
        origin.content,
        origin.term,
        origin.landing_page,
        origin.referrer,
    )
