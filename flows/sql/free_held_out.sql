-- flows/sql/free_held_out.sql
-- After a merge was undone: give the rows of both profiles the keys back that the merge changed.
--
-- in:  tenant_id    bigint    added by kernel.sql.run_sql
--      profile_ids  bigint[]
-- out: -
UPDATE flows_heldout AS h
SET run_key = left(h.run_key, -length(':merged:' || h.profile_id))
WHERE h.tenant_id = %(tenant_id)s
  AND h.profile_id = ANY(%(profile_ids)s::bigint[])
  AND right(h.run_key, length(':merged:' || h.profile_id)) = ':merged:' || h.profile_id
  AND NOT EXISTS (
      SELECT 1
      FROM flows_heldout AS o
      WHERE o.tenant_id = %(tenant_id)s
        AND o.flow_id = h.flow_id
        AND o.profile_id = h.profile_id
        AND o.run_key = left(h.run_key, -length(':merged:' || h.profile_id))
  );
