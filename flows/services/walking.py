"""One batch of due runs, walked from node to node until each waits, ends or fails.

Conditions are asked once per round for all runs that stand at the same node. Nothing is written
here: the walk collects what the engine then writes in one transaction.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flows.choices import RunStatus
from flows.domain.graph import MAX_VISITS, Graph, Message, Node, Split, has_loop
from flows.domain.steps import Decision, decide
from flows.errors import StepError
from flows.queries import people
from flows.services.conditions import runs_that_meet
from flows.services.contexts import Contexts, load_contexts
from flows.types import Subject, TemplateRef
from messaging.types import NewMessage

MAX_ROUNDS = 20
"""Nodes a run passes in one batch; the rest follows in the next one."""

FILTER_REASON = "no longer matches the entry filter"


@dataclass(slots=True)
class Walker:
    """One claimed run on its way.

    Attributes:
        due_at: when the run was due, which is when its next message should go.
        wake_at: None once it is over or has failed.
    """

    run_id: int
    flow_id: int
    profile_id: int
    graph: Graph
    zone: ZoneInfo
    node: str
    visit: int
    is_waiting: bool
    due_at: datetime
    trigger_event_id: int | None
    trigger: Mapping[str, Any]
    status: str = RunStatus.ACTIVE
    reason: str = ""
    wake_at: datetime | None = None

    @property
    def standing(self) -> Node:
        """The node it stands at.

        Raises:
            StepError: the definition has no such node.
        """
        node = self.graph.nodes.get(self.node)
        if node is None:
            raise StepError(f"node {self.node} does not exist")
        return node

    def end(self, status: str, reason: str) -> None:
        """Stop for good, or until somebody resumes a failed run."""
        self.status, self.reason, self.wake_at, self.is_waiting = status, reason, None, False


@dataclass(frozen=True, slots=True)
class Step:
    """One visit to record."""

    run_id: int
    node: str
    visit: int
    result: str


@dataclass(slots=True)
class Walk:
    """A batch on its way, and what it wants written."""

    now: datetime
    walkers: Sequence[Walker]
    steps: list[Step] = field(default_factory=list)
    messages: list[NewMessage] = field(default_factory=list)
    _visits: dict[tuple[int, str], int] = field(default_factory=dict)
    _templates: dict[str, TemplateRef] = field(default_factory=dict)
    _contexts: Contexts = field(default_factory=Contexts)

    def go(self) -> None:
        """Walk until every run waits, is over or has failed, or the rounds are used up."""
        self._load()
        moving = [walker for walker in self.walkers if walker.status == RunStatus.ACTIVE]
        for _ in range(MAX_ROUNDS):
            if not moving:
                return
            moving = self._round(moving)
        for walker in moving:
            walker.wake_at = self.now

    def _load(self) -> None:
        looping = [walker.run_id for walker in self.walkers if has_loop(walker.graph)]
        self._visits = people.count_visits(looping)
        messages = [
            (walker, node)
            for walker in self.walkers
            for node in walker.graph.nodes.values()
            if isinstance(node, Message)
        ]
        self._templates = people.find_templates({node.template for _, node in messages})
        self._contexts = load_contexts(
            (walker.trigger_event_id, walker.trigger, node) for walker, node in messages
        )

    def _round(self, moving: Sequence[Walker]) -> list[Walker]:
        """Take each run one node on; return those that can go further."""
        met = self._ask(moving)
        still: list[Walker] = []
        for walker in moving:
            try:
                if self._step(walker, is_met=walker.run_id in met):
                    still.append(walker)
            except StepError as exc:
                walker.end(RunStatus.FAILED, str(exc))
        return still

    def _ask(self, moving: Sequence[Walker]) -> set[int]:
        """Return the runs whose split condition, or at a message whose entry filter, holds."""
        groups: dict[tuple[int, str], list[Walker]] = defaultdict(list)
        for walker in moving:
            groups[id(walker.graph), walker.node].append(walker)
        met: set[int] = set()
        for group in groups.values():
            subjects = [Subject(walker.run_id, walker.profile_id) for walker in group]
            node, graph = group[0].graph.nodes.get(group[0].node), group[0].graph
            if isinstance(node, Split):
                met |= runs_that_meet(node.condition, subjects, self.now)
            elif isinstance(node, Message) and graph.entry_filter is not None:
                met |= runs_that_meet(graph.entry_filter, subjects, self.now)
            else:
                met |= {walker.run_id for walker in group}
        return met

    def _step(self, walker: Walker, *, is_met: bool) -> bool:
        node = walker.standing
        if isinstance(node, Message) and not is_met:
            self._record(walker, f"exited: {FILTER_REASON}")
            walker.end(RunStatus.EXITED, FILTER_REASON)
            return False
        decision = decide(
            node,
            now=self.now,
            zone=walker.zone,
            is_waiting=walker.is_waiting,
            is_met=is_met,
        )
        if decision.message:
            self.messages.append(self._build_message(walker, decision.message))
        return self._follow(walker, decision)

    def _follow(self, walker: Walker, decision: Decision) -> bool:
        if decision.wake_at is not None:
            walker.is_waiting, walker.wake_at = True, decision.wake_at
            return False
        self._record(walker, decision.result)
        walker.is_waiting = False
        if decision.goto is None:
            walker.end(RunStatus.COMPLETED, decision.exit_reason)
            return False
        walker.node = decision.goto
        walker.visit = self._visits.get((walker.run_id, walker.node), 0) + 1
        if walker.visit > MAX_VISITS:
            walker.end(RunStatus.FAILED, f"node {walker.node} was visited {MAX_VISITS} times")
            return False
        return True

    def _record(self, walker: Walker, result: str) -> None:
        self.steps.append(Step(walker.run_id, walker.node, walker.visit, result))
        self._visits[walker.run_id, walker.node] = walker.visit

    def _build_message(self, walker: Walker, node: Message) -> NewMessage:
        template = self._templates.get(node.template)
        if template is None:
            raise StepError(f"template {node.template!r} does not exist")
        return NewMessage(
            key=f"flow:{walker.run_id}:{node.id}:{walker.visit}",
            profile_id=walker.profile_id,
            channel=node.channel,
            message_class=node.message_class,
            template_id=template.id,
            due_at=walker.due_at,
            flow_id=walker.flow_id,
            flow_run_id=walker.run_id,
            node_id=node.id,
            context=self._contexts.write(walker.trigger_event_id, walker.trigger, node),
        )
