-- loyalty/sql/post_awards.sql
-- Post points that one cause gives to many people, each once for ever.
--
-- in:  tenant_id     bigint         added by kernel.sql.run_sql
--      profile_ids   bigint[]       owners; their accounts are locked
--      points        bigint[]       of each
--      source_keys   text[]         of each
--      notes         text[]         of each
--      actors        text[]         of each
--      now           timestamptz
-- out: id, profile_id, kind, points, source_key, order_id, effective_at   of the new entries
INSERT INTO loyalty_pointsentry (
    tenant_id, profile_id, kind, points, source_key, effective_at, actor, note
)
SELECT
    %(tenant_id)s, n.profile_id, 'adjust', n.points, n.source_key, %(now)s, n.actor, n.note
FROM unnest(
    %(profile_ids)s::bigint[], %(points)s::bigint[], %(source_keys)s::text[],
    %(notes)s::text[], %(actors)s::text[]
) AS n (profile_id, points, source_key, note, actor)
ORDER BY n.source_key
ON CONFLICT (tenant_id, kind, source_key) DO NOTHING
RETURNING id, profile_id, kind, points, source_key, order_id, effective_at;
