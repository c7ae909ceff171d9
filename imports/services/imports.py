"""Imports from the upload to the end: what a person starts, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from itertools import islice
from typing import IO, Any

from django.db import transaction

from crm.services.stores import StoreData, ensure_store
from imports.choices import Kind, Stage
from imports.domain.mapping import clean, digest_header, find_faults, propose
from imports.domain.reading import read_layout, read_rows
from imports.models import Import
from imports.queries import find_earlier
from imports.services.uploads import SAMPLE_ROWS, Upload, keep_upload
from imports.types import Counts, Options
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.scope import current_tenant_id
from stores.services.imports import STORE_NAME
from tenants.models import Job
from tenants.queries import find_job, get_tenant
from tenants.services import audit, files
from tenants.services.jobs import WAITING, start_job

KEEP = timedelta(days=7)
"""How long a file and its rows are kept after the last thing that happened to them."""
RUN = frozenset({Stage.RUNNING, Stage.DONE, Stage.UNDOING, Stage.UNDONE})
"""Stages in which something of the file is, or was, in the CRM."""
_SUBJECT = "file"


@transaction.atomic
def create_import(
    file: IO[bytes], *, kind: str, store_id: int | None, filename: str, actor: str
) -> Import:
    """Keep an uploaded file and propose what its columns mean.

    Args:
        file: CSV or JSON lines, plain or gzip, UTF-8.
        kind: a word of `Kind`.
        store_id: the store that its ids belong to; None: the one for files.
        filename: as people know it; no folders.
        actor: e-mail address of the member.

    Raises:
        Invalid: the file cannot be read; nothing is kept.
    """
    store_id = store_id or ensure_store(StoreData(name=STORE_NAME, platform="custom")).pk
    upload = keep_upload(file)
    return _create(upload, kind=kind, store_id=store_id, filename=filename, actor=actor)


def _create(upload: Upload, *, kind: str, store_id: int, filename: str, actor: str) -> Import:
    now = clock.now()
    source = Import.objects.create(
        kind=Kind(kind),
        store_id=store_id,
        filename=filename[:200],
        path=upload.path,
        size=upload.size,
        lines=upload.lines,
        layout=asdict(upload.layout),
        header=upload.header,
        header_key=digest_header(upload.header),
        samples=upload.samples,
        actor=actor,
        created_at=now,
        expires_at=now + KEEP,
    )
    audit.record(
        "import.uploaded",
        "import",
        source.pk,
        after={"kind": kind, "file": source.filename, "bytes": upload.size},
        actor=actor,
    )
    return source


@transaction.atomic
def create_from_rows(
    path: str, *, size: int, lines: int, kind: str, filename: str, actor: str
) -> Import:
    """Make an import of JSON lines that lie below the media folder already.

    Args:
        path: of the file; each line has every column.
        size: in bytes.
        lines: rows.
        kind: a word of `Kind`.
        filename: what people read.
        actor: e-mail address of the member.
    """
    with files.locate(path).open("rb") as file:
        layout, header = read_layout(file)
        found = read_rows(file, layout, header, offset=layout.start, place=1)
        samples = [list(row.cells) for row in islice(found, SAMPLE_ROWS)]
    upload = Upload(path, size, lines, layout, header, samples)
    store_id = ensure_store(StoreData(name=STORE_NAME, platform="custom")).pk
    return _create(upload, kind=kind, store_id=store_id, filename=filename, actor=actor)


def propose_mapping(source: Import) -> tuple[list[str], dict[str, Any]]:
    """Return mapping and options to begin with: the saved ones, the last file's, or by names."""
    if source.mapping:
        return source.mapping, source.options
    earlier = find_earlier(source)
    if earlier:
        names = ("date_order", "consent_source", "state", "tool")
        kept = {key: earlier.options.get(key, "") for key in names}
        return earlier.mapping, kept
    return propose(source.kind, source.header), {}


