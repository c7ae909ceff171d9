"""The simulated shopper: somebody, made up or real, who walks a flow without anything happening.

The engine decides as it does of everybody (`passage`); what would come from outside is chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from crm.types import EventRef
from flows.choices import Refusal, RunStatus
from flows.domain.delays import pick_zone
from flows.domain.graph import EventTrigger, ExitOn, Graph, SegmentTrigger
from flows.domain.starts import ADDED, event_of
from flows.domain.triggers import name_properties
from flows.queries.node_words import Names, find_names, look_of, node_words
from flows.services.dry.facts import NOBODY, Choice, Facts, Person
from flows.services.dry.loading import SEGMENT_EXITED, find_needs, load_people
from flows.services.dry.passage import DryWalk, Occurrence, Passage, Went
from flows.services.exits import SEGMENT_ENTERED
from kernel.tenancy import current_tenant_id
from messaging.types import NewMessage
from tenants.queries import get_tenant

LONGEST: Final = timedelta(days=730)
"""So far it is looked into the future."""
MADE_UP: Final = "1"
"""What the event says by which runs are told apart, where nothing is said of it."""
_REFUSALS = dict(Refusal.choices)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is chosen for a walk.

    Attributes:
        profile_id: a real person; 0 for one who does not exist.
        starts_at: aware.
        properties: of the event that starts it; without any it tells its run apart from others.
        choices: by node.
        exit_after: how long after the start each exit condition is met, by its place.
        zone: of somebody who does not exist; empty is the tenant's.
    """

    profile_id: int
    starts_at: datetime
    properties: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Choice] = field(default_factory=dict)
    exit_after: Mapping[int, timedelta] = field(default_factory=dict)
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """One step of the walk.

    Attributes:
        title, text: of the node, in words.
        result: the word of the way that was taken, as steps record it.
        template: key of the template of a message that left here; empty for all else.
    """

    at: datetime
    node: str
    title: str
    text: str
    symbol: str
    result: str
    channel: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True)
class Walked:
    """How a walk went.

    Attributes:
        refused: why the shopper did not get in, in words; empty for who did.
        waits_at: the node where the walk stands at the end of the time, in words; empty if over.
        reason: why it is over, in words; empty at the end of the flow.
        zone: IANA name of where the shopper lives.
    """

    stops: Sequence[Stop]
    refused: str
    status: str
    reason: str
    waits_at: str
    zone: str


def walk_shopper(flow_id: int, graph: Graph, wishes: Wishes, *, now: datetime) -> Walked | None:
    """Return how somebody walks a flow; None where the real person is not there.

    Args:
        flow_id: draws the lots of splits.
        graph: the definition.
        wishes: who, from when on, and what happens on the way.
        now: aware; real people are asked as of then.
    """
    person = _find_person(graph, wishes)
    if person is None:
        return None
    facts = Facts(flow_id, graph, {person.id: person}, now=now, choices=wishes.choices)
    passage = Passage(person, DryWalk.of(facts), count(1))
    passage.happen(_first(graph, flow_id, person.id, wishes))
    ends = sorted((after, place) for place, after in wishes.exit_after.items())
    for after, place in ends:
        _leave(passage, graph.exit_on[place], wishes.starts_at + after)
    passage.advance(wishes.starts_at + LONGEST)
    return _tell(passage, graph)


def _find_person(graph: Graph, wishes: Wishes) -> Person | None:
    if wishes.profile_id != NOBODY:
        return load_people(find_needs(graph), [wishes.profile_id]).get(wishes.profile_id)
    account = get_tenant(current_tenant_id()).timezone
    return Person(NOBODY, pick_zone((wishes.zone,), "", account))


def _begins_with(graph: Graph, flow_id: int) -> tuple[str, int | None]:
    """Return name and object of the event that starts a flow."""
    match graph.trigger:
        case EventTrigger(event=event):
            return event, None
        case SegmentTrigger(segment_id=segment_id, is_exit=is_exit):
            return SEGMENT_EXITED if is_exit else SEGMENT_ENTERED, segment_id
        case trigger:
            return event_of(trigger) or ADDED, flow_id


def _first(graph: Graph, flow_id: int, person_id: int, wishes: Wishes) -> Occurrence:
    """Return the event that starts the walk."""
    name, object_id = _begins_with(graph, flow_id)
    ref = EventRef(1, name, wishes.starts_at, person_id, object_id, is_backfill=False)
    key = graph.reentry.key
    said = wishes.properties or ({key: MADE_UP} if key else {})
    return Occurrence(ref, said, name_properties(name, object_id, said))


def _leave(passage: Passage, on: ExitOn, at: datetime) -> None:
    """Let an exit condition be met, whatever else it asks of its event."""
    passage.advance(at - timedelta(microseconds=1))
    name = on.event or SEGMENT_ENTERED
    reason = f"goal: {name}" if on == passage.graph.goal else name
    for run in passage.runs:
        if run.status == RunStatus.ACTIVE:
            passage.end(run, reason, at)


def _tell(passage: Passage, graph: Graph) -> Walked:
    names = find_names(graph)
    messages = {_visit_of(message): message for message in passage.messages}
    run = passage.runs[0] if passage.runs else None
    standing = graph.nodes.get(run.node) if run and run.status == RunStatus.ACTIVE else None
    entry = passage.entries[0] if passage.entries else None
    reason = entry.reason if entry else ""
    return Walked(
        stops=[
            _tell_stop(step, graph, names, messages.get((step.node, step.visit)))
            for step in passage.went
        ],
        refused=str(_REFUSALS.get(reason, reason)) if run is None else "",
        status=run.status if run else "",
        reason=run.reason if run else "",
        waits_at=node_words(standing, names)[0] if standing else "",
        zone=passage.person.zone.key,
    )


def _tell_stop(step: Went, graph: Graph, names: Names, message: NewMessage | None) -> Stop:
    node = graph.nodes[step.node]
    title, text = node_words(node, names)
    is_sent = message is not None and step.result == "queued"
    return Stop(
        at=step.at,
        node=step.node,
        title=title,
        text=text,
        symbol=look_of(node).symbol,
        result=step.result,
        channel=message.channel if message and is_sent else "",
        template=getattr(node, "template", "") if is_sent else "",
    )


def _visit_of(message: NewMessage) -> tuple[str, int]:
    return message.node_id, int(message.key.rsplit(":", 1)[-1])
