"""Twenty tenants of unequal size, the largest with half of everybody, made by a few statements."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from psycopg import Cursor

from analytics.services.rollups import rebuild_rollups
from kernel import clock
from kernel.scope import tenant_scope
from loyalty.services.totals import rebuild_days
from segments.choices import Cause
from segments.services.rebuild import rebuild
from segments.services.rfm import score_all
from tests.benchmarks.world import Merchant, bare, make_merchant

TENANTS = 20
PRODUCTS = 200

PEOPLE = b"""
INSERT INTO crm_profile (
    tenant_id, email, email_norm, first_name, last_name, name_norm, country, city, tags,
    email_consent, created_at
)
SELECT %(tenant_id)s, mail, mail, first, last, lower(first || ' ' || last), country, city, tags,
    consent, %(now)s - (n::bigint * 7919 %% 1460) * interval '1 day' - n * interval '1 second'
FROM (
    SELECT n,
        'p' || n || '@example.com' AS mail,
        (ARRAY['Ada','Grace','Alan','Edsger','Barbara','Ken','Radia','Linus'])[1 + n %% 8]
            AS first,
        (ARRAY['Byron','Hopper','Turing','Dijkstra','Liskov'])[1 + n %% 5] || n / 40 AS last,
        (ARRAY['GB','GB','GB','DE','FR','US','IE','JP'])[1 + n * 31 %% 8] AS country,
        (ARRAY['London','Leeds','York'])[1 + n %% 3] AS city,
        CASE WHEN n %% 50 = 0 THEN ARRAY['VIP'] WHEN n %% 20 = 0 THEN ARRAY['Press']
            ELSE ARRAY[]::text[] END AS tags,
        (ARRAY['subscribed','never','unsubscribed'])[1 + n * 13 %% 3] AS consent
    FROM generate_series(1, %(profiles)s) AS n
) AS drawn
"""
ADDRESSES = b"""
INSERT INTO crm_identity (tenant_id, kind, value_norm, profile_id)
SELECT tenant_id, 'email', email_norm, id
FROM crm_profile
WHERE tenant_id = %(tenant_id)s AND email_norm <> ''
ON CONFLICT DO NOTHING
"""
TAGS = b"""
INSERT INTO crm_tag (tenant_id, name)
SELECT %(tenant_id)s, unnest(ARRAY['VIP', 'Press'])
ON CONFLICT DO NOTHING
"""
GOODS = b"""
INSERT INTO crm_product (tenant_id, store_id, external_id, title, category)
SELECT %(tenant_id)s, %(store_id)s, 'b' || n, 'Soap ' || n, 'Category ' || n %% 8
FROM generate_series(1, %(products)s) AS n
"""
ORDERS = b"""
INSERT INTO crm_order (
    tenant_id, store_id, external_id, number, profile_id, ordered_at, currency, gross_minor,
    base_gross_minor, financial_status, source_version_at, country
)
SELECT p.tenant_id, %(store_id)s, 'b' || p.id || '-' || n, '#' || p.id || n, p.id,
    %(now)s - (p.id * 32452843 %% 1000 + n) * interval '1 day', 'GBP',
    500 + p.id * 15485863 %% 9973, 500 + p.id * 15485863 %% 9973, 'paid', %(now)s, p.country
FROM crm_profile AS p
CROSS JOIN LATERAL generate_series(1, CASE WHEN p.id %% 5 = 0 THEN 4 WHEN p.id %% 5 = 1 THEN 0
    ELSE 1 END) AS n
WHERE p.tenant_id = %(tenant_id)s
"""
LINES = b"""
INSERT INTO crm_orderline (
    tenant_id, order_id, line_key, position, product_id, title, category, quantity,
    unit_price_minor, total_minor
)
SELECT o.tenant_id, o.id, n::text, n, g.first + (o.id + n) %% %(products)s, 'Soap', 'Category', 1,
    o.gross_minor / 2, o.gross_minor / 2
FROM crm_order AS o
CROSS JOIN generate_series(1, 2) AS n
CROSS JOIN (
    SELECT min(id) AS first FROM crm_product
    WHERE tenant_id = %(tenant_id)s AND external_id LIKE 'b%%'
) AS g
WHERE o.tenant_id = %(tenant_id)s
"""
FACTS = b"""
INSERT INTO crm_profilefacts (
    tenant_id, profile_id, order_count, gross_minor, net_minor, first_order_at, last_order_at,
    lookback_order_count, lookback_net_minor, lookback_from, last_seen_at, points_balance
)
SELECT p.tenant_id, p.id, count(o.id), COALESCE(sum(o.gross_minor), 0),
    COALESCE(sum(o.gross_minor), 0), min(o.ordered_at), max(o.ordered_at), count(o.id),
    COALESCE(sum(o.gross_minor), 0), min(o.ordered_at),
    CASE WHEN p.id %% 3 = 0 THEN %(now)s - (p.id %% 90) * interval '1 day' END,
    COALESCE(sum(o.gross_minor), 0) / 100
