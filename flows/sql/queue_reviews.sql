-- flows/sql/queue_reviews.sql
-- Put messages before somebody who looks at them; a repeat changes nothing.
--
-- in:  tenant_id                       bigint       added by kernel.sql.run_sql
--      run_ids, flow_ids, profile_ids  bigint[]     one element per message
--      nodes                           text[]
--      visits                          integer[]
--      coupons                         bigint[]     null: the run had chosen none
--      now, expires_at                 timestamptz
-- out: -
INSERT INTO flows_reviewitem (
    tenant_id, flow_id, run_id, profile_id, node_id, visit, coupon_id, created_at, expires_at
)
SELECT
    %(tenant_id)s, m.flow_id, m.run_id, m.profile_id, m.node, m.visit, m.coupon_id, %(now)s,
    %(expires_at)s
FROM unnest(
    %(run_ids)s::bigint[], %(flow_ids)s::bigint[], %(profile_ids)s::bigint[], %(nodes)s::text[],
    %(visits)s::integer[], %(coupons)s::bigint[]
) AS m (run_id, flow_id, profile_id, node, visit, coupon_id)
ON CONFLICT (tenant_id, run_id, node_id, visit) DO NOTHING;
