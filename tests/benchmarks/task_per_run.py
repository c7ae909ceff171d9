"""What many would build instead: one Celery task for each run, at its time.

Patron's workers do not know the task: only a worker that is told to include this module does. It
does the least that keeps the promise: it claims its run, moves it on and queues its message in one
statement. It is acknowledged before it runs, which is faster and loses it with its worker.
"""

from django.db import transaction

from config.celery import app
from kernel import clock
from kernel.sql import execute
from kernel.tasks import TenantTask

QUEUE = "bench"
STEP = """
WITH claimed AS (
    SELECT r.id, r.flow_id, r.profile_id, r.wake_at
    FROM flows_flowrun AS r
    WHERE r.tenant_id = %(tenant_id)s AND r.status = 'active' AND r.wake_at <= %(now)s
      AND {which}
    LIMIT %(batch)s
    FOR NO KEY UPDATE SKIP LOCKED
),

moved AS (
    UPDATE flows_flowrun AS r
    SET current_node = 'week', visit = 1, is_waiting = true,
        wake_at = %(now)s::timestamptz + interval '7 days'
    FROM claimed AS c
    WHERE r.tenant_id = %(tenant_id)s AND r.id = c.id
),

stepped AS (
    INSERT INTO flows_runstep (tenant_id, run_id, node_id, visit, result, at)
    SELECT %(tenant_id)s, c.id, n.node, 1, n.result, %(now)s
    FROM claimed AS c
    CROSS JOIN (VALUES ('day', 'waited'), ('note', 'queued')) AS n (node, result)
),

queued AS (
    INSERT INTO messaging_message (
        tenant_id, key, profile_id, channel, message_class, template_id, flow_id, flow_run_id,
        node_id, context, status, due_at, planned_at, created_at
    )
    SELECT %(tenant_id)s, 'flow:' || c.id || ':note:1', c.profile_id, 'email', 'promotional',
        %(template_id)s, c.flow_id, c.id, 'note', '{{}}', 'pending', c.wake_at, c.wake_at, %(now)s
    FROM claimed AS c
)

SELECT count(*) FROM claimed
"""
"""``which`` says which runs; what is written is what Patron writes for the flow of `NODES`."""
OF_BATCH = STEP.format(which="true ORDER BY r.wake_at")
OF_ONE = STEP.format(which="r.id = %(run_id)s")


@app.task(base=TenantTask, name="bench.advance_one", queue=QUEUE, acks_late=False)
def advance_one(tenant_id: int, run_id: int, template_id: int) -> None:
    """Take one run that is due over its message to its next wait."""
    del tenant_id  # its scope is open
    with transaction.atomic():
        execute(OF_ONE, run_id=run_id, template_id=template_id, batch=1, now=clock.now())
