"""Reads of runs, their steps and the attempts to enter, for gates, pages and the API."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import Count, Exists, Max, Model, OuterRef, QuerySet, Subquery

from flows.choices import EntryOutcome, RunStatus
from flows.domain.nodes import RESULTS, Act, Alert
from flows.models import Flow, FlowEntry, FlowRun, RunStep
from flows.queries.versions import find_graphs
from messaging.models import Message
from messaging.queries.messages import message_payloads

PAGE = 50
MOST_ALERTS = 10
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of rows, newest first; the marks lead to its neighbours."""

    rows: list[Row]
    next: int | None
    previous: int | None


def page_of(
    found: QuerySet[Row], *, after: int | None = None, before: int | None = None
) -> Page[Row]:
    """Return a page, newest first.

    Args:
        found: rows to page through.
        after: id of the last row of the page before; older rows follow.
        before: id of the first row of the page after; the newer rows closest to it.
    """
    if before is not None:
        rows = list(found.filter(pk__gt=before).order_by("pk")[: PAGE + 1])
        newer = len(rows) > PAGE
        rows = rows[:PAGE][::-1]
        return Page(rows, rows[-1].pk if rows else None, rows[0].pk if newer else None)
    if after is not None:
        found = found.filter(pk__lt=after)
    rows = list(found.order_by("-pk")[: PAGE + 1])
    older = len(rows) > PAGE
    rows = rows[:PAGE]
    return Page(
        rows,
        rows[-1].pk if older else None,
        rows[0].pk if rows and after is not None else None,
    )


def sending_runs(run_ids: Collection[int]) -> dict[int, Any]:
    """Return what the gates need of runs, by run, as named tuples."""
    rows = FlowRun.objects.filter(pk__in=set(run_ids)).values_list(
        "pk",
        "version_id",
        "status",
        "exit_reason",
        "trigger",
        "trigger_event_id",
        "started_at",
        "flow__status",
        named=True,
    )
    return {row.pk: row for row in rows}


def runs_of(flow_id: int, *, status: str = "") -> QuerySet[FlowRun]:
    """Return the runs of a flow with their profiles; ``status`` empty is any."""
    runs = FlowRun.objects.filter(flow_id=flow_id).select_related("profile", "version")
    return runs.filter(status=status) if status else runs


def list_runs_of_profile(profile_id: int, *, limit: int = PAGE) -> list[FlowRun]:
    """Return the runs of a profile with their flows, newest first."""
    runs = FlowRun.objects.filter(profile_id=profile_id).select_related("flow", "version")
    return list(runs.order_by("-id")[:limit])


def find_run(flow_id: int, run_id: int) -> FlowRun | None:
    """Return one run of a flow with its profile and version, or None."""
    runs = FlowRun.objects.select_related("profile", "version", "flow")
    return runs.filter(flow_id=flow_id, pk=run_id).first()


Visit = tuple[str, int]
"""Node and number of a visit."""


def messages_of(runs: Collection[FlowRun]) -> dict[int, dict[Visit, dict[str, Any]]]:
    """Return the messages of runs with every gate, by run, node and visit."""
    rows = Message.objects.filter(
        profile_id__in={run.profile_id for run in runs},
        flow_run_id__in={run.pk for run in runs},
    )
    found: dict[int, dict[Visit, dict[str, Any]]] = {run.pk: {} for run in runs}
    for payload in message_payloads(list(rows.select_related("template").order_by("id"))):
        visit = int(str(payload["key"]).rsplit(":", 1)[-1])
        found[payload["flow_run_id"]][str(payload["node_id"]), visit] = payload
    return found


def steps_of(run_ids: Collection[int]) -> dict[int, list[RunStep]]:
    """Return the steps of runs by run, oldest first."""
    found: dict[int, list[RunStep]] = {run_id: [] for run_id in run_ids}
    for step in RunStep.objects.filter(run_id__in=run_ids).order_by("at", "id"):
        found[step.run_id].append(step)
    return found


