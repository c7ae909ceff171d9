"""What a template says to everybody alike, rendered once, and the places where people differ.

A mail to a hundred thousand differs in a few words. The template is rendered with a mark in each
such place and cut there; for everybody after that the pieces are joined, which costs a tenth. What
decides over the words, such as whether a name is known, is part of the key of a skeleton. Where
anything else is asked of a personal value, a filter or a loop, the template is rendered as ever.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from operator import is_
from typing import Any, Final

from liquid import BoundTemplate
from liquid.ast import Node
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    Path,
    StringLiteral,
)
from liquid.builtin.expressions.logical import (
    EqExpression,
    LogicalAndExpression,
    LogicalNotExpression,
    LogicalOrExpression,
    NeExpression,
)
from liquid.builtin.output import OutputNode
from liquid.expression import Expression
from markupsafe import escape

from messaging.domain import showing

DECIDING: Final = frozenset({showing.NAME})
"""Variables that are never shown: what they answer decides over the words."""
STEADY: Final = frozenset({"brand", "sender", "store"})
"""Variables that are the same for all messages of a set, and mostly for those of the next."""
KEPT: Final = 16
"""Skeletons of one part that are kept, and ways in which what is steady reads."""
_TEXTS: Final = frozenset({str})
_SCALARS: Final = frozenset({str, int, bool, type(None)})
_TAGS: Final = frozenset(
    {"IfNode", "UnlessNode", "ForNode", "BlockNode", "ConditionalBlockNode", "ContentNode"}
)
_JOINED: Final = (
    BooleanExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    LogicalNotExpression,
)
_NOWHERE: Any = None
"""Of the tags that are walked through none asks where it stands."""
_NONCE: Final = secrets.token_hex(6)
_MARK: Final = re.compile(f"\ue000{_NONCE}-([0-9]+)\ue001")

_SPECIAL: Final = re.compile("[&<>\"']")

_Place = tuple[Any, ...]
_Render = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """One way that a part reads.

    Attributes:
        pieces: those at even places are the same for everybody.
        slots: which personal value stands between two of them.
    """

    pieces: list[str]
    slots: list[int]

    def fill(self, said: list[str]) -> list[str]:
        """Return the pieces with the values between them."""
        filled = [""] * (2 * len(self.slots) + 1)
        filled[::2] = self.pieces
        filled[1::2] = [said[slot] for slot in self.slots]
        return filled


class Outline:
    """One part of a template, and where its words depend on whom it is written to.

    Attributes:
        is_simple: whether skeletons can be made of it at all.
    """

    def __init__(self, template: BoundTemplate) -> None:
        """Find out what the part asks of each value."""
        shown: set[int] = set()
        self.is_simple = _find_shown(template.nodes, shown)
        asked = template.analyze().globals
        self._steady = sorted(asked.keys() & STEADY)
        self._slots: list[_Place] = []
        self._deciding: list[_Place] = []
        for name in asked.keys() - STEADY:
            for place, spans in _by_place(asked[name]).items():
                is_shown = name not in DECIDING and spans <= shown
                if is_shown and all(isinstance(step, str) for step in place):
                    self._slots.append(place)
                else:
                    self._deciding.append(place)
        self._autoescape = bool(template.env.autoescape)
        self._kept: dict[Any, Skeleton | None] = {}
        self._last: tuple[list[Any], int] = ([], 0)
        self._numbers: dict[str, int] = {}
        self._next_number = count(1)

    def pieces(self, values: Mapping[str, Any], render: _Render) -> list[str] | None:
        """Return what the part says in pieces, of which every second one is personal.

        Args:
            values: of one message.
            render: renders the part with some values.

        Returns:
            None where it has to be rendered as a whole.
        """
        if not self.is_simple:
            return None
        try:
            steady, said, deciding = self._read(values)
        except (KeyError, IndexError, TypeError):
            return None
        blanks = tuple([None if value and not value.isspace() else value for value in said])
        key = (self._number(steady), *[(type(each), each) for each in deciding], blanks)
        skeleton = self._find(key, values, blanks, render)
        if skeleton is None:
            return None
        return skeleton.fill([*map(_escape, said)] if self._autoescape else said)

    def _read(self, values: Mapping[str, Any]) -> tuple[list[Any], list[str], list[Any]]:
        """Return what the part asks for: what is steady, what is shown, and what decides.

        Raises:
            KeyError, IndexError, TypeError: a value is missing, or of no simple kind.
        """
        said = [_look_up(values, place) for place in self._slots]
        deciding = [_look_up(values, place) for place in self._deciding]
        if not (_TEXTS.issuperset(map(type, said)) and _SCALARS.issuperset(map(type, deciding))):
            raise TypeError
        return [values[name] for name in self._steady], said, deciding

    def _number(self, steady: list[Any]) -> int:
        """Return a number that stands for what steady values say: mostly the one of before.

        No number is given twice, as several threads ask.
        """
        last, number = self._last
        if len(steady) == len(last) and all(map(is_, steady, last)):
            return number
        if len(self._numbers) >= KEPT:
            self._numbers.clear()
        number = self._numbers.setdefault(repr(steady), next(self._next_number))
        self._last = (steady, number)
        return number

    def _find(
        self,
        key: Any,
        values: Mapping[str, Any],
        blanks: tuple[str | None, ...],
        render: _Render,
    ) -> Skeleton | None:
        """Return a skeleton; one is made when the same words are asked for a second time."""
        found = self._kept.get(key)
        if found is not None:
            return found
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = None
            return None
        text = render(self._mark(values, blanks))
        cut = _MARK.split(text)
        made = Skeleton(cut[::2], [int(number) for number in cut[1::2]])
        self._kept[key] = made
        return made

    def _mark(self, values: Mapping[str, Any], blanks: tuple[str | None, ...]) -> dict[str, Any]:
        marked = dict(values)
        for number, (place, blank) in enumerate(zip(self._slots, blanks, strict=True)):
            if blank is None:
                *path, last = place
                within = marked
                for step in path:
                    within[step] = dict(within[step])
                    within = within[step]
                within[last] = f"\ue000{_NONCE}-{number}\ue001"
        return marked


def _by_place(found: Any) -> dict[_Place, set[int]]:
    places: dict[_Place, set[int]] = {}
    for each in found:
        places.setdefault(tuple(map(_step, each.segments)), set()).add(each.span.index)
    return places


def _step(segment: Any) -> Any:
    """Return one step of a path; one that is looked up itself cannot be followed."""
    return segment if isinstance(segment, str | int) else None


def _look_up(values: Mapping[str, Any], place: _Place) -> Any:
    found: Any = values
    for step in place:
        if type(found) is not dict and type(found) is not showing.Answers:
            raise TypeError
        found = found[step]
    return found


def _escape(value: str) -> str:
    return str(escape(value)) if _SPECIAL.search(value) else value


def _find_shown(nodes: Iterable[Node], shown: set[int]) -> bool:
    """Add where a value is shown and nothing more; returns whether only simple tags are used.

    Being held against an empty text is as good: every other text gives the same answer.
    """
    for node in nodes:
        if isinstance(node, OutputNode):
            shown.update(_shown_by_output(node.expression))
        elif type(node).__name__ not in _TAGS:
            return False
        else:
            for expression in node.expressions():
                shown.update(_shown_by_condition(expression))
            if not _find_shown(node.children(_NOWHERE), shown):
                return False
    return True


def _shown_by_output(expression: Expression) -> Iterator[int]:
    if isinstance(expression, FilteredExpression) and not expression.filters:
        yield from _start(expression.left)


def _shown_by_condition(expression: Expression) -> Iterator[int]:
    if isinstance(expression, Path):
        yield from _start(expression)
    elif isinstance(expression, EqExpression | NeExpression):
        sides = [(expression.left, expression.right), (expression.right, expression.left)]
        for one, other in sides:
            if isinstance(other, StringLiteral) and not other.value:
                yield from _start(one)
    elif isinstance(expression, _JOINED):
        for child in expression.children():
            yield from _shown_by_condition(child)


def _start(expression: Expression) -> Iterator[int]:
    if isinstance(expression, Path):
        yield expression.token.start_index
