"""Live editing: taking those who are on their way along to a new version.

Nobody is moved unless the editor asks for it, after having seen how many stand where. Moving is a
background job in batches, each with the locks that the engine takes, so that nobody is advanced by
one version while being moved to another.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from flows.domain.moving import EXITS, FALLS, find_place
from flows.domain.parsing import parse_graph
from flows.errors import GraphError
from flows.models import Flow, FlowVersion
from flows.queries.standing import count_standing, tell_standing
from flows.queries.versions import find_graphs, get_graphs
from flows.services.exits import exit_runs
from flows.services.flows import publish
from flows.types import MovePreview
from kernel import clock
from kernel.arrays import columns
from kernel.errors import Conflict, Invalid, NotFound
from kernel.sql import run_sql
from tenants.models import Job
from tenants.services.jobs import WAITING, start_job
from tenants.types import JobStep, JobTurn

KIND: Final = "flows.move"
BATCH: Final = 1_000
"""Runs that are locked at once: a worker waits this long at the most."""
GONE: Final = "the step was removed and none follows"


def preview_move(flow_id: int, graph: Mapping[str, Any]) -> MovePreview:
    """Count what would become of those on their way if a definition were published and they moved.

    Args:
        flow_id: the flow.
        graph: the new definition; it need not be ready to be published, but readable.

    Raises:
        NotFound: there is no such flow.
        Invalid: the definition cannot be read; ``fields`` names every place.
    """
    if not Flow.objects.filter(pk=flow_id).exists():
        raise NotFound("This flow does not exist.")
    try:
        new = parse_graph(graph)
    except GraphError as exc:
        faults = {problem.path: problem.text for problem in exc.problems}
        raise Invalid("This definition cannot be read.", fields=faults) from exc
    return tell_standing(count_standing(flow_id), new)


def live_graph(flow_id: int) -> dict[str, Any]:
    """Return the definition that is live.

    Raises:
        Conflict: nothing was published yet.
    """
    live = FlowVersion.objects.filter(flow_id=flow_id, number=F("flow__version_number"))
    graph: dict[str, Any] | None = live.values_list("graph", flat=True).first()
    if graph is None:
        raise Conflict("Nothing was published yet; say which definition shall be.")
    return graph


@transaction.atomic
def publish_and_move(
    flow_id: int, graph: Mapping[str, Any], *, actor: str
) -> tuple[FlowVersion, Job | None]:
    """Publish a definition and begin to take along those who are on their way.

    Args:
        flow_id: the flow.
        graph: the definition.
        actor: e-mail address of the member, or the name of the key.

    Returns:
        The version, and the job that moves them; None where everybody is in it already.

    Raises:
        NotFound: there is no such flow.
        Invalid: the definition cannot run; ``fields`` names every place.
    """
    version = publish(flow_id, graph, actor=actor)
    return version, move_to(version, actor=actor)


@transaction.atomic
def move_to(version: FlowVersion, *, actor: str) -> Job | None:
    """Begin to take those along who are on their way in older versions; None where nobody is.

    One that is still at it is not begun again.
    """
    begun = Job.objects.filter(kind=KIND, params__version=version.pk, status__in=WAITING).first()
    if begun is not None:
        return begun
    people = sum(each.people for each in count_standing(version.flow_id, before=version.pk))
    if not people:
        return None
    name = Flow.objects.values_list("name", flat=True).get(pk=version.flow_id)
    params = {"flow": version.flow_id, "version": version.pk, "name": name}
    return start_job(KIND, params, actor=actor, total=people)


def move_batch(turn: JobTurn) -> JobStep:
    """Move one batch; who is in a later version meanwhile stays there."""
    version_id = int(turn.params["version"])
    rows = run_sql(
        "flows.lock_standing",
        flow_id=turn.params["flow"],
        version_id=version_id,
        after=turn.cursor or 0,
        count=BATCH,
    )
    _move(rows, version_id)
    return JobStep(rows=len(rows), cursor=rows[-1].id if len(rows) == BATCH else None)


def _move(rows: Sequence[Any], version_id: int) -> None:
    new = get_graphs([version_id])[version_id]
    old = find_graphs({row.version_id for row in rows})
    places = {
        (row.version_id, row.current_node): find_place(
            old.get(row.version_id), row.current_node, new
        )
        for row in rows
    }
    number = FlowVersion.objects.values_list("number", flat=True).get(pk=version_id)
    moving: list[tuple[int, str, bool, bool]] = []
    leaving: dict[int, str] = {}
    for row in rows:
        place = places[row.version_id, row.current_node]
        if place.outcome == EXITS:
            leaving[row.id] = GONE
        else:
            moving.append((row.id, place.node, place.keeps_wait, place.outcome == FALLS))
    now = clock.now()
    if moving:
        run_sql(
            "flows.move_runs",
            version_id=version_id,
            result=f"moved: version {number}",
            now=now,
            **columns("run_ids nodes keeps falls", moving),
        )
    exit_runs(leaving, now=now)
