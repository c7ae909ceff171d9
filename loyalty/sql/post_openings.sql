-- loyalty/sql/post_openings.sql
-- Post balances that another tool kept, each once for ever.
--
-- in:  tenant_id     bigint         added by kernel.sql.run_sql
--      profile_ids   bigint[]       owners; their accounts are locked
--      points        bigint[]       of each; below zero where one is posted back
--      source_keys   text[]         of each
--      times         timestamptz[]  from when on each holds
--      notes         text[]         of each
--      actor         text           of all of them
-- out: id, profile_id, kind, points, source_key, order_id, effective_at   of the new entries
INSERT INTO loyalty_pointsentry (
    tenant_id, profile_id, kind, points, source_key, effective_at, actor, note
)
SELECT
    %(tenant_id)s, n.profile_id, 'open', n.points, n.source_key, n.effective_at, %(actor)s, n.note
FROM unnest(
    %(profile_ids)s::bigint[], %(points)s::bigint[], %(source_keys)s::text[],
    %(times)s::timestamptz[], %(notes)s::text[]
) AS n (profile_id, points, source_key, effective_at, note)
ORDER BY n.effective_at, n.source_key
ON CONFLICT (tenant_id, kind, source_key) DO NOTHING
RETURNING id, profile_id, kind, points, source_key, order_id, effective_at;
