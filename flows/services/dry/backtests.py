"""Backtests: a flow replayed over stored events, in batches of people, as a background job.

Nothing of it is written but its result, which is the file of the job.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, astuple
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from flows.domain.expecting import Brought, expect_revenue
from flows.domain.graph import Graph
from flows.domain.parsing import parse_graph
from flows.models import Flow
from flows.queries import dry as queries
from flows.queries.trying import BACKTEST
from flows.queries.versions import list_flow_ids
from flows.services.dry.facts import Facts, Person, Unanswered
from flows.services.dry.gates import find_stopped
from flows.services.dry.limits import ask_limits, read_rules
from flows.services.dry.loading import find_approximations, find_needs, load_events, load_people
from flows.services.dry.passage import DryWalk, Occurrence, Passage
from flows.services.dry.starts import MADE, Replay
from flows.services.dry.subject import Tried, check_definition, find_tried
from flows.services.dry.tally import Tally
from kernel import clock
from kernel.batches import uncollected
from kernel.errors import Invalid
from kernel.formats import find_zone
from kernel.tenancy import current_tenant_id
from messaging.queries.messages import count_by_flow
from messaging.queries.reports import credit_orders
from tenants.choices import JobStatus
from tenants.models import Job
from tenants.queries import get_tenant
from tenants.services import files
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

BATCH: Final = 5_000
"""People of one batch."""
ROUNDS_BEFORE_GUESSES: Final = 3
"""So often a walk stops at its first question, which most never do."""
MOST_ROUNDS: Final = 60
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
    total = Replay(flow.pk, tried.graph, since, until).count_starters()
    name = f"backtest-{flow.pk}.json"
    return start_job(BACKTEST, params, actor=actor, total=total, result_name=name)


@uncollected()
def backtest_batch(turn: JobTurn) -> JobStep:
    """Replay the next people of a backtest; its cursor holds the last one and the sums so far."""
    params, kept = turn.params, turn.cursor or {"after": 0, "tally": Tally().dump()}
    graph = parse_graph(params["graph"])
    since, until = (datetime.fromisoformat(params[name]) for name in ("since", "until"))
    tally = Tally.load(kept["tally"])
    starters = Replay(params["flow"], graph, since, until, BATCH).list_starters(kept["after"])
    profile_ids = starters.profile_ids
    passages = replay(
        params["flow"], graph, profile_ids, since=since, until=until, made=starters.made
    )
    lost = {each.person.id for each in passages if each.is_lost}
    passages = [each for each in passages if not each.is_lost]
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    stopped = find_stopped(passages)
    limits = ask_limits(
        params["flow"], passages, stopped, read_rules(zone), since=since, until=until
    )
    stopped |= limits.stopped
    tally.add(passages, stopped, zone, limits.later)
    tally.lost += len(lost)
    ids = [each for each in profile_ids if each not in lost]
    sent = queries.count_sent(params["flow"], ids, since=since, until=until)
    tally.compare(passages, stopped, sent)
    if starters.after is None:
        result = {
            "flow_id": str(params["flow"]),
            "since": params["since"],
            "until": params["until"],
            "timezone": zone.key,
            "approximations": find_approximations(graph),
            "expected": _expect(params["flow"], tally.due, since, until),
            **tally.dump(),
        }
        return JobStep(len(profile_ids), None, output=json.dumps(result))
    return JobStep(len(profile_ids), {"after": starters.after, "tally": tally.dump()})


def _expect(flow_id: int, due: int, since: datetime, until: datetime) -> dict[str, Any] | None:
    """Return what the messages that are due may bring, by what flows brought in the same time."""
    ids = list_flow_ids()
    sent = {flow: counts.get("sent", 0) for flow, counts in count_by_flow(ids, since=since).items()}
    won = {flow: Brought(number, 0, 0) for flow, number in sent.items()}
    for row in credit_orders(None, since=since, until=until, zone="UTC"):
        so_far = won.get(row.flow_id, Brought(0, 0, 0))
        net = so_far.revenue_minor + row.gross - row.refunded
        won[row.flow_id] = Brought(so_far.sent, so_far.orders + row.orders, net)
    rows = [astuple(each) for each in won.values()] or [(0, 0, 0)]
    everything = Brought(*(sum(column) for column in zip(*rows, strict=True)))
    found = expect_revenue(due, won.get(flow_id, Brought(0, 0, 0)), everything)
    return None if found is None else asdict(found)


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
    flow_id: int,
    graph: Graph,
    profile_ids: Sequence[int],
    *,
    since: datetime,
    until: datetime,
    made: Mapping[int, Sequence[Occurrence]] | None = None,
) -> list[Passage]:
    """Return what would have become of some people in a flow; a handful of statements for all.

    Args:
        flow_id: draws the lots of splits.
        graph: the definition.
        profile_ids: of the active tenant.
        since: aware; nobody is in the flow then.
        until: aware; runs that are on their way then stay so.
        made: what is made up instead of what the store has of it, by person; None for nothing.
    """
    if not profile_ids:
        return []
    needs = find_needs(graph)
    people: dict[int, Person] = load_people(needs, profile_ids)
    events = load_events(needs, people.keys(), since=since, until=until)
    if made is not None:
        events = _exchange(events, made)
    walk = DryWalk.of(Facts(flow_id, graph, people, now=until, is_past=True))
    return _live_all(walk, events, needs.starts, until)


def _live_all(
    walk: DryWalk,
    events: Mapping[int, Sequence[Occurrence]],
    starts: Collection[str],
    until: datetime,
) -> list[Passage]:
    """Live everybody through; whose walk asks what is not known yet begins anew once it is.

    What one run asks when it begins is asked for all that may begin, so that few begin anew often.
    Who does goes on with guesses from then on and asks all at once: somebody with thousands of runs
    needs about as many rounds as a run has choices in a row. Whose answers hang on each other for
    longer than that is lost.
    """
    numbers, facts = count(1), walk.facts
    waiting, found = list(facts.people.values()), dict[int, Passage]()
    for done in range(MOST_ROUNDS):
        facts.is_guessing = done >= ROUNDS_BEFORE_GUESSES
        still = []
        for person in waiting:
            passage = found[person.id] = Passage(person, walk, numbers)
            _live(passage, events.get(person.id, ()), starts, until)
            if facts.is_open(person.id):
                facts.forget(passage.runs)
                still.append(person)
        waiting = still
        facts.answer()
        if not waiting:
            break
    for person in waiting:
        found[person.id].is_lost = True
    return [found[person_id] for person_id in facts.people]


def _live(
    passage: Passage, happened: Sequence[Occurrence], starts: Collection[str], until: datetime
) -> None:
    """Live one person through, as far as is known; what is not, is noted as a question."""
    facts, person = passage.facts, passage.person
    person.happened.clear()
    try:
        passage.live(happened, until)
    except Unanswered as left:
        times = {each.ref.occurred_at for each in happened if each.ref.name in starts}
        facts.ask(left.conditions, person.id, times if left.at in times else (left.at,))


def _exchange(
    events: Mapping[int, Sequence[Occurrence]], made: Mapping[int, Sequence[Occurrence]]
) -> dict[int, list[Occurrence]]:
    """Put what is made up in the place of what the store has of it, by person and time."""
    found = {}
    for person in events.keys() | made.keys():
        kept = [each for each in events.get(person, ()) if each.ref.name not in MADE]
        found[person] = sorted(
            [*kept, *made.get(person, ())], key=lambda each: each.ref.occurred_at
        )
    return found
