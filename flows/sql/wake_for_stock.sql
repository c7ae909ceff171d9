-- flows/sql/wake_for_stock.sql
-- Let those look again who wait at one node for one variant, so many at a time.
--
-- in:  tenant_id   bigint       added by kernel.sql.run_sql
--      waits_for   text         such as ``variant:7``
--      version_id  bigint
--      node        text
--      now         timestamptz
--      tranche     integer      people who look at once; the next as many follow later
--      gap         interval     from one tranche to the next
--      best_first  boolean      the best customers first; otherwise who waits longest
-- out: row count = runs that are due earlier than before
--
-- Nobody waits longer than without it: a place later than the end of the wait changes nothing.
WITH ranked AS (
    SELECT
        r.id,
        row_number() OVER (
            ORDER BY
                CASE WHEN %(best_first)s THEN f.net_minor END DESC NULLS LAST,
                r.started_at,
                r.id
        ) - 1 AS place
    FROM flows_flowrun AS r
    LEFT JOIN crm_profilefacts AS f
        ON f.tenant_id = %(tenant_id)s AND f.profile_id = r.profile_id
    WHERE r.tenant_id = %(tenant_id)s
      AND r.waits_for = %(waits_for)s
      AND r.waits_for <> ''
      AND r.status = 'active'
      AND r.version_id = %(version_id)s
      AND r.current_node = %(node)s
),

due AS (
    SELECT k.id, %(now)s::timestamptz + (k.place / %(tranche)s::integer) * %(gap)s::interval AS at
    FROM ranked AS k
),

locked AS (
    SELECT r.id, d.at
    FROM flows_flowrun AS r
    JOIN due AS d ON d.id = r.id
    WHERE r.tenant_id = %(tenant_id)s
    ORDER BY r.id
    FOR NO KEY UPDATE OF r
)

UPDATE flows_flowrun AS r
SET wake_at = k.at
FROM locked AS k
WHERE r.tenant_id = %(tenant_id)s
  AND r.id = k.id
  AND r.status = 'active'
  AND r.is_waiting
  AND r.wake_at > k.at;
