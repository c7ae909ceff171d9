"""`merge`: two profiles with 10,000 events each become one, and are parted again.

Statements are counted, without the frame of the transaction; the time is held against the bare
UPDATEs that let the same rows point at another profile.
"""

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.models import Profile
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from kernel.scope import tenant_scope
from kernel.sql import execute
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import Merchant, bare, make_merchant, vacuum

EVENTS = 10_000
ORDERS = 200
STATEMENTS = Goal(19, unit="statements")
MERGE = Goal(2.0)
PARTING = Goal(3.0)
FRAME = ("BEGIN", "COMMIT", "SET LOCAL", "SAVEPOINT", "RELEASE")
MOVED = ("crm_event", "crm_order", "crm_consentevent", "crm_identity", "crm_touchpoint")
FILL = (
    b"""
INSERT INTO crm_event (
    tenant_id, name, occurred_at, profile_id, source, properties, is_backfill
)
SELECT %(tenant_id)s, 'Product Viewed', now() - n * interval '1 hour', %(profile_id)s, 'tracking',
    '{"product_id": "p1", "price": 29.99}', false
FROM generate_series(1, %(events)s) AS n
""",
    b"""
INSERT INTO crm_order (
    tenant_id, store_id, external_id, number, profile_id, ordered_at, currency, gross_minor,
    base_gross_minor, financial_status, source_version_at
)
SELECT %(tenant_id)s, %(store_id)s, 'm' || %(profile_id)s || '-' || n, '#' || n, %(profile_id)s,
    now() - n * interval '1 day', 'GBP', 2500, 2500, 'paid', now()
FROM generate_series(1, %(orders)s) AS n
""",
    b"""
INSERT INTO crm_identity (tenant_id, kind, value_norm, profile_id)
SELECT %(tenant_id)s, k.kind, k.start || %(profile_id)s, %(profile_id)s
FROM (VALUES ('email', 'merge'), ('anonymous', 'browser'), ('device', 'phone')) AS k (kind, start)
""",
    b"""
INSERT INTO crm_consentevent (tenant_id, profile_id, channel, state, occurred_at)
SELECT %(tenant_id)s, %(profile_id)s, 'email', %(state)s, now() - interval '1 year'
""",
    b"""
INSERT INTO crm_touchpoint (tenant_id, profile_id, touch_key, occurred_at, source)
SELECT %(tenant_id)s, %(profile_id)s, 'm' || %(profile_id)s || '-' || n,
    now() - n * interval '1 day', 'google'
FROM generate_series(1, 50) AS n
""",
    b"""
INSERT INTO crm_profilefacts (tenant_id, profile_id, order_count, last_seen_at, points_balance)
SELECT %(tenant_id)s, %(profile_id)s, %(orders)s, now(), 100
""",
    b"""
INSERT INTO loyalty_pointsaccount (tenant_id, profile_id, balance)
SELECT %(tenant_id)s, %(profile_id)s, 100
""",
    b"""
INSERT INTO loyalty_pointsentry (tenant_id, profile_id, kind, points, source_key, effective_at)
SELECT %(tenant_id)s, %(profile_id)s, 'earn', 100, 'merge:' || %(profile_id)s, now()
""",
    b"""
INSERT INTO loyalty_pointslot (tenant_id, id, profile_id, earned, remaining)
SELECT e.tenant_id, e.id, e.profile_id, e.points, e.points
FROM loyalty_pointsentry AS e
WHERE e.tenant_id = %(tenant_id)s AND e.profile_id = %(profile_id)s
""",
)


def run(size: int) -> list[Measured]:
    """Measure merges and their undoing against bare UPDATEs, and count their statements.

    Args:
        size: unused; what a merge costs follows the two profiles.
    """
    _ = size
    merchant = make_merchant()
    world = _World(merchant)
    merges = alternate(world.repoint, world.merge)
    partings = alternate(world.repoint, world.part)
    work = f"two profiles with {EVENTS:,} events and {ORDERS} orders each"
    counts = [float(world.count_merge()), float(world.count_merge())]
    return [
        compare("merge, statements", [], counts, STATEMENTS, work=work),
        compare("merge, bare UPDATEs", *merges, MERGE, work=work),
        compare("un-merge, bare UPDATEs", *partings, PARTING, work=work),
    ]


class _World:
    """Ever new pairs of profiles of one tenant."""

    def __init__(self, merchant: Merchant) -> None:
        self._merchant = merchant

    def repoint(self) -> float:
        """Return the seconds that it takes to let the rows of one profile point at another."""
        winner, loser = self._pair()
        return timed(lambda: self._within(lambda: _repoint(winner, loser)))

    def merge(self) -> float:
        """Return the seconds of a merge."""
        pair = self._pair()
        return timed(lambda: self._within(lambda: merge_profiles([pair], rule="manual")))

    def part(self) -> float:
        """Return the seconds of undoing a merge."""
        pair = self._pair()
        [merge_id] = self._within(lambda: merge_profiles([pair], rule="manual"))
        return timed(lambda: self._within(lambda: unmerge_profile(merge_id)))

    def count_merge(self) -> int:
        """Return how many statements a merge sends."""
        pair = self._pair()
        with CaptureQueriesContext(connection) as sent:
            self._within(lambda: merge_profiles([pair], rule="manual"))
        return sum(not query["sql"].startswith(FRAME) for query in sent.captured_queries)

    def _within(self, work: Callable[[], Any]) -> Any:
        with tenant_scope(self._merchant.tenant_id), transaction.atomic():
            return work()

    def _pair(self) -> tuple[int, int]:
        with tenant_scope(self._merchant.tenant_id), transaction.atomic():
            pair = Profile.objects.create().pk, Profile.objects.create().pk
            # What holds is what the history says, so that both differ and a statement is made.
            for profile_id, state in zip(pair, ("subscribed", "unsubscribed"), strict=True):
                Profile.objects.filter(pk=profile_id).update(email_consent=state)
        with bare() as cursor:
            for profile_id, state in zip(pair, ("subscribed", "unsubscribed"), strict=True):
                for statement in FILL:
                    cursor.execute(
                        statement,
                        {
                            "tenant_id": self._merchant.tenant_id,
                            "store_id": self._merchant.store_id,
                            "profile_id": profile_id,
                            "events": EVENTS,
                            "orders": ORDERS,
                            "state": state,
                        },
                    )
        vacuum(MOVED)
        return pair


def _repoint(winner: int, loser: int) -> None:
    for table in MOVED:
        execute(
            f"UPDATE {table} SET profile_id = %(winner)s"  # noqa: S608 names of this file
            " WHERE tenant_id = %(tenant_id)s AND profile_id = %(loser)s",
            winner=winner,
            loser=loser,
        )
