from django.db import migrations

LOTS = """
WITH taken AS (
    SELECT e.tenant_id, e.profile_id, e.order_id, -sum(e.points) AS points
    FROM loyalty_pointsentry AS e
    WHERE e.points < 0 AND e.order_id IS NOT NULL
    GROUP BY e.tenant_id, e.profile_id, e.order_id
),
owned AS (
    SELECT
        e.tenant_id, e.id, e.profile_id, e.order_id, e.points AS had,
        greatest(0, least(e.points, COALESCE(t.points, 0) + e.points - sum(e.points) OVER (
            PARTITION BY e.tenant_id, e.profile_id, e.order_id ORDER BY e.id
        ))) AS own
    FROM loyalty_pointsentry AS e
    LEFT JOIN taken AS t
        ON t.tenant_id = e.tenant_id AND t.profile_id = e.profile_id AND t.order_id = e.order_id
    WHERE e.points > 0
),
pool AS (
    SELECT
        o.*, o.had - o.own AS rest,
        sum(o.had - o.own) OVER (PARTITION BY o.tenant_id, o.profile_id)
            - greatest(0, COALESCE(a.balance, 0)) AS missing,
        sum(o.had - o.own) OVER (PARTITION BY o.tenant_id, o.profile_id ORDER BY o.id) AS upto
    FROM owned AS o
    LEFT JOIN loyalty_pointsaccount AS a
        ON a.tenant_id = o.tenant_id AND a.profile_id = o.profile_id
)
INSERT INTO loyalty_pointslot (tenant_id, id, profile_id, order_id, earned, remaining)
SELECT
    p.tenant_id, p.id, p.profile_id, p.order_id, p.had,
    p.rest - greatest(0, least(p.rest, p.missing + p.rest - p.upto))
FROM pool AS p
ON CONFLICT (tenant_id, id) DO NOTHING
"""


class Migration(migrations.Migration):
    """Give every balance its lots: what orders were taken back from theirs, the rest oldest first.

    They never expire: no rule said so when they were earned.
    """

    dependencies = [("loyalty", "0006_points_lots")]

    operations = [migrations.RunSQL(LOTS, migrations.RunSQL.noop)]
