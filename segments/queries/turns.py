"""When time alone changes an answer: for one profile, if nothing else happens from now on.

A condition says at which instant it may change next. There it is asked again as of that instant,
with what is stored now, until its answer is another one or no further instant is known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from kernel.sql import execute
from segments.domain.compile import Compiler
from segments.domain.definitions import Node
from segments.queries.conditions import FROM_PROFILES

STEPS: Final = 40
"""Instants looked at for one answer; what has not changed by then is left open."""
ASKED: Final = 1_000
"""Answers asked again for one page, all steps together, after which no further step is taken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one condition, or a whole definition, says now.

    Attributes:
        holds: the answer.
        next_at: when it may change next by time alone; None: never.
    """

    node: Node
    holds: bool
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Turn:
    """When an answer changes.

    Attributes:
        at: the first instant with another answer; None without one.
        is_open: whether no such instant was found among the first `STEPS`.
    """

    at: datetime | None = None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An answer that may be another one at an instant."""

    node: Node
    holds: bool
    at: datetime


_NEVER: Final = Turn()


def find_turns(
    profile_id: int,
    answers: Mapping[str, Answer],
    compiler_at: Callable[[datetime], Compiler],
) -> dict[str, Turn]:
    """Return when each answer changes by time alone; one statement for each step of all.

    Args:
        profile_id: of the tenant, live.
        answers: what was found now, by any name.
        compiler_at: returns a fresh compiler for an instant.
    """
    turns = dict.fromkeys(answers, _NEVER)
    waiting = {
        name: _Waiting(one.node, one.holds, one.next_at)
        for name, one in answers.items()
        if one.next_at is not None
    }
    asked = 0
    for _ in range(STEPS):
        if not waiting:
            return turns
        if asked >= ASKED:
            break
        asked += len(waiting)
        for name, (holds, next_at) in _ask(profile_id, waiting, compiler_at).items():
            before = waiting.pop(name)
            if holds != before.holds:
                turns[name] = Turn(before.at)
            elif next_at is not None and next_at > before.at:
                waiting[name] = replace(before, at=next_at)
    return {**turns, **dict.fromkeys(waiting, Turn(is_open=True))}


def _ask(
    profile_id: int,
    waiting: Mapping[str, _Waiting],
    compiler_at: Callable[[datetime], Compiler],
) -> dict[str, tuple[bool, datetime | None]]:
    """Ask each answer again as of its own instant."""
    names, parts = list(waiting), []
    params: dict[str, Any] = {}
    for place, name in enumerate(names):
        compiler = compiler_at(waiting[name].at)
        compiler.params = params
        condition = compiler.compile(waiting[name].node)
        parts.append(
            f"SELECT {place} AS place, {condition} AS holds, {compiler.next_flip()} AS next_at"
            f" {FROM_PROFILES} {compiler.joined()}"
            " WHERE p.tenant_id = %(tenant_id)s AND p.id = %(profile_id)s"
        )
    rows = execute(" UNION ALL ".join(parts), profile_id=profile_id, **params)
    return {names[row.place]: (row.holds, row.next_at) for row in rows}
