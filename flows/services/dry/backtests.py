"""Backtests: a flow replayed over stored events, in batches of people, as a background job.

Nothing of it is written but its result, which is the file of the job.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from flows.domain.graph import Graph
from flows.domain.parsing import parse_graph
from flows.models import Flow
from flows.queries import dry as queries
from flows.queries.trying import BACKTEST
from flows.services.dry.facts import Facts, Person
from flows.services.dry.gates import find_stopped
from flows.services.dry.loading import find_approximations, find_needs, load_events, load_people
from flows.services.dry.passage import Passage
from flows.services.dry.subject import Tried, check_definition, find_tried
from flows.services.dry.tally import Tally
from kernel import clock
from kernel.errors import Invalid
from kernel.formats import find_zone
from kernel.tenancy import current_tenant_id
from tenants.choices import JobStatus
from tenants.models import Job
from tenants.queries import get_tenant
from tenants.services import files
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

BATCH: Final = 2_000
"""People of one batch."""
USUAL_DAYS: Final = 90
MOST_DAYS: Final = 365


def start_backtest(
    flow: Flow,
    *,
    actor: str,
    days: int = USUAL_DAYS,
    graph: Mapping[str, Any] | None = None,
    is_live: bool = False,
) -> Job:
    """Start the replay of a flow over the last days.

    Args:
        flow: of the active tenant.
        actor: who starts it.
        days: 1 to 365.
        graph: the definition; None is the draft, where it says something new, else what runs.
        is_live: take what runs, whatever the draft says.

    Raises:
        Conflict: nothing was made of the flow yet, and no definition is given.
        Invalid: the days are too many or too few, or the definition cannot run.
    """
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("Too many days or too few.", fields={"days": f"1 to {MOST_DAYS}"})
    if graph is None:
        tried = find_tried(flow, is_live=is_live)
    else:
        tried = Tried(graph, check_definition(graph), is_draft=True)
    until = clock.now()
    since = until - timedelta(days=days)
    params = {
        "flow": flow.pk,
        "name": flow.name,
        "days": days,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "is_draft": tried.is_draft,
        "graph": dict(tried.raw),
    }
    starts = find_needs(tried.graph).starts
    total = queries.count_starters(starts, since=since, until=until)
    name = f"backtest-{flow.pk}.json"
    return start_job(BACKTEST, params, actor=actor, total=total, result_name=name)


def backtest_batch(turn: JobTurn) -> JobStep:
    """Replay the next people of a backtest; its cursor holds the last one and the sums so far."""
    params, kept = turn.params, turn.cursor or {"after": 0, "tally": Tally().dump()}
    graph = parse_graph(params["graph"])
    since, until = (datetime.fromisoformat(params[name]) for name in ("since", "until"))
    tally = Tally.load(kept["tally"])
    needs = find_needs(graph)
    profile_ids = queries.list_starters(
        needs.starts, since=since, until=until, after=kept["after"], limit=BATCH
    )
    passages = replay(params["flow"], graph, profile_ids, since=since, until=until)
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    stopped = find_stopped(passages)
    tally.add(passages, stopped, zone)
    sent = queries.count_sent(params["flow"], profile_ids, since=since, until=until)
    tally.compare(passages, stopped, sent)
    if len(profile_ids) < BATCH:
        result = {
            "flow_id": str(params["flow"]),
            "since": params["since"],
            "until": params["until"],
            "timezone": zone.key,
            "approximations": find_approximations(graph),
            **tally.dump(),
        }
        return JobStep(len(profile_ids), None, output=json.dumps(result))
    return JobStep(len(profile_ids), {"after": profile_ids[-1], "tally": tally.dump()})


def read_result(job: Job) -> dict[str, Any] | None:
    """Return what a backtest found; None while it runs, and once its file is gone."""
    if job.status != JobStatus.DONE or not job.result_path:
        return None
    try:
        found: dict[str, Any] = json.loads(files.locate(job.result_path).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return found


def replay(
    flow_id: int, graph: Graph, profile_ids: Sequence[int], *, since: datetime, until: datetime
) -> list[Passage]:
    """Return what would have become of some people in a flow; a handful of statements for all.

    Args:
        flow_id: draws the lots of splits.
        graph: the definition.
        profile_ids: of the active tenant.
        since: aware; nobody is in the flow then.
        until: aware; runs that are on their way then stay so.
    """
    if not profile_ids:
        return []
    needs = find_needs(graph)
    people: dict[int, Person] = load_people(needs, profile_ids)
    events = load_events(needs, people.keys(), since=since, until=until)
    facts = Facts(flow_id, graph, people, now=until)
    numbers = count(1)
    passages = [Passage(person, facts, numbers) for person in people.values()]
    for passage in passages:
        passage.live(events.get(passage.person.id, ()), until)
    return passages
