"""Fifty typical segments over people with facts, each with its condition written by hand.

The conditions by hand know what a definition leaves open: the zone, minor units, that a figure
without facts is 0. ``{ago}`` of so many days is the start of that day in London.
"""

from typing import Any

from django.db import transaction
from psycopg import Cursor

from kernel import clock
from segments.models import Segment
from tests.benchmarks.world import Merchant

ZONE = "Europe/London"

POPULATION = b"""
WITH made AS (
    INSERT INTO crm_profile (
        tenant_id, email, email_norm, country, city, tags, email_consent, created_at
    )
    SELECT %(tenant_id)s, 'p' || n || '@example.com', 'p' || n || '@example.com',
        (ARRAY['GB','GB','GB','DE','FR','US','IE','JP'])[1 + n * 31 %% 8],
        (ARRAY['London','Leeds','York'])[1 + n %% 3],
        CASE WHEN n %% 50 = 0 THEN ARRAY['VIP'] WHEN n %% 20 = 0 THEN ARRAY['Press']
            ELSE ARRAY[]::text[] END,
        (ARRAY['subscribed','never','unsubscribed'])[1 + n * 13 %% 3],
        %(now)s - (n::bigint * 7919 %% 1460) * interval '1 day'
    FROM generate_series(1, %(profiles)s) AS n
    RETURNING tenant_id, id
)

INSERT INTO crm_profilefacts (
    tenant_id, profile_id, order_count, gross_minor, net_minor, first_order_at, last_order_at,
    lookback_order_count, lookback_net_minor, lookback_from, last_opened_at, last_seen_at
)
SELECT
    tenant_id, id, count, count * price, count * price,
    CASE WHEN count > 0 THEN at - count * interval '40 days' END,
    CASE WHEN count > 0 THEN at END,
    count, count * price,
    CASE WHEN count > 0 THEN at - count * interval '40 days' END,
    CASE WHEN id %% 4 > 0 THEN %(now)s - (id * 104729 %% 400) * interval '1 day' END,
    CASE WHEN id %% 3 > 0 THEN %(now)s - (id * 15485863 %% 500) * interval '1 day' END
FROM (
    SELECT
        tenant_id,
        id,
        CASE WHEN id %% 5 = 1 THEN 0 ELSE
            (1 + id * 7919 %% 97 * (id * 104729 %% 97) / 1200)::int END AS count,
        500 + id * 15485863 %% 9973 AS price,
        %(now)s - (id * 32452843 %% 700) * interval '1 day' AS at
    FROM made
) AS drawn
"""
"""One in five never bought; most of the others bought once or a few times."""

BUY_OR_RETURN = b"""
UPDATE crm_profilefacts
SET order_count = order_count + CASE WHEN order_count %% 2 = 0 THEN -1 ELSE 1 END,
    net_minor = net_minor + CASE WHEN order_count %% 2 = 0 THEN -5000 ELSE 5000 END
WHERE tenant_id = %(tenant_id)s AND profile_id %% 5 = 2
"""
"""One in five has one order of 50.00 more than before, or one less, in turn."""


def populate(cursor: Cursor[Any], merchant: Merchant, profiles: int) -> None:
    """Give a tenant so many people with facts."""
    params = {"tenant_id": merchant.tenant_id, "profiles": profiles, "now": clock.now()}
    cursor.execute(POPULATION, params)


@transaction.atomic
def make_segments() -> dict[int, str]:
    """Replace the segments of the tenant by the fifty; returns conditions by hand by their id."""
    Segment.objects.all().delete()
    made = {}
    for number, (definition, condition) in enumerate(typical()):
        segment = Segment.objects.create(name=f"Segment {number}", definition=definition)
        made[segment.pk] = condition
    return made


def typical() -> list[tuple[dict[str, Any], str]]:
    """Return fifty definitions, each with the same by hand over ``p`` and ``f``."""
    return [*_orders(), *_money(), *_since(), *_people(), *_mixed()]


def _orders() -> list[tuple[dict[str, Any], str]]:
    counts = [(_leaf("order_count", ">=", n), f"f.order_count >= {n}") for n in range(1, 11)]
    return [*counts, (_leaf("order_count", "=", 0), "f.order_count = 0")]


def _money() -> list[tuple[dict[str, Any], str]]:
    return [
        (_leaf("net_revenue", ">=", n), f"f.net_minor >= {n * 100}") for n in range(50, 550, 50)
    ]


def _since() -> list[tuple[dict[str, Any], str]]:
    """Return conditions on days, which the clock changes."""
    late = [
        (_leaf("days_since_last_order", ">=", days), f"f.last_order_at < {ago(days - 1)}")
        for days in (45, 60, 90, 120, 180, 365)
    ]
    between = [
        (
            _leaf("days_since_last_order", "between", [low, high]),
            f"f.last_order_at < {ago(low - 1)} AND f.last_order_at >= {ago(high)}",
        )
        for low, high in ((14, 60), (60, 119), (90, 179))
    ]
    fresh = [
        (_leaf(name, "in_the_last", {"days": days}), f"f.{name} >= {ago(days)}")
        for name in ("last_order_at", "last_opened_at", "last_seen_at")
        for days in (30, 60, 90)
    ]
    return [*late, *between, *fresh]


def _people() -> list[tuple[dict[str, Any], str]]:
    return [
        ({"consent": "email", "is": "subscribed"}, "p.email_consent = 'subscribed'"),
        ({"consent": "email", "is": "unsubscribed"}, "p.email_consent = 'unsubscribed'"),
        (_leaf("country", "=", "GB"), "lower(p.country) = 'gb'"),
        (_leaf("country", "in", ["DE", "FR"]), "lower(p.country) = ANY(ARRAY['de', 'fr'])"),
        (_leaf("city", "=", "Leeds"), "lower(p.city) = 'leeds'"),
        (_leaf("tags", "contains", "VIP"), "p.tags @> ARRAY['VIP']"),
    ]


def _mixed() -> list[tuple[dict[str, Any], str]]:
    subscribed = {"consent": "email", "is": "subscribed"}, "p.email_consent = 'subscribed'"
    british = _leaf("country", "=", "GB"), "lower(p.country) = 'gb'"
    none = _leaf("order_count", "=", 0), "f.order_count = 0"
    twice = _leaf("order_count", ">=", 2), "f.order_count >= 2"
    lapsing = _leaf("days_since_last_order", ">=", 60), f"f.last_order_at < {ago(59)}"
    rich = _leaf("net_revenue", ">=", 300), "f.net_minor >= 30000"
    return [
        _both(subscribed, none),
        _both(subscribed, twice),
        _both(british, rich),
        _both(twice, lapsing),
        _both(rich, lapsing),
    ]


def ago(days: int) -> str:
    """Return SQL for the start of the day so many days ago."""
    today = f"(%(now)s::timestamptz AT TIME ZONE '{ZONE}')::date"
    return f"(({today} - {days})::timestamp AT TIME ZONE '{ZONE}')"


def _leaf(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "is": operator, "value": value}


def _both(
    one: tuple[dict[str, Any], str], other: tuple[dict[str, Any], str]
) -> tuple[dict[str, Any], str]:
    return {"op": "and", "children": [one[0], other[0]]}, f"{one[1]} AND {other[1]}"
