"""What modules of this app hand to each other."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

PROPERTY = "property"
"""Target of a column that becomes a property of its own name."""
SKIPPED = ""
"""Target of a column that is left out."""


class Refused(Exception):
    """A row that cannot be taken; the text is the reason, for people."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes of a file are read.

    Attributes:
        is_json: JSON lines; else CSV.
        delimiter: of CSV.
        start: offset of the first row, in bytes.
        encoding: of the file as it came; it is kept as UTF-8.
    """

    is_json: bool
    delimiter: str = ","
    start: int = 0
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Options:
    """What the merchant says about a whole file.

    Attributes:
        timezone: IANA zone of times that name none.
        country: ISO 3166-1 alpha-2 of phone numbers without a country code.
        currency: ISO 4217 of amounts that name none.
        date_order: ``iso``, ``dmy`` or ``mdy``: what 03/04/2026 means; ``iso`` refuses it.
        decimal: ``point`` or ``comma``: what parts the fraction of an amount.
        state: consent of rows that name none; empty: they must.
        consent_source: where consent was given, as proof; empty where none is brought.
        consent_on: ISO date that stands for consent without a time of its own.
        tag: given to everybody in the file; empty for none.
        tool: whose balances of points these are; empty for other files.
    """

    timezone: str = "UTC"
    country: str = ""
    currency: str = ""
    date_order: str = "iso"
    decimal: str = "point"
    state: str = ""
    consent_source: str = ""
    consent_on: str = ""
    tag: str = ""
    tool: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """An address that must not be contacted; ``reason`` is a word of `SuppressionReason`."""

    channel: str
    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row by target.

    Attributes:
        values: text by target; empty ones left out.
        properties: by name, text of columns that become properties, or JSON out of a bag.
    """

    values: Mapping[str, str]
    properties: Mapping[str, Any] = field(default_factory=dict)

    def get(self, target: str) -> str:
        """Return the text of a target, empty where the row has none."""
        return self.values.get(target, "")


@dataclass(slots=True)
class Counts:
    """What an import did or would do.

    Attributes:
        rows: rows gone through.
        new, updated, unchanged: people, orders, statements or events.
        duplicate: rows about somebody or something that an earlier row was about.
        refused: rows that break a rule.
        held: people who stay unsubscribed though their row says subscribed.
    """

    rows: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicate: int = 0
    refused: int = 0
    held: int = 0

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Counts":
        """Return counts as they were stored; nothing stored is all zeros."""
        return cls(**stored)

    def as_json(self) -> dict[str, int]:
        """Return what is stored."""
        return asdict(self)


@dataclass(slots=True)
class Step:
    """One thing that a move fetches, and the file that it becomes.

    Attributes:
        what: ``people``, ``list`` or ``events``.
        name: for people.
        list_id: of a list, there.
        tag: that its members get.
        since: ISO time from which events are fetched; empty: all.
        path: of the file, below the media folder; empty before its first row.
        size: bytes of it that count.
        rows: lines of it.
        import_id: what it became; 0: nothing yet.
    """

    what: str
    name: str
    list_id: str = ""
    tag: str = ""
    since: str = ""
    path: str = ""
    size: int = 0
    rows: int = 0
    import_id: int = 0


@dataclass(slots=True)
class Undone:
    """What undoing an import did, or would do at most.

    Attributes:
        removed: created by the import and gone, by kind of thing.
        restored: what it was before, by kind.
        kept: left as something newer made it, by kind.
    """

    removed: dict[str, int] = field(default_factory=dict)
    restored: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Undone":
        """Return counts as they were stored; nothing stored is nothing."""
        return cls(**stored)

    def as_json(self) -> dict[str, dict[str, int]]:
        """Return what is stored."""
        return asdict(self)

    def add(self, word: str, kind: str, count: int) -> None:
        """Count things of a kind that became ``removed``, ``restored`` or ``kept``."""
        if count:
            counts = getattr(self, word)
            counts[kind] = counts.get(kind, 0) + count


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in the file; ``end`` is the offset behind it."""

    cells: Sequence[str]
    end: int
