"""Creating, publishing and switching flows."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction

from flows.choices import ON, RUNNING, FlowStatus, RunStatus
from flows.domain.graph import Graph
from flows.domain.parsing import check_graph
from flows.errors import GraphError
from flows.models import Flow, FlowRun, FlowVersion
from flows.queries.versions import find_graphs
from flows.services.ab_tests import keep_tests
from flows.services.dates import keep_scan
from flows.services.surroundings import check_surroundings
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.sql import count_sql, run_sql
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from tenants.services import audit

HOLDOUT: Final = 500
"""Share of new flows, in hundredths of a percent, so that their effect is measured."""
MOST_HOLDOUT: Final = 5_000


@transaction.atomic
def create_flow(*, name: str, key: str = "", description: str = "", holdout: int = HOLDOUT) -> Flow:
    """Create a flow as a draft without a version.

    Args:
        name: unique within the tenant.
        key: stable word of a library flow; empty for the merchant's own.
        description: what it is for, in one sentence.
        holdout: share of those who would enter that gets nothing, in hundredths of a percent.

    Raises:
        Conflict: a flow of this name exists.
    """
    try:
        with transaction.atomic():
            flow = Flow.objects.create(name=name, key=key, description=description, holdout=holdout)
    except IntegrityError as exc:
        raise Conflict(f"A flow named {name} exists already.") from exc
    described = {"name": name, "description": description}
    audit.record("flow.created", "flow", flow.pk, after=described)
    return flow


@transaction.atomic
def publish(flow_id: int, graph: Mapping[str, Any], *, actor: str = "system") -> FlowVersion:
    """Freeze a definition as the version that new runs take; runs on their way keep theirs.

    Publishing what is published already returns the version that exists.

    Args:
        flow_id: the flow.
        graph: the definition, as in the contract.
        actor: who publishes.

    Raises:
        NotFound: there is no such flow.
        Invalid: the definition cannot run; ``fields`` names every place.
    """
    flow = _lock_flow(flow_id)
    try:
        check_surroundings(checked := check_graph(graph))
    except GraphError as exc:
        faults = {problem.path: problem.text for problem in exc.problems}
        raise Invalid("This flow cannot run as it is.", fields=faults) from exc
    checksum = hashlib.sha256(json.dumps(graph, sort_keys=True).encode()).hexdigest()
    current = FlowVersion.objects.filter(flow_id=flow_id, number=flow.version_number).first()
    if current and current.checksum == checksum:
        return current
    version = FlowVersion.objects.create(
        flow_id=flow_id,
        number=flow.version_number + 1,
        graph=dict(graph),
        checksum=checksum,
        created_by=actor,
    )
    audit.record(
        "flow.published",
        "flow",
        flow_id,
        before={"version": current.number, "graph": current.graph} if current else None,
        after={"version": version.number, "graph": version.graph},
        actor="" if actor == audit.SYSTEM else actor,
    )
    flow.version_number = version.number
    flow.save(update_fields=["version_number", "updated_at"])
    keep_scan(flow, checked)
    keep_tests(flow, checked)
    return version


@transaction.atomic
def set_status(flow_id: int, status: FlowStatus) -> Flow:
    """Switch a flow on or off; switched off, those inside leave and it says why.

    Paused, nobody enters, and who comes due stays where they stand. Once it goes on they are due as
    they were: messages that are too late by then are skipped by their own rule. What waits for
    review is not released by any switch.

    Raises:
        NotFound: there is no such flow.
        Conflict: it has no published version and so cannot go live.
    """
    flow = _lock_flow(flow_id)
    if status in ON and not flow.version_number:
        raise Conflict("Publish the flow before you switch it on.")
    audit.record_change(
        "flow.status_changed",
        "flow",
        flow_id,
        before={"status": str(flow.status)},
        after={"status": status.value},
    )
    was_paused = flow.status == FlowStatus.PAUSED
    flow.status = status
    flow.save(update_fields=["status", "updated_at"])
    if was_paused and status in RUNNING and count_sql("flows.unpause_runs", flow_id=flow_id):
        ring("flows", current_tenant_id())
    if status not in ON:
        run_sql("flows.exit_flow", flow_id=flow_id, reason="the flow is not live", now=clock.now())
    graph = _live_graph(flow)
    keep_scan(flow, graph)
    keep_tests(flow, graph)
    return flow


@transaction.atomic
def set_holdout(flow_id: int, share: int) -> Flow:
    """Say what share of those who would enter gets nothing, so that the effect can be measured.

    Who is on the way stays so; a larger share holds out those who were and some more.

    Args:
        flow_id: the flow.
        share: in hundredths of a percent; 0 holds nobody out.

    Raises:
        NotFound: there is no such flow.
        Invalid: it is more than half.
    """
    if not 0 <= share <= MOST_HOLDOUT:
        raise Invalid(
            "At most half of the people can be held out.", fields={"holdout": "0 to 50 percent"}
        )
    flow = _lock_flow(flow_id)
    audit.record_change(
        "flow.holdout_changed",
        "flow",
        flow_id,
        before={"holdout": flow.holdout},
        after={"holdout": share},
    )
    flow.holdout = share
    flow.save(update_fields=["holdout", "updated_at"])
    return flow


@transaction.atomic
def resume_failed_of(flow_id: int) -> int:
    """Let all failed runs of a flow try their node again.

    Returns:
        Runs that were failed and are now due.
    """
    resumed = FlowRun.objects.filter(flow_id=flow_id, status=RunStatus.FAILED).update(
        status=RunStatus.ACTIVE, exit_reason="", wake_at=clock.now(), finished_at=None
    )
    if resumed:
        audit.record("flow.resumed", "flow", flow_id, after={"runs": resumed})
        ring("flows", current_tenant_id())
    return resumed


def _live_graph(flow: Flow) -> Graph | None:
    live = FlowVersion.objects.filter(flow_id=flow.pk, number=flow.version_number)
    return next(iter(find_graphs(live.values_list("pk", flat=True)).values()), None)


def _lock_flow(flow_id: int) -> Flow:
    flow = Flow.objects.select_for_update(no_key=True).filter(pk=flow_id).first()
    if flow is None:
        raise NotFound("This flow does not exist.")
    return flow
