"""`preview`: how many people a definition would hold, with a few of them, while it is edited.

First an estimate, as somebody types, then the exact figure.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from kernel import clock
from kernel.scope import tenant_scope
from segments.queries.impact import Impact, measure_impact
from tests.benchmarks.fifty import ago, populate
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, make_merchant, vacuum

PAIRS = 9
OFF_BY = 0.1
"""How far an estimate of many may be off, as a share."""
MANY = 50_000
LOOKS = 5
"""A look that a busy machine cuts short says an estimate, and is repeated so often."""
TABLES = ("crm_profile", "crm_profilefacts", "segments_membership")

DEFINITION = {
    "op": "and",
    "children": [
        {"field": "order_count", "is": ">=", "value": 2},
        {"field": "days_since_last_order", "is": ">=", "value": 60},
        {"field": "country", "is": "=", "value": "GB"},
    ],
}
CONDITION = f"f.order_count >= 2 AND f.last_order_at < {ago(59)} AND lower(p.country) = 'gb'"

SCAN = b"""
SELECT count(*), sum(f.net_minor) FROM crm_profilefacts AS f WHERE f.tenant_id = %(tenant_id)s
"""
BY_HAND = """
SELECT count(*), (array_agg(p.id))[1:5]
FROM crm_profile AS p
JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
WHERE p.tenant_id = %(tenant_id)s
    AND p.merged_into_id IS NULL AND p.erased_at IS NULL AND NOT p.is_anonymous
    AND {condition}
"""


class _Bench:
    def __init__(self, profiles: int) -> None:
        merchant = make_merchant()
        self.tenant_id = merchant.tenant_id
        with bare() as cursor:
            populate(cursor, merchant, profiles)
        vacuum(TABLES)
        self.people = profiles

    def estimate(self) -> Impact:
        return self._look(is_quick=True)

    def exact(self) -> Impact:
        return self._look(is_quick=False)

    def scan(self) -> None:
        self._ask(SCAN)

    def by_hand(self) -> int:
        return int(self._ask(BY_HAND.format(condition=CONDITION).encode())[0])

    def check(self) -> None:
        """Let the exact figure be that by hand, and the estimate near it."""
        looks = (self.exact() for _ in range(LOOKS))
        found = next((each for each in looks if not each.is_estimate), self.exact())
        estimated, members = self.estimate(), self.by_hand()
        if found.is_estimate or found.members != members:
            raise AssertionError(f"{found.members} people instead of {members}")
        if self.people >= MANY and not estimated.is_estimate:
            raise AssertionError("Everybody was looked at while somebody types")
        if abs(estimated.members - members) > OFF_BY * max(members, MANY):
            raise AssertionError(f"About {estimated.members} people instead of {members}")

    def _look(self, *, is_quick: bool) -> Impact:
        with tenant_scope(self.tenant_id), transaction.atomic():
            found = measure_impact(DEFINITION, clock.now(), segment_id=None, is_quick=is_quick)
        if found is None:
            raise AssertionError("Nobody could be looked at in time")
        return found

    def _ask(self, statement: bytes) -> tuple[Any, ...]:
        params = {"tenant_id": self.tenant_id, "now": clock.now()}
        with bare() as cursor:
            return cursor.execute(statement, params).fetchone() or (0,)


def run(size: int) -> list[Measured]:
    """Measure against one sequential scan of facts, and against the query by hand.

    Args:
        size: profiles, all with facts.
    """
    bench = _Bench(size)
    bench.check()
    first = alternate(_timing(bench.scan), _timing(bench.estimate), pairs=PAIRS)
    then = alternate(_timing(bench.by_hand), _timing(bench.exact), pairs=PAIRS)
    work = f"{size} profiles, three conditions; the floor: "
    return [
        compare("preview: estimate", *first, Goal(0.3), work=f"{work}one scan of facts"),
        compare("preview: exact", *then, Goal(2.0), work=f"{work}the query by hand"),
    ]


def _timing(work: Callable[[], object]) -> Callable[[], float]:
    return lambda: timed(work)
