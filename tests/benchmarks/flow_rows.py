"""People, flows and waiting runs in numbers, for the benches of the flow engine."""

from typing import Any, Final

from django.db import transaction

from flows.choices import FlowStatus
from flows.models import Flow, FlowVersion
from flows.services.flows import create_flow, publish, set_status
from kernel import clock
from kernel.scope import tenant_scope
from tests.benchmarks.world import bare, make_merchant

PEOPLE: Final = b"""
INSERT INTO crm_profile (tenant_id, email, email_norm, created_at, updated_at)
SELECT %(tenant_id)s, 'p' || n || '@example.com', 'p' || n || '@example.com', now(), now()
FROM generate_series(1, %(count)s) AS n
"""
WAITING: Final = b"""
INSERT INTO flows_flowrun (
    tenant_id, flow_id, version_id, profile_id, run_key, trigger_event_id, trigger, current_node,
    is_waiting, context, wake_at, started_at
)
SELECT p.tenant_id, %(flow_id)s, %(version_id)s, p.id, 'bench:' || k, NULL,
    '{"event": "Order Placed"}', 'day', true,
    jsonb_build_object('wait', jsonb_build_object(
        'since', %(now)s::timestamptz::text, 'until', %(now)s::timestamptz::text
    )),
    %(now)s::timestamptz + interval '30 days' + (p.id %% 86400) * interval '1 second', %(now)s
FROM crm_profile AS p
CROSS JOIN generate_series(1, %(times)s) AS k
WHERE p.tenant_id = %(tenant_id)s
"""
NODES: Final[dict[str, Any]] = {
    "day": {"type": "delay", "n": 1, "unit": "days", "next": "note"},
    "note": {
        "type": "message",
        "template": "win_back",
        "message_class": "promotional",
        "next": "week",
    },
    "week": {"type": "delay", "n": 7, "unit": "days", "next": "end"},
    "end": {"type": "exit", "reason": "done"},
}


class Rows:
    """One tenant with people, live flows of four nodes, and runs that wait in the first of them."""

    def __init__(self, people: int, *, flows: int = 1) -> None:
        self.tenant_id = make_merchant().tenant_id
        with bare() as cursor:
            cursor.execute(PEOPLE, {"tenant_id": self.tenant_id, "count": people})
        with tenant_scope(self.tenant_id), transaction.atomic():
            Flow.objects.update(status=FlowStatus.DRAFT)  # those of every new tenant
            self.flow_ids = [self._make_flow(number) for number in range(flows)]
            versions = FlowVersion.objects.filter(flow_id__in=self.flow_ids).order_by("flow_id")
            self.version_ids = list(versions.values_list("pk", flat=True))

    def let_wait(self, times: int) -> None:
        """Let everybody wait in the first flow so many times over, not due for a month."""
        with bare(replica=True) as cursor:
            cursor.execute(WAITING, {**self.params, "times": times, "now": clock.now()})

    @property
    def params(self) -> dict[str, Any]:
        """What names the rows in a statement."""
        return {
            "tenant_id": self.tenant_id,
            "flow_id": self.flow_ids[0],
            "version_id": self.version_ids[0],
        }

    def _make_flow(self, number: int) -> int:
        flow = create_flow(name=f"Bench {number}", holdout=0)
        graph = {
            "trigger": {"event": "Order Placed"},
            "reentry": {"policy": "every_time"},
            "exit_on": [],
            "entry_node": "day",
            "nodes": NODES,
        }
        publish(flow.pk, graph)
        set_status(flow.pk, FlowStatus.LIVE)
        return flow.pk
