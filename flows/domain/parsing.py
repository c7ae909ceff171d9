"""From the JSON of the contract to a `Graph`; every fault is reported with its place."""

from collections.abc import Callable, Mapping
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.domain.graph import (
    AUTO,
    CART_MAX_EVENT_AGE,
    CART_TRIGGERS,
    DEFAULT_MAX_EVENT_AGE,
    HOLD,
    ITEMS,
    NOTHING,
    SKIP,
    USUAL_PRIORITY,
    Delay,
    Duration,
    EventTrigger,
    Exit,
    ExitOn,
    Graph,
    Message,
    Node,
    Policy,
    PropertyCondition,
    Reentry,
    SegmentTrigger,
    Split,
    Trigger,
)
from flows.domain.lint import lint
from flows.domain.triggers import OPERATORS
from flows.errors import GraphError, Problem

UNITS = ("minutes", "hours", "days", "weeks")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHANNELS = ("email", "sms", "whatsapp")
CLASSES = ("promotional", "behavioural", "transactional", "safety", "service")
LATENESS = {"promotional": timedelta(hours=24), "behavioural": timedelta(hours=12)}
"""How late a message of a class may be when its node does not say; others are never late."""
PRIORITIES = (1, 2, 3, 4, 5)
MOST_VALUE = 1_000_000_000
MOST_DIGITS = 19
"""Digits of the largest id, and one more."""

_KEYS = frozenset(
    (
        "trigger",
        "entry_filter",
        "reentry",
        "exit_on",
        "goal",
        "entry_node",
        "nodes",
        "max_event_age",
    )
)


def parse_graph(raw: Any) -> Graph:
    """Read a definition.

    Args:
        raw: the decoded JSON of a flow definition.

    Raises:
        GraphError: with every fault of form.
    """
    reader = _Reader()
    graph = reader.graph(raw)
    if reader.problems:
        raise GraphError(reader.problems)
    return graph


def check_graph(raw: Any) -> Graph:
    """Read a definition that shall be published.

    Args:
        raw: the decoded JSON of a flow definition.

    Raises:
        GraphError: with every fault of form; or, when the form is right, every fault that
            `flows.domain.lint` finds.
    """
    graph = parse_graph(raw)
    if problems := lint(graph):
        raise GraphError(problems)
    return graph


