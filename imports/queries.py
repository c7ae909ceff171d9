"""Reads of imports, for pages and services."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from crm.domain.permission import CHANNELS
from crm.models import Identity, Store, Suppression
from imports.models import Import, ImportChange, ImportRow, Move
from kernel.sql import run_sql

PAGE_SIZE = 50
PROBLEMS_SHOWN = 20
EXPORT_ROWS = 1_000

Said = tuple[str, datetime | None]
"""State of a channel, and since when it counts."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why some rows were not taken.

    Attributes:
        words: the reason; values that differ from row to row are dots.
        row_count: how many rows.
        samples: the first rows: place, reason, cells.
    """

    words: str
    outcome: str
    row_count: int
    samples: Sequence[ImportRow]


@dataclass(frozen=True, slots=True)
class ImportPage:
    """One page of imports, newest first; the mark leads to the next one."""

    rows: list[Import]
    next: int | None


def find_import(import_id: int) -> Import | None:
    """Return an import of the active tenant."""
    return Import.objects.select_related("store").filter(pk=import_id).first()


def find_move(move_id: int) -> Move | None:
    """Return a move of the active tenant."""
    return Move.objects.filter(pk=move_id).first()


def list_moves() -> list[Move]:
    """Return the newest moves."""
    return list(Move.objects.order_by("-pk")[:PROBLEMS_SHOWN])


def list_imports_by_id(import_ids: Iterable[int]) -> list[Import]:
    """Return some imports, with their stores."""
    rows = Import.objects.select_related("store").defer("samples")
    return list(rows.filter(pk__in=list(import_ids)))


def list_imports(*, before: int | None = None) -> ImportPage:
    """Return imports, newest first; ``before`` is the mark of the page before."""
    rows = Import.objects.select_related("store").defer("samples").order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE]
    return ImportPage(page, page[-1].pk if len(found) > PAGE_SIZE else None)


def find_earlier(source: Import) -> Import | None:
    """Return the newest import of the same kind whose file had the same columns."""
    return (
        Import.objects.filter(kind=source.kind, header_key=source.header_key, pk__lt=source.pk)
        .exclude(mapping=[])
        .order_by("-pk")
        .first()
    )


def count_problems(source: Import) -> list[dict[str, Any]]:
    """Return why rows were not taken, as `Import.problems` keeps it; it reads all such rows."""
    found = run_sql("imports.count_reasons", source_id=source.pk, count=PROBLEMS_SHOWN)
    return [
        {
            "outcome": row.outcome,
            "words": row.problem,
            "rows": row.rows,
            "places": list(row.places),
        }
        for row in found
    ]


def list_problems(source: Import) -> list[Problem]:
    """Return why rows were not taken, the most frequent reason first.

    Each comes with its first rows, until they are swept.
    """
    places = [place for each in source.problems for place in each["places"]]
    rows = {
        row.place: row for row in ImportRow.objects.filter(source_id=source.pk, place__in=places)
    }
    return [
        Problem(
            words=each["words"],
            outcome=each["outcome"],
            row_count=each["rows"],
            samples=[rows[place] for place in each["places"] if place in rows],
        )
        for each in source.problems
    ]


def list_refused(source_id: int, *, after: int) -> list[ImportRow]:
    """Return the next rows that were not taken, in the order of the file."""
    rows = ImportRow.objects.filter(source_id=source_id, place__gt=after).exclude(outcome="")
    return list(rows.order_by("place")[:EXPORT_ROWS])


def count_changes(source: Import) -> list[Any]:
    """Return how many things an import created and changed, by kind; it reads all of them."""
    return run_sql("imports.count_changes", source_id=source.pk)


def list_kept(source_id: int, *, after: tuple[str, int], limit: int) -> list[ImportChange]:
    """Return the next things that an undo left as they are, by kind and id.

    Args:
        source_id: the import.
        after: kind and id of the last one before; ``("", 0)`` begins.
        limit: at most.
    """
    kind, object_id = after
    rows = ImportChange.objects.filter(source_id=source_id).exclude(kept="")
    rows = rows.filter(Q(kind__gt=kind) | Q(kind=kind, object_id__gt=object_id))
    return list(rows.defer("before", "after").order_by("kind", "object_id")[:limit])


def list_choices_of_stores() -> list[tuple[int, str]]:
    """Return id and name of the stores that rows can belong to."""
    return list(Store.objects.order_by("name").values_list("pk", "name"))


def list_permissions(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Said]]:
    """Return what is known of the consent of people, by identifier and channel.

    Args:
        keys: kind and normalised value of identifiers; those of nobody are left out.
    """
    wanted: dict[str, list[str]] = {}
    for kind, value in keys:
        wanted.setdefault(kind, []).append(value)
    match = Q()
    for kind, values in sorted(wanted.items()):
        match |= Q(kind=kind, value_norm__in=values)
    if not wanted:
        return {}
    said = [
        name
        for channel in CHANNELS
        for name in (f"profile__{channel}_consent", f"profile__{channel}_consent_at")
    ]
    rows: Any = Identity.objects.filter(match).values_list("kind", "value_norm", *said)
    return {
        (kind, value): dict(zip(CHANNELS, zip(each[::2], each[1::2], strict=True), strict=True))
        for kind, value, *each in rows
    }


def list_suppressed(hashes: Iterable[tuple[str, str]], now: datetime) -> set[tuple[str, str]]:
    """Return which of some addresses must not be contacted, as channel and digest."""
    wanted = set(hashes)
    if not wanted:
        return set()
    rows = Suppression.objects.filter(address_hash__in=[digest for _, digest in wanted])
    live = rows.filter(Q(until__isnull=True) | Q(until__gt=now))
    return set(live.values_list("channel", "address_hash")) & wanted
