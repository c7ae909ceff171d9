"""Reads parts of a definition and collects faults; a part that is wrong gets a stand-in."""

from collections.abc import Mapping
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.domain.triggers import OPERATORS
from flows.domain.values import (
    EXIT_RUN,
    PARK,
    SKIP_NODE,
    Duration,
    ErrorPolicy,
    EventMatch,
    PropertyCondition,
)
from flows.errors import Problem

UNITS = ("minutes", "hours", "days", "weeks")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST = 1_000_000
"""Two years of minutes fit."""
MOST_RETRIES = 10
MESSAGE_EVENTS = {"opened": "Message Opened", "clicked": "Message Clicked"}
"""Name of the event by what became of a message."""


class Reader:
    """Reads values; every fault is noted with its place."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read_duration(self, body: Mapping[str, Any], path: str) -> Duration:
        """Read ``n`` and ``unit``."""
        n = self.read_whole(body.get("n"), f"{path}.n", 0, MOST)
        unit = self.read_word(body.get("unit"), f"{path}.unit", UNITS)
        return Duration(n, unit or UNITS[0])

    def read_whole(self, raw: Any, path: str, least: int, most: int) -> int:
        """Read a whole number within bounds."""
        if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
            words = f"{least} or more" if most == MOST else f"{least} to {most:,}"
            self.fault(path, f"must be a whole number of {words}")
            return least
        return raw

    def read_time(self, raw: Any, path: str) -> time | None:
        """Read a time of day; None where nothing is said."""
        if raw is None:
            return None
        try:
            return time.fromisoformat(str(raw))
        except ValueError:
            self.fault(path, "must be a time of day such as 09:30")
            return None

    def read_weekdays(self, raw: Any, path: str) -> frozenset[int]:
        """Read days of the week; Monday is 0."""
        words = [self.read_word(name, path, WEEKDAYS) for name in self.read_list(raw, path)]
        return frozenset(WEEKDAYS.index(word) for word in words if word)

    def read_zone(self, raw: Any, path: str) -> str:
        """Read a time zone; empty is the profile's own."""
        if raw == "profile":
            return ""
        try:
            return ZoneInfo(str(raw)).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fault(path, "must be 'profile' or an IANA zone such as Europe/London")
            return ""

    def read_id(self, raw: Any, path: str, what: str) -> int:
        """Read the id of something, which is text as in the whole API."""
        if isinstance(raw, str) and raw.isdecimal():
            return int(raw)
        self.fault(path, f"must be the id of {what}, as text")
        return 0

    def read_condition(self, raw: Any, path: str) -> Mapping[str, Any] | None:
        """Read a segment definition; None where there is none."""
        return None if raw is None else self.read_object(raw, path)

    def read_target(self, raw: Any, path: str, nodes: Mapping[str, Any]) -> str:
        """Read where a way leads."""
        if not raw:
            self.fault(path, "leads nowhere; name the next node, an exit node at the end")
        elif not isinstance(raw, str) or raw not in nodes:
            self.fault(path, f"leads to {raw!r}, which does not exist")
        return str(raw or "")

    def read_property(self, raw: Any, path: str) -> PropertyCondition:
        """Read a test of one property of an event."""
        body = self.read_object(raw, path)
        operator = self.read_word(body.get("is"), f"{path}.is", tuple(OPERATORS))
        name = self.read_text(body.get("property"), f"{path}.property")
        return PropertyCondition(name, operator, body.get("value"))

    def read_filter(self, raw: Any, path: str) -> tuple[PropertyCondition, ...]:
        """Read tests of an event."""
        items = self.read_list(raw, path)
        return tuple(self.read_property(item, f"{path}.{at}") for at, item in enumerate(items))

    def read_match(self, raw: Any, path: str) -> EventMatch:
        """Read an event that is waited for, or what becomes of a message of this run."""
        body = self.read_object(raw, path)
        if "message" in body:
            state = self.read_word(body.get("is"), f"{path}.is", tuple(MESSAGE_EVENTS))
            message = self.read_text(body["message"], f"{path}.message")
            return EventMatch(MESSAGE_EVENTS.get(state, ""), message=message)
        return EventMatch(
            self.read_text(body.get("event"), f"{path}.event"),
            self.read_filter(body.get("filter", []), f"{path}.filter"),
            self.read_same(body.get("same", []), f"{path}.same"),
        )

    def read_same(self, raw: Any, path: str) -> tuple[tuple[str, str], ...]:
        """Read properties that two events share: a name, or a name of each."""
        pairs = []
        for at, item in enumerate(self.read_list(raw, path)):
            if isinstance(item, str):
                name = self.read_text(item, f"{path}.{at}")
                pairs.append((name, name))
                continue
            body = self.read_object(item, f"{path}.{at}")
            name = self.read_text(body.get("property"), f"{path}.{at}.property")
            other = self.read_text(body.get("trigger"), f"{path}.{at}.trigger")
            pairs.append((name, other))
        return tuple(pairs)

    def read_policy(self, raw: Any, path: str) -> ErrorPolicy:
        """Read what becomes of a run that cannot pass a node."""
        body = self.read_object(raw, path)
        words, usual = (PARK, SKIP_NODE, EXIT_RUN), ErrorPolicy()
        wait = usual.wait
        if body.get("wait") is not None:
            told = self.read_object(body["wait"], f"{path}.wait")
            wait = self.read_duration(told, f"{path}.wait").length
        return ErrorPolicy(
            retry=self.read_whole(body.get("retry", 0), f"{path}.retry", 0, MOST_RETRIES),
            wait=wait,
            then=self.read_word(body.get("then", PARK), f"{path}.then", words),
        )

    def read_object(self, raw: Any, path: str) -> Mapping[str, Any]:
        """Read an object."""
        if isinstance(raw, Mapping):
            return raw
        self.fault(path or "definition", "must be an object")
        return {}

    def read_list(self, raw: Any, path: str) -> list[Any]:
        """Read a list."""
        if isinstance(raw, list):
            return raw
        self.fault(path, "must be a list")
        return []

    def read_text(self, raw: Any, path: str) -> str:
        """Read a text that must not be empty."""
        if isinstance(raw, str) and raw.strip():
            return raw
        self.fault(path, "is missing")
        return ""

    def read_flag(self, raw: Any, path: str) -> bool:
        """Read yes or no."""
        if not isinstance(raw, bool):
            self.fault(path, "must be true or false")
        return raw is True

    def read_word(self, raw: Any, path: str, words: tuple[str, ...]) -> str:
        """Read one of some words; empty where it is none of them."""
        if isinstance(raw, str) and raw in words:
            return raw
        self.fault(path, f"must be one of {', '.join(words)}")
        return ""

    def fault(self, path: str, text: str) -> None:
        """Note a fault."""
        self.problems.append(Problem(path, text))