FROM crm_profile AS p
LEFT JOIN crm_order AS o ON o.tenant_id = p.tenant_id AND o.profile_id = p.id
WHERE p.tenant_id = %(tenant_id)s
GROUP BY p.tenant_id, p.id
ON CONFLICT DO NOTHING
"""
EVENTS = b"""
INSERT INTO crm_event (
    tenant_id, name, occurred_at, profile_id, object_id, source, properties, is_backfill
)
SELECT o.tenant_id, 'Order Placed', o.ordered_at, o.profile_id, o.id, 'import',
    jsonb_build_object('number', o.number, 'total', '12.50', 'currency', 'GBP'), true
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s
UNION ALL
SELECT p.tenant_id, 'Profile Created', p.created_at, p.id, p.id, 'import', '{}', true
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
"""
MESSAGES = b"""
INSERT INTO messaging_message (
    tenant_id, key, profile_id, channel, message_class, template_id, flow_id, context, status,
    reason, address, subject, due_at, planned_at, created_at, sent_at
)
SELECT p.tenant_id, 'b' || p.id, p.id, 'email', 'promotional', t.id, %(flow_id)s, '{}',
    CASE WHEN p.id %% 4 = 0 THEN 'skipped' ELSE 'sent' END,
    CASE WHEN p.id %% 4 = 0 THEN 'no_consent' ELSE '' END, p.email, 'Hello', p.created_at,
    p.created_at, p.created_at, CASE WHEN p.id %% 4 <> 0 THEN p.created_at END
FROM crm_profile AS p
CROSS JOIN (SELECT min(id) AS id FROM messaging_template WHERE tenant_id = %(tenant_id)s) AS t
WHERE p.tenant_id = %(tenant_id)s AND p.id %% 2 = 0
"""
POINTS = b"""
INSERT INTO loyalty_pointsentry (tenant_id, profile_id, kind, points, source_key, effective_at)
SELECT o.tenant_id, o.profile_id, 'earn', o.gross_minor / 100, 'order:' || o.id, o.ordered_at
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s AND o.profile_id IS NOT NULL AND o.id > 1
ON CONFLICT DO NOTHING
"""
LOTS = b"""
INSERT INTO loyalty_pointslot (tenant_id, id, profile_id, earned, remaining)
SELECT e.tenant_id, e.id, e.profile_id, e.points, e.points
FROM loyalty_pointsentry AS e
WHERE e.tenant_id = %(tenant_id)s AND e.points > 0
ON CONFLICT DO NOTHING
"""
ACCOUNTS = b"""
INSERT INTO loyalty_pointsaccount (tenant_id, profile_id, balance)
SELECT f.tenant_id, f.profile_id, f.points_balance
FROM crm_profilefacts AS f
WHERE f.tenant_id = %(tenant_id)s AND f.points_balance > 0
ON CONFLICT DO NOTHING
"""
HOLDERS = b"""
INSERT INTO loyalty_holdercount (tenant_id, holders)
SELECT a.tenant_id, count(*)
FROM loyalty_pointsaccount AS a
WHERE a.tenant_id = %(tenant_id)s
GROUP BY a.tenant_id
"""
STATEMENTS = (
    PEOPLE,
    ADDRESSES,
    TAGS,
    GOODS,
    ORDERS,
    LINES,
    FACTS,
    EVENTS,
    MESSAGES,
    POINTS,
    LOTS,
    ACCOUNTS,
    HOLDERS,
)
TABLES = (
    "crm_profile",
    "crm_identity",
    "crm_product",
    "crm_order",
    "crm_orderline",
    "crm_profilefacts",
    "crm_event",
    "messaging_message",
    "loyalty_pointsentry",
    "loyalty_pointslot",
    "loyalty_pointsaccount",
    "loyalty_pointsday",
    "segments_membership",
    "segments_membershipchange",
    "segments_membershipmove",
    "segments_membershipday",
    "segments_rfmscore",
    "segments_rfmsum",
    "segments_rfmday",
    "analytics_ordermark",
    "analytics_refundmark",
    "analytics_profilemark",
    "analytics_dailymetric",
    "analytics_buyergap",
    "analytics_refundsum",
)


def make_crowd(profiles: int) -> Merchant:
    """Make twenty tenants that share so many profiles; returns the one that has half of them."""
    shares = split(profiles)
    largest = make_merchant()
    fill(largest, shares[0])
    for share in shares[1:]:
        fill(make_merchant(), share)
    settle(largest)
    return largest


def split(profiles: int) -> list[int]:
    """Return the sizes of twenty tenants: half of everybody, then ever smaller ones."""
    weights = [1 / (number + 1) for number in range(TENANTS - 1)]
    rest = [int(profiles / 2 * weight / sum(weights)) for weight in weights]
    return [profiles - sum(rest), *rest]


def fill(merchant: Merchant, profiles: int) -> None:
    """Give a tenant people with orders, events, messages and points."""
    params = {
        "tenant_id": merchant.tenant_id,
        "store_id": merchant.store_id,
        "profiles": profiles,
        "products": PRODUCTS,
        "now": clock.now(),
    }
    with bare(replica=True) as cursor:
        params["flow_id"] = _first(cursor, merchant.tenant_id)
        # By the statistics of empty tables a join looks like one step of a loop.
        cursor.execute("SET LOCAL enable_nestloop = off")
        for statement in STATEMENTS:
            cursor.execute(statement, params)


def settle(merchant: Merchant) -> None:
    """Let scores, segments, sums of points and rollups of a tenant follow."""
    now = clock.now()
    with tenant_scope(merchant.tenant_id):
        score_all(now)
        rebuild(now, Cause.DEFINITION)
        rebuild_days()
        with transaction.atomic():
            rebuild_rollups()


def _first(cursor: Cursor[Any], tenant_id: int) -> int | None:
    cursor.execute("SELECT min(id) FROM flows_flow WHERE tenant_id = %s", [tenant_id])
    rows: Sequence[tuple[int | None]] = cursor.fetchall()
    return rows[0][0]
