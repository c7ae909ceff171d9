"""Importing a file of order lines: the same way in as webhooks, marked as history.

The file is copied into a session's temporary table first, because the lines of one order may lie
anywhere in it. Then documents are walked in order of their first line and applied by the batch;
each batch is one transaction, so an import that stops can be started again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final, Protocol

from django.db import connection, transaction

from crm.services.import_runs import ImportCounts, finish_run, save_counts, start_run
from crm.services.stores import StoreData, ensure_store
from crm.types import OrderRecord, Record, RefundRecord
from kernel import clock
from kernel.arrays import array
from kernel.errors import Invalid
from kernel.sql import run_sql
from stores.choices import DeliverySource
from stores.errors import Untranslatable
from stores.platforms.order_file import (
    TARGETS,
    TOPIC,
    FileDefaults,
    OrderRow,
    document_body,
    read_document,
)
from stores.services.history import apply_history
from stores.services.order_files import open_order_file

STORE_NAME: Final = "Import"
BATCH_DOCUMENTS: Final = 1000
FETCH_ROWS: Final = 5000
COUNT_EVERY: Final = 20_000
REASONS_SHOWN: Final = 10
LONGEST_KEY: Final = 200
REJECTED: Final = "rejected:"
RELEASED_NOTE: Final = "A later import of the same document was applied"

TABLE: Final = "import_row"
CREATE_TABLE: Final = (
    f"CREATE TEMPORARY TABLE {TABLE} "
    f"(place bigint, document text, {', '.join(f'{name} text' for name in TARGETS)})"
)
COPY_ROWS: Final = f"COPY {TABLE} FROM STDIN"
DROP_TABLE: Final = f"DROP TABLE IF EXISTS {TABLE}"
WALK_ROWS: Final = (
    f"SELECT document, {', '.join(TARGETS)} "  # noqa: S608 the names are constants of this file
    f"FROM (SELECT *, min(place) OVER (PARTITION BY document) AS first FROM {TABLE}) AS numbered "
    "ORDER BY first, place"
)


class Watcher(Protocol):
    """Who wants to see how far an import is."""

    def __call__(self, step: str, share: float, counts: "ImportResult", /) -> None: ...


@dataclass(slots=True)
class ImportResult(ImportCounts):
    """What an import did; documents are order ids.

    Attributes:
        reasons: documents by the reason for which they were quarantined, the most frequent ones.
    """

    documents: int = 0
    orders: int = 0
    refunds: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Return what the command prints."""
        shown = asdict(self)
        shown["reasons"] = dict(islice(sorted(self.reasons.items(), key=_by_count), REASONS_SHOWN))
        return shown


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One file and how to read it.

    Attributes:
        mapping: column of the file by target, where they differ.
        defaults: where rows name no currency or zone.
        is_trial: read everything and write nothing.
    """

    path: Path
    mapping: Mapping[str, str]
    defaults: FileDefaults
    store_id: int
    is_trial: bool = False


@dataclass(frozen=True, slots=True)
class _Document:
    key: str
    rows: Sequence[OrderRow]
    records: Sequence[Record]
    reason: str = ""


def ensure_import_store() -> int:
    """Return the store that takes imports without a store of their own."""
    return ensure_store(StoreData(name=STORE_NAME, platform="custom")).pk


def import_orders(job: ImportJob, watch: Watcher) -> ImportResult:
    """Import a file into the active tenant; a second import of it changes nothing.

    Args:
        job: the file.
        watch: told how far it is: step, share done, counts so far.

    Raises:
        Invalid: the file cannot be read or lacks a column; nothing was written but a failed run
            that says so.
    """
    result = ImportResult()
    _run_plain(DROP_TABLE)
    _run_plain(CREATE_TABLE)
    try:
        _copy_noting_refusal(job, result, watch)
        if job.is_trial:
            _check_all(job, result, watch)
        else:
            _apply_all(job, result, watch)
    finally:
        _run_plain(DROP_TABLE)
    return result


def _copy_noting_refusal(job: ImportJob, result: ImportResult, watch: Watcher) -> None:
    try:
        _copy_rows(job, result, watch)
    except Invalid as exc:
        if not job.is_trial:
            run_id = start_run(
                store_id=job.store_id, kind="orders", filename=job.path.name, total=None
            )
            finish_run(run_id, ImportCounts(), failure=exc.detail)
        raise


def _copy_rows(job: ImportJob, result: ImportResult, watch: Watcher) -> None:
    """Stream the file into the temporary table; the application role may COPY only there."""
    with (
        open_order_file(job.path, job.mapping) as file,
        connection.cursor() as cursor,
        cursor.copy(COPY_ROWS) as copy,
    ):
        for place, row in enumerate(file.rows, start=1):
            copy.write_row((place, row.order_id or f"row {place}", *row))
            result.rows_read = place
            if place % COUNT_EVERY == 0:
                watch("reading", file.progress(), result)
    watch("reading", 1.0, result)


def _check_all(job: ImportJob, result: ImportResult, watch: Watcher) -> None:
    done = 0
    for batch in _read_documents(job):
        for document in batch:
            _count_document(document, document.reason, result)
            done += len(document.rows)
        watch("checking", done / max(1, result.rows_read), result)


def _apply_all(job: ImportJob, result: ImportResult, watch: Watcher) -> None:
    run_id = start_run(
        store_id=job.store_id, kind="orders", filename=job.path.name, total=result.rows_read
    )
    done = 0
    try:
        for batch in _read_documents(job):
            with transaction.atomic():
                _apply_batch(batch, job, result)
                done += sum(len(document.rows) for document in batch)
                save_counts(run_id, result)
            watch("applying", done / max(1, result.rows_read), result)
    except Exception as exc:
        finish_run(run_id, result, failure=f"Stopped: {type(exc).__name__}")
        raise
    finish_run(run_id, result)


def _read_documents(job: ImportJob) -> Iterator[list[_Document]]:
    documents = (_read(key, rows, job.defaults) for key, rows in _walk())
    while batch := list(islice(documents, BATCH_DOCUMENTS)):
        yield batch


def _walk() -> Iterator[tuple[str, list[OrderRow]]]:
    """Yield the rows of each document, by the place of its first row, without holding the file."""
    with connection.cursor() as cursor:
        cursor.execute(f"DECLARE import_walk NO SCROLL CURSOR WITH HOLD FOR {WALK_ROWS}")
        try:
            for key, rows in groupby(_fetch(cursor), key=lambda row: row[0]):
                yield key, [OrderRow._make(row[1:]) for row in rows]
        finally:
            cursor.execute("CLOSE import_walk")


def _fetch(cursor: Any) -> Iterator[tuple[str, ...]]:
    while True:
        cursor.execute(f"FETCH {FETCH_ROWS} FROM import_walk")
        rows = cursor.fetchall()
        if not rows:
            return
        yield from rows


def _read(key: str, rows: Sequence[OrderRow], defaults: FileDefaults) -> _Document:
    try:
        return _Document(key, rows, read_document(rows, defaults))
    except Untranslatable as exc:
        return _Document(key, rows, (), str(exc))


def _apply_batch(batch: Sequence[_Document], job: ImportJob, result: ImportResult) -> None:
    records = [record for document in batch for record in document.records]
    outcomes = iter(apply_history(job.store_id, records).outcomes)
    refused: list[tuple[_Document, str]] = []
    applied: list[_Document] = []
    for document in batch:
        words = [next(outcomes) for _ in document.records]
        reason = document.reason or _refusal(words)
        if reason:
            refused.append((document, reason))
        else:
            applied.append(document)
            _count_outcome(words, result)
        _count_document(document, reason, result)
    _quarantine(refused, job)
    _release(applied, job)


def _refusal(words: Sequence[str]) -> str:
    return "; ".join(word.removeprefix(REJECTED).strip() for word in words if REJECTED in word)


def _count_outcome(words: Sequence[str], result: ImportResult) -> None:
    if "new" in words:
        result.new += 1
    elif "updated" in words:
        result.updated += 1
    else:
        result.unchanged += 1


def _count_document(document: _Document, reason: str, result: ImportResult) -> None:
    result.documents += 1
    if reason:
        result.quarantined += 1
        result.reasons[reason] = result.reasons.get(reason, 0) + 1
        return
    result.orders += sum(isinstance(record, OrderRecord) for record in document.records)
    result.refunds += sum(isinstance(record, RefundRecord) for record in document.records)


def _quarantine(refused: Sequence[tuple[_Document, str]], job: ImportJob) -> None:
    if not refused:
        return
    run_sql(
        "stores.file_documents",
        store_id=job.store_id,
        topic=TOPIC,
        file=job.path.name,
        source=DeliverySource.IMPORT,
        ids=array(_delivery_id(document) for document, _ in refused),
        bodies=array(
            json.dumps(document_body(document.rows, job.defaults), ensure_ascii=False)
            for document, _ in refused
        ),
        reasons=array(reason for _, reason in refused),
        now=clock.now(),
    )


def _release(applied: Sequence[_Document], job: ImportJob) -> None:
    if applied:
        run_sql(
            "stores.release_documents",
            store_id=job.store_id,
            ids=array(_delivery_id(document) for document in applied),
            note=RELEASED_NOTE,
            now=clock.now(),
        )


def _delivery_id(document: _Document) -> str:
    if len(document.key) <= LONGEST_KEY:
        return f"import:{document.key}"
    return f"import:{hashlib.sha256(document.key.encode()).hexdigest()}"


def _run_plain(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _by_count(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
