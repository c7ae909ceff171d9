"""What became of a segment since somebody opened it, from the audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from segments.domain.versions import EDITABLE, version_of
from segments.errors import DefinitionError
from segments.models import Segment
from segments.queries.listing import describe_definition
from tenants.domain.actions import ACTIONS, describe_actor
from tenants.queries.audit import Entry, Wanted, list_entries

MOST_EDITS = 50
"""So many changes are gone through to find what somebody had opened."""
LABELS = {"name": "Name", "description": "Description", "definition": "Definition"}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field that not everybody agrees on, in words.

    Attributes:
        base: as it was opened; None where that is not known any more.
        is_mine: whether the form goes on with mine; else with theirs, which I did not touch.
    """

    label: str
    base: str | None
    theirs: str
    mine: str
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of somebody else's; ``what`` names the fields."""

    actor: str
    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What others saved since.

    Attributes:
        edits: oldest first; only the last one where the version that was opened is not found.
        base: the fields as they were opened; None where that is not known any more.
        theirs: the fields as they are now.
    """

    edits: Sequence[Edit]
    base: Mapping[str, Any] | None
    theirs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One field that a change moved, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """What a segment was from one change on.

    Attributes:
        entry_id: of the audit trail; names the version when it is brought back.
        what: what was done, such as ``changed a segment``.
        until: when the next change came; None for the last version.
        rows: what is different from the version before; empty for the first one.
        words: its definition as a person would say it.
        values: the fields that people edit.
        is_current: the segment is like this now.
    """

    entry_id: int
    actor: str
    at: datetime
    until: datetime | None
    what: str
    rows: Sequence[DiffRow]
    words: str
    values: Mapping[str, Any]
    is_current: bool


def values_of(segment: Segment) -> dict[str, Any]:
    """Return what people edit of a segment."""
    return {name: getattr(segment, name) for name in EDITABLE}


def read_version(segment: Segment) -> str:
    """Return the version of a segment as it is stored."""
    return version_of(values_of(segment))


def find_meanwhile(segment: Segment, version: str) -> Meanwhile:
    """Return what others saved since a version was opened, by going back change by change."""
    wanted = Wanted(object_type="segment", action="segment.changed", object_id=str(segment.pk))
    theirs = values_of(segment)
    values, gone_through = theirs, []
    for entry in list_entries(wanted, "UTC", limit=MOST_EDITS).rows:
        gone_through.append(entry)
        values = {**values, **(entry.before or {})}
        if version_of(values) == version:
            return Meanwhile([_edit(row) for row in reversed(gone_through)], values, theirs)
    return Meanwhile([_edit(row) for row in gone_through[:1]], None, theirs)


def list_versions(segment: Segment) -> list[Version]:
    """Return what a segment was, newest first, by going back through its last changes."""
    wanted = Wanted(object_type="segment", object_id=str(segment.pk))
    current = values_of(segment)
    values = current
    versions: list[Version] = []
    for entry in list_entries(wanted, "UTC", limit=MOST_EDITS).rows:
        if entry.action not in ("segment.changed", "segment.created"):
            continue
        before = (entry.before or {}) if entry.action == "segment.changed" else {}
        earlier = {**values, **{name: before[name] for name in EDITABLE if name in before}}
        versions.append(
            Version(
                entry_id=entry.id,
                actor=describe_actor(entry.actor),
                at=entry.at,
                until=versions[-1].at if versions else None,
                what=ACTIONS[entry.action],
                rows=_diff(earlier, values),
                words=_speak("definition", values["definition"]),
                values=values,
                is_current=values == current,
            )
        )
        values = earlier
    return versions


def _diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[DiffRow]:
    return [
        DiffRow(
            LABELS[name],
            _speak(name, before[name]),
            _speak(name, after[name]),
        )
        for name in EDITABLE
        if before[name] != after[name]
    ]


def list_disputed(meanwhile: Meanwhile, mine: Mapping[str, Any]) -> list[FieldRow]:
    """Return the fields that I or others changed, side by side."""
    theirs, base = meanwhile.theirs, meanwhile.base
    first = theirs if base is None else base
    return [
        FieldRow(
            LABELS[name],
            None if base is None else _speak(name, base[name]),
            _speak(name, theirs[name]),
            _speak(name, mine[name]),
            is_mine=base is None or mine[name] != base[name],
        )
        for name in EDITABLE
        if not first[name] == theirs[name] == mine[name]
    ]


def _edit(entry: Entry) -> Edit:
    changed = [LABELS[name] for name in EDITABLE if name in (entry.after or {})]
    return Edit(describe_actor(entry.actor), entry.at, " and ".join(changed).lower())


def _speak(name: str, value: Any) -> str:
    """Say a field in words; a definition that is not understood any more has none."""
    if name != "definition":
        return str(value)
    try:
        return describe_definition(value)
    except DefinitionError:
        return "A definition that is not understood any more"
