-- Purpose: some buyers, and which of them are in a segment; all of them while they are few.
-- In: tenant_id; segment_id; is_small, whether all are read; count, at most so many.
-- Out: profile_id, is_member; in an order that has nothing to do with what they bought.
-- Why: each membership is looked up by its key, so that the cost does not grow with the tenant.
--      Before the first night of a tenant that has grown there is no sample, but its newest buyers.
WITH pool AS MATERIALIZED (
    SELECT unnest(b.profile_ids) AS profile_id
    FROM segments_buyersample AS b
    WHERE b.tenant_id = %(tenant_id)s AND NOT %(is_small)s
),

buyer AS MATERIALIZED (
    SELECT p.profile_id FROM pool AS p
    UNION ALL
    (
        SELECT s.profile_id
        FROM segments_rfmscore AS s
        WHERE s.tenant_id = %(tenant_id)s AND NOT EXISTS (SELECT 1 FROM pool)
        ORDER BY s.profile_id DESC
        LIMIT %(count)s
    )
)

SELECT
    b.profile_id,
    COALESCE((
        SELECT m.segment_ids @> ARRAY[%(segment_id)s]::bigint[]
        FROM segments_membership AS m
        WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = b.profile_id
    ), false) AS is_member
FROM buyer AS b
ORDER BY hashint8(b.profile_id), b.profile_id
