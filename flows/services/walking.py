"""One batch of due runs, walked from node to node until each waits, ends or fails.

Conditions are asked once per round for all runs that stand at the same node. Nothing is written
here: the walk collects what the engine then writes in one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows.choices import RunStatus
from flows.domain.conditions import asks_trigger
from flows.domain.graph import (
    DRAFT,
    LIVE,
    MAX_VISITS,
    OFF,
    Delay,
    Exit,
    Graph,
    Message,
    Split,
    has_loop,
)
from flows.domain.nodes import Act, Call, CouponChoice, Deed, Goal
from flows.domain.steps import NOTHING, Asked, Decision, decide
from flows.domain.values import Condition
from flows.errors import StepError
from flows.queries import people
from flows.queries.versions import find_endpoints
from flows.services.asking import ask, group_walkers, who_meets
from flows.services.contexts import Contexts, load_contexts
from flows.services.failing import settle
from flows.services.walkers import Broken, Due, Step, Walker
from flows.types import NewReview, TemplateRef
from messaging.types import NewMessage

MAX_ROUNDS = 20
"""Nodes a run passes in one batch; the rest follows in the next one."""

FILTER_REASON = "no longer matches the entry filter"
REVIEW = "review"
"""The step of a message that waits for somebody to look at it."""
MISSED = "missed"
"""The step of a message that somebody missed who no longer matched the entry filter."""


@dataclass(slots=True)
class Walk:
    """A batch on its way, and what it wants written."""

    now: datetime
    walkers: Sequence[Walker]
    broken: Mapping[int, Broken] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    messages: list[NewMessage] = field(default_factory=list)
    effects: list[Due] = field(default_factory=list)
    reviews: list[NewReview] = field(default_factory=list)
    _visits: dict[tuple[int, str], int] = field(default_factory=dict)
    _templates: dict[str, TemplateRef] = field(default_factory=dict)
    _endpoints: set[int] = field(default_factory=set)
    _contexts: Contexts = field(default_factory=Contexts)

    def go(self) -> None:
        """Walk until every run waits, is over or has failed, or the rounds are used up."""
        self.load()
        self.proceed()

    def proceed(self) -> None:
        """Walk likewise with what was read before."""
        moving = [walker for walker in self.walkers if walker.status == RunStatus.ACTIVE]
        for _ in range(MAX_ROUNDS):
            if not moving:
                return
            moving = self._round(moving)
        for walker in moving:
            walker.wake_at = self.now

    def load(self) -> None:
        """Read what the nodes of all runs may need, once for the batch."""
        graphs = {id(walker.graph): walker.graph for walker in self.walkers}
        looping = {key for key, graph in graphs.items() if has_loop(graph)}
        self._visits = people.count_visits(
            [walker.run_id for walker in self.walkers if id(walker.graph) in looping]
        )
        nodes = [node for graph in graphs.values() for node in graph.nodes.values()]
        self._templates = people.find_templates(
            {node.template for node in nodes if isinstance(node, Message)}
        )
        calls = [node.effect for node in nodes if isinstance(node, Act)]
        self._endpoints = find_endpoints(
            {effect.endpoint_id for effect in calls if isinstance(effect, Call)}
        )
        sending = {
            key: [node for node in graph.nodes.values() if isinstance(node, Message)]
            for key, graph in graphs.items()
        }
        self._contexts = load_contexts(
            (walker.trigger_event_id, walker.trigger, sending[id(walker.graph)])
            for walker in self.walkers
        )
        asking = {key for key, graph in graphs.items() if _reads_trigger(graph)}
        reading = [walker for walker in self.walkers if id(walker.graph) in asking]
        properties = people.properties_of(
            {
                (walker.trigger_event_id, at)
                for walker in reading
                if walker.trigger_event_id and (at := people.trigger_time(walker.trigger))
            }
        )
        for walker in reading:
            walker.properties = properties.get(walker.trigger_event_id or 0, {})

    def _round(self, moving: Sequence[Walker]) -> list[Walker]:
        """Take each run one node on; return those that can go further."""
        stopped = [walker for walker in moving if self._is_broken(walker)] if self.broken else []
        still = [each for each in stopped if self.fail(each, self.broken[each.run_id].reason)]
        going = [walker for walker in moving if walker not in stopped] if stopped else moving
        asked = self._ask(going)
        for walker in going:
            try:
                if self._step(walker, asked.get(walker.run_id)):
                    still.append(walker)
            except StepError as exc:
                if self.fail(walker, str(exc)):
                    still.append(walker)
        return still

    def _is_broken(self, walker: Walker) -> bool:
        broken = self.broken.get(walker.run_id)
        return broken is not None and (broken.node, broken.visit) == (walker.node, walker.visit)

    def broken_at(self) -> tuple[str, int] | None:
        """Return node and visit at which a batch of one run broke; None of a larger one."""
        if len(self.walkers) != 1:
            return None
        if self.effects:  # nothing follows an effect in its batch
            return self.effects[0].node, self.effects[0].visit
        return self.walkers[0].node, self.walkers[0].visit

    def fail(self, walker: Walker, reason: str) -> bool:
        """Do with a run that cannot go on what its node says; say whether it goes further."""
        return settle(walker, reason, self.now, self._follow, self._record)

    def _ask(self, moving: Sequence[Walker]) -> dict[int, Asked]:
        """Return what was found out; runs that a condition stops or sends away are left out."""
        found: dict[int, Asked] = {}
        for group in group_walkers(moving):
            node, graph = group[0].graph.nodes.get(group[0].node), group[0].graph
            condition = None
            if isinstance(node, Split):
                condition = node.condition
            elif isinstance(node, Message):
                condition = graph.entry_filter
            found |= self._look(node, group)
            if condition is not None:
                met = self._who_meets(condition, group)
                for walker in group:
                    if walker.run_id not in met:
                        del found[walker.run_id]
        return found

    def _look(self, node: object, group: Sequence[Walker]) -> dict[int, Asked]:
        """Find out what a node asks of the runs that stand at it."""
        return ask(node, group, self.now)

    def _who_meets(self, condition: Condition, group: Sequence[Walker]) -> set[int]:
        """Return the runs of a group that meet a condition."""
        return who_meets(condition, group, self.now)

    def _step(self, walker: Walker, asked: Asked | None) -> bool:
        node = walker.standing
        if isinstance(node, Message) and asked is None:
            return self._miss(walker, node)
        if isinstance(node, Message) and (node.state != LIVE or walker.is_reviewed):
            return self._hold_back(walker, node)
        decision = decide(
            node,
            now=self.now,
            zone=walker.zone,
            is_waiting=walker.is_waiting,
            is_met=asked is not None,
            asked=asked or NOTHING,
        )
        if decision.message:
            self.messages.append(self.build_message(walker, decision.message))
        if decision.effect:
            self._act(walker, decision.effect)
        return self._follow(walker, decision)

    def _miss(self, walker: Walker, node: Message) -> bool:
        """Send away who no longer matches the entry filter, or let them miss the message alone."""
        if walker.graph.skips_only:
            return self._follow(walker, Decision(goto=node.next, result=MISSED))
        self._record(walker, f"exited: {FILTER_REASON}")
        walker.end(RunStatus.EXITED, FILTER_REASON)
        return False

    def _hold_back(self, walker: Walker, node: Message) -> bool:
        """Put a message before somebody who looks at it, or leave it out; the run goes on."""
        if node.state in (DRAFT, OFF):
            return self._follow(walker, Decision(goto=node.next, result="off"))
        self.reviews.append(
            NewReview(
                walker.run_id,
                walker.flow_id,
                walker.profile_id,
                node.id,
                walker.visit,
                walker.context.get("coupon"),
            )
        )
        return self._follow(walker, Decision(goto=node.next, result=REVIEW))

    def _act(self, walker: Walker, effect: Deed) -> None:
        if isinstance(effect, CouponChoice):
            walker.context["coupon"] = effect.coupon_id
            return
        if isinstance(effect, Call) and effect.endpoint_id not in self._endpoints:
            raise StepError("the endpoint that it tells does not exist any more")
        self.effects.append(Due(walker, walker.node, walker.visit, effect))

    def _follow(self, walker: Walker, decision: Decision) -> bool:
        if decision.wake_at is not None:
            walker.begin_wait(self.now, decision.until or decision.wake_at, decision.wake_at)
            return False
        self._record(walker, decision.result)
        walker.end_wait()
        walker.context.pop("failed", None)
        if decision.goto is None:
            walker.end(RunStatus.COMPLETED, decision.exit_reason)
            return False
        walker.node = decision.goto
        walker.visit = self._visits.get((walker.run_id, walker.node), 0) + 1
        if walker.visit > MAX_VISITS:
            walker.end(RunStatus.FAILED, f"node {walker.node} was visited {MAX_VISITS} times")
            return False
        if decision.effect and not isinstance(decision.effect, CouponChoice):
            # What it did is written before anything that follows asks for it.
            walker.wake_at = walker.due_at
            return False
        return True

    def _record(self, walker: Walker, result: str) -> None:
        self.steps.append(Step(walker.run_id, walker.node, walker.visit, result))
        self._visits[walker.run_id, walker.node] = walker.visit

    def build_message(self, walker: Walker, node: Message) -> NewMessage:
        """Return the message of a node, as the run would queue it now.

        Raises:
            StepError: its template does not exist any more.
        """
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
            context=self._context(walker, node),
        )

    def _context(self, walker: Walker, node: Message) -> dict[str, Any]:
        """Return what a message carries; the coupon of its node goes before that of the run."""
        chosen = {"coupon": walker.context["coupon"]} if "coupon" in walker.context else {}
        return {
            **chosen,
            **self._contexts.write(walker.trigger_event_id, walker.trigger, node),
        }


def _reads_trigger(graph: Graph) -> bool:
    """Say whether anything in a definition may ask for what started the run."""
    return any(
        asks_trigger(node.condition)
        if isinstance(node, Split)
        else not isinstance(node, Message | Delay | Exit | Goal)
        for node in graph.nodes.values()
    )
