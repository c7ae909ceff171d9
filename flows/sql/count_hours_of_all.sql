-- flows/sql/count_hours_of_all.sql
-- Count what the newest openings and clicks of a tenant say of the hour, where everybody is.
--
-- in:  tenant_id
--      zone    text         of the tenant, for whoever gave none
--      most    int          the newest so many touches are read
--      zones   text[]       names that PostgreSQL knows; others are passed over
-- out: hour, touches
WITH newest AS (
    SELECT t.profile_id, t.at
    FROM messaging_touch AS t
    WHERE t.tenant_id = %(tenant_id)s
      AND t.kind IN ('opened', 'clicked')
      AND NOT t.is_bot
      AND NOT t.is_mpp
    ORDER BY t.id DESC
    LIMIT %(most)s
)

SELECT
    extract(
        hour FROM n.at AT TIME ZONE CASE
            WHEN p.timezone = ANY(%(zones)s::text[]) THEN p.timezone ELSE %(zone)s
        END
    )::int AS hour,
    count(*) AS touches
FROM newest AS n
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = n.profile_id
GROUP BY 1
