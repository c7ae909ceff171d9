"""Facts: computed figures of a profile, each column written by its owner through this module."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from crm.queries.visitors import find_moved
from crm.services.ids import lock_final_profiles
from crm.types import EventRef
from kernel import clock
from kernel.arrays import array, columns
from kernel.sql import execute, run_sql

FALLEN_OUT_BATCH = 5_000
ACTIVITY = {
    "Product Viewed": "viewed_at",
    "Product Added": "carted_at",
    "Checkout Started": "checkout_at",
    "Products Searched": "searched_at",
}
"""Which event moves which time; `crm/sql/behaviour_times.sql` recomputes the same."""
_TIMES_ALONE = frozenset({"Message Opened", "Message Clicked", *ACTIVITY})
RfmRow = tuple[int, int | None, int | None, int | None, str]
"""Profile id; recency, frequency and monetary score 1 to 5 or None; group or empty."""
TierRow = tuple[int, str, int, datetime | None, str, int]
"""Profile id; name and rank of the loyalty tier, empty and 0 for none; when time alone ends it, or
None, and name and rank of what is left then."""
PointsRow = tuple[int, int, int, int, datetime | None]
"""Profile id; balance, points that cannot be used yet, points that expire next and when."""

_WRITE_RFM_FROM = """
UPDATE crm_profilefacts AS f
SET recency = n.recency, frequency = n.frequency, monetary = n.monetary, rfm_group = n.rfm_group
FROM ({selected}) AS n (profile_id, recency, frequency, monetary, rfm_group)
WHERE f.tenant_id = %(tenant_id)s
  AND f.profile_id = n.profile_id
  AND (f.recency, f.frequency, f.monetary, f.rfm_group)
      IS DISTINCT FROM (n.recency, n.frequency, n.monetary, n.rfm_group)
