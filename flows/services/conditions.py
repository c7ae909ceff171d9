"""Asking a split's condition of a batch of runs: segment conditions and what became of messages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flows.domain.values import Condition
from flows.errors import GraphError, Problem
from flows.queries import people
from flows.types import Subject
from segments.errors import DefinitionError
from segments.queries.conditions import parse_definition
from segments.services.evaluate import matching

MESSAGE_STATES = ("sent", "opened", "clicked")


def runs_that_meet(condition: Condition, subjects: Sequence[Subject], now: datetime) -> set[int]:
    """Return the runs whose profile, or whose messages, meet a condition.

    Args:
        condition: a segment definition; leaves may also be ``{"message": node, "is": state}``.
        subjects: runs asked for.
        now: aware; the instant that relative conditions count from.

    Raises:
        DefinitionError: the condition cannot be understood.
    """
    run_ids = [subject.run_id for subject in subjects]
    profile_ids = [subject.profile_id for subject in subjects]

    def whose_message(state: str, node: str) -> set[int]:
        return people.runs_whose_message(state, node, run_ids, profile_ids)

    def whose_profile(asked: Condition) -> set[int]:
        met = matching(asked, profile_ids, now)
        return {subject.run_id for subject in subjects if subject.profile_id in met}

    return combine(condition, set(run_ids), whose_message, whose_profile)


def combine(
    condition: Condition,
    everybody: set[int],
    whose_message: Callable[[str, str], set[int]],
    whose_profile: Callable[[Condition], set[int]],
) -> set[int]:
    """Return the runs that meet a condition, put together from what its parts are answered with.

    Args:
        condition: as in `runs_that_meet`.
        everybody: the runs asked for.
        whose_message: answers with the runs whose message is in a state, by state and node.
        whose_profile: answers a condition that asks of no message.
    """
    if "message" in condition:
        return whose_message(str(condition["is"]), str(condition["message"]))
    if not _asks_messages(condition):
        return whose_profile(condition)
    parts = [
        combine(child, everybody, whose_message, whose_profile) for child in condition["children"]
    ]
    if condition["op"] == "and":
        return everybody.intersection(*parts)
    if condition["op"] == "or":
        return set().union(*parts)
    return everybody.difference(*parts)


def check_condition(condition: Any, path: str) -> None:
    """Check that a condition of a definition can be asked.

    Raises:
        GraphError: it cannot, with its place.
    """
    if not _asks_messages(condition):
        try:
            parse_definition(condition)
        except DefinitionError as exc:
            raise GraphError([Problem(f"{path}.{exc.path}".strip("."), exc.reason)]) from exc
        return
    if "message" in condition:
        if condition.get("is") not in MESSAGE_STATES:
            text = f"must be one of {', '.join(MESSAGE_STATES)}"
            raise GraphError([Problem(f"{path}.is", text)])
        return
    if condition.get("op") not in ("and", "or", "not"):
        raise GraphError([Problem(f"{path}.op", "must be and, or, not")])
    for at, child in enumerate(condition["children"]):
        check_condition(child, f"{path}.children.{at}")


def _asks_messages(condition: Any) -> bool:
    if not isinstance(condition, Mapping):
        return False
    return "message" in condition or any(
        _asks_messages(child) for child in condition.get("children", ())
    )
