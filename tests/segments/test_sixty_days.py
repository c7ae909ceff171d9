"""Live changes, the clock and rebuilds agree with plain Python over weeks of a busy shop.

The suite walks 20 days with 80 people in one transaction. ``PATRON_SIXTY_DAYS=60
PATRON_SIXTY_DAYS_PEOPLE=20000`` takes as many as a real shop has: then every step commits, and in
every third night the tables are vacuumed and analysed, as a server does by itself. Plain Python is
asked about everybody at every halt; so is SQL, of many people at every other one.
"""

import logging
import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from kernel.batches import Deadline
from kernel.clock import simulated
from kernel.work import drain_tenant
from segments.models import Defect, Membership, MembershipChange, Segment, SegmentReference, Upkeep
from segments.services.auditing import find_wrong
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.rebuild import refresh_everything
from tenants.models import Tenant
from tests.support.busy_shop import Shop, open_shop
from tests.support.database import vacuum
from tests.support.plain_segments import Person, Plain, measure, read_people

PEOPLE = int(os.environ.get("PATRON_SIXTY_DAYS_PEOPLE", "80"))
DAYS = int(os.environ.get("PATRON_SIXTY_DAYS", "20"))
SEED = int(os.environ.get("PATRON_SIXTY_DAYS_SEED", "7"))
LONDON = ZoneInfo("Europe/London")
# British clocks go forward on 29 March.
FIRST = date(2026, 3, 14)
IS_LARGE = PEOPLE > 1_000
SQL_EVERY, VACUUM_EVERY = (2, 3) if IS_LARGE else (1, 0)
SHOWN = 5
log = logging.getLogger(__name__)


@dataclass
class Walk:
    """A shop, what plain Python knows of its segments, and what differed so far."""

    tenant: Tenant
    shop: Shop
    plain: Plain
    halts: int = 0
    compared: int = 0
    differences: list[str] = field(default_factory=list)

    def tick(self, now: datetime, *, is_night: bool = False) -> None:
        """Let the clock decide who is due; a refresh of everything waits unless it is night."""
        due = None if is_night else _put_off_refresh()
        reevaluate_due(Deadline(seconds=None))
        if not is_night:
            _let_refresh_at(due)
        self.halt(now, "the night" if is_night else "the clock")

    def react(self, now: datetime) -> None:
        drain_tenant(self.tenant.pk, kinds=("reactions",))
        self.halt(now, "events")

    @transaction.atomic
    def halt(self, now: datetime, way: str) -> None:
        """Compare what is stored with a full computation and with plain Python."""
        self.halts += 1
        wrong = find_wrong(now) if self.halts % SQL_EVERY == 0 else []
        self.differences += [
            f"{now}, after {way}: {row.profile_id} {row.stored} in SQL {row.computed}"
            for row in wrong[:SHOWN]
        ]
        self._ask_plainly(now, way)
        assert self.differences == []

    def _ask_plainly(self, now: datetime, way: str) -> None:
        people = read_people()
        live = Segment.objects.filter(archived_at=None)
        self.plain.definitions = dict(live.values_list("pk", "definition"))
        if SegmentReference.objects.filter(computed_at=now).exists():
            self._measure(now, people)
        stored, due = {}, set()
        for profile_id, segment_ids, at in Membership.objects.values_list(
            "profile_id", "segment_ids", "reeval_at"
        ):
            stored[profile_id] = segment_ids
            if at is not None and at <= now:
                due.add(profile_id)
        asked = people.keys() | {key for key, found in stored.items() if found}
        found = [
            (key, self.plain.segments_of(people[key], now) if key in people else [])
            for key in sorted(asked - due)
        ]
        self.compared += len(found)
        self.differences += [
            f"{now}, after {way}: {key} {stored.get(key, [])} in plain Python {expected}"
            for key, expected in found
            if stored.get(key, []) != expected
        ][:SHOWN]

    def _measure(self, now: datetime, people: dict[int, Person]) -> None:
        """Hold the figures of all buyers that were just stored against those of plain Python."""
        figures = measure(self.plain.definitions.values(), people.values())
        stored = dict(SegmentReference.objects.values_list("key", "value"))
        if {key: figures[key] for key in stored} != stored:
            self.differences.append(f"{now}: figures {stored}, in plain Python {figures}")
        self.plain.figures = figures


@transaction.atomic
def _put_off_refresh() -> datetime | None:
    """Let a refresh of everything wait; returns when it would have been due."""
    due = Upkeep.objects.get().due_at
    Upkeep.objects.update(due_at=None)
    return due


@transaction.atomic
def _let_refresh_at(due: datetime | None) -> None:
    """Let a refresh of everything be due again, unless it has been asked for meanwhile."""
    Upkeep.objects.filter(due_at=None).update(due_at=due)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), LONDON).astimezone(UTC)


def walk_a_day(walk: Walk, day: date, number: int) -> None:
    night = at(day, 2, 30)
    with simulated(at(day, 0)):
        walk.tick(at(day, 0))
    if VACUUM_EVERY and number % VACUUM_EVERY == 0:
        vacuum()
    with simulated(night):
        walk.tick(night, is_night=True)
    # Another hour each day: what is counted by the hour turns at any of them.
    now = at(day, 6 + number * 5 % 17, 17)
    with simulated(now):
        walk.tick(now)
        walk.shop.turn(now)
        walk.react(now)
        walk.shop.upset(number, now)
        walk.react(now)
        if walk.shop.edit(number):
            walk.tick(now, is_night=True)
    log.info("%s: at %s halts %s times somebody compared", day, walk.halts, walk.compared)


@pytest.mark.covers("S4", "X2")
@pytest.mark.django_db(transaction=IS_LARGE)
def test_the_ways_agree_day_by_day(tenant: Tenant) -> None:
    start = at(FIRST - timedelta(days=1), 20)
    with simulated(start):
        shop = open_shop(PEOPLE, start, seed=SEED)
        if IS_LARGE:
            vacuum()
        drain_tenant(tenant.pk, kinds=("reactions",))
        refresh_everything(start)
    walk = Walk(tenant, shop, Plain({}))
    with simulated(start):
        walk.halt(start, "the beginning")
    for number in range(DAYS):
        walk_a_day(walk, FIRST + timedelta(days=number), number)
        if number % 10 == 9:
            now = at(FIRST + timedelta(days=number), 23, 17)
            with simulated(now):
                walk.tick(now)
                assert find_differences() == []
    with transaction.atomic():
        assert not Defect.objects.exists()
        causes = set(MembershipChange.objects.values_list("cause", flat=True).distinct())
        assert {"event", "time", "merge", "definition", "import"} <= causes
        moved = set(MembershipChange.objects.values_list("segment_id", flat=True).distinct())
        assert moved == set(Segment.objects.values_list("pk", flat=True))
