"""Nodes and conditions of definitions, as the flows of the library put them together."""

from typing import Any, Final

from flows.library.base import Mail, Standing, Text

ORDER: Final = {"event": "Order Placed"}
"""The exit of most flows."""
NOT_AT_TILL: Final = {"property": "at_till", "is": "not_set"}
"""Filter of triggers that speak of parcels; of orders, and of the parcels of orders."""
Node = dict[str, Any]
Condition = dict[str, Any]


def duration(n: int, unit: str) -> dict[str, Any]:
    """Return such as 3 days; ``unit`` is minutes, hours, days or weeks."""
    return {"n": n, "unit": unit}


def message(said: Mail | Text | Standing, then: str, **other: Any) -> Node:
    """Return the node that sends a message.

    Args:
        said: one of the flow's messages.
        then: key of the node that follows.
        other: such as ``coupon=bound.coupon(…)``, ``max_lateness``, ``about`` or ``state``.
    """
    return {
        "type": "message",
        "channel": said.channel,
        "template": said.key,
        "message_class": said.message_class,
        "next": then,
        **other,
    }


def delay(n: int, unit: str, then: str, **other: Any) -> Node:
    """Return a wait; ``until_time`` and ``weekdays`` let it go on at a good hour."""
    return {"type": "delay", "n": n, "unit": unit, "next": then, **other}


def wait_event(
    *any_of: dict[str, Any], timeout: dict[str, Any], on_event: str, on_timeout: str, **other: Any
) -> Node:
    """Return a wait for one of some events; ``since`` is node or start."""
    return {
        "type": "wait_event",
        "any_of": list(any_of),
        "timeout": timeout,
        "on_event": on_event,
        "on_timeout": on_timeout,
        **other,
    }


def wait_opened(node: str, hours: int, *, opened: str, unopened: str) -> Node:
    """Return a wait until a message of this run is opened, so many hours at the longest."""
    return wait_event(
        {"message": node, "is": "opened"},
        timeout=duration(hours, "hours"),
        since="start",
        on_event=opened,
        on_timeout=unopened,
    )


def split(condition: Condition, *, yes: str, no: str) -> Node:
    """Return a choice of two ways."""
    return {"type": "split", "condition": condition, "yes": yes, "no": no}


def branches(*ways: tuple[str, Condition, str], otherwise: str) -> Node:
    """Return a choice of many ways: name, condition and the node that follows of each."""
    told = [{"name": name, "condition": condition, "next": then} for name, condition, then in ways]
    return {"type": "branches", "branches": told, "otherwise": otherwise}


def ab_split(*ways: tuple[str, float, str], find_winner: str = "") -> Node:
    """Return a test: name, share in percent and the node that follows of each."""
    told = [{"name": name, "share": share, "next": then} for name, share, then in ways]
    return {"type": "ab_split", "branches": told, "find_winner": find_winner}


def channel(
    *ways: tuple[str, str], otherwise: str, message_class: str, pick: str = "first"
) -> Node:
    """Return a choice of the channel: its word and the node that follows of each."""
    told = [{"channel": word, "next": then} for word, then in ways]
    return {
        "type": "channel",
        "branches": told,
        "otherwise": otherwise,
        "message_class": message_class,
        "pick": pick,
    }


def task(title: str, *, done: str, over: str, days: int = 3) -> Node:
    """Return a task for the team; ``over`` follows when its time is over or it is cancelled."""
    return {
        "type": "task",
        "title": title,
        "due": duration(1, "days"),
        "timeout": duration(days, "days"),
        "on_done": done,
        "on_timeout": over,
    }


def act(kind: str, then: str, **other: Any) -> Node:
    """Return a node that changes something: tag, update_property, points, alert, coupon."""
    return {"type": kind, "next": then, **other}


def end(reason: str) -> Node:
    """Return an end."""
    return {"type": "exit", "reason": reason}


def goal(name: str) -> Node:
    """Return an end that is a success."""
    return {"type": "goal", "name": name}


def every(*children: Condition) -> Condition:
    """Return that all of some conditions hold."""
    return {"op": "and", "children": list(children)}


def some(*children: Condition) -> Condition:
    """Return that one of some conditions holds."""
    return {"op": "or", "children": list(children)}


def no(*children: Condition) -> Condition:
    """Return that none of some conditions holds."""
    return {"op": "not", "children": list(children)}


def is_field(name: str, operator: str, value: Any) -> Condition:
    """Return a condition on a figure of the profile."""
    return {"field": name, "is": operator, "value": value}


def in_segment(segment: str) -> Condition:
    """Return that somebody is in a segment; ``segment`` is from ``bound.segment``."""
    return {"segment": segment, "is": "member"}


def started_with(name: str, operator: str, value: Any) -> Condition:
    """Return a condition on a property of the event that started this run."""
    return {"trigger": name, "is": operator, "value": value}


def opened(node: str) -> Condition:
    """Return that a message of this run was opened."""
    return {"message": node, "is": "opened"}


def happened(event: str, *, days: int, count: int = 1, where: list[Any] | None = None) -> Condition:
    """Return that an event happened so often within so many days."""
    said: Condition = {
        "event": event,
        "count": {"is": ">=", "value": count},
        "within": {"days": days},
    }
    return {**said, "where": where} if where else said


def tell(
    trigger: dict[str, Any], said: Node, reached: str = "told", **other: Any
) -> dict[str, Any]:
    """Return a definition of one message, each time that something happens.

    Args:
        trigger: what starts it.
        said: the message, which leads to ``end``.
        reached: reason of that end.
        other: as of `flow`.
    """
    nodes = {"say": said, "end": end(reached)}
    return flow(trigger, nodes, **{"reentry": {"policy": "every_time"}, **other})


def flow(
    trigger: dict[str, Any], nodes: dict[str, Node], *, reentry: dict[str, Any], **other: Any
) -> dict[str, Any]:
    """Return a definition that begins at the first of ``nodes``.

    Args:
        trigger: what starts it.
        nodes: by key.
        reentry: how often.
        other: such as ``exit_on``, ``goal``, ``entry_filter``, ``max_event_age``.
    """
    return {
        "trigger": trigger,
        "reentry": reentry,
        "entry_node": next(iter(nodes)),
        "nodes": nodes,
        **other,
    }
