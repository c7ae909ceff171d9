"""Applying the rows of a file, for real or to see what would happen: the same code for both."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db import transaction

from crm.domain.checking import Unusable, check_record
from crm.domain.tags import clean_tags
from crm.services.snapshots import compare, take_snapshot
from crm.services.tags import change_tags
from crm.types import Change, Record
from imports.choices import Outcome
from imports.domain.kinds import RULES
from imports.domain.mapping import read_row
from imports.models import Import
from imports.services.followers import FOLLOWERS, Follower
from imports.services.goods import GOODS, complete_goods
from imports.services.journal import note_changes
from imports.services.permission import hold_back
from imports.services.stopping import stop_addresses
from imports.types import Counts, Options, Refused, Row, Stop
from kernel.arrays import columns
from kernel.sql import run_sql
from stores.services.history import apply_history

BATCH_DOCUMENTS = 1_000
_REJECTED = "rejected:"
NEW, UPDATED = "new", "updated"


@dataclass(slots=True)
class _Document:
    """The rows about one thing, and what becomes of them.

    Attributes:
        first: place of its first row; its key.
        words: outcome of each record.
        held: how many of its statements of consent were left out, because the person said no.
        stops: addresses that must not be contacted.
        lists: names that its person is tagged with.
        rows: what it says, for an app above that follows.
    """

    first: int
    row_count: int
    records: Sequence[Record] = ()
    reason: str = ""
    words: list[str] = field(default_factory=list)
    held: int = 0
    stops: Sequence[Stop] = ()
    lists: Sequence[str] = ()
    rows: Sequence[Row] = ()


def apply_batch(source: Import, counts: Counts, *, after: int, is_trial: bool) -> int | None:
    """Apply the next documents of an import and count what became of them.

    A trial writes the same and takes it back, so that its counts are those of the run. Why rows
    were refused is kept with them either way.

    Args:
        source: the import, whose rows are in the database.
        counts: added to.
        after: place of the first row of the last document that was gone through; 0 for none.
        is_trial: take it back.

    Returns:
        ``after`` for the next batch; None when there is none.
    """
    documents = _read(source, after)
    if not documents:
        return None
    if is_trial:
        with transaction.atomic():
            _apply(source, documents, is_trial=True)
            transaction.set_rollback(True)
    else:
        _apply(source, documents, is_trial=False)
    _settle(source, documents)
    for document in documents:
        _count(document, counts)
    return documents[-1].first


def _read(source: Import, after: int) -> list[_Document]:
    rules, options = RULES[source.kind], Options(**source.options)
    found = run_sql(
        "imports.list_documents",
        source_id=source.pk,
        after=after,
        documents=BATCH_DOCUMENTS,
        with_rest=rules.gathers,
    )
    documents = []
    for first, group in groupby(found, key=lambda row: row.first):
        cells = [json.loads(row.cells) for row in group]
        document = _Document(first, len(cells))
        try:
            rows = [_row(source, each) for each in cells]
            document.rows = rows
            document.records = rules.read(rows, options)
            document.stops = rules.stops(rows[0], options)
            document.lists = rules.lists(rows[0])
            for record in document.records:
                check_record(record)
        except (Refused, Unusable) as exc:
            document.reason = str(exc)
        documents.append(document)
    return documents


def _row(source: Import, cells: list[str]) -> Row:
    if any(cells[len(source.header) :]):
        raise Refused(
            f"The row has {len(cells)} values and the header names {len(source.header)} columns."
        )
    return read_row(source.header, source.mapping, cells)


def _apply(source: Import, documents: Sequence[_Document], *, is_trial: bool) -> None:
    follower = FOLLOWERS.get(source.kind)
    usable = _allow(source, follower, documents)
    records = [record for document in usable for record in document.records]
    before = None if is_trial else take_snapshot(source.store_id, records)
    result = apply_history(source.store_id, records)
    words = iter(result.outcomes)
    people: dict[int, _Document] = {}
    owners: dict[int, int] = {}
    place = 0
    for document in usable:
        document.words = [next(words) for _ in document.records]
        document.reason = "; ".join(
            word.removeprefix(_REJECTED).strip() for word in document.words if _REJECTED in word
        )
        for _ in document.records:
            if not document.reason and place in result.profile_ids:
                people[result.profile_ids[place]] = document
                owners[document.first] = result.profile_ids[place]
            place += 1
    _tag(source, people)
    followed = _follow(source, follower, usable, owners) if follower else []
    taken = [document for document in usable if not document.reason]
    stopped = stop_addresses(source, [document.stops for document in taken])
    for document, is_new in zip(taken, stopped.are_new, strict=True):
        if is_new and not document.records:
            document.words = [NEW]
    if before is not None:
        changes = compare(before, records, set(result.profile_ids.values()))
        note_changes(source, [*followed, *stopped.changes, *changes])


def _allow(
    source: Import, follower: Follower | None, documents: Sequence[_Document]
) -> list[_Document]:
    """Return the documents that can be applied, with what is left of them."""
    usable = [document for document in documents if not document.reason]
    if follower is not None:
        reasons = follower.refuse(Options(**source.options), [document.rows for document in usable])
        for document, reason in zip(usable, reasons, strict=True):
            document.reason = reason
    usable = [document for document in usable if not document.reason]
    judge = complete_goods if source.kind in GOODS else hold_back
    allowed = judge(source, [document.records for document in usable])
    for document, left in zip(usable, allowed, strict=True):
        document.held, document.reason = left.held, left.reason
        document.records = left.records
    return [document for document in usable if not document.reason]


def _follow(
    source: Import, follower: Follower, documents: Sequence[_Document], owners: Mapping[int, int]
) -> Sequence[Change]:
    """Let an app above do what the rows of each document say, for its person."""
    todo = [document for document in documents if document.first in owners]
    words, changes = follower.follow(
        Options(**source.options),
        source.actor,
        [(owners[document.first], document.rows) for document in todo],
    )
    for document, word in zip(todo, words, strict=True):
        document.words = [word]
    return changes


def _tag(source: Import, people: Mapping[int, _Document]) -> None:
    """Give people the tag of the file, and those of the lists that their rows name."""
    common = Options(**source.options).tag
    alike: dict[tuple[str, ...], list[int]] = {}
    for profile_id, document in people.items():
        names = clean_tags([*([common] if common else []), *document.lists])
        alike.setdefault(tuple(names), []).append(profile_id)
    for tags, ids in alike.items():
        for changed in change_tags(ids, added=tags, actor=source.actor, is_backfill=True):
            people[changed].words.append(UPDATED)


def _settle(source: Import, documents: Sequence[_Document]) -> None:
    rows: list[tuple[Any, ...]] = [
        (each.first, str(Outcome.REFUSED) if each.reason else "", each.reason) for each in documents
    ]
    run_sql(
        "imports.settle_rows",
        source_id=source.pk,
        **columns("firsts outcomes reasons", rows),
    )


def _count(document: _Document, counts: Counts) -> None:
    counts.rows += document.row_count
    if document.reason:
        counts.refused += document.row_count
        return
    counts.held += document.held
    if NEW in document.words:
        counts.new += 1
    elif UPDATED in document.words:
        counts.updated += 1
    else:
        counts.unchanged += 1
