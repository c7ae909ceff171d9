-- flows/sql/open_tasks.sql
-- Open tasks of steps; a repeat opens none.
--
-- in:  tenant_id                  bigint         added by kernel.sql.run_sql
--      run_ids, profile_ids       bigint[]       one element per task
--      nodes, titles, assignees   text[]
--      visits                     integer[]
--      dues                       timestamptz[]  null: no time is set
--      actors                     text[]
--      now                        timestamptz
-- out: -
INSERT INTO flows_task (
    tenant_id, profile_id, run_id, node_id, visit, title, assignee, due_at, created_at, created_by
)
SELECT
    %(tenant_id)s, t.profile_id, t.run_id, t.node, t.visit, t.title, t.assignee, t.due, %(now)s,
    t.actor
FROM unnest(
    %(run_ids)s::bigint[], %(profile_ids)s::bigint[], %(nodes)s::text[], %(visits)s::integer[],
    %(titles)s::text[], %(assignees)s::text[], %(dues)s::timestamptz[], %(actors)s::text[]
) AS t (run_id, profile_id, node, visit, title, assignee, due, actor)
ON CONFLICT (tenant_id, run_id, node_id, visit) DO NOTHING;
