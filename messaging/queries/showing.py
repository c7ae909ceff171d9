"""``reader``: whether conditions of a template hold, for all messages of a batch at once."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from kernel.sql import run_sql
from messaging.domain.sender_rules import PROPERTY
from messaging.domain.showing import NAME, Answers, Condition, parse_condition
from messaging.queries.traits import Trait, Written, find_traits, list_traits
from messaging.types import PendingMessage

SEGMENT = "segment"
"""Trait that the app of segments tells of."""


class Judged(NamedTuple):
    """One condition for one person, in words."""

    words: str
    is_met: bool


class _Batch:
    """Looks up what conditions ask for, once for each kind of thing and all messages."""

    def __init__(self, messages: Sequence[PendingMessage]) -> None:
        self._asked = {each.id: Written(each.profile, each.order_id) for each in messages}
        self._said: dict[str, Mapping[int, Mapping[str, frozenset[str]]]] = {}

    def answer(self, message_id: int, text: str) -> bool:
        """Say whether a condition holds for whom a message goes to.

        Raises:
            KeyError: it is none, so that the variable counts as unknown.
        """
        try:
            condition = parse_condition(text)
        except ValueError as exc:
            raise KeyError(text) from exc
        if condition.name not in self._said:
            self._said[condition.name] = find_traits({condition.name}, self._asked)
        said = self._said[condition.name][message_id]
        return condition.is_met(said.get(condition.name, frozenset()))


def reader_values(messages: Sequence[PendingMessage]) -> dict[int, Answers]:
    """``reader``: whom a part is shown to, such as ``reader["segment is 12"]``."""
    batch = _Batch(messages)

    def answers(message_id: int) -> Answers:
        return Answers(lambda text: batch.answer(message_id, text))

    return {message.id: answers(message.id) for message in messages}


def list_conditions(asked: Mapping[str, Sequence[Sequence[object]]]) -> list[Condition]:
    """Return the conditions that a part of a template asks for, each once.

    Args:
        asked: by variable its paths, as `EmailTemplate.asked` has them.

    Raises:
        ValueError: one is none, with words for people.
    """
    found: dict[Condition, None] = {}
    for path in asked.get(NAME, ()):
        if len(path) != 2 or not isinstance(path[1], str):  # noqa: PLR2004 name and key
            raise ValueError(f'write the condition itself, as in {NAME}["language is de"]')
        found[parse_condition(path[1])] = None
    return list(found)


def list_segment_templates() -> Sequence[Any]:
    """Return which templates show something by a segment.

    Returns:
        Rows of ``segment_id``, ``template_id`` and ``name``, by segment and name.
    """
    return run_sql("messaging.list_segment_templates")


def find_fault(conditions: Collection[Condition]) -> str:
    """Say what is asked for that does not exist; empty where nothing is."""
    traits = {
        each.key: each for each in list_traits({c.trait for c in conditions}, for_content=True)
    }
    for condition in conditions:
        trait = traits.get(condition.trait)
        if trait is None:
            return f"nobody can be told apart by {condition.trait}"
        known = {value for value, _ in trait.choices}
        unknown = [value for value in condition.values if known and value not in known]
        if unknown:
            return f"there is no {trait.label.lower()} {unknown[0]}"
    return ""


def judge(conditions: Sequence[Condition], answers: Mapping[str, bool]) -> list[Judged]:
    """Return conditions in words, with what they are for somebody."""
    traits = {
        each.key: each for each in list_traits({c.trait for c in conditions}, for_content=True)
    }
    return [Judged(_speak(each, traits), answers[str(each)]) for each in conditions]


def _speak(condition: Condition, traits: Mapping[str, Trait]) -> str:
    trait = traits.get(condition.trait)
    named = dict(trait.choices) if trait else {}
    label = trait.label if trait and condition.trait != PROPERTY else condition.key
    values = " or ".join(named.get(value, value) for value in condition.values)
    return f"{label or condition.trait} is {'not ' if condition.is_not else ''}{values}"
