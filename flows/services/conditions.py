"""Asking a split's condition of a batch of runs: of people, of messages, and of what began it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flows.domain.conditions import MESSAGE, TRIGGER, asks_run, is_shaped, read_trigger
from flows.domain.triggers import NEEDS_NO_VALUE, OPERATORS, holds
from flows.domain.values import Condition
from flows.errors import GraphError, Problem
from flows.queries import people
from flows.types import Subject
from segments.errors import DefinitionError
from segments.queries.conditions import parse_definition
from segments.services.evaluate import matching

MESSAGE_STATES = ("sent", "opened", "clicked")
ENTRY_FILTER = "entry_filter"
"""Where no run is there yet of which anything could be asked."""


def runs_that_meet(condition: Condition, subjects: Sequence[Subject], now: datetime) -> set[int]:
    """Return the runs whose profile, messages or trigger event meet a condition.

    Args:
        condition: a segment definition; leaves may also be ``{"message": node, "is": state}`` and
            ``{"trigger": property, "is": operator, "value": …}``.
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

    told = {subject.run_id: subject.told for subject in subjects}
    return combine(condition, told, whose_message, whose_profile)


def combine(
    condition: Condition,
    told: Mapping[int, Mapping[str, Any]],
    whose_message: Callable[[str, str], set[int]],
    whose_profile: Callable[[Condition], set[int]],
) -> set[int]:
    """Return the runs that meet a condition, put together from what its parts are answered with.

    Args:
        condition: as in `runs_that_meet`.
        told: by run that is asked for, what the event says that started it.
        whose_message: answers with the runs whose message is in a state, by state and node.
        whose_profile: answers a condition that asks nothing of the run.
    """
    if MESSAGE in condition:
        return whose_message(str(condition["is"]), str(condition[MESSAGE]))
    if TRIGGER in condition:
        test = read_trigger(condition)
        return {run_id for run_id, properties in told.items() if holds([test], properties)}
    if not asks_run(condition):
        return whose_profile(condition)
    parts = [combine(child, told, whose_message, whose_profile) for child in condition["children"]]
    return _join(condition["op"], set(told), parts)


def _join(operator: str, everybody: set[int], parts: Sequence[set[int]]) -> set[int]:
    if operator == "and":
        return everybody.intersection(*parts)
    if operator == "or":
        return set().union(*parts)
    return everybody.difference(*parts)


def check_condition(condition: Any, path: str) -> None:
    """Check that a condition of a definition can be asked.

    Raises:
        GraphError: it cannot, with its place.
    """
    if path == ENTRY_FILTER or not is_shaped(condition) or not asks_run(condition):
        try:
            parse_definition(condition)
        except DefinitionError as exc:
            raise GraphError([Problem(f"{path}.{exc.path}".strip("."), exc.reason)]) from exc
    elif MESSAGE in condition:
        _check_word(condition, path, "is", MESSAGE_STATES)
    elif TRIGGER in condition:
        _check_word(condition, path, "is", tuple(OPERATORS))
        if not condition[TRIGGER]:
            raise GraphError([Problem(f"{path}.trigger", "is missing")])
        if condition["is"] not in NEEDS_NO_VALUE and condition.get("value") is None:
            raise GraphError([Problem(f"{path}.value", "is missing")])
    else:
        _check_word(condition, path, "op", ("and", "or", "not"))
        for at, child in enumerate(condition["children"]):
            check_condition(child, f"{path}.children.{at}")


def _check_word(condition: Condition, path: str, key: str, known: Sequence[str]) -> None:
    if condition.get(key) not in known:
        raise GraphError([Problem(f"{path}.{key}", f"must be one of {', '.join(known)}")])
