"""Who would have been placed in a flow by a date, a price or a stock: made up as the rules say.

A flow that never ran has no such events, and one that did has those of its old trigger. So they are
made anew by the rules that make the real ones, with ids that no event has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from crm.types import EventRef
from flows.domain.graph import Graph
from flows.domain.occurrences import days_between, find_occurrences, seek
from flows.domain.starts import ADDED, OWN_STARTS, AudienceTrigger, DateTrigger
from flows.queries import dry as queries
from flows.queries.dates import find_dated
from flows.services.audiences import goods_event, interest_event, list_goods_starts
from flows.services.dates import list_date_starts
from flows.services.dry.loading import find_needs
from flows.services.dry.passage import Occurrence
from flows.services.knocking import NewStart
from kernel.tenancy import current_tenant_id
from tenants.queries import get_tenant

MADE: Final = OWN_STARTS - {ADDED}
"""Events that are made anew; who was put in by hand was put in by somebody."""


@dataclass(frozen=True, slots=True)
class Starters:
    """The next people of a replay.

    Attributes:
        profile_ids: of those to whom something happened that may begin a run.
        after: where the page after begins; None after the last.
        made: what is made up for them, by person; None where the stored events are asked.
    """

    profile_ids: Sequence[int]
    after: int | None
    made: Mapping[int, Sequence[Occurrence]] | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """A flow and the time over which it is replayed; both ends aware."""

    flow_id: int
    graph: Graph
    since: datetime
    until: datetime
    batch: int = field(default=2_000)

    def count_starters(self) -> int:
        """Return how many people are looked at."""
        trigger = self.graph.trigger
        if isinstance(trigger, DateTrigger):
            return queries.count_dated(trigger.name)
        names, since = self._stored()
        return queries.count_starters(names, since=since, until=self.until)

    def list_starters(self, after: int) -> Starters:
        """Return the next people by id."""
        trigger = self.graph.trigger
        if isinstance(trigger, DateTrigger):
            return self._list_dated(trigger, after)
        names, since = self._stored()
        profile_ids = queries.list_starters(
            names, since=since, until=self.until, after=after, limit=self.batch
        )
        following = profile_ids[-1] if len(profile_ids) == self.batch else None
        if not isinstance(trigger, AudienceTrigger):
            return Starters(profile_ids, following)
        refs = queries.list_changes({goods_event(trigger)}, since=self.since, until=self.until)
        starts = list_goods_starts(self.flow_id, trigger, refs, profile_ids)
        return Starters(profile_ids, following, _make(starts))

    def _stored(self) -> tuple[frozenset[str], datetime]:
        """Return the events by which people are found, and since when they count."""
        trigger = self.graph.trigger
        if isinstance(trigger, AudienceTrigger):
            reach = timedelta(days=trigger.within_days)
            return frozenset({interest_event(trigger)}), self.since - reach
        return find_needs(self.graph).starts, self.since

    def _list_dated(self, trigger: DateTrigger, after: int) -> Starters:
        occurrences = find_occurrences(trigger, days_between(self.since, self.until))
        if not occurrences:
            return Starters((), None)
        account = get_tenant(current_tenant_id()).timezone
        sought = seek(trigger.repeats, occurrences)
        page = find_dated(trigger.name, sought, max(occurrences), account, after=after)
        span = (self.since, self.until)
        starts = list_date_starts(self.flow_id, trigger, page.people, occurrences, span)
        profile_ids = [dated.profile_id for dated in page.people]
        return Starters(profile_ids, page.after, _make(starts))


def _make(starts: Sequence[NewStart]) -> dict[int, list[Occurrence]]:
    """Return starts as what happened, by person, oldest first."""
    numbers = count(-1, -1)
    found: dict[int, list[Occurrence]] = {}
    for start in sorted(starts, key=lambda each: (each.at, each.key)):
        ref = EventRef(
            next(numbers), start.name, start.at, start.profile_id, start.flow_id, is_backfill=False
        )
        occurrence = Occurrence(ref, start.properties, start.properties)
        found.setdefault(start.profile_id, []).append(occurrence)
    return found