"""


def refresh_for_events(refs: list[EventRef]) -> None:
    """Bring the facts of the profiles in a batch of events up to date; a repeat changes nothing.

    Opens, clicks and what people do on a site move their times; every other event has the order
    figures recomputed.
    """
    opened = _latest(refs, "Message Opened")
    clicked = _latest(refs, "Message Clicked")
    if opened or clicked:
        set_engagement(opened=opened, clicked=clicked)
    set_activity({column: _latest(refs, name) for name, column in ACTIVITY.items()})
    ids = {
        ref.profile_id
        for ref in refs
        if ref.profile_id is not None and ref.name not in _TIMES_ALONE
    }
    refresh_facts(ids, clock.now())
    if moved := find_moved(refs):
        final = lock_final_profiles(moved)
        run_sql("crm.refresh_behaviour", ids=array(sorted(set(final.values()))))


@transaction.atomic(savepoint=False)
def refresh_facts(profile_ids: Iterable[int], now: datetime) -> list[int]:
    """Recompute the order figures of some profiles from their orders and refunds.

    Args:
        profile_ids: any; merged ones stand for their winner, unknown and erased ones are left out.
        now: aware; the 24 months before it are the look-back.

    Returns:
        Ids of the profiles whose figures changed; only those rows are written.
    """
    wanted = sorted(set(profile_ids))
    if not wanted:
        return []
    final = sorted({row.id for row in run_sql("crm.lock_profiles", ids=array(wanted))})
    rows = run_sql("crm.refresh_facts", ids=array(final), now=now, until=None)
    changed = {row.profile_id for row in rows}
    changed.update(row.profile_id for row in run_sql("crm.refresh_care", ids=array(final)))
    return sorted(changed)


@transaction.atomic
def refresh_all(now: datetime, *, until: datetime | None = None) -> list[int]:
    """Recompute the order figures of every profile of the tenant, in one statement.

    Args:
        now: aware; the 24 months before it are the look-back.
        until: aware; orders and refunds from then on are left out, to score as of a past day.

    Returns:
        Ids of the profiles whose figures changed.
    """
    rows = run_sql("crm.refresh_facts", ids=None, now=now, until=until)
    run_sql("crm.refresh_care", ids=None)
    return [row.profile_id for row in rows]


@transaction.atomic
def refresh_fallen_out(now: datetime, *, limit: int = FALLEN_OUT_BATCH) -> list[int]:
    """Recompute profiles whose oldest document has left the look-back since they were refreshed.

    Returns:
        Ids of the profiles that changed, at most ``limit``; empty when none is left.
    """
    fallen = run_sql("crm.list_fallen_out", now=now, count=limit)
    return refresh_facts((row.profile_id for row in fallen), now)


@transaction.atomic(savepoint=False)
def set_engagement(
    *,
    opened: Mapping[int, datetime] | None = None,
    clicked: Mapping[int, datetime] | None = None,
    seen: Mapping[int, datetime] | None = None,
) -> list[int]:
    """Note when profiles last opened or clicked a message or were seen on the site.

    Args:
        opened: aware time by profile id; one older than what is known changes nothing.
        clicked: likewise.
        seen: likewise.

    Returns:
        Ids of the profiles that changed.
    """
    opened, clicked, seen = opened or {}, clicked or {}, seen or {}
    ids = sorted({*opened, *clicked, *seen})
    if not ids:
        return []
    rows = [(key, opened.get(key), clicked.get(key), seen.get(key)) for key in ids]
    params = columns("profile_id opened_at clicked_at seen_at", rows)
    return [row.profile_id for row in run_sql("crm.set_engagement", **params)]


@transaction.atomic(savepoint=False)
def set_activity(times: Mapping[str, Mapping[int, datetime]]) -> list[int]:
    """Note when profiles last looked at a product, filled a cart, went to the checkout, searched.

    Args:
        times: aware time by profile id, by column of `ACTIVITY`; an older one changes nothing.

    Returns:
        Ids of the profiles that changed.
    """
    names = [name for name in ACTIVITY.values() if times.get(name)]
    ids = sorted({key for name in names for key in times[name]})
    if not ids:
        return []
    rows = [(key, *(times.get(name, {}).get(key) for name in ACTIVITY.values())) for key in ids]
    params = columns(" ".join(("profile_id", *ACTIVITY.values())), rows)
    return [row.profile_id for row in run_sql("crm.note_behaviour", **params)]


@transaction.atomic(savepoint=False)
def write_points(points: Sequence[PointsRow]) -> list[int]:
    """Keep points balances, and what time will change of them, beside the other facts.

    Args:
        points: each profile once.

    Returns:
        Ids of the profiles of which something changed.
    """
    if not points:
        return []
    params = columns("profile_id balance pending expiring expire_at", sorted(points))
    return [row.profile_id for row in run_sql("crm.write_points", **params)]


@transaction.atomic(savepoint=False)
def write_tiers(tiers: Sequence[TierRow]) -> list[int]:
    """Keep loyalty tiers beside the other facts.

    Args:
        tiers: each profile once.

    Returns:
        Ids of the profiles of whom something changed.
    """
    if not tiers:
        return []
    params = columns("profile_id tier rank ends_at tier_after rank_after", sorted(tiers))
    return [row.profile_id for row in run_sql("crm.write_tiers", **params)]


@transaction.atomic(savepoint=False)
def write_rfm(scores: Sequence[RfmRow]) -> list[int]:
    """Keep RFM scores and groups beside the other facts; None and empty take them away.

    Returns:
        Ids of the profiles whose scores changed.
    """
    if not scores:
        return []
    params = columns("profile_id recency frequency monetary rfm_group", sorted(scores))
    return [row.profile_id for row in run_sql("crm.write_rfm", **params)]


@transaction.atomic(savepoint=False)
def write_rfm_from(selected: str, **params: object) -> None:
    """Keep RFM scores as `write_rfm`, from a SELECT, so that a full scoring stays in the database.

    Args:
        selected: SELECT of ``profile_id, recency, frequency, monetary, rfm_group``, bound to
            ``%(tenant_id)s`` in each of its levels; never text that a person typed.
        params: what it binds.
    """
    execute(_WRITE_RFM_FROM.format(selected=selected), **params)


def _latest(refs: Sequence[EventRef], name: str) -> dict[int, datetime]:
    latest: dict[int, datetime] = {}
    for ref in refs:
        if ref.name == name and ref.profile_id is not None:
            known = latest.get(ref.profile_id, ref.occurred_at)
            latest[ref.profile_id] = max(known, ref.occurred_at)
    return latest
