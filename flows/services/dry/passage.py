"""One person lived through again: events, entries, exits and runs, in the order of time.

Everything is decided by the engine itself: who is refused (`flows.services.enrolment`), what ends
or wakes a run (`exits`, `waiting`), and each step (`walking`, `flows.domain.steps.decide`). Nothing
is written, and nothing is asked of the database for one person alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from crm.types import EventRef
from flows.choices import Refusal, RunStatus
from flows.domain.graph import Delay, EventTrigger, Exit, Graph, Message, Policy
from flows.domain.nodes import Act, Call, Goal
from flows.domain.steps import NOTHING, Asked
from flows.domain.triggers import holds, name_properties
from flows.domain.values import Condition
from flows.services.dry.facts import Facts, Person
from flows.services.enrolment import is_trigger
from flows.services.entry_stages import (
    MOST_STARTS,
    SELF_MADE,
    STARTS_WITHIN,
    set_run_key,
    trigger_of,
)
from flows.services.exits import ToldExits, reason_to_exit
from flows.services.walkers import Walker
from flows.services.walking import Walk
from flows.types import Attempt, Happened, LiveRun
from messaging.types import NewMessage

_INSTANT: Final = timedelta(microseconds=1)
_SURE: Final = (Delay, Exit, Goal, Act)
"""What is decided without anything that must be found out first."""


@dataclass(slots=True)
class DryWalk(Walk):
    """A batch on its way that asks facts instead of tables."""

    facts: Facts = field(kw_only=True)

    def walk_on(self, walkers: Sequence[Walker], now: datetime) -> None:
        """Walk runs that are due at an instant; what came of those before is gone."""
        self.now, self.walkers = now, walkers
        self.steps, self.messages, self.effects, self.reviews = [], [], [], []
        self.proceed()

    def load(self) -> None:
        """Take what the facts know."""
        self._visits = self.facts.visits
        self._templates = self.facts.templates
        nodes = self.facts.graph.nodes.values()
        effects = [node.effect for node in nodes if isinstance(node, Act)]
        self._endpoints = {each.endpoint_id for each in effects if isinstance(each, Call)}

    def _ask(self, moving: Sequence[Walker]) -> dict[int, Asked]:
        """Ask nothing of one who stands at a node that needs to know nothing, as most do."""
        if len(moving) == 1:
            [walker] = moving
            node = walker.graph.nodes.get(walker.node)
            is_sure = isinstance(node, Message) and walker.graph.entry_filter is None
            if is_sure or isinstance(node, _SURE):
                return {walker.run_id: NOTHING}
        return super(DryWalk, self)._ask(moving)  # bare `super` knows no class with slots

    def _look(self, node: object, group: Sequence[Walker]) -> dict[int, Asked]:
        return self.facts.look(node, group, self.now)

    def _who_meets(self, condition: Condition, group: Sequence[Walker]) -> set[int]:
        return self.facts.who_meets(condition, group)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event as it was stored, with what it says; ``named`` has the ids of what it is about."""

    ref: EventRef
    properties: Mapping[str, Any]
    named: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt to enter; ``reason`` is a `Refusal` word, or empty."""

    at: datetime
    event_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Went:
    """One visit of a node by one run."""

    run_id: int
    node: str
    visit: int
    result: str
    at: datetime


@dataclass(slots=True)
class Passage:
    """What becomes of one person in a flow."""

    person: Person
    facts: Facts
    numbers: "count[int]"
    runs: list[Walker] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    messages: list[NewMessage] = field(default_factory=list)
    went: list[Went] = field(default_factory=list)
    _active: list[Walker] = field(default_factory=list)
    _known: dict[int, tuple[LiveRun, Mapping[str, Any]]] = field(default_factory=dict)
    """What an exit looks at of each run: itself, and what its trigger event says."""
    _began: dict[int, datetime] = field(default_factory=dict)
    _keys: dict[str, Walker] = field(default_factory=dict)
    _walk: DryWalk = field(init=False)

    def __post_init__(self) -> None:
        self._walk = DryWalk(self.facts.now, (), facts=self.facts)
        self._walk.load()

    @property
    def graph(self) -> Graph:
        """The definition."""
        return self.facts.graph

    def live(self, events: Sequence[Occurrence], until: datetime) -> None:
        """Let events happen one after the other, and time go on until an instant.

        Args:
            events: of this person, by time and id.
            until: aware; what is due at that very instant still happens.
        """
        for event in events:
            self.advance(event.ref.occurred_at - _INSTANT)
            self.happen(event)
        self.advance(until)

    def happen(self, event: Occurrence) -> None:
        """Let one event end and wake runs, and begin one; exits come first."""
        ref, now = event.ref, event.ref.occurred_at
        if not ref.is_backfill and self.facts.heard:
            happened = Happened(ref.event_id, ref.name, now, event.named)
            self.person.happened.append(happened)
        heard = self.facts.heard.get(ref.name, ())
        for run in self._list_active():
            if reason := self._reason_to_exit(run, event):
                self.end(run, reason, now)
            elif run.is_waiting and run.node in heard and not ref.is_backfill:
                run.wake_at = min(run.wake_at or now, now)
        if not ref.is_backfill and is_trigger(self.graph, ref, self.facts.flow_id):
            self._knock(event)
        self.advance(now)

    def end(self, run: Walker, reason: str, now: datetime) -> None:
        """End a run early."""
        self.went.append(Went(run.run_id, run.node, run.visit, f"exited: {reason}", now))
        run.end(RunStatus.EXITED, reason)

    def advance(self, until: datetime) -> None:
        """Walk every run that is due up to an instant, each at its own time."""
        while self._active:
            due = [run for run in self._list_active() if run.wake_at and run.wake_at <= until]
            if not due:
                return
            now = min(run.wake_at for run in due if run.wake_at)
            self._take_on([run for run in due if run.wake_at == now], now)

    def _take_on(self, due: Sequence[Walker], now: datetime) -> None:
        for run in due:
            run.due_at = now
        walk = self._walk
        walk.walk_on(due, now)
        self.messages += walk.messages
        self.facts.sent.update((each.flow_run_id or 0, each.node_id) for each in walk.messages)
        for step in walk.steps:
            self.went.append(Went(step.run_id, step.node, step.visit, step.result, now))
            self.facts.remember_way(step.node, self.person.id, step.result)
        for run in due:
            choice = self.facts.choices.get(run.node)
            after = choice.after if choice else None
            if after is not None and run.wake_at and (begun := run.waited_since):
                run.wake_at = min(run.wake_at, max(begun + after, now))

    def _list_active(self) -> list[Walker]:
        self._active = [run for run in self._active if run.status == RunStatus.ACTIVE]
        return self._active

    def _reason_to_exit(self, run: Walker, event: Occurrence) -> str:
        if event.ref.name not in self.facts.ends:
            return ""
        live, about = self._known[run.run_id]
        told = ToldExits({event.ref.event_id: event.named}, {run.run_id: about})
        return reason_to_exit(live, self.graph, [event.ref], told)

    def _knock(self, event: Occurrence) -> None:
        """Let an event try to begin a run; the stages are those of the entry pipeline."""
        ref, now = event.ref, event.ref.occurred_at
        attempt = Attempt(
            self.facts.flow_id, 0, ref, self.person.id, self.person.is_erased, event.properties
        )
        attempt.reason = self._judge(attempt, now)
        self.entries.append(Entry(now, ref.event_id, str(attempt.reason)))
        if attempt.reason:
            return
        run = Walker(
            run_id=next(self.numbers),
            flow_id=self.facts.flow_id,
            profile_id=self.person.id,
            graph=self.graph,
            zone=self.person.zone,
            node=self.graph.entry_node,
            visit=1,
            is_waiting=False,
            due_at=now,
            trigger_event_id=ref.event_id,
            trigger=trigger_of(ref),
            properties=event.properties,
        )
        run.wake_at = now
        self._began[run.run_id] = now
        self._keys[attempt.run_key] = run
        self._known[run.run_id] = _know(run, event)
        self.runs.append(run)
        self._active.append(run)

    def _judge(self, attempt: Attempt, now: datetime) -> str:
        """Return why an attempt is refused, in the order of the pipeline; empty for none."""
        graph, person = self.graph, self.person
        trigger, condition = graph.trigger, graph.entry_filter
        if (
            isinstance(trigger, EventTrigger)
            and attempt.ref.name == trigger.event
            and not holds(trigger.where, attempt.properties)
        ):
            return Refusal.TRIGGER_FILTER
        if person.is_erased:
            return Refusal.PROFILE_ERASED
        if condition is not None and person.id not in self.facts.matching(condition):
            return Refusal.ENTRY_FILTER
        return self._judge_frequency(attempt, now)

    def _judge_frequency(self, attempt: Attempt, now: datetime) -> str:
        reentry = self.graph.reentry
        last = max(self._began.items(), key=lambda each: each[1], default=None)
        set_run_key(attempt, reentry.policy, reentry.key, last)
        if attempt.reason:
            return attempt.reason
        is_soon = reentry.policy is Policy.AFTER and last and last[1] > now - reentry.gap
        known = self._keys.get(attempt.run_key)
        if is_soon or (known and not (reentry.again and known.status != RunStatus.ACTIVE)):
            return Refusal.FREQUENCY
        if reentry.at_once and len(self._list_active()) >= reentry.at_once:
            return Refusal.TOO_MANY
        lately = [at for at in self._began.values() if at > now - STARTS_WITHIN]
        is_circle = attempt.ref.name in SELF_MADE and len(lately) >= MOST_STARTS
        return Refusal.CIRCLE if is_circle else ""


def _know(run: Walker, event: Occurrence) -> tuple[LiveRun, Mapping[str, Any]]:
    """Return what an exit looks at of a run that an event began."""
    live = LiveRun(
        id=run.run_id,
        version_id=0,
        profile_id=run.profile_id,
        trigger_event_id=run.trigger_event_id,
        trigger_at=event.ref.occurred_at,
        trigger=run.trigger,
    )
    return live, name_properties(event.ref.name, event.ref.object_id, event.properties)
