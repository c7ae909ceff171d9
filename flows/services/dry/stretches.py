"""Stretches: what a run does from one wait to the next where nothing is to be found out of it.

The engine walks the first run from a place. Whoever comes to the same place after it does the very
same at another time, which is repeated from what the engine did.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from flows.choices import RunStatus
from flows.domain.delays import due_at, zone_of
from flows.domain.graph import Delay, Exit, Graph, Message, has_loop
from flows.domain.nodes import Goal
from flows.services.walkers import Walker
from flows.services.walking import Walk
from messaging.types import NewMessage

Steps = tuple[tuple[str, int, str], ...]
"""Node, visit and result of each step."""
Place = tuple[str, bool]
"""A node, and whether the run waits there."""
_SURE: Final = (Delay, Exit, Goal)
"""What is decided without anything that must be found out; so is a message without a filter."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What every run does that comes to a place.

    Attributes:
        steps: what it passes.
        messages: what the first run was to be sent.
        node: where it waits or ends.
        delay: what it waits for then; None where it is over.
        status, reason: of a run that is over.
    """

    steps: Steps
    messages: tuple[NewMessage, ...]
    node: str
    delay: Delay | None
    status: str
    reason: str

    def repeat(self, run: Walker, now: datetime) -> list[NewMessage]:
        """Let a run do it too.

        Args:
            run: changed in place; it stands at the place, and everywhere for the first time.
            now: aware UTC; when it is due.

        Returns:
            What it is to be sent.
        """
        run.node, run.visit, run.due_at = self.node, 1, now
        if self.delay is None:
            run.end(self.status, self.reason)
        else:
            run.is_waiting = True
            run.wake_at = due_at(self.delay, now, zone_of(self.delay.zone, run.zone))
        return [
            NewMessage(
                f"flow:{run.run_id}:{first.node_id}:1",
                run.profile_id,
                first.channel,
                first.message_class,
                first.template_id,
                now,
                run.flow_id,
                run.run_id,
                first.node_id,
                first.context,
            )
            for first in self.messages
        ]


@dataclass(slots=True)
class Stretches:
    """What the engine did so far that can be repeated.

    Attributes:
        graph: the definition; of one with a loop nothing is repeated.
        is_on: whether anything is.
    """

    graph: Graph
    is_on: bool = True
    _sure: tuple[type, ...] = field(init=False, default=_SURE)
    _known: dict[Place, Stretch] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.is_on = self.is_on and not has_loop(self.graph)
        if self.graph.entry_filter is None:
            self._sure = (*_SURE, Message)

    def find(self, place: Place) -> Stretch | None:
        """Return what runs do that come to a place; None where the engine must find out."""
        return self._known.get(place)

    def learn(self, place: Place, run: Walker, walk: Walk) -> None:
        """Keep what the engine did with a run that came to a place, if others will do the same.

        Args:
            place: where it was.
            run: as it stands now.
            walk: of it alone.
        """
        standing = self.graph.nodes.get(run.node)
        delay = standing if run.is_waiting and isinstance(standing, Delay) else None
        is_over = run.status in (RunStatus.COMPLETED, RunStatus.EXITED)
        nodes = [self.graph.nodes.get(step.node) for step in walk.steps]
        is_sure = all(isinstance(node, self._sure) for node in nodes)
        if not self.is_on or not is_sure or (delay is None and not is_over):
            return
        self._known[place] = Stretch(
            steps=tuple((step.node, step.visit, step.result) for step in walk.steps),
            messages=tuple(walk.messages),
            node=run.node,
            delay=delay,
            status=run.status,
            reason=run.reason,
        )