class _Reader:
    """Reads parts and collects faults; a part that is wrong gets a stand-in."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def graph(self, raw: Any) -> Graph:
        body = self._object(raw, "")
        for key in sorted(set(body) - _KEYS):
            self._fault(key, "is not known here")
        exits = self._list(body.get("exit_on", []), "exit_on")
        goal = self._exit_on(body["goal"], "goal") if body.get("goal") else None
        raw_nodes = self._object(body.get("nodes"), "nodes")
        exit_on = [self._exit_on(item, f"exit_on.{at}") for at, item in enumerate(exits)]
        if goal and goal not in exit_on:
            exit_on.append(goal)
        trigger = self._trigger(body.get("trigger"))
        return Graph(
            trigger=trigger,
            entry_filter=self._condition(body.get("entry_filter"), "entry_filter"),
            reentry=self._reentry(body.get("reentry", {"policy": "once"})),
            exit_on=tuple(exit_on),
            goal=goal,
            entry_node=self._target(body.get("entry_node"), "entry_node", raw_nodes),
            nodes={key: self._node(key, raw_nodes[key], raw_nodes) for key in raw_nodes},
            max_event_age=self._age(body.get("max_event_age"), trigger),
        )

    def _trigger(self, raw: Any) -> Trigger:
        body = self._object(raw, "trigger")
        if "segment" in body:
            return SegmentTrigger(self._segment(body["segment"], "trigger.segment"))
        if not self._text(body.get("event"), "trigger.event"):
            return EventTrigger("")
        where = self._list(body.get("filter", []), "trigger.filter")
        return EventTrigger(
            str(body["event"]),
            tuple(self._property(item, f"trigger.filter.{at}") for at, item in enumerate(where)),
        )

    def _property(self, raw: Any, path: str) -> PropertyCondition:
        body = self._object(raw, path)
        operator = self._word(body.get("is"), f"{path}.is", tuple(OPERATORS))
        name = self._text(body.get("property"), f"{path}.property")
        return PropertyCondition(name, operator, body.get("value"))

    def _reentry(self, raw: Any) -> Reentry:
        body = self._object(raw, "reentry")
        word = self._word(body.get("policy"), "reentry.policy", tuple(Policy))
        policy = Policy(word) if word else Policy.ONCE
        gap, key = timedelta(0), ""
        if policy is Policy.AFTER:
            gap = self._duration(body, "reentry").length
        if policy is Policy.KEYED:
            key = self._text(body.get("property"), "reentry.property")
        return Reentry(policy, gap, key)

    def _exit_on(self, raw: Any, path: str) -> ExitOn:
        body = self._object(raw, path)
        if "segment" in body:
            return ExitOn(segment_id=self._segment(body["segment"], f"{path}.segment"))
        return ExitOn(event=self._text(body.get("event"), f"{path}.event"))

    def _age(self, raw: Any, trigger: Trigger) -> timedelta:
        if raw is None:
            is_of_cart = isinstance(trigger, EventTrigger) and trigger.event in CART_TRIGGERS
            return CART_MAX_EVENT_AGE if is_of_cart else DEFAULT_MAX_EVENT_AGE
        return self._duration(self._object(raw, "max_event_age"), "max_event_age").length

    def _node(self, key: str, raw: Any, nodes: Mapping[str, Any]) -> Node:
        path = f"nodes.{key}"
        body = self._object(raw, path)
        readers: dict[str, Callable[[str, Mapping[str, Any], Mapping[str, Any]], Node]] = {
            "message": self._message,
            "delay": self._delay,
            "split": self._split,
            "exit": self._exit,
        }
        word = self._word(body.get("type"), f"{path}.type", tuple(readers))
        return readers[word or "exit"](key, body, nodes)

    def _message(self, key: str, body: Mapping[str, Any], nodes: Mapping[str, Any]) -> Message:
        path = f"nodes.{key}"
        word = self._word(body.get("message_class"), f"{path}.message_class", CLASSES)
        lateness = LATENESS.get(word)
        if body.get("max_lateness") is not None:
            late = self._object(body["max_lateness"], f"{path}.max_lateness")
            lateness = self._duration(late, f"{path}.max_lateness").length
        return Message(
            id=key,
            template=self._text(body.get("template"), f"{path}.template"),
            channel=self._word(body.get("channel", "email"), f"{path}.channel", CHANNELS),
            message_class=word,
            max_lateness=lateness,
            next=self._target(body.get("next"), f"{path}.next", nodes),
            priority=self._priority(body.get("priority", USUAL_PRIORITY), f"{path}.priority"),
            expected_value=self._worth(body.get("expected_value"), f"{path}.expected_value"),
            on_quiet=self._word(body.get("on_quiet", HOLD), f"{path}.on_quiet", (HOLD, SKIP)),
            about=self._word(body.get("about", AUTO), f"{path}.about", (AUTO, ITEMS, NOTHING)),
            coupon_id=self._coupon(body.get("coupon"), f"{path}.coupon"),
        )

    def _priority(self, raw: Any, path: str) -> int:
        if isinstance(raw, int) and not isinstance(raw, bool) and raw in PRIORITIES:
            return raw
        self._fault(path, f"must be a whole number from {PRIORITIES[0]} to {PRIORITIES[-1]}")
        return USUAL_PRIORITY

    def _worth(self, raw: Any, path: str) -> float | None:
        if raw is None:
            return None
        is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
        if is_number and 0 <= raw <= MOST_VALUE:
            return float(raw)
        self._fault(path, "must be a number of 0 or more")
        return None

    def _coupon(self, raw: Any, path: str) -> int | None:
        if raw in (None, ""):
            return None
        if isinstance(raw, str) and raw.isascii() and raw.isdecimal() and len(raw) < MOST_DIGITS:
            return int(raw)
        self._fault(path, "must be the id of a coupon, as text")
        return None

    def _delay(self, key: str, body: Mapping[str, Any], nodes: Mapping[str, Any]) -> Delay:
        path = f"nodes.{key}"
        names = self._list(body.get("weekdays", []), f"{path}.weekdays")
        words = [self._word(name, f"{path}.weekdays", WEEKDAYS) for name in names]
        return Delay(
            id=key,
            duration=self._duration(body, path),
            until_time=self._time(body.get("until_time"), f"{path}.until_time"),
            weekdays=frozenset(WEEKDAYS.index(word) for word in words if word),
            zone=self._zone(body.get("timezone", "profile"), f"{path}.timezone"),
            next=self._target(body.get("next"), f"{path}.next", nodes),
        )

    def _split(self, key: str, body: Mapping[str, Any], nodes: Mapping[str, Any]) -> Split:
        path = f"nodes.{key}"
        condition = self._condition(body.get("condition"), f"{path}.condition")
        if condition is None:
            self._fault(f"{path}.condition", "is missing")
        return Split(
            id=key,
            condition=condition or {},
            yes=self._target(body.get("yes"), f"{path}.yes", nodes),
            no=self._target(body.get("no"), f"{path}.no", nodes),
        )

    def _exit(self, key: str, body: Mapping[str, Any], nodes: Mapping[str, Any]) -> Exit:
        return Exit(id=key, reason=str(body.get("reason", "")))

    def _duration(self, body: Mapping[str, Any], path: str) -> Duration:
        n = body.get("n")
        if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= 1_000_000:  # noqa: PLR2004 two years of minutes fit
            self._fault(f"{path}.n", "must be a whole number of 0 or more")
            n = 0
        unit = self._word(body.get("unit"), f"{path}.unit", UNITS)
        return Duration(n, unit or UNITS[0])

    def _time(self, raw: Any, path: str) -> time | None:
        if raw is None:
            return None
        try:
            return time.fromisoformat(str(raw))
        except ValueError:
            self._fault(path, "must be a time of day such as 09:30")
            return None

    def _zone(self, raw: Any, path: str) -> str:
        if raw == "profile":
            return ""
        try:
            return ZoneInfo(str(raw)).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._fault(path, "must be 'profile' or an IANA zone such as Europe/London")
            return ""

    def _segment(self, raw: Any, path: str) -> int:
        if isinstance(raw, str) and raw.isdecimal():
            return int(raw)
        self._fault(path, "must be the id of a segment, as text")
        return 0

    def _condition(self, raw: Any, path: str) -> Mapping[str, Any] | None:
        if raw is None:
            return None
        return self._object(raw, path)

    def _target(self, raw: Any, path: str, nodes: Mapping[str, Any]) -> str:
        if not raw:
            self._fault(path, "leads nowhere; name the next node, an exit node at the end")
        elif raw not in nodes:
            self._fault(path, f"leads to {raw!r}, which does not exist")
        return str(raw or "")

    def _object(self, raw: Any, path: str) -> Mapping[str, Any]:
        if isinstance(raw, Mapping):
            return raw
        self._fault(path or "definition", "must be an object")
        return {}

    def _list(self, raw: Any, path: str) -> list[Any]:
        if isinstance(raw, list):
            return raw
        self._fault(path, "must be a list")
        return []

    def _text(self, raw: Any, path: str) -> str:
        if isinstance(raw, str) and raw.strip():
            return raw
        self._fault(path, "is missing")
        return ""

    def _word(self, raw: Any, path: str, words: tuple[str, ...]) -> str:
        if isinstance(raw, str) and raw in words:
            return raw
        self._fault(path, f"must be one of {', '.join(words)}")
        return ""

    def _fault(self, path: str, text: str) -> None:
        self.problems.append(Problem(path, text))
