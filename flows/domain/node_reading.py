"""From the JSON of a node to its value, for the nodes of `flows.domain.nodes`."""

from collections.abc import Callable, Mapping
from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from flows.domain.graph import MAX_VISITS, Delay, Node, Split
from flows.domain.nodes import (
    METRICS,
    ABSplit,
    Act,
    Alert,
    Award,
    Branches,
    Call,
    ChannelChoice,
    ChannelWay,
    ConditionWay,
    CouponChoice,
    DateWait,
    Effect,
    EventWait,
    Goal,
    Jump,
    PropertyChange,
    RandomShare,
    ReviewsAnswer,
    ShareWay,
    StockWait,
    TagChange,
    TaskWait,
)
from flows.domain.reading import Reader
from flows.domain.values import Duration

Body = Mapping[str, Any]
ReadNode = Callable[[Reader, str, Body, Mapping[str, Any]], Node]

CHOICE_CHANNELS = ("email", "sms", "whatsapp", "push")
CHOICE_CLASSES = ("promotional", "behavioural", "transactional", "safety", "service")
HOWS = ("set", "add", "now", "copy", "remove")
MORNING = time(9)
WHOLE = 10_000
"""All shares of a node together, in hundredths of a percent."""
MOST_WAYS = 10
MOST_NAME = 60
MOST_TEXT = 500
MOST_POINTS = 1_000_000


