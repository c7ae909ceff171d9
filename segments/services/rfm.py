"""RFM scores: everybody at night and on demand, changed profiles as their orders arrive.

Quantile and threshold mode both end in bounds, which are kept; changed profiles are scored by
them in one cheap statement until the next full scoring cuts them anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from crm.choices import EventSource
from crm.services.events import append_events
from crm.services.facts import RfmRow, write_rfm, write_rfm_from
from crm.types import NewEvent
from kernel import clock
from kernel.errors import NotFound
from kernel.sql import execute, load_sql, run_sql, whole_tenant
from kernel.tenancy import current_tenant_id
from segments.domain.definitions import asks_scores
from segments.domain.rfm import LOOKBACK_MONTHS, bounds_above, choose_mode
from segments.domain.thresholds import Thresholds, read_thresholds
from segments.models import BuyerSample, RfmScale
from segments.queries.conditions import get_moment, list_definitions
from segments.queries.insight import POOL
from segments.services.upkeep import lock_upkeep, redefine
from segments.types import BuyerMeasures, GroupMove, RfmBounds
from tenants.queries import get_tenant
from tenants.services import audit

EVENT_BATCH = 5_000
_HASHES = 65_536
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the measures of buyers come from, and for when."""

    statement: str
    params: dict[str, Any]
    as_of: datetime
    today: date


@transaction.atomic(savepoint=False)
def score_all(
    now: datetime, *, as_of: date | None = None, is_history: bool = False
) -> list[GroupMove]:
    """Score every buyer of the tenant anew, keep the scale and the day's figures.

    A repeat writes nothing but the scale. Moves between groups become events, except when
    nobody was scored before or a day in the past is looked at.

    Args:
        now: aware; the 24 months before it are the look-back.
        as_of: local day whose end is looked at instead; the scale is then pinned, and later
            events do not move it until a scoring without it.
        is_history: whether an import is behind it: the events then start no flow.

    Returns:
        The moves between groups, by profile; empty on the first scoring.
    """
    lock_upkeep()
    old = RfmScale.objects.first()
    source = _source(now, as_of, None)
    with whole_tenant():
        measured = _measure(source)
        mode = choose_mode(old.forced_mode if old else "", measured.buyers)
        cuts = read_thresholds(old.thresholds if old else None)
        bounds = _bounds(mode, measured, source.today, cuts)
        rows = _score(source, bounds, now=now, is_first=old is None or not old.buyers)
        _keep_scale(source, mode, measured, bounds, is_pinned=as_of is not None, now=now)
        write_rfm_from(load_sql("segments.rfm_of_profiles"), now=now)
    write_rfm([_fact(row) for row in rows if not row.to_group])
    run_sql("segments.write_rfm_history", day=source.today)
    _draw_buyers(measured.buyers, now)
    moves = _moves(rows)
    if as_of is None:
        is_quiet = is_history or (old is not None and old.is_recut)
        history_ids = [move.profile_id for move in moves] if is_quiet else []
        _append_moves(moves, now, history_ids=history_ids)
    return moves


@transaction.atomic(savepoint=False)
def score_changed(
    profile_ids: Sequence[int], now: datetime, *, history_ids: Collection[int] = ()
) -> list[GroupMove]:
    """Score some profiles by the bounds of the last full scoring; the first one is full.

    While a past day is looked at, they are scored as of that day.

    Args:
        profile_ids: any; those who are no buyers lose their scores.
        now: aware.
        history_ids: profiles whose change comes from an import: their events start no flow.

    Returns:
        The moves between groups, by profile.
    """
    if not profile_ids:
        return []
    lock_upkeep()
    scale = RfmScale.objects.first()
    if scale is None or not scale.buyers:
        return score_all(now, as_of=_pinned_day(scale))
    source = _source(now, _pinned_day(scale), profile_ids)
    with whole_tenant():
        rows = _score(source, bounds_of(scale), now=now, is_first=False)
    write_rfm([_fact(row) for row in rows])
    moves = _moves(rows)
    _append_moves(moves, now, history_ids=history_ids)
    return moves


def preview_cut(mode: str, cuts: Thresholds, now: datetime) -> dict[tuple[str, str], int]:
    """Return how many buyers would be in which group instead of theirs; nothing is written.

    Args:
        mode: of `RfmMode`; empty for the one that fits the number of buyers.
        cuts: where scores begin in threshold mode.
        now: aware.

    Returns:
        People by (group now, group then), those who stay among them.
    """
    source = _source(now, _pinned_day(RfmScale.objects.first()), None)
    with whole_tenant():
        measured = _measure(source)
        bounds = _bounds(choose_mode(mode, measured.buyers), measured, source.today, cuts)
        rows = run_sql(
            "segments.preview_cut",
            recency=list(bounds.recency),
            frequency=list(bounds.frequency),
            monetary=list(bounds.monetary),
        )
    return {(row.from_group, row.to_group): row.people for row in rows}


@transaction.atomic
def change_cut(mode: str, cuts: Thresholds) -> None:
    """Cut scores otherwise; everybody is scored anew soon, and moves by it start no flow.

    Args:
        mode: of `RfmMode`; empty for the one that fits the number of buyers.
        cuts: sound ones, see `find_faults`.

    Raises:
        NotFound: nobody was scored yet.
    """
    lock_upkeep()
    scale = RfmScale.objects.first()
    if scale is None:
        raise NotFound("nobody was scored yet")
    before = {"mode": scale.forced_mode, **read_thresholds(scale.thresholds).as_json()}
    after = {"mode": mode, **cuts.as_json()}
    if audit.record_change("rfm.cut", "rfm", scale.pk, before=before, after=after) is None:
        return
    scale.forced_mode, scale.thresholds, scale.is_recut = mode, cuts.as_json(), True
    scale.save(update_fields=["forced_mode", "thresholds", "is_recut"])
    redefine(_list_asking())


