"""What steps of a batch do beside sending: in sets, in the transaction that moves the runs on."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from crm.services.answering import answer_reviews
from crm.services.properties import (
    PropertyWrite,
    change_properties,
    lock_profiles,
    read_properties,
)
from crm.services.tags import change_tags
from flows.domain.nodes import (
    Award,
    Call,
    PropertyChange,
    ReviewsAnswer,
    TagChange,
    TaskOpening,
)
from flows.queries.versions import list_flow_names
from flows.services.tasks import open_tasks
from flows.services.walkers import Due
from loyalty.services.awards import NewAward, post_awards
from stores.services.outgoing import StepCall, queue_step_calls


def carry_out(dues: Sequence[Due], now: datetime) -> None:
    """Carry out effects, one kind after the other, those of one node together.

    Args:
        dues: at most one of a run.
        now: aware.
    """
    by_kind: dict[type, list[Due]] = defaultdict(list)
    for due in dues:
        by_kind[type(due.effect)].append(due)
    if by_kind.keys() & _WRITING:
        # All at once and in order: two batches that write to the same people never wait in a ring.
        lock_profiles(due.walker.profile_id for kind in _WRITING for due in by_kind[kind])
    for kind, write in _WRITERS.items():
        if by_kind[kind]:
            write(by_kind[kind], now)


def _write_properties(dues: Sequence[Due], now: datetime) -> None:
    """Write properties; of two runs of one person in a batch the second sees the first."""
    held = read_properties({due.walker.profile_id for due in dues})
    for actor, group in _by_flow(dues).items():
        changed: dict[int, tuple[dict[str, Any], set[str]]] = defaultdict(lambda: ({}, set()))
        for due in group:
            properties = held.get(due.walker.profile_id)
            if properties is not None:
                _apply(due, properties, changed[due.walker.profile_id], now)
        change_properties(
            [
                PropertyWrite(profile_id, written, removed)
                for profile_id, (written, removed) in sorted(changed.items())
            ],
            actor=actor,
        )


def _apply(
    due: Due, properties: dict[str, Any], change: tuple[dict[str, Any], set[str]], now: datetime
) -> None:
    effect = due.effect
    assert isinstance(effect, PropertyChange)  # noqa: S101 grouped by its type
    written, removed = change
    value = _value(effect, due, properties.get(effect.name), now)
    if value is None:
        properties.pop(effect.name, None)
        written.pop(effect.name, None)
        removed.add(effect.name)
    else:
        properties[effect.name] = written[effect.name] = value
        removed.discard(effect.name)


def _value(effect: PropertyChange, due: Due, held: Any, now: datetime) -> Any:
    match effect.how:
        case "add":
            is_number = isinstance(held, int | float) and not isinstance(held, bool)
            return effect.value + (held if is_number else 0)
        case "now":
            return now.isoformat(timespec="seconds")
        case "copy":
            found = due.walker.properties.get(str(effect.value))
            return held if found is None else found
        case "remove":
            return None
        case _:
            return effect.value


def _write_tags(dues: Sequence[Due], now: datetime) -> None:
    del now
    groups: dict[tuple[str, TagChange], list[int]] = defaultdict(list)
    for due in dues:
        if isinstance(due.effect, TagChange):
            groups[_actor(due), due.effect].append(due.walker.profile_id)
    for (actor, effect), profile_ids in groups.items():
        change_tags(profile_ids, added=effect.added, removed=effect.removed, actor=actor)


def _award(dues: Sequence[Due], now: datetime) -> None:
    del now
    names = list_flow_names()
    post_awards(
        [
            NewAward(
                profile_id=due.walker.profile_id,
                points=due.effect.points,
                source_key=due.key,
                note=due.effect.note or f"Flow: {names.get(due.walker.flow_id, '')}",
                actor=_actor(due),
            )
            for due in dues
            if isinstance(due.effect, Award)
        ]
    )


def _answer(dues: Sequence[Due], now: datetime) -> None:
    answer_reviews({due.walker.profile_id for due in dues}, now)


def _call(dues: Sequence[Due], now: datetime) -> None:
    del now
    names = list_flow_names()
    queue_step_calls(
        [
            StepCall(
                endpoint_id=due.effect.endpoint_id,
                profile_id=due.walker.profile_id,
                key=due.key,
                data={
                    "flow_id": str(due.walker.flow_id),
                    "flow": names.get(due.walker.flow_id, ""),
                    "run_id": str(due.walker.run_id),
                    "node_id": due.node,
                    "event": due.walker.trigger.get("event", ""),
                    "properties": dict(due.walker.properties),
                    "data": dict(due.effect.data),
                },
            )
            for due in dues
            if isinstance(due.effect, Call)
        ]
    )


def _by_flow(dues: Sequence[Due]) -> dict[str, list[Due]]:
    groups: dict[str, list[Due]] = defaultdict(list)
    for due in dues:
        groups[_actor(due)].append(due)
    return groups


def _actor(due: Due) -> str:
    return f"flow:{due.walker.flow_id}"


_WRITERS: Final[dict[type, Callable[[Sequence[Due], datetime], None]]] = {
    PropertyChange: _write_properties,
    TagChange: _write_tags,
    Award: _award,
    Call: _call,
    ReviewsAnswer: _answer,
    TaskOpening: open_tasks,
}
_WRITING: Final = {PropertyChange, TagChange, Award, ReviewsAnswer}