def entries_of(flow_id: int, profile_id: int) -> list[FlowEntry]:
    """Return the attempts of a profile to enter a flow, newest first."""
    entries = FlowEntry.objects.filter(profile_id=profile_id, flow_id=flow_id)
    return list(entries.order_by("-id")[:PAGE])


def runs_of_person(flow_id: int, profile_id: int) -> list[FlowRun]:
    """Return the runs of a profile in a flow with their versions, newest first."""
    runs = FlowRun.objects.filter(flow_id=flow_id, profile_id=profile_id)
    return list(runs.select_related("version", "flow").order_by("-id")[:PAGE])


def refused_of(flow_id: int) -> QuerySet[FlowEntry]:
    """Return the attempts that started no run, also of those held out, with their profiles."""
    entries = FlowEntry.objects.filter(flow_id=flow_id).exclude(outcome=EntryOutcome.ENROLLED)
    return entries.select_related("profile")


def list_entries_of_profile(profile_id: int, *, limit: int = PAGE) -> list[FlowEntry]:
    """Return the attempts of a profile to enter any flow, newest first."""
    entries = FlowEntry.objects.filter(profile_id=profile_id).select_related("flow")
    return list(entries.order_by("-id")[:limit])


def list_runs_by(profile_id: int | None, event_ids: Collection[int]) -> list[FlowRun]:
    """Return the runs of a profile that some events started, newest first, with their flows."""
    if profile_id is None or not event_ids:
        return []
    runs = FlowRun.objects.filter(profile_id=profile_id, trigger_event_id__in=event_ids)
    return list(runs.select_related("flow").order_by("-id")[:PAGE])


@dataclass(frozen=True, slots=True)
class StepAlert:
    """What a step of a flow tells the members: its words, and how many came there lately."""

    flow_id: int
    flow: str
    node_id: str
    text: str
    people: int
    latest: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """What members should know of their flows.

    Attributes:
        failed: id and name of each flow with failed runs, and how many, by name.
        alerts: what steps tell the members, by flow; the newest words of each.
    """

    failed: list[tuple[int, str, int]]
    alerts: list[StepAlert]


def find_noticed(since: datetime) -> Noticed:
    """Return what members should know of their flows; alerts of steps since then."""
    failed = FlowRun.objects.filter(flow_id=OuterRef("pk"), status=RunStatus.FAILED)
    of_flow = failed.values("flow_id").annotate(number=Count("pk")).values("number")
    flows = Flow.objects.annotate(number=Subquery(of_flow), has_alerts=Exists(_alerts(since)))
    found = list(flows.order_by("name").values_list("pk", "name", "number", "has_alerts"))
    return Noticed(
        failed=[(pk, name, number) for pk, name, number, _ in found if number],
        alerts=_list_alerts(since) if found and found[0][3] else [],
    )


def _alerts(since: datetime) -> QuerySet[RunStep]:
    return RunStep.objects.filter(result=RESULTS[Alert], at__gte=since)


def _list_alerts(since: datetime) -> list[StepAlert]:
    steps = _alerts(since)
    rows = (
        steps.values("run__flow_id", "run__flow__name", "node_id")
        .annotate(
            people=Count("run__profile_id", distinct=True),
            latest=Max("pk"),
            version=Max("run__version_id"),
        )
        .order_by("run__flow__name", "node_id")[:MOST_ALERTS]
    )
    found = list(rows)
    graphs = find_graphs({row["version"] for row in found})
    alerts = []
    for row in found:
        graph = graphs.get(row["version"])
        node = graph.nodes.get(row["node_id"]) if graph is not None else None
        if isinstance(node, Act) and isinstance(node.effect, Alert):
            alerts.append(
                StepAlert(
                    row["run__flow_id"],
                    row["run__flow__name"],
                    row["node_id"],
                    node.effect.text,
                    row["people"],
                    row["latest"],
                )
            )
    return alerts