@transaction.atomic
def start_check(
    import_id: int, *, mapping: Sequence[str], options: Mapping[str, str], actor: str
) -> Job:
    """Save what the columns mean and start the dry run.

    Args:
        import_id: one that was not run yet; an earlier check is forgotten.
        mapping: target by place of the column.
        options: of `Options` what the merchant chose.
        actor: e-mail address of the member.

    Raises:
        NotFound: the tenant has no such import.
        Conflict: it is being checked or was run already, or its file was deleted.
        Invalid: the mapping lacks something.
    """
    source = lock_import(import_id)
    _check_open(source)
    tenant = get_tenant(current_tenant_id())
    cleaned = clean(source.kind, source.header, mapping)
    full = Options(
        **{
            "timezone": tenant.timezone,
            "country": tenant.country,
            "currency": source.store.currency,
            **options,
        }
    )
    faults = find_faults(source.kind, source.header, cleaned)
    faults += _missing_proof(source.kind, cleaned, full)
    if faults:
        raise Invalid(" ".join(faults))
    job = start_job(
        "import.check", {"import_id": source.pk, _SUBJECT: source.filename}, actor=actor
    )
    source.mapping, source.options, source.job_id = cleaned, asdict(full), job.pk
    source.stage, source.checked, source.row_count = Stage.CHECKING, {}, 0
    source.expires_at = clock.now() + KEEP
    source.save(
        update_fields=[
            "mapping", "options", "job_id", "stage", "checked", "row_count", "expires_at"
        ]
    )  # fmt: skip
    return job


@transaction.atomic
def start_import(import_id: int, *, actor: str) -> Job:
    """Start applying a file that was checked, or go on where a run was stopped.

    Raises:
        NotFound: the tenant has no such import.
        Conflict: it was not checked, or a job works on it already.
    """
    source = lock_import(import_id)
    goes_on = source.stage == Stage.RUNNING and not is_at_work(source)
    if source.stage != Stage.CHECKED and not goes_on:
        raise Conflict("It is being imported already, or was not checked yet.")
    if not source.path:
        raise Conflict("The file was deleted after seven days. Upload it again.")
    job = start_job(
        "import.run",
        {"import_id": source.pk, _SUBJECT: source.filename},
        actor=actor,
        total=source.row_count - Counts.read(source.counts).rows,
    )
    source.stage, source.job_id = Stage.RUNNING, job.pk
    source.expires_at = clock.now() + KEEP
    if not goes_on:
        source.counts = Counts(duplicate=Counts.read(source.checked).duplicate).as_json()
    source.save(update_fields=["stage", "job_id", "expires_at", "counts"])
    return job


def lock_import(import_id: int) -> Import:
    """Return an import of the active tenant with its store, locked until the commit.

    Raises:
        NotFound: the tenant has no such import.
    """
    source = (
        Import.objects.select_related("store")
        .select_for_update(no_key=True, of=("self",))
        .filter(pk=import_id)
        .first()
    )
    if source is None:
        raise NotFound("This import does not exist.")
    return source


def is_at_work(source: Import) -> bool:
    """Say whether a job works on an import now, or waits to."""
    job = find_job(source.job_id) if source.job_id is not None else None
    return job is not None and job.status in WAITING


def _check_open(source: Import) -> None:
    if source.stage in RUN:
        raise Conflict("This file was imported already. Upload it again to import it anew.")
    if source.stage == Stage.DISCARDING:
        raise Conflict("This file is being discarded. Upload it again to import it.")
    if source.stage == Stage.CHECKING and is_at_work(source):
        raise Conflict("This file is being checked. Cancel that first.")
    if not source.path:
        raise Conflict("The file was deleted after seven days. Upload it again.")


def _missing_proof(kind: str, mapping: Sequence[str], options: Options) -> list[str]:
    """Say what is missing to believe the consent or the points that a file brings."""
    if kind == Kind.POINTS and not options.tool.strip():
        return ["Say which tool the balances are from."]
    if kind != Kind.CONSENT and not {"email_consent", "sms_consent"} & set(mapping):
        return []
    missing = []
    if kind == Kind.CONSENT and "state" not in mapping and not options.state:
        missing.append("No column says what the people agreed to: choose what all rows mean.")
    if not options.consent_source.strip():
        missing.append("Say where the people in this file gave their consent.")
    if options.consent_on and date.fromisoformat(options.consent_on) > clock.now().date():
        missing.append("The date of the consent lies in the future.")
    return missing
