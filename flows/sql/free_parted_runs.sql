-- After a merge was undone: give the runs of both profiles the keys back that the merge changed,
-- so that nobody enters a second time.
--
-- in:  tenant_id    bigint    added by kernel.sql.run_sql
--      profile_ids  bigint[]
-- out: -
UPDATE flows_flowrun AS r
SET run_key = left(r.run_key, -length(':merged:' || r.profile_id))
WHERE r.tenant_id = %(tenant_id)s
  AND r.profile_id = ANY(%(profile_ids)s::bigint[])
  AND right(r.run_key, length(':merged:' || r.profile_id)) = ':merged:' || r.profile_id
  AND NOT EXISTS (
      SELECT 1
      FROM flows_flowrun AS o
      WHERE o.tenant_id = %(tenant_id)s
        AND o.flow_id = r.flow_id
        AND o.profile_id = r.profile_id
        AND o.run_key = left(r.run_key, -length(':merged:' || r.profile_id))
  );
