"""All definitions of a tenant as one condition, compiled once a day for as long as none changes."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crm.queries.events import find_event_years
from segments.domain.days import Moment
from segments.domain.definitions import Node, events_named
from segments.domain.shared import SharedCondition, build_shared
from segments.queries.conditions import get_compiler


@dataclass(frozen=True, slots=True)
class Together:
    """Definitions as one condition.

    Attributes:
        condition: what a statement selects.
        params: what it binds.
        moment: the instant, with the calendar that days are counted by.
    """

    condition: SharedCondition
    params: Mapping[str, Any]
    moment: Moment


def compile_together(
    trees: Mapping[int, Node], now: datetime, references: Mapping[str, Decimal | None]
) -> Together:
    """Compile definitions for the active tenant: every batch of events asks for all of them.

    Args:
        trees: by segment id. Who hands in the same objects again is spared the work.
        now: aware; the instant they are asked for.
        references: figures of all buyers by key.
    """
    compiler = get_compiler(now, references)
    asked = _Asked(
        same=tuple((key, id(tree)) for key, tree in trees.items()),
        today=compiler.moment.today,
        zone=compiler.moment.zone.key,
        week_start=compiler.moment.week_start,
        money_digits=compiler.money_digits,
        references=tuple(references.items()),
        span=find_event_years(now) if events_named(trees.values()) else None,
        trees=trees,
        moment=compiler.moment,
    )
    condition, params, instants = _compile(asked)
    moved = {name: compiler.moment.hours_ago(hours) for name, hours in instants.items()}
    return Together(condition, {**params, **moved}, compiler.moment)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a compiled condition depends on, but for the instant.

    Trees are told apart as objects, which is quick; what is kept here is no other's id.
    """

    same: tuple[tuple[int, int], ...]
    today: date
    zone: str
    week_start: int
    money_digits: int
    references: tuple[tuple[str, Decimal | None], ...]
    span: tuple[datetime, datetime] | None
    trees: Mapping[int, Node] = field(compare=False)
    moment: Moment = field(compare=False)


@functools.lru_cache(maxsize=64)
def _compile(asked: _Asked) -> tuple[SharedCondition, Mapping[str, Any], Mapping[str, int]]:
    compiler = replace(
        get_compiler(asked.moment.now, dict(asked.references)), event_span=lambda: asked.span
    )
    condition = build_shared(asked.trees, compiler)
    return condition, compiler.params, compiler.hours
