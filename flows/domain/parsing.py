"""From the JSON of the contract to a `Graph`; every fault is reported with its place."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from flows.domain.graph import (
    AUTO,
    CART_MAX_EVENT_AGE,
    CART_TRIGGERS,
    DEFAULT_MAX_EVENT_AGE,
    HOLD,
    ITEMS,
    LIVE,
    NOTHING,
    SKIP,
    STATES,
    USUAL_PRIORITY,
    Delay,
    EventTrigger,
    Exit,
    ExitOn,
    Graph,
    Message,
    Node,
    Policy,
    Reentry,
    SegmentTrigger,
    Split,
    Trigger,
)
from flows.domain.lint import lint
from flows.domain.node_reading import READERS
from flows.domain.reading import Reader
from flows.domain.start_reading import START_READERS
from flows.domain.values import ErrorPolicy
from flows.errors import GraphError, Problem

CHANNELS = ("email", "sms", "whatsapp", "push")
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
        "on_filter",
    )
)
EXIT, ENTER = "exit", "enter"
MOST_AT_ONCE = 100


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


def examine_graph(raw: Any) -> tuple[Graph, list[Problem]]:
    """Read a definition that somebody is still writing.

    Returns:
        The graph, with a stand-in for whatever is wrong, and every fault of form.
    """
    reader = _Reader()
    graph = reader.graph(raw)
    return graph, reader.problems


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


class _Reader(Reader):
    """Reads whole definitions."""

    def graph(self, raw: Any) -> Graph:
        body = self.read_object(raw, "")
        for key in sorted(set(body) - _KEYS):
            self.fault(key, "is not known here")
        exits = self.read_list(body.get("exit_on", []), "exit_on")
        goal = self._exit_on(body["goal"], "goal") if body.get("goal") else None
        raw_nodes = self.read_object(body.get("nodes"), "nodes")
        exit_on = [self._exit_on(item, f"exit_on.{at}") for at, item in enumerate(exits)]
        if goal and goal not in exit_on:
            exit_on.append(goal)
        trigger = self._trigger(body.get("trigger"))
        return Graph(
            trigger=trigger,
            entry_filter=self.read_condition(body.get("entry_filter"), "entry_filter"),
            reentry=self._reentry(body.get("reentry", {"policy": "once"})),
            exit_on=tuple(exit_on),
            goal=goal,
            entry_node=self.read_target(body.get("entry_node"), "entry_node", raw_nodes),
            nodes={key: self._node(key, raw_nodes[key], raw_nodes) for key in raw_nodes},
            max_event_age=self._age(body.get("max_event_age"), trigger),
            skips_only=self.read_word(body.get("on_filter", EXIT), "on_filter", (EXIT, SKIP))
            == SKIP,
            policies=self._policies(raw_nodes),
        )

    def _policies(self, nodes: Mapping[str, Any]) -> dict[str, ErrorPolicy]:
        told = {
            key: node["on_error"]
            for key, node in nodes.items()
            if isinstance(node, Mapping) and node.get("on_error") is not None
        }
        return {key: self.read_policy(raw, f"nodes.{key}.on_error") for key, raw in told.items()}

    def _trigger(self, raw: Any) -> Trigger:
        body = self.read_object(raw, "trigger")
        if "segment" in body:
            word = self.read_word(body.get("on", ENTER), "trigger.on", (ENTER, EXIT))
            segment_id = self.read_id(body["segment"], "trigger.segment", "a segment")
            return SegmentTrigger(segment_id, is_exit=word == EXIT)
        for key, read in START_READERS.items():
            if key in body:
                return read(self, body[key])
        if not self.read_text(body.get("event"), "trigger.event"):
            return EventTrigger("")
        return EventTrigger(
            str(body["event"]), self.read_filter(body.get("filter", []), "trigger.filter")
        )

    def _reentry(self, raw: Any) -> Reentry:
        body = self.read_object(raw, "reentry")
        word = self.read_word(body.get("policy"), "reentry.policy", tuple(Policy))
        policy = Policy(word) if word else Policy.ONCE
        gap, key = timedelta(0), ""
        if policy is Policy.AFTER:
            gap = self.read_duration(body, "reentry").length
        if policy is Policy.KEYED:
            key = self.read_text(body.get("property"), "reentry.property")
        most = body.get("max_at_once")
        at_once = self.read_whole(most, "reentry.max_at_once", 1, MOST_AT_ONCE) if most else 0
        again = self.read_flag(body.get("again", False), "reentry.again")
        return Reentry(policy, gap, key, at_once, again=again)

    def _exit_on(self, raw: Any, path: str) -> ExitOn:
        body = self.read_object(raw, path)
        if "segment" in body:
            return ExitOn(segment_id=self.read_id(body["segment"], f"{path}.segment", "a segment"))
        event = self.read_text(body.get("event"), f"{path}.event")
        has_more = bool(body.get("filter") or body.get("same"))
        return ExitOn(event, match=self.read_match(body, path) if has_more else None)

    def _age(self, raw: Any, trigger: Trigger) -> timedelta:
        if raw is None:
            is_of_cart = isinstance(trigger, EventTrigger) and trigger.event in CART_TRIGGERS
            return CART_MAX_EVENT_AGE if is_of_cart else DEFAULT_MAX_EVENT_AGE
        return self.read_duration(self.read_object(raw, "max_event_age"), "max_event_age").length

    def _node(self, key: str, raw: Any, nodes: Mapping[str, Any]) -> Node:
        path = f"nodes.{key}"
        body = self.read_object(raw, path)
        readers: dict[str, Callable[[str, Mapping[str, Any], Mapping[str, Any]], Node]] = {
            "message": self._message,
            "delay": self._delay,
            "split": self._split,
            "exit": self._exit,
            **{word: partial(read, self) for word, read in READERS.items()},
        }
        word = self.read_word(body.get("type"), f"{path}.type", tuple(readers))
        return readers[word or "exit"](key, body, nodes)

    def _message(self, key: str, body: Mapping[str, Any], nodes: Mapping[str, Any]) -> Message:
        path = f"nodes.{key}"
        word = self.read_word(body.get("message_class"), f"{path}.message_class", CLASSES)
        lateness = LATENESS.get(word)
        if body.get("max_lateness") is not None:
            late = self.read_object(body["max_lateness"], f"{path}.max_lateness")
            lateness = self.read_duration(late, f"{path}.max_lateness").length
        return Message(
            id=key,
            template=self.read_text(body.get("template"), f"{path}.template"),
            channel=self.read_word(body.get("channel", "email"), f"{path}.channel", CHANNELS),
            message_class=word,
            max_lateness=lateness,
            next=self.read_target(body.get("next"), f"{path}.next", nodes),
            priority=self._priority(body.get("priority", USUAL_PRIORITY), f"{path}.priority"),
            expected_value=self._worth(body.get("expected_value"), f"{path}.expected_value"),
            on_quiet=self.read_word(body.get("on_quiet", HOLD), f"{path}.on_quiet", (HOLD, SKIP)),
            about=self.read_word(body.get("about", AUTO), f"{path}.about", (AUTO, ITEMS, NOTHING)),
            coupon_id=self._coupon(body.get("coupon"), f"{path}.coupon"),
            state=self.read_word(body.get("state", LIVE), f"{path}.state", STATES),
        )

    def _priority(self, raw: Any, path: str) -> int:
        if isinstance(raw, int) and not isinstance(raw, bool) and raw in PRIORITIES:
            return raw
        self.fault(path, f"must be a whole number from {PRIORITIES[0]} to {PRIORITIES[-1]}")
        return USUAL_PRIORITY

    def _worth(self, raw: Any, path: str) -> float | None:
        if raw is None:
            return None
        is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
        if is_number and 0 <= raw <= MOST_VALUE:
            return float(raw)
        self.fault(path, "must be a number of 0 or more")
        return None

    def _coupon(self, raw: Any, path: str) -> int | None:
        if raw in (None, ""):
            return None
        if isinstance(raw, str) and raw.isascii() and raw.isdecimal() and len(raw) < MOST_DIGITS:
            return int(raw)
        self.fault(path, "must be the id of a coupon, as text")
        return None

    def _delay(self, key: str, body: Mapping[str, Any], nodes: Mapping[str, Any]) -> Delay:
        path = f"nodes.{key}"
        return Delay(
            id=key,
            duration=self.read_duration(body, path),
            until_time=self.read_time(body.get("until_time"), f"{path}.until_time"),
            weekdays=self.read_weekdays(body.get("weekdays", []), f"{path}.weekdays"),
            zone=self.read_zone(body.get("timezone", "profile"), f"{path}.timezone"),
            next=self.read_target(body.get("next"), f"{path}.next", nodes),
        )

    def _split(self, key: str, body: Mapping[str, Any], nodes: Mapping[str, Any]) -> Split:
        path = f"nodes.{key}"
        condition = self.read_condition(body.get("condition"), f"{path}.condition")
        if condition is None:
            self.fault(f"{path}.condition", "is missing")
        return Split(
            id=key,
            condition=condition or {},
            yes=self.read_target(body.get("yes"), f"{path}.yes", nodes),
            no=self.read_target(body.get("no"), f"{path}.no", nodes),
        )

    def _exit(self, key: str, body: Mapping[str, Any], nodes: Mapping[str, Any]) -> Exit:
        return Exit(id=key, reason=str(body.get("reason", "")))
