"""A flow definition as frozen values: what starts a run, what ends it, and the nodes between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum

from crm.domain.carts import CART_EVENTS, ORDER_COMPLETED, ORDER_PLACED
from flows.domain.nodes import Act, Choice, Goal, Jump, Wait, Ways
from flows.domain.starts import OwnTrigger
from flows.domain.values import (
    Condition,
    Duration,
    ErrorPolicy,
    EventMatch,
    PropertyCondition,
)

USUAL_PRIORITY = 3
HOLD, SKIP = "hold", "skip"
AUTO, ITEMS, NOTHING = "auto", "items", "nothing"
"""What a message promotes; see `Message`."""
LIVE, MANUAL, DRAFT, OFF = "live", "manual", "draft", "off"
STATES = (LIVE, MANUAL, DRAFT, OFF)
"""Of a message."""
MAX_VISITS = 10
"""How often one run may visit one node."""

DEFAULT_MAX_EVENT_AGE = timedelta(days=7)
CART_MAX_EVENT_AGE = timedelta(hours=24)
"""A cart of yesterday is no news: nobody is reminded of it after an outage."""
CART_TRIGGERS = CART_EVENTS - {ORDER_PLACED, ORDER_COMPLETED} | {"Cart Abandoned", "Product Viewed"}


class Policy(StrEnum):
    """How often a profile may enter a flow."""

    ONCE = "once"
    EVERY_TIME = "every_time"
    AFTER = "after"
    KEYED = "keyed"


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """An event starts a run, if all of ``where`` hold for its properties."""

    event: str
    where: tuple[PropertyCondition, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentTrigger:
    """Entering a segment starts a run, or leaving it."""

    segment_id: int
    is_exit: bool = False


Trigger = EventTrigger | SegmentTrigger | OwnTrigger


@dataclass(frozen=True, slots=True)
class Reentry:
    """When a profile may enter again.

    Attributes:
        gap: with ``after``: shortest time from one entry to the next.
        key: with ``keyed``: event property of which each value has a run of its own.
        again: with ``keyed``: a value starts a run anew once the one before it is over.
        at_once: so many runs of a person may be on their way at the same time; 0 is no limit.
    """

    policy: Policy
    gap: timedelta = timedelta(0)
    key: str = ""
    at_once: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class ExitOn:
    """What ends a run early: an event of the profile, or entering a segment.

    Attributes:
        match: what else must hold of the event; None asks for its name alone.
    """

    event: str = ""
    segment_id: int | None = None
    match: EventMatch | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """Queues one message and goes on.

    Attributes:
        template: key of the template.
        max_lateness: how long after its moment it may still be sent; None is always.
        priority: 1 to 5; 1 goes first where several messages want one slot.
        expected_value: what it should bring, in the tenant's currency; decides between equals.
        on_quiet: ``hold`` or ``skip`` what would leave in quiet hours.
        about: ``items`` of the trigger event are what it promotes, ``nothing``, or ``auto``: items
            that somebody looked at or put into a cart, and not those that were bought.
        coupon_id: whose codes it gives; None is that of the template.
        state: ``live``; ``manual``: it waits for somebody to look at it; ``draft`` or ``off``:
            nobody gets it and all go on.
    """

    id: str
    template: str
    channel: str
    message_class: str
    max_lateness: timedelta | None
    next: str
    priority: int = USUAL_PRIORITY
    expected_value: float | None = None
    on_quiet: str = HOLD
    about: str = AUTO
    coupon_id: int | None = None
    state: str = LIVE


@dataclass(frozen=True, slots=True)
class Delay:
    """Waits, then until an allowed time of day and weekday.

    Attributes:
        weekdays: Monday is 0; empty allows all.
        zone: IANA name; empty is the profile's own, else the tenant's.
    """

    id: str
    duration: Duration
    until_time: time | None
    weekdays: frozenset[int]
    zone: str
    next: str


@dataclass(frozen=True, slots=True)
class Split:
    """Goes one of two ways by a condition."""

    id: str
    condition: Condition
    yes: str
    no: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Ends the run."""

    id: str
    reason: str


Node = Message | Delay | Split | Exit | Wait | Choice | Jump | Goal | Act


@dataclass(frozen=True, slots=True)
class Graph:
    """One frozen definition.

    Attributes:
        entry_filter: who may enter, also asked before every message; None lets everybody in.
        goal: an exit that counts as success; it is in ``exit_on`` too.
        max_event_age: older events start no run.
        skips_only: who no longer matches the entry filter misses the message and goes on;
            otherwise they leave.
        policies: of the nodes that say what becomes of a run that cannot pass them.
    """

    trigger: Trigger
    entry_filter: Condition | None
    reentry: Reentry
    exit_on: tuple[ExitOn, ...]
    goal: ExitOn | None
    entry_node: str
    nodes: Mapping[str, Node]
    max_event_age: timedelta
    skips_only: bool = False
    policies: Mapping[str, ErrorPolicy] = field(default_factory=dict)


def ways(node: Node) -> Ways:
    """Return the word that each way out of a node records, and where it leads."""
    match node:
        case Message(next=key):
            return (("queued", key),)
        case Delay(next=key):
            return (("waited", key),)
        case Split(yes=yes, no=no):
            return (("yes", yes), ("no", no))
        case Exit():
            return ()
        case _:
            return node.ways


def targets(node: Node) -> tuple[str, ...]:
    """Return the nodes that a node leads to, each once; none for an end."""
    return tuple(dict.fromkeys(key for _, key in ways(node)))


def has_loop(graph: Graph) -> bool:
    """Say whether a run may visit a node twice."""
    return bool(_nodes_on_loops(graph.nodes))


def loops_without(graph: Graph, shortest: timedelta) -> frozenset[str]:
    """Return the nodes on loops that pass no delay of at least ``shortest``.

    A wait for something may be over at once, so its timeout does not count.
    """
    kept = {
        key: node
        for key, node in graph.nodes.items()
        if not (isinstance(node, Delay) and node.duration.length >= shortest)
    }
    return _nodes_on_loops(kept)


def reachable(graph: Graph) -> frozenset[str]:
    """Return the nodes that a run can come to."""
    return _reach(graph.nodes, graph.entry_node) | {graph.entry_node}


def _nodes_on_loops(nodes: Mapping[str, Node]) -> frozenset[str]:
    return frozenset(key for key in nodes if key in _reach(nodes, key))


def _reach(nodes: Mapping[str, Node], start: str) -> frozenset[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        node = nodes.get(waiting.pop())
        found = [key for key in (targets(node) if node else ()) if key in nodes]
        waiting.extend(key for key in found if key not in seen)
        seen.update(found)
    return frozenset(seen)
