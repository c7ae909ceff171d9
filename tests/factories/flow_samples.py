"""One of each thing of flows, for tests that only need that it exists."""

from datetime import timedelta
from typing import Any

from crm.models import Profile
from flows.models import AccessList, Flow, FlowRun, FlowVersion, ReviewItem, RunStep, Task
from kernel import clock
from messaging.models import Message, Template

GRAPH: dict[str, Any] = {
    "trigger": {"event": "Order Placed"},
    "reentry": {"policy": "every_time"},
    "exit_on": [],
    "entry_node": "n1",
    "nodes": {
        "n1": {
            "type": "message",
            "template": "hello",
            "message_class": "promotional",
            "next": "n2",
        },
        "n2": {"type": "exit"},
    },
}


def make_run(profile: Profile) -> dict[str, int]:
    now = clock.now()
    flow = Flow.objects.create(name="Hello", version_number=1)
    version = FlowVersion.objects.create(flow=flow, number=1, graph=GRAPH, checksum="0")
    run = FlowRun.objects.create(
        flow=flow, version=version, profile=profile, run_key="once", started_at=now
    )
    RunStep.objects.create(run=run, node_id="n1", visit=1, result="queued", at=now)
    template = Template.objects.create(
        key="hello",
        name="Hello",
        message_class="promotional",
        subject="Hello",
        mjml="",
        html="",
        text="",
    )
    message = Message.objects.create(
        key=f"flow:{run.pk}:n1:1",
        profile=profile,
        channel="email",
        message_class="promotional",
        template=template,
        flow_id=flow.pk,
        flow_run_id=run.pk,
        node_id="n1",
    )
    ReviewItem.objects.create(
        flow=flow,
        run=run,
        profile=profile,
        node_id="n1",
        visit=2,
        created_at=now,
        expires_at=now + timedelta(days=7),
    )
    access = AccessList.objects.create(
        name="First",
        url="https://shop.example/first",
        segment_ids=[],
        opens_at=now + timedelta(days=1),
        public_at=now + timedelta(days=2),
    )
    task = Task.objects.create(
        profile=profile, title="Call them", created_at=now, created_by="ada@example.com"
    )
    return {
        "flow_id": flow.pk,
        "run_id": run.pk,
        "message_id": message.pk,
        "task_id": task.pk,
        "access_list_id": access.pk,
    }
