-- Purpose: keep size and revenue of each group for one day.
-- In: tenant_id; day.
-- Out: nothing. A repeat on the same day replaces the figures; a group without people has none.
WITH counted AS (
    SELECT
        s."group",
        sum(s.profile_count)::int AS profile_count,
        sum(s.net_minor)::bigint AS net_minor
    FROM segments_rfmsum AS s
    WHERE s.tenant_id = %(tenant_id)s
    GROUP BY s."group"
    HAVING sum(s.profile_count) > 0
),

ordered AS (
    SELECT r."group", sum(r.order_count)::bigint AS order_count
    FROM segments_rfmscore AS r
    WHERE r.tenant_id = %(tenant_id)s
    GROUP BY r."group"
),

emptied AS (
    DELETE FROM segments_rfmhistory AS h
    WHERE h.tenant_id = %(tenant_id)s
      AND h."on" = %(day)s
      AND NOT EXISTS (SELECT 1 FROM counted AS c WHERE c."group" = h."group")
)

INSERT INTO segments_rfmhistory (
    tenant_id, "on", "group", profile_count, net_minor, order_count
)
SELECT %(tenant_id)s, %(day)s, c."group", c.profile_count, c.net_minor, o.order_count
FROM counted AS c
LEFT JOIN ordered AS o ON o."group" = c."group"
ON CONFLICT (tenant_id, "on", "group") DO UPDATE
SET profile_count = excluded.profile_count,
    net_minor = excluded.net_minor,
    order_count = excluded.order_count
