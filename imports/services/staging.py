"""Rows of a file on their way into the database, where those about the same find each other."""

from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from imports.choices import Outcome
from imports.domain.kinds import RULES, digest_key
from imports.domain.mapping import read_row
from imports.domain.reading import read_rows
from imports.models import Import
from imports.types import Layout, RawRow
from kernel.arrays import array, columns
from kernel.sql import count_sql, run_sql
from tenants.services import files

BATCH_ROWS = 5_000
CLEAR_ROWS = 20_000


def clear_rows(source: Import) -> int:
    """Delete the next rows of an earlier check; returns how many went, 0 when none was left."""
    return count_sql("imports.clear_rows", source_id=source.pk, count=CLEAR_ROWS)


def clear_keys(source: Import) -> int:
    """Forget some of which rows are about the same, which the rows themselves know.

    Returns:
        How many went; 0 when none was left.
    """
    return count_sql("imports.clear_keys", source_id=source.pk, count=CLEAR_ROWS)


def stage_batch(source: Import, *, offset: int, place: int) -> tuple[int, int, int]:
    """Put the next rows of the file into the database.

    Args:
        source: the import.
        offset: beginning of the next row, in bytes.
        place: of that row, from 1.

    Returns:
        Offset behind the batch, how many rows it had, and how many of them are duplicates; 0
        rows: the file is read.

    Raises:
        Invalid: the file is damaged from some row on.
    """
    with files.locate(source.path).open("rb") as file:
        found = read_rows(file, Layout(**source.layout), source.header, offset=offset, place=place)
        rows = list(islice(found, BATCH_ROWS))
    if not rows:
        return offset, 0, 0
    firsts = _find_firsts(source, rows, place)
    rules = RULES[source.kind]
    staged = []
    for at, (row, first) in enumerate(zip(rows, firsts, strict=True), start=place):
        is_copy = first != at and not rules.gathers
        outcome = str(Outcome.DUPLICATE) if is_copy else ""
        reason = rules.same.format(first=first) if is_copy else ""
        staged.append((at, first, list(row.cells), outcome, reason))
    run_sql(
        "imports.stage_rows",
        source_id=source.pk,
        **columns("places firsts cells outcomes reasons", staged),
    )
    return rows[-1].end, len(rows), sum(1 for row in staged if row[3])


def _find_firsts(source: Import, rows: Sequence[RawRow], place: int) -> list[int]:
    """Return for each row the place of the first one about the same."""
    keys_of = RULES[source.kind].keys
    keyed: list[list[UUID]] = []
    first_places: dict[UUID, int] = {}
    for at, row in enumerate(rows, start=place):
        keys = [
            digest_key(key) for key in keys_of(read_row(source.header, source.mapping, row.cells))
        ]
        keyed.append(keys)
        for key in keys:
            first_places.setdefault(key, at)
    if first_places:
        run_sql(
            "imports.add_keys",
            source_id=source.pk,
            **columns("keys places", [(str(key), at) for key, at in first_places.items()]),
        )
        found = run_sql(
            "imports.find_keys", source_id=source.pk, keys=array(map(str, first_places))
        )
        first_places = {UUID(row.key): row.place for row in found}
    return [
        min((first_places[key] for key in keys), default=at)
        for at, keys in enumerate(keyed, start=place)
    ]