def _list_asking() -> set[int]:
    """Return the segments that look at scores or groups: another cut moves their members."""
    trees = list_definitions(are_all_asked=True)
    return {key for key, tree in trees.items() if asks_scores(tree)}


def measure_buyers(
    scale: RfmScale, now: datetime, *, after: int, upto: int | None
) -> list[BuyerMeasures]:
    """Return what buyers are scored on, from where the scale has it, ascending by profile.

    Args:
        scale: the stored one; pinned to a past day it is read from orders.
        now: aware.
        after: profiles above this id.
        upto: profiles up to this one; None for all that follow.
    """
    source = _source(now, _pinned_day(scale), None)
    rows = _run("segments.list_buyers", source, after=after, upto=upto)
    return [BuyerMeasures(**row._asdict()) for row in rows]


def bounds_of(scale: RfmScale) -> RfmBounds:
    """Return the bounds that a scale keeps."""
    days, counts, amounts = scale.recency_bounds, scale.frequency_bounds, scale.monetary_bounds
    return RfmBounds(
        recency=(days[0], days[1], days[2], days[3]),
        frequency=(counts[0], counts[1], counts[2], counts[3]),
        monetary=(amounts[0], amounts[1], amounts[2], amounts[3]),
    )


def _source(now: datetime, as_of: date | None, profile_ids: Sequence[int] | None) -> _Source:
    zone = get_tenant(current_tenant_id()).timezone
    ids = None if profile_ids is None else list(profile_ids)
    params: dict[str, Any] = {"zone": zone, "profile_ids": ids}
    if as_of is None:
        return _Source("segments.buyers_from_facts", params, now, get_moment(now).today)
    end = clock.end_of_day(as_of, zone) - _INSTANT
    params |= {"as_of": end, "months": LOOKBACK_MONTHS}
    return _Source("segments.buyers_from_orders", params, end, as_of)


def _pinned_day(scale: RfmScale | None) -> date | None:
    if scale is None or not scale.is_pinned:
        return None
    return get_moment(scale.as_of).today


def _measure(source: _Source) -> Any:
    return _run("segments.measure_rfm", source)[0]


def _score(source: _Source, bounds: RfmBounds, *, now: datetime, is_first: bool) -> list[Any]:
    return _run(
        "segments.score_rfm",
        source,
        recency=list(bounds.recency),
        frequency=list(bounds.frequency),
        monetary=list(bounds.monetary),
        now=now,
        is_first=is_first,
        is_full=source.params["profile_ids"] is None,
    )


def _moves(rows: Sequence[Any]) -> list[GroupMove]:
    return [
        GroupMove(row.profile_id, row.from_group, row.to_group)
        for row in rows
        if row.from_group != row.to_group
    ]


def _fact(row: Any) -> RfmRow:
    return row.profile_id, row.recency, row.frequency, row.monetary, row.to_group


def _draw_buyers(buyers: int, now: datetime) -> None:
    """Keep an even sample where there are too many buyers for a page to look through."""
    if buyers > POOL:
        run_sql("segments.draw_buyers", share=max(_HASHES * POOL // buyers, 1), now=now)
    else:
        BuyerSample.objects.all().delete()


def _run(name: str, source: _Source, **params: Any) -> list[Any]:
    statement = load_sql(name).replace("{buyers}", load_sql(source.statement))
    return execute(statement, **source.params, **params)


def _bounds(mode: str, measured: Any, today: date, cuts: Thresholds) -> RfmBounds:
    if mode == "thresholds" or not measured.buyers:
        return cuts.bounds(
            today=today, net_minor=measured.net_minor, order_count=max(measured.orders, 1)
        )
    return bounds_above(measured.recency_edges, measured.frequency_edges, measured.monetary_edges)


def _keep_scale(
    source: _Source, mode: str, measured: Any, bounds: RfmBounds, *, is_pinned: bool, now: datetime
) -> None:
    average = measured.net_minor // measured.orders if measured.orders else None
    RfmScale.objects.update_or_create(
        defaults={
            "mode": mode,
            "as_of": source.as_of,
            "is_pinned": is_pinned,
            "buyers": measured.buyers,
            "recency_bounds": list(bounds.recency),
            "frequency_bounds": list(bounds.frequency),
            "monetary_bounds": list(bounds.monetary),
            "average_order_minor": average,
            "is_recut": False,
            "scored_at": now,
        }
    )


def _append_moves(
    moves: Sequence[GroupMove], now: datetime, *, history_ids: Collection[int]
) -> None:
    """Append an event for each move out of a group; a first group is no move."""
    history = frozenset(history_ids)
    events = [
        NewEvent(
            name="RFM Group Changed",
            occurred_at=now,
            source=EventSource.SYSTEM,
            profile_id=move.profile_id,
            properties={"from": move.from_group, "to": move.to_group},
            is_backfill=move.profile_id in history,
        )
        for move in moves
        if move.from_group
    ]
    for start in range(0, len(events), EVENT_BATCH):
        append_events(events[start : start + EVENT_BATCH], now=now)
