"""`reports`: the key figures of 30 and 365 days and the days themselves, and their upkeep.

A tenth of the people never bought, the others one to eight times over three years; every twelfth
order was paid back in part.
"""

from datetime import date, timedelta
from typing import Any

from django.db import transaction

from analytics.queries.kpis import list_days, list_kpis
from analytics.services.rollups import add_up, note_change, rebuild_rollups
from analytics.services.verification import verify_tenant
from analytics.types import Period
from crm.types import Written
from kernel import clock
from kernel.batches import Deadline
from kernel.scope import tenant_scope
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import Merchant, bare, make_merchant, vacuum

SMALL = 10_000
NEW = 2_000
PAIRS = 7
TABLES = (
    "crm_profile",
    "crm_order",
    "crm_refund",
    "analytics_ordermark",
    "analytics_refundmark",
    "analytics_profilemark",
    "analytics_dailymetric",
    "analytics_buyergap",
    "analytics_refundsum",
)

PEOPLE = b"""
INSERT INTO crm_profile (tenant_id, email, email_norm, created_at)
SELECT
    %(tenant_id)s, 'p' || n || '@example.com', 'p' || n || '@example.com',
    %(now)s - (n * 32452843 %% 1095) * interval '1 day'
FROM generate_series(1, %(profiles)s::bigint) AS n
"""
ORDERS = b"""
INSERT INTO crm_order (
    tenant_id, store_id, external_id, profile_id, ordered_at, currency, gross_minor,
    base_gross_minor, source_version_at
)
SELECT
    p.tenant_id, %(store_id)s, p.id || '-' || k, p.id, d.at, 'GBP', d.minor, d.minor, d.at
FROM crm_profile AS p
CROSS JOIN LATERAL generate_series(1, CASE WHEN p.id %% 10 = 0 THEN 0 ELSE 1 END
    + (p.id * 7919 %% 89 * (p.id * 104729 %% 97) / 1200)::int) AS k
CROSS JOIN LATERAL (
    SELECT
        %(now)s - ((p.id * 15485863 + k::bigint * 32452867) %% 1095) * interval '1 day'
            - ((p.id * 49979687 + k::bigint * 67867967) %% 86400) * interval '1 second' AS at,
        500 + (p.id * 15485863 + k * 7919) %% 9973 AS minor
) AS d
WHERE p.tenant_id = %(tenant_id)s
"""
REFUNDS = b"""
INSERT INTO crm_refund (
    tenant_id, store_id, external_id, order_id, order_external_id, profile_id, refunded_at,
    currency, amount_minor, base_amount_minor, source_version_at
)
SELECT
    o.tenant_id, o.store_id, 'r' || o.id, o.id, o.external_id, o.profile_id,
    least(o.ordered_at + (o.id %% 30) * interval '1 day', %(now)s), 'GBP', o.gross_minor / 3,
    o.gross_minor / 3, o.ordered_at
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s AND o.id %% 12 = 0
"""
NEW_PEOPLE = b"""
INSERT INTO crm_profile (tenant_id, created_at)
SELECT %(tenant_id)s, %(now)s
FROM generate_series(1, %(count)s)
RETURNING id
"""
OLD_PEOPLE = b"""
SELECT profile_id
FROM analytics_ordermark
WHERE tenant_id = %(tenant_id)s AND nth = 2
ORDER BY random()
LIMIT %(count)s
"""
NEW_ORDERS = b"""
INSERT INTO crm_order (
    tenant_id, store_id, external_id, profile_id, ordered_at, currency, gross_minor,
    base_gross_minor, source_version_at
)
SELECT
    %(tenant_id)s, %(store_id)s, 'n' || gen_random_uuid(), p.id, %(now)s, 'GBP', 1250, 1250, %(now)s
FROM unnest(%(ids)s) AS p (id)
RETURNING id
"""
BY_HAND = b"""
SELECT
    sum(o.base_gross_minor),
    count(*),
    count(DISTINCT o.profile_id),
    count(DISTINCT o.profile_id) FILTER (WHERE f.first_at >= %(starts_at)s)
FROM crm_order AS o
JOIN (
    SELECT profile_id, min(ordered_at) AS first_at
    FROM crm_order
    WHERE tenant_id = %(tenant_id)s AND is_counted
    GROUP BY profile_id
) AS f ON f.profile_id = o.profile_id
WHERE o.tenant_id = %(tenant_id)s AND o.is_counted AND o.ordered_at >= %(starts_at)s
"""


