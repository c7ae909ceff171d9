-- flows/sql/move_runs.sql
-- Give runs that are locked another version, and the place that they have there.
--
-- in:  tenant_id   bigint       added by kernel.sql.run_sql
--      version_id  bigint
--      run_ids     bigint[]     one element per run
--      nodes       text[]       where they stand then
--      keeps       boolean[]    a wait that was begun goes on as it was
--      falls       boolean[]    the node where they stood is gone
--      result      text         the step that says so of those who fall
--      now         timestamptz
-- out: -
--
-- When they are due stays as it was: nobody is hurried by an edit. Who comes to another node visits
-- it once more than before.
WITH told AS (
    INSERT INTO flows_runstep (tenant_id, run_id, node_id, visit, result, at)
    SELECT %(tenant_id)s, r.id, r.current_node, r.visit, %(result)s, %(now)s
    FROM unnest(
        %(run_ids)s::bigint[], %(falls)s::boolean[]
    ) AS m (run_id, falls)
    JOIN flows_flowrun AS r ON r.id = m.run_id
    WHERE r.tenant_id = %(tenant_id)s AND m.falls
    ON CONFLICT (tenant_id, run_id, node_id, visit) DO NOTHING
)

UPDATE flows_flowrun AS r
SET version_id = %(version_id)s,
    current_node = m.node,
    visit = CASE
        WHEN m.falls THEN 1 + coalesce(
            (
                SELECT max(s.visit)
                FROM flows_runstep AS s
                WHERE s.tenant_id = %(tenant_id)s AND s.run_id = r.id AND s.node_id = m.node
            ),
            0
        )
        ELSE r.visit
    END,
    is_waiting = r.is_waiting AND m.keeps,
    waits_for = CASE WHEN m.keeps THEN r.waits_for ELSE '' END,
    context = CASE WHEN m.keeps THEN r.context ELSE r.context - 'wait' END
FROM unnest(
    %(run_ids)s::bigint[], %(nodes)s::text[], %(keeps)s::boolean[], %(falls)s::boolean[]
) AS m (run_id, node, keeps, falls)
WHERE r.tenant_id = %(tenant_id)s
  AND r.id = m.run_id;
