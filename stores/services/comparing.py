"""Asks a platform which orders a day has there, and for whatever is not as it is here.

All of it is outside any transaction. A platform that asks for patience ends the turn; what was told
until then is kept (`domain/day_progress.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction

from crm.queries.audits import list_kept_orders, list_newest_orders
from kernel.http import Client
from stores.choices import DayDifference
from stores.domain.audits import Comparison, Difference, OurOrder, compare
from stores.domain.day_progress import Progress
from stores.errors import PullBusy, PullUnavailable
from stores.platforms.base import Auditor
from stores.types import Pulled, StoreAccess

MAX_PAGES: Final = 1_000
FETCHED_AT_ONCE: Final = 10
LEAST_REST: Final = 20.0
"""So few orders at once, and such a rest, that the smallest quota gives some in each turn."""
FETCHED_A_TURN: Final = 200
WITNESSES: Final = 3
"""Other orders that are asked for where a day lists none at all."""
RESTING: Final = "The shop asks for patience"
DOUBTFUL: Final = (
    "The shop lists {gone:,} orders fewer than are here, so nothing was cancelled. Look whether "
    "the key may read all orders"
)
BLIND: Final = (
    "The shop shows no order at all, so nothing was cancelled. Look whether the key may read orders"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A day in the hands of a worker."""

    day_id: int
    lease: str
    since: datetime
    access: StoreAccess
    auditor: Auditor
    progress: Progress

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From when to when orders are compared; empty where nothing has settled yet."""
        return self.since, max(self.since, self.progress.until)


@dataclass(frozen=True, slots=True)
class Rest:
    """Why a turn ends before the day does, and after how many seconds the next may begin."""

    seconds: float
    reason: str


@dataclass(slots=True)
class Found:
    """What a platform said of a day in one turn.

    Attributes:
        comparison: None while the list is not complete.
        asked: differences whose orders were asked for.
        fetched: what came of it.
        deleted: orders that the platform does not know any more.
        doubt: why nothing is cancelled; empty where there is no doubt.
        rest: None where the day is done.
    """

    comparison: Comparison | None = None
    asked: list[Difference] = field(default_factory=list)
    fetched: list[Pulled] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    doubt: str = ""
    rest: Rest | None = None


def ask(claim: Claim) -> Found:
    """Go on with a day.

    Raises:
        PullRefused, PullUnavailable, HttpUnavailable: as of a `Puller`; the day begins anew.
    """
    with Client() as client:
        if rest := _list(claim, client):
            return Found(rest=rest)
        comparison = _compare(claim)
        found = Found(comparison)
        if comparison.is_doubtful:
            found.doubt = DOUBTFUL.format(gone=comparison.gone_count)
        try:
            if comparison.shows_nothing and not found.doubt and not _shows_others(claim, client):
                found.doubt = BLIND
            _fetch(claim, client, found)
        except PullBusy as exc:
            found.rest = Rest(max(exc.seconds, LEAST_REST), exc.reason)
        _tell_deleted(claim, found)
        return found


def _list(claim: Claim, client: Client) -> Rest | None:
    """Go on with the list of the platform; returns why it is not complete yet."""
    progress = claim.progress
    if claim.since >= progress.until:
        progress.cursor = None
    for _ in range(MAX_PAGES):
        if progress.cursor is None:
            return None
        try:
            page = claim.auditor.list_orders(claim.access, client, claim.span, progress.cursor)
        except PullBusy as exc:
            return Rest(exc.seconds, exc.reason)
        progress.heads += page.heads
        progress.cursor = None if page.cursor is None else dict(page.cursor)
        if page.rest_seconds and progress.cursor is not None:
            return Rest(page.rest_seconds, RESTING)
    raise PullUnavailable("The shop's list of orders has no end")


@transaction.atomic
def _compare(claim: Claim) -> Comparison:
    """Compare what is here with the list. An order of a file, whose id no shop gives, is ours."""
    store, (since, until) = claim.access.store, claim.span
    kept = list_kept_orders(store.store_id, since, until)
    ours = [OurOrder(*order) for order in kept if order.external_id.isdecimal()]
    theirs = [head for head in claim.progress.heads if since <= head.ordered_at < until]
    return compare(ours, theirs, currency=store.currency)


def _shows_others(claim: Claim, client: Client) -> bool:
    """Say whether the key sees any of the newest orders of other days."""
    with transaction.atomic():
        kept = list_newest_orders(claim.access.store.store_id, *claim.span, limit=WITNESSES)
    names = [name for name in kept if name.isdecimal()]
    return bool(names and claim.auditor.fetch_orders(claim.access, client, names))


def _fetch(claim: Claim, client: Client, found: Found) -> None:
    """Ask for what differs, some orders at a time; in doubt not for what is gone."""
    left = _left(claim, found)
    for first in range(0, min(len(left), FETCHED_A_TURN), FETCHED_AT_ONCE):
        some = left[first : first + FETCHED_AT_ONCE]
        names = [one.external_id for one in some]
        found.fetched += claim.auditor.fetch_orders(claim.access, client, names)
        found.asked += some
    if len(found.asked) < len(left):
        found.rest = Rest(0.0, "")


def _left(claim: Claim, found: Found) -> Sequence[Difference]:
    before = {one["id"] for one in claim.progress.asked}
    differences = found.comparison.differences if found.comparison else ()
    return [
        one
        for one in differences
        if one.external_id not in before and not (found.doubt and one.kind is DayDifference.GONE)
    ]


def _tell_deleted(claim: Claim, found: Found) -> None:
    present = {each.name for each in found.fetched}
    found.deleted += [
        one.external_id
        for one in found.asked
        if one.kind is DayDifference.GONE
        and claim.auditor.tell_deleted(one.external_id).name not in present
    ]
