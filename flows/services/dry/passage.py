"""One person lived through again: events, entries, exits and runs, in the order of time.

Everything is decided by the engine itself: who is refused (`flows.services.enrolment`), what ends
or wakes a run (`exits`, `waiting`), and each step (`walking`, `flows.domain.steps.decide`); what it
did with one run is repeated for others where it must be the same (`stretches`). Nothing is written,
and nothing is asked of the database for one person alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final, NamedTuple

from crm.types import EventRef
from flows.choices import Refusal, RunStatus
from flows.domain.graph import Delay, EventTrigger, Exit, Graph, Message, Policy
from flows.domain.nodes import ABSplit, Act, Call, Goal
from flows.domain.steps import NOTHING, Asked
from flows.domain.triggers import holds, name_properties
from flows.domain.values import Condition
from flows.services.dry.facts import Facts, Person
from flows.services.dry.stretches import Place, Steps
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

_ACTIVE: Final = RunStatus.ACTIVE
_INSTANT: Final = timedelta(microseconds=1)
_SURE: Final = (Delay, Exit, Goal, Act)
"""What is decided without anything that must be found out first."""


@dataclass(slots=True)
class DryWalk(Walk):
    """A batch on its way that asks facts instead of tables."""

    facts: Facts = field(kw_only=True)
    _wishes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def walk_on(self, walkers: Sequence[Walker], now: datetime) -> None:
        """Walk runs that are due at an instant; what came of those before is gone."""
        self.now, self.walkers = now, walkers
        self.steps, self.messages, self.effects, self.reviews = [], [], [], []
        self.proceed()

    @classmethod
    def of(cls, facts: Facts) -> "DryWalk":
        """Return a walk for everybody of whom something is known."""
        walk = cls(facts.now, (), facts=facts)
        walk.load()
        return walk

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

    def _context(self, walker: Walker, node: Message) -> dict[str, Any]:
        """Return what limits ask of a message; what it says is not put together."""
        del walker
        if node.id not in self._wishes:
            self._wishes[node.id] = self._contexts.write(None, {}, node)
        return self._wishes[node.id]

    def _look(self, node: object, group: Sequence[Walker]) -> dict[int, Asked]:
        return self.facts.look(node, group, self.now)

    def _who_meets(self, condition: Condition, group: Sequence[Walker]) -> set[int]:
        return self.facts.who_meets(condition, group, self.now)


class Occurrence(NamedTuple):
    """An event as it was stored, with what it says; ``named`` has the ids of what it is about."""

    ref: EventRef
    properties: Mapping[str, Any]
    named: Mapping[str, Any]


class Entry(NamedTuple):
    """One attempt to enter; ``reason`` is a `Refusal` word, or empty."""

    at: datetime
    event_id: int
    reason: str


class Went(NamedTuple):
    """One visit of a node by one run."""

    run_id: int
    node: str
    visit: int
    result: str
    at: datetime


Passed = tuple[int, Steps, datetime]
"""What one run passed at one instant."""


@dataclass(slots=True)
class Passage:
    """What becomes of one person in a flow.

    Attributes:
        is_lost: too much of it hangs on each other; what was lived is a guess.
    """

    person: Person
    walk: DryWalk
    numbers: "count[int]"
    is_lost: bool = False
    runs: list[Walker] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    messages: list[NewMessage] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    _active: list[Walker] = field(default_factory=list)
    _causes: dict[int, Occurrence] = field(default_factory=dict)
    """What began each run."""
    _keys: dict[str, Walker] = field(default_factory=dict)

    @property
    def facts(self) -> Facts:
        """What is known."""
        return self.walk.facts

    @property
    def graph(self) -> Graph:
        """The definition."""
        return self.walk.facts.graph

    @property
    def went(self) -> list[Went]:
        """Every visit of a node, in the order of time."""
        return [
            Went(run_id, node, visit, result, at)
            for run_id, steps, at in self.passed
            for node, visit, result in steps
        ]

    def live(self, events: Sequence[Occurrence], until: datetime) -> None:
        """Let events happen one after the other, and time go on until an instant.

        Args:
            events: of this person, by time and id.
            until: aware; what is due at that very instant still happens.
        """
        for event in events:
            if self._active:
                self.advance(event.ref.occurred_at - _INSTANT)
            self.happen(event)
        self.advance(until)

    def happen(self, event: Occurrence) -> None:
        """Let one event end and wake runs, and begin one; exits come first."""
        ref, facts = event.ref, self.facts
        now = ref.occurred_at
        if not ref.is_backfill and facts.heard:
            happened = Happened(ref.event_id, ref.name, now, event.named)
            self.person.happened.append(happened)
        if self._active:
            self._tell_runs(event)
        if not ref.is_backfill and is_trigger(facts.graph, ref, facts.flow_id):
            self._knock(event)
        self.advance(now)

    def _tell_runs(self, event: Occurrence) -> None:
        """Let an event end the runs whose exit it meets, and wake those that wait for it."""
        ref, now = event.ref, event.ref.occurred_at
        heard = self.facts.heard.get(ref.name, ())
        for run in list(self._active):
            if reason := self._reason_to_exit(run, event):
                self.end(run, reason, now)
            elif run.is_waiting and run.node in heard and not ref.is_backfill:
                run.wake_at = min(run.wake_at or now, now)

    def end(self, run: Walker, reason: str, now: datetime) -> None:
        """End a run early."""
        step = (run.node, run.visit, f"exited: {reason}")
        self.passed.append((run.run_id, (step,), now))
        run.end(RunStatus.EXITED, reason)
        self._active.remove(run)

    def advance(self, until: datetime) -> None:
        """Walk every run that is due up to an instant, each at its own time."""
        while self._active:
            due, now = self._find_next()
            if now is None or now > until:
                return
            self._take_on(due, now)
            if [run for run in due if run.status != _ACTIVE]:
                self._active = [run for run in self._active if run.status == _ACTIVE]

    def _find_next(self) -> tuple[list[Walker], datetime | None]:
        """Return the runs that are due next, at one instant, and when that is."""
        runs = self._active
        if len(runs) == 1:
            return runs, runs[0].wake_at
        now = min([run.wake_at for run in runs if run.wake_at], default=None)
        return [run for run in runs if run.wake_at == now], now

    def _take_on(self, due: Sequence[Walker], now: datetime) -> None:
        """Walk runs that are due at an instant; a single one may do what others did before it."""
        run, facts = due[0], self.walk.facts
        place = (run.node, run.is_waiting)
        stretch = None
        if len(due) == 1 and "failed" not in run.context:
            stretch = facts.stretches.find(place)
        if stretch is None:
            self._walk(due, now, place)
            return
        self.passed.append((run.run_id, stretch.steps, now))
        messages = stretch.repeat(run, now)
        if messages:
            self.messages += messages
            for each in messages:
                facts.sent.add((run.run_id, each.node_id))

    def _walk(self, due: Sequence[Walker], now: datetime, place: Place) -> None:
        facts, walk = self.facts, self.walk
        for run in due:
            run.due_at = now
        walk.walk_on(due, now)
        self.messages += walk.messages
        facts.sent.update((each.flow_run_id or 0, each.node_id) for each in walk.messages)
        for step in walk.steps:
            self.passed.append((step.run_id, ((step.node, step.visit, step.result),), now))
            if isinstance(facts.graph.nodes.get(step.node), ABSplit):
                facts.remember_way(step.node, self.person.id, step.result)
        if len(due) == 1:
            facts.stretches.learn(place, due[0], walk)
        for run in due:
            choice = facts.choices.get(run.node)
            after = choice.after if choice else None
            if after is not None and run.wake_at and (begun := run.waited_since):
                run.wake_at = min(run.wake_at, max(begun + after, now))

    def _reason_to_exit(self, run: Walker, event: Occurrence) -> str:
        if event.ref.name not in self.facts.ends:
            return ""
        live, about = _know(run, self._causes[run.run_id])
        told = ToldExits({event.ref.event_id: event.named}, {run.run_id: about})
        return reason_to_exit(live, self.graph, [event.ref], told)

    def _knock(self, event: Occurrence) -> None:
        """Let an event try to begin a run; the stages are those of the entry pipeline."""
        ref, now, person, facts = event.ref, event.ref.occurred_at, self.person, self.facts
        attempt = Attempt(facts.flow_id, 0, ref, person.id, person.is_erased, event.properties)
        attempt.reason = self._judge(attempt, now)
        self.entries.append(Entry(now, ref.event_id, str(attempt.reason)))
        if attempt.reason:
            return
        run = Walker(
            run_id=next(self.numbers),
            flow_id=facts.flow_id,
            profile_id=person.id,
            graph=facts.graph,
            zone=person.zone,
            node=facts.graph.entry_node,
            visit=1,
            is_waiting=False,
            due_at=now,
            trigger_event_id=ref.event_id,
            trigger=trigger_of(ref),
            properties=event.properties,
            wake_at=now,
        )
        self._causes[run.run_id] = event
        self._keys[attempt.run_key] = run
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
        if condition is not None and not self.facts.meets(condition, person.id, now):
            return Refusal.ENTRY_FILTER
        return self._judge_frequency(attempt, now)

    def _judge_frequency(self, attempt: Attempt, now: datetime) -> str:
        reentry = self.graph.reentry
        last = self._find_last() if reentry.policy is Policy.AFTER else None
        set_run_key(attempt, reentry.policy, reentry.key, last)
        if attempt.reason:
            return attempt.reason
        is_soon = last is not None and last[1] > now - reentry.gap
        known = self._keys.get(attempt.run_key)
        if is_soon or (known and not (reentry.again and known.status != RunStatus.ACTIVE)):
            return Refusal.FREQUENCY
        if reentry.at_once and len(self._active) >= reentry.at_once:
            return Refusal.TOO_MANY
        return Refusal.CIRCLE if self._goes_round(attempt.ref.name, now) else ""

    def _find_last(self) -> tuple[int, datetime] | None:
        """Return the run that began last, and when."""
        began = [(run, cause.ref.occurred_at) for run, cause in self._causes.items()]
        return max(began, key=lambda each: each[1], default=None)

    def _goes_round(self, name: str, now: datetime) -> bool:
        """Say whether what flows set off themselves has begun too many runs of late."""
        if name not in SELF_MADE:
            return False
        since = now - STARTS_WITHIN
        lately = [cause for cause in self._causes.values() if cause.ref.occurred_at > since]
        return len(lately) >= MOST_STARTS


def _know(run: Walker, cause: Occurrence) -> tuple[LiveRun, Mapping[str, Any]]:
    """Return what an exit looks at of a run: itself, and what its trigger event says."""
    ref = cause.ref
    live = LiveRun(
        id=run.run_id,
        version_id=0,
        profile_id=run.profile_id,
        trigger_event_id=run.trigger_event_id,
        trigger_at=ref.occurred_at,
        trigger=run.trigger,
    )
    return live, name_properties(ref.name, ref.object_id, cause.properties)
