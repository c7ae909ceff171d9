"""Runs on their way, as the walk and what it asks see them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flows.choices import RunStatus
from flows.domain.graph import Graph, Node
from flows.domain.nodes import Deed
from flows.errors import StepError


@dataclass(slots=True)
class Walker:
    """One claimed run on its way.

    Attributes:
        due_at: when the run was due, which is when its next message should go.
        properties: of the event that started it.
        context: what it carries along: ``wait`` and ``coupon``.
        waits_for: what ends its wait beside time.
        is_reviewed: its flow lets no message leave before somebody looked at it.
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
    context: dict[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    waits_for: str = ""
    is_reviewed: bool = False
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

    @property
    def waited_since(self) -> datetime | None:
        """When the wait that it stands in began."""
        return _time(self.context.get("wait", {}).get("since"))

    @property
    def waited_until(self) -> datetime | None:
        """When the wait that it stands in ends at the latest."""
        return _time(self.context.get("wait", {}).get("until"))

    def begin_wait(self, now: datetime, until: datetime, wake_at: datetime) -> None:
        """Wait here; a wait that was begun goes on as it was."""
        if not self.is_waiting:
            self.context["wait"] = {"since": now.isoformat(), "until": until.isoformat()}
        self.is_waiting, self.wake_at = True, wake_at

    def end_wait(self) -> None:
        """Go on from here."""
        self.context.pop("wait", None)
        self.is_waiting, self.waits_for = False, ""

    def set_aside(self) -> None:
        """Stay where it stands until its flow goes on; then it is due as it was."""
        self.context["due"] = self.due_at.isoformat()
        self.status, self.wake_at = RunStatus.PAUSED, None

    def end(self, status: str, reason: str) -> None:
        """Stop for good, or until somebody resumes a failed run."""
        self.end_wait()
        self.status, self.reason, self.wake_at = status, reason, None


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a run broke its batch, and why: it is stopped there before anything is tried again."""

    node: str
    visit: int
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One visit to record."""

    run_id: int
    node: str
    visit: int
    result: str


@dataclass(frozen=True, slots=True)
class Due:
    """An effect to carry out for one run."""

    walker: Walker
    node: str
    visit: int
    effect: Deed

    @property
    def key(self) -> str:
        """Its cause, the same however often the step is tried."""
        return f"flow:{self.walker.run_id}:{self.node}:{self.visit}"


def _time(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