class _Shop:
    def __init__(self, profiles: int) -> None:
        merchant: Merchant = make_merchant()
        self.tenant_id = merchant.tenant_id
        self.now = clock.now()
        self.params: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "store_id": merchant.store_id,
            "profiles": profiles,
            "now": self.now,
            "starts_at": self.now - timedelta(days=30),
        }
        with bare() as cursor:
            for statement in (PEOPLE, ORDERS, REFUNDS):
                cursor.execute(statement, self.params)
        with tenant_scope(self.tenant_id):
            rebuild_rollups()

    def read(self, days: int) -> float:
        """Time what Home and the reports read of a period."""
        last = date(self.now.year, self.now.month, self.now.day)
        period = Period(last - timedelta(days=days - 1), last)

        def work() -> None:
            with transaction.atomic():
                list_kpis(period)
                list_days(period)

        with tenant_scope(self.tenant_id):
            return timed(work)

    def by_hand(self) -> float:
        """Time a part of it straight from the orders."""
        with bare() as cursor:
            return timed(lambda: cursor.execute(BY_HAND, self.params).fetchall())

    def keep_up(self) -> float:
        """Take new orders, one in five of somebody who bought before; milliseconds per order."""
        with bare() as cursor:
            cursor.execute(NEW_PEOPLE, {**self.params, "count": NEW * 4 // 5})
            people = [key for (key,) in cursor.fetchall()]
            cursor.execute(OLD_PEOPLE, {**self.params, "count": NEW // 5})
            people += [key for (key,) in cursor.fetchall()]
            cursor.execute(NEW_ORDERS, {**self.params, "ids": people})
            orders = [key for (key,) in cursor.fetchall()]
        with tenant_scope(self.tenant_id):
            with transaction.atomic():
                note_change(Written(order_ids=orders, profile_ids=people))
            return timed(lambda: add_up(Deadline(seconds=None))) * 1_000 / NEW

    def check(self) -> None:
        """Let the sums be those of the documents."""
        with tenant_scope(self.tenant_id):
            found = verify_tenant()["analytics"]
        if found:
            raise AssertionError(found[:5])


def run(size: int) -> list[Measured]:
    """Measure a large shop against a small one in the same tables, and against its orders.

    Args:
        size: profiles of the larger one.
    """
    small, large = _Shop(SMALL), _Shop(max(size, SMALL))
    vacuum(TABLES)
    results = []
    for days in (30, 365):
        floors, runs = alternate(
            lambda days=days: small.read(days),  # type: ignore[misc] # bound now
            lambda days=days: large.read(days),  # type: ignore[misc] # bound now
            pairs=PAIRS,
        )
        work = f"key figures and days of {days} days, {size} profiles; the floor: {SMALL}"
        results.append(compare(f"reports/{days} days", floors, runs, Goal(1.5), work=work))
    floors, runs = alternate(large.by_hand, lambda: large.read(30), pairs=PAIRS)
    work = f"the same of 30 days, {size} profiles; the floor: a third of it from the orders"
    results.append(compare("reports/orders", floors, runs, Goal(0.01), work=work))
    upkeep = [large.keep_up() for _ in range(PAIRS)]
    large.check()
    work = f"{NEW} new orders beside {size} profiles, added up, per order"
    results.append(compare("reports/upkeep", [], upkeep, Goal(0.2, unit="ms"), work=work))
    return results
