-- loyalty/sql/post_expiries.sql
-- Post what expired of lots, each once.
--
-- in:  tenant_id     bigint         added by kernel.sql.run_sql
--      profile_ids   bigint[]       owners; their accounts are locked
--      points        bigint[]       of each, below zero
--      source_keys   text[]         of each
--      times         timestamptz[]  when each expired
-- out: id, profile_id, kind, points, source_key, order_id, effective_at   of the new entries
INSERT INTO loyalty_pointsentry (
    tenant_id, profile_id, kind, points, source_key, effective_at
)
SELECT %(tenant_id)s, n.profile_id, 'expire', n.points, n.source_key, n.effective_at
FROM unnest(
    %(profile_ids)s::bigint[], %(points)s::bigint[], %(source_keys)s::text[],
    %(times)s::timestamptz[]
) AS n (profile_id, points, source_key, effective_at)
ORDER BY n.effective_at, n.source_key
ON CONFLICT (tenant_id, kind, source_key) DO NOTHING
RETURNING id, profile_id, kind, points, source_key, order_id, effective_at;
