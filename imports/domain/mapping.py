"""Which column means what: proposed from the header, and checked. Pure.

A mapping is a list with the target of each column in the order of the header: the name of a
target, `PROPERTY`, or `SKIPPED`.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from imports.choices import Kind
from imports.domain.targets import LEFT_OUT, REQUIRED, TARGETS, find_target
from imports.types import PROPERTY, SKIPPED, Refused, Row

BAG = "bag"
"""Target of a column whose cells are JSON objects of properties."""
_BETWEEN = re.compile(r"[\W_]+")
KEEPS_PROPERTIES = {
    str(Kind.CUSTOMERS): "Property of the profile",
    str(Kind.EVENTS): "Property of the event",
}
"""Kinds whose other columns become properties, and what these are called."""


def propose(kind: str, header: Sequence[str]) -> list[str]:
    """Return a mapping by the names of the columns; each target is given once."""
    plain = [plain_name(name) for name in header]
    mapping = [SKIPPED if name in LEFT_OUT else PROPERTY for name in plain]
    if kind not in KEEPS_PROPERTIES:
        mapping = [SKIPPED] * len(plain)
    for target in TARGETS[kind]:
        for name in (plain_name(target.name), *target.names):
            if name in plain:
                place = plain.index(name)
                if mapping[place] in {PROPERTY, SKIPPED}:
                    mapping[place] = target.name
                    break
    return mapping


def find_faults(kind: str, header: Sequence[str], mapping: Sequence[str]) -> list[str]:
    """Say what is wrong with a mapping, for people; empty is right."""
    faults = [
        f"Two columns are mapped to “{target.label}”; choose one of them."
        for name, count in Counter(mapping).items()
        if count > 1 and (target := find_target(kind, name))
    ]
    for group in REQUIRED[kind]:
        if not set(group) & set(mapping):
            labels = [target.label for each in group if (target := find_target(kind, each))]
            choice = " or ".join(labels)
            faults.append(
                f"No column is mapped to {choice}. The file has: {', '.join(header)[:300]}."
            )
    return faults


def clean(kind: str, header: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """Return a mapping with one known word for each column; unknown ones are left out."""
    known = {target.name for target in TARGETS[kind]}
    if kind in KEEPS_PROPERTIES:
        known.add(PROPERTY)
    padded = [*chosen, *[SKIPPED] * len(header)][: len(header)]
    return [word if word in known else SKIPPED for word in padded]


def read_row(header: Sequence[str], mapping: Sequence[str], cells: Sequence[str]) -> Row:
    """Return the cells of a row by target; missing ones at its end are empty."""
    values: dict[str, str] = {}
    properties: dict[str, Any] = {}
    for name, target, cell in zip(header, mapping, cells, strict=False):
        if cell and target == PROPERTY:
            properties[name] = cell
        elif cell and target == BAG:
            properties |= _open_bag(name, cell)
        elif cell and target != SKIPPED:
            values[target] = cell
    return Row(values, properties)


def _open_bag(name: str, cell: str) -> dict[str, Any]:
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError) as exc:
        raise Refused(f"{name} is no JSON.") from exc
    if not isinstance(found, dict):
        raise Refused(f"{name} is no JSON object.")
    return found


def digest_header(header: Sequence[str]) -> str:
    """Return what two files with the same columns have in common."""
    joined = "\x1f".join(plain_name(name) for name in header)
    return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()


def plain_name(name: str) -> str:
    """Return the name of a column in lower case with blanks between its words."""
    return _BETWEEN.sub(" ", name.lower()).strip()
