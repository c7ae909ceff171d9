-- flows/sql/list_differences.sql
-- Find runs and entries that contradict each other or their messages.
--
-- in:  tenant_id  bigint       added by kernel.sql.run_sql
-- out: subject, id, fault      one row per difference; none when all agree
--
-- An active run has a time at which it is due; one that is over has none. A message that was
-- queued has its step, and a step that queued has its message. A run has the entry that began it.
SELECT 'run' AS subject, r.id, 'is active and never due' AS fault
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s AND r.status = 'active' AND r.wake_at IS NULL
UNION ALL
SELECT 'run', r.id, 'is over and still due'
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s AND r.status <> 'active' AND r.wake_at IS NOT NULL
UNION ALL
SELECT 'run', r.id, 'is over and never ended'
FROM flows_flowrun AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.status IN ('completed', 'exited')
  AND r.finished_at IS NULL
UNION ALL
SELECT 'step', s.id, 'queued a message that is not there'
FROM flows_runstep AS s
LEFT JOIN messaging_message AS m
    ON m.tenant_id = %(tenant_id)s
    AND m.key = 'flow:' || s.run_id || ':' || s.node_id || ':' || s.visit
WHERE s.tenant_id = %(tenant_id)s AND s.result = 'queued' AND m.id IS NULL
UNION ALL
SELECT 'message', m.id, 'has no step of its run'
FROM messaging_message AS m
LEFT JOIN flows_runstep AS s
    ON s.tenant_id = %(tenant_id)s
    AND s.run_id = m.flow_run_id
    AND s.node_id = m.node_id
    AND s.result = 'queued'
WHERE m.tenant_id = %(tenant_id)s AND m.flow_run_id IS NOT NULL AND s.id IS NULL
UNION ALL
SELECT 'run', r.id, 'has no entry'
FROM flows_flowrun AS r
LEFT JOIN flows_flowentry AS e
    ON e.tenant_id = %(tenant_id)s
    AND e.flow_id = r.flow_id
    AND e.event_id = r.trigger_event_id
    AND e.outcome = 'enrolled'
WHERE r.tenant_id = %(tenant_id)s AND r.trigger_event_id IS NOT NULL AND e.id IS NULL
ORDER BY 1, 2;