def read_wait_until(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a wait until a time of day or weekday: a delay of no length."""
    path = f"nodes.{key}"
    until = reader.read_time(body.get("until_time"), f"{path}.until_time")
    weekdays = reader.read_weekdays(body.get("weekdays", []), f"{path}.weekdays")
    if until is None and not weekdays and body.get("until_time") is None:
        reader.fault(f"{path}.until_time", "is missing; name a time of day or a weekday")
    return Delay(
        id=key,
        duration=Duration(0, "minutes"),
        until_time=until,
        weekdays=weekdays,
        zone=reader.read_zone(body.get("timezone", "profile"), f"{path}.timezone"),
        next=reader.read_target(body.get("next"), f"{path}.next", nodes),
    )


def read_wait_date(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a wait until a date of the profile or the event."""
    path = f"nodes.{key}"
    date = reader.read_object(body.get("date"), f"{path}.date")
    holder = "event" if "event" in date else "profile"
    offset, is_before = Duration(0, "days"), False
    if body.get("offset") is not None:
        raw = reader.read_object(body["offset"], f"{path}.offset")
        offset = reader.read_duration(raw, f"{path}.offset")
        words = ("before", "after")
        where = f"{path}.offset.direction"
        is_before = reader.read_word(raw.get("direction"), where, words) == "before"
    then = reader.read_target(body.get("next"), f"{path}.next", nodes)
    past = body.get("past")
    return DateWait(
        id=key,
        holder=holder,
        name=reader.read_text(date.get(holder), f"{path}.date.{holder}"),
        offset=offset,
        is_before=is_before,
        at=reader.read_time(body.get("at"), f"{path}.at") or MORNING,
        zone=reader.read_zone(body.get("timezone", "profile"), f"{path}.timezone"),
        next=then,
        past=reader.read_target(past, f"{path}.past", nodes) if past else then,
    )


def read_wait_event(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a wait for an event."""
    path = f"nodes.{key}"
    items = reader.read_list(body.get("any_of", []), f"{path}.any_of")
    if not items:
        reader.fault(f"{path}.any_of", "names nothing to wait for")
    since = reader.read_word(body.get("since", "node"), f"{path}.since", ("node", "start"))
    return EventWait(
        id=key,
        any_of=tuple(
            reader.read_match(item, f"{path}.any_of.{at}") for at, item in enumerate(items)
        ),
        timeout=_timeout(reader, body, path),
        since_start=since == "start",
        on_event=reader.read_target(body.get("on_event"), f"{path}.on_event", nodes),
        on_timeout=reader.read_target(body.get("on_timeout"), f"{path}.on_timeout", nodes),
    )


def read_wait_stock(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a wait until a variant is back."""
    path = f"nodes.{key}"
    first = reader.read_word(body.get("first", "longest"), f"{path}.first", ("longest", "best"))
    return StockWait(
        id=key,
        variant=reader.read_text(body.get("variant", "variant_id"), f"{path}.variant"),
        min_units=reader.read_whole(body.get("min_units", 1), f"{path}.min_units", 1, 10_000),
        tranche=reader.read_whole(body.get("tranche", 3), f"{path}.tranche", 1, 1_000),
        best_first=first == "best",
        timeout=_timeout(reader, body, path),
        on_stock=reader.read_target(body.get("on_stock"), f"{path}.on_stock", nodes),
        on_timeout=reader.read_target(body.get("on_timeout"), f"{path}.on_timeout", nodes),
    )


def read_task(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a task whose outcome is waited for."""
    path = f"nodes.{key}"
    due = None
    if body.get("due") is not None:
        due = reader.read_duration(reader.read_object(body["due"], f"{path}.due"), f"{path}.due")
    done = reader.read_target(body.get("on_done"), f"{path}.on_done", nodes)
    timeout = reader.read_target(body.get("on_timeout"), f"{path}.on_timeout", nodes)
    cancelled = body.get("on_cancelled")
    return TaskWait(
        id=key,
        title=reader.read_text(body.get("title"), f"{path}.title")[:MOST_TEXT],
        assignee=str(body.get("assignee") or "").strip().lower()[:MOST_TEXT],
        due=due,
        timeout=_timeout(reader, body, path),
        on_done=done,
        on_cancelled=reader.read_target(cancelled, f"{path}.on_cancelled", nodes)
        if cancelled
        else timeout,
        on_timeout=timeout,
    )


def read_branches(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a choice by conditions."""
    path = f"nodes.{key}"
    ways = []
    for way, where in _ways(reader, body, path, least=1):
        condition = reader.read_condition(way.get("condition"), f"{where}.condition")
        if condition is None:
            reader.fault(f"{where}.condition", "is missing")
        ways.append(
            ConditionWay(
                _name(reader, way, where),
                reader.read_target(way.get("next"), f"{where}.next", nodes),
                condition or {},
            )
        )
    _check_names(reader, [way.name for way in ways], path)
    otherwise = reader.read_target(body.get("otherwise"), f"{path}.otherwise", nodes)
    return Branches(key, tuple(ways), otherwise)


def read_random(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a choice by lot."""
    return RandomShare(key, _shares(reader, body, f"nodes.{key}", nodes))


def read_ab_split(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read an A/B split."""
    path = f"nodes.{key}"
    ways = _shares(reader, body, path, nodes)
    winner = body.get("winner") or ""
    if winner and winner not in [way.name for way in ways]:
        reader.fault(f"{path}.winner", f"{winner!r} is none of the ways")
    metric = body.get("find_winner") or ""
    if metric:
        metric = reader.read_word(metric, f"{path}.find_winner", METRICS)
    return ABSplit(key, ways, str(winner), metric)


def read_channel(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a choice of the channel."""
    path = f"nodes.{key}"
    ways = []
    for way, where in _ways(reader, body, path, least=1):
        channel = reader.read_word(way.get("channel"), f"{where}.channel", CHOICE_CHANNELS)
        target = reader.read_target(way.get("next"), f"{where}.next", nodes)
        ways.append(ChannelWay(channel, target, channel))
    _check_names(reader, [way.name for way in ways], path)
    pick = reader.read_word(body.get("pick", "first"), f"{path}.pick", ("first", "history"))
    word = body.get("message_class", "promotional")
    return ChannelChoice(
        id=key,
        branches=tuple(ways),
        by_history=pick == "history",
        message_class=reader.read_word(word, f"{path}.message_class", CHOICE_CLASSES),
        otherwise=reader.read_target(body.get("otherwise"), f"{path}.otherwise", nodes),
    )


def read_discount_guard(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a discount guard: a split by a segment."""
    path = f"nodes.{key}"
    segment = reader.read_id(body.get("segment"), f"{path}.segment", "a segment")
    return Split(
        id=key,
        condition={"segment": str(segment), "is": "member"},
        yes=reader.read_target(body.get("yes"), f"{path}.yes", nodes),
        no=reader.read_target(body.get("no"), f"{path}.no", nodes),
    )


def read_goto(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a jump."""
    path = f"nodes.{key}"
    visits = body.get("max_visits", MAX_VISITS - 1)
    return Jump(
        id=key,
        target=reader.read_target(body.get("target"), f"{path}.target", nodes),
        max_visits=reader.read_whole(visits, f"{path}.max_visits", 1, MAX_VISITS - 1),
        otherwise=reader.read_target(body.get("otherwise"), f"{path}.otherwise", nodes),
    )


def read_goal(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
    """Read a goal."""
    return Goal(key, _name(reader, body, f"nodes.{key}"))


def _timeout(reader: Reader, body: Body, path: str) -> Duration:
    if body.get("timeout") is None:
        reader.fault(f"{path}.timeout", "is missing; a wait needs an end")
        return Duration(1, "days")
    raw = reader.read_object(body["timeout"], f"{path}.timeout")
    timeout = reader.read_duration(raw, f"{path}.timeout")
    if raw and timeout.n == 0:
        reader.fault(f"{path}.timeout.n", "must be 1 or more")
    return timeout


def _ways(reader: Reader, body: Body, path: str, *, least: int) -> list[tuple[Body, str]]:
    items = reader.read_list(body.get("branches", []), f"{path}.branches")
    if not least <= len(items) <= MOST_WAYS:
        reader.fault(f"{path}.branches", f"must be {least} to {MOST_WAYS} ways")
    places = [f"{path}.branches.{at}" for at in range(len(items))]
    return [
        (reader.read_object(item, where), where) for item, where in zip(items, places, strict=True)
    ]


def _name(reader: Reader, body: Body, path: str) -> str:
    name = reader.read_text(body.get("name"), f"{path}.name").strip()
    if len(name) > MOST_NAME:
        reader.fault(f"{path}.name", f"must be at most {MOST_NAME} characters")
    return name


def _check_names(reader: Reader, names: list[str], path: str) -> None:
    for at, name in enumerate(names):
        if name and name in names[:at]:
            reader.fault(f"{path}.branches.{at}", f"{name!r} is there twice")


def _shares(
    reader: Reader, body: Body, path: str, nodes: Mapping[str, Any]
) -> tuple[ShareWay, ...]:
    ways = [
        ShareWay(
            _name(reader, way, where),
            reader.read_target(way.get("next"), f"{where}.next", nodes),
            _share(reader, way.get("share"), f"{where}.share"),
        )
        for way, where in _ways(reader, body, path, least=2)
    ]
    _check_names(reader, [way.name for way in ways], path)
    if ways and sum(way.share for way in ways) != WHOLE:
        reader.fault(f"{path}.branches", "must share out exactly 100 percent")
    return tuple(ways)


def _share(reader: Reader, raw: Any, path: str) -> int:
    try:
        share = Decimal(str(raw)) * 100 if isinstance(raw, int | float | str) else None
    except InvalidOperation:
        share = None
    if share is None or isinstance(raw, bool) or not share.is_finite() or share % 1:
        reader.fault(path, "must be a percentage with at most two decimals")
        return 0
    if not 0 <= share <= WHOLE:
        reader.fault(path, "must be 0 to 100 percent")
    return int(share)


def _property(reader: Reader, body: Body, path: str) -> Effect:
    name = reader.read_text(body.get("property"), f"{path}.property")
    how = reader.read_word(body.get("how", "set"), f"{path}.how", HOWS)
    value = body.get("value")
    if how == "set" and (value is None or isinstance(value, Mapping)):
        reader.fault(f"{path}.value", "is missing; a text, number, yes or no, or list")
    if how == "add" and (isinstance(value, bool) or not isinstance(value, int | float)):
        reader.fault(f"{path}.value", "must be a number")
    if how == "copy":
        reader.read_text(value, f"{path}.value")
    return PropertyChange(name, how, value)


def _tags(reader: Reader, body: Body, path: str) -> Effect:
    lists = {
        word: tuple(
            reader.read_text(tag, f"{path}.{word}.{at}")
            for at, tag in enumerate(reader.read_list(body.get(word, []), f"{path}.{word}"))
        )
        for word in ("add", "remove")
    }
    if not any(lists.values()):
        reader.fault(f"{path}.add", "names no tag")
    return TagChange(lists["add"], lists["remove"])


def _points(reader: Reader, body: Body, path: str) -> Effect:
    points = reader.read_whole(body.get("points"), f"{path}.points", 1, MOST_POINTS)
    return Award(points, str(body.get("note", ""))[:MOST_TEXT])


def _alert(reader: Reader, body: Body, path: str) -> Effect:
    return Alert(reader.read_text(body.get("text"), f"{path}.text")[:MOST_TEXT])


def _webhook(reader: Reader, body: Body, path: str) -> Effect:
    endpoint = reader.read_id(body.get("endpoint"), f"{path}.endpoint", "an endpoint")
    return Call(endpoint, reader.read_object(body.get("data", {}), f"{path}.data"))


def _coupon(reader: Reader, body: Body, path: str) -> Effect:
    return CouponChoice(reader.read_id(body.get("coupon"), f"{path}.coupon", "a coupon"))


def _act(read: Callable[[Reader, Body, str], Effect]) -> ReadNode:
    def read_act(reader: Reader, key: str, body: Body, nodes: Mapping[str, Any]) -> Node:
        path = f"nodes.{key}"
        then = reader.read_target(body.get("next"), f"{path}.next", nodes)
        return Act(key, read(reader, body, path), then)

    return read_act


READERS: Final[dict[str, ReadNode]] = {
    "wait_until": read_wait_until,
    "wait_date": read_wait_date,
    "wait_event": read_wait_event,
    "wait_stock": read_wait_stock,
    "task": read_task,
    "branches": read_branches,
    "random": read_random,
    "ab_split": read_ab_split,
    "channel": read_channel,
    "discount_guard": read_discount_guard,
    "goto": read_goto,
    "goal": read_goal,
    "update_property": _act(_property),
    "tag": _act(_tags),
    "points": _act(_points),
    "alert": _act(_alert),
    "webhook": _act(_webhook),
    "answer_reviews": _act(lambda reader, body, path: ReviewsAnswer()),
    "coupon": _act(_coupon),
}
"""By the word of ``type``."""
