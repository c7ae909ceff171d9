"""Definitions that somebody is still writing: each condition said, or blamed, by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from segments.domain.definitions import MAX_DEPTH, Node
from segments.domain.places import refuse_unknown_places
from segments.domain.words import describe
from segments.errors import DefinitionError
from segments.queries.checking import check_definition
from segments.queries.conditions import parse_definition
from segments.queries.listing import names_of, products_of, speak_money

ROOT = "definition"


@dataclass(frozen=True, slots=True)
class Examined:
    """One condition of a draft.

    Attributes:
        path: its place, such as ``definition.children[0]``.
        words: what it says; empty with a fault.
        at: the key inside it that is wrong, such as ``where[0].value``; empty for all of it.
        fault: why it cannot be understood; empty where it can.
    """

    path: str
    words: str = ""
    at: str = ""
    fault: str = ""


def examine(definition: object) -> list[Examined]:
    """Return every condition of a draft in reading order, and every group that is empty."""
    read = [(path, _read(raw)) for raw, path in _parts(definition, ROOT, 1)]
    known = [found for _, found in read if not isinstance(found, DefinitionError)]
    names = names_of(*known), products_of(*known)
    return [_examined(path, found, names) for path, found in read]


def examine_segment(definition: object, *, own_id: int | None) -> list[Examined]:
    """Return every condition of a draft of a segment as `examine`.

    Where all are understood, what saving would be refused for is blamed as well.

    Args:
        definition: JSON, whatever it is.
        own_id: of the segment that it is for; None for a new one.
    """
    found = examine(definition)
    if any(one.fault for one in found):
        return found
    try:
        check_definition(definition, own_id=own_id)
    except DefinitionError as exc:
        return [_blamed(one, exc) for one in found]
    return found


def _blamed(one: Examined, refused: DefinitionError) -> Examined:
    if refused.path != one.path and not refused.path.startswith(f"{one.path}."):
        return one
    at = refused.path.removeprefix(one.path).removeprefix(".")
    return Examined(one.path, at=at, fault=refused.reason)


def _parts(raw: object, path: str, depth: int) -> Iterator[tuple[object, str]]:
    """Yield conditions with their places; what is no group is one, and so is an empty group."""
    children = raw.get("children") if isinstance(raw, Mapping) and "op" in raw else None
    if not isinstance(children, list) or not children or depth > MAX_DEPTH:
        yield raw, path
        return
    for place, child in enumerate(children):
        yield from _parts(child, f"{path}.children[{place}]", depth + 1)


def _read(raw: object) -> Node | DefinitionError:
    try:
        found = parse_definition(raw)
        refuse_unknown_places(found)
    except DefinitionError as exc:
        return exc
    return found


def _examined(
    path: str, found: Node | DefinitionError, names: tuple[Mapping[int, str], Mapping[int, str]]
) -> Examined:
    if isinstance(found, DefinitionError):
        at = found.path.removeprefix(ROOT).removeprefix(".")
        return Examined(path, at=at, fault=found.reason)
    return Examined(path, words=describe(found, speak_money, *names))
