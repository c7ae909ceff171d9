"""Parts of a message that some people see and others do not: conditions, and how they are written.

A part says it itself: ``show-to="segment is 12"``. One right below may go on: ``else language is
de``, or ``else`` for everybody who saw none of those above it. In Liquid a condition is a key of
the variable ``reader``, so that a text message says the same by hand.
"""

import functools
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from messaging.domain.sender_rules import PROPERTY, fold

NAME: Final = "reader"
"""Variable whose keys are conditions."""
ATTRIBUTE: Final = "show-to"
ELSE: Final = "else"
MOST_VALUES: Final = 50
LONGEST: Final = 300
"""Characters of one condition."""
_UNSPEAKABLE: Final = re.compile(r"[<>{}%\"\\\n\r]")
"""What would end the attribute or the Liquid in which a condition stands."""
_FORM: Final = re.compile(
    rf"(?:(?P<trait>{PROPERTY}) (?P<key>.+?)|(?P<other>[a-z_]+)) is (?P<no>not )?(?P<values>.+)"
)
_OPENING: Final = re.compile(r"<(mj-[a-z-]+)\b((?:\"[^\"]*\"|'[^']*'|[^>\"'])*?)(/?)>")
_SAID: Final = re.compile(rf"""\s+{ATTRIBUTE}\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_WHOLE: Final = frozenset({"mjml", "mj-body", "mj-column", "mj-group", "mj-raw"})
"""Elements that are there for everybody: the columns of a row would change their widths."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is asked of a person.

    Attributes:
        trait: ``segment``, ``language``, ``country``, ``store``, ``property``, or one that an app
            above tells of, such as ``tier``.
        key: of the property; empty for the others.
        values: as they are written; one of them is enough.
        is_not: whether none of them may hold.
    """

    trait: str
    key: str
    values: tuple[str, ...]
    is_not: bool = False

    def __str__(self) -> str:
        """Return it as it is written."""
        asked = f"{self.trait} {self.key}" if self.key else self.trait
        return f"{asked} is {'not ' if self.is_not else ''}{', '.join(self.values)}"

    @property
    def name(self) -> str:
        """Return what of a person is looked at, as `messaging.queries.traits` names it."""
        return f"{self.trait}:{self.key}"

    def is_met(self, said: frozenset[str]) -> bool:
        """Say whether it holds for somebody.

        Args:
            said: what they are, as `messaging.domain.sender_rules.fold` writes it.
        """
        return bool(fold(list(self.values)) & said) != self.is_not


class Answers(dict[str, bool]):
    """Whether conditions hold for one person; each is asked when a template first names it."""

    __slots__ = ("_ask",)

    def __init__(self, ask: Callable[[str], bool]) -> None:
        """Know nothing yet.

        Args:
            ask: answers a condition; raises `KeyError` for what is none.
        """
        super().__init__()
        self._ask = ask

    def __missing__(self, key: str) -> bool:
        found = self[key] = self._ask(key)
        return found


@functools.lru_cache(maxsize=1024)
def parse_condition(text: str) -> Condition:
    """Read a condition such as ``segment is 12, 15`` or ``property colour is not red``.

    Raises:
        ValueError: with words for people.
    """
    found = _FORM.fullmatch(" ".join(text.split()))
    if found is None or len(text) > LONGEST or _UNSPEAKABLE.search(text):
        raise ValueError(f"{text[:60]!r} is no condition; write it like “language is de”")
    values = tuple(filter(None, (each.strip() for each in found["values"].split(","))))
    if not 0 < len(values) <= MOST_VALUES:
        raise ValueError(f"say one to {MOST_VALUES} values in {text[:60]!r}")
    trait = found["trait"] or found["other"]
    return Condition(trait, found["key"] or "", values, is_not=bool(found["no"]))


def write_showing(mjml: str) -> str:
    """Return MJML whose parts for some people stand between Liquid instead of saying so.

    Raises:
        ValueError: with words for people.
    """
    written: list[str] = []
    at, is_open = 0, False
    for start, opening, condition in _find_parts(mjml):
        if start < at:  # inside of one that was dealt with
            continue
        between = mjml[at:start]
        goes_on = condition == ELSE or condition.startswith(f"{ELSE} ")
        if is_open and (between.strip() or not goes_on):
            written.append(_raw("endif"))
            is_open = False
        if goes_on and not is_open:
            raise ValueError("“else” stands right below a part that is shown to some people")
        stop = _find_end(mjml, opening, start)
        body_at = start + len(opening[0])
        written += [
            between,
            _raw(_tag(condition)),
            _SAID.sub("", opening[0]),
            write_showing(mjml[body_at:stop]),
        ]
        at, is_open = stop, condition != ELSE
        if not is_open:
            written.append(_raw("endif"))
    if is_open:
        written.append(_raw("endif"))
    return "".join([*written, mjml[at:]])


def _find_parts(mjml: str) -> Iterator[tuple[int, re.Match[str], str]]:
    """Find the parts for some people: where each begins, its opening, and what it says."""
    for opening in _OPENING.finditer(mjml):
        said = _SAID.search(opening[2])
        if said is None:
            continue
        condition = " ".join(html.unescape(said[1] or said[2] or "").split())
        if not condition:
            continue
        if opening[1] in _WHOLE:
            raise ValueError(f"<{opening[1]}> cannot be shown to some alone; what is in it can")
        yield opening.start(), opening, condition


def _tag(condition: str) -> str:
    if condition == ELSE:
        return ELSE
    asked = condition.removeprefix(f"{ELSE} ")
    parse_condition(asked)
    return f'{"if" if asked == condition else "elsif"} {NAME}["{asked}"]'


def _raw(tag: str) -> str:
    return f"<mj-raw>{{% {tag} %}}</mj-raw>"


def _find_end(mjml: str, opening: re.Match[str], start: int) -> int:
    """Return where an element ends, others of its name inside it passed over."""
    at = start + len(opening[0])
    if opening[3]:
        return at
    depth = 1
    for mark in re.finditer(rf"</{opening[1]}\s*>|{_OPENING.pattern}", mjml[at:]):
        if mark[0].startswith("</"):
            depth -= 1
        elif mark[1] == opening[1] and not mark[3]:
            depth += 1
        if depth == 0:
            return at + mark.end()
    raise ValueError(f"<{opening[1]}> is not closed")
