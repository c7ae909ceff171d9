-- loyalty/sql/count_in_tiers.sql
-- Count the people of each tier, each up to a ceiling.
--
-- in:  tenant_id  bigint    added by kernel.sql.run_sql
--      tier_ids   bigint[]
--      ceiling    integer
-- out: tier_id, people
SELECT t.tier_id, n.people
FROM unnest(%(tier_ids)s::bigint[]) AS t (tier_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS people
    FROM (
        SELECT 1
        FROM loyalty_pointsaccount AS a
        WHERE a.tenant_id = %(tenant_id)s AND a.tier_id = t.tier_id
        LIMIT %(ceiling)s
    ) AS few
) AS n;
