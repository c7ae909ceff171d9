"""What pages of one import share: finding it, its progress, and its counts in words."""

from datetime import datetime
from typing import Any, NamedTuple

from django.http import Http404
from django.urls import reverse
from django.utils.safestring import SafeString

from imports import queries
from imports.choices import Stage
from imports.models import Import
from imports.services.imports import RUN
from imports.types import Counts, Undone
from kernel import clock
from kernel.live import read_query, render_live
from tenants.choices import JobStatus
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.models import Job
from tenants.queries import find_job, say_time_left
from tenants.services.jobs import WAITING
from tenants.types import TenantRequest

LIVE_SECONDS = 2
THINGS = {
    "customers": ("person", "people"),
    "orders": ("order", "orders"),
    "consent": ("statement", "statements"),
    "suppressions": ("address", "addresses"),
    "events": ("event", "events"),
    "products": ("product", "products"),
    "stock": ("variant", "variants"),
    "points": ("balance", "balances"),
}
"""What is counted as new, updated and unchanged, by kind: one, and several."""


class Shown(NamedTuple):
    """An import with its job, as pages show it."""

    source: Import
    job: Job | None
    counts: Counts
    is_at_work: bool
    has_stopped: bool


def can_undo(shown: Shown, now: datetime) -> bool:
    """Say whether an import can be undone, or go on being undone."""
    source = shown.source
    return (
        source.stage in {Stage.RUNNING, Stage.DONE, Stage.UNDOING}
        and not shown.is_at_work
        and source.undo_until is not None
        and source.undo_until > now
    )


def find_shown(import_id: int) -> Shown:
    """Return an import of the active tenant, or raise 404."""
    source = queries.find_import(import_id)
    if source is None:
        raise Http404
    return show(source, find_job(source.job_id) if source.job_id is not None else None)


def show(source: Import, job: Job | None) -> Shown:
    """Put an import beside its job."""
    is_done = source.stage in RUN
    return Shown(
        source=source,
        job=job,
        counts=Counts.read(source.counts if is_done else source.checked),
        is_at_work=job is not None and job.status in WAITING,
        has_stopped=job is not None and job.status in {JobStatus.FAILED, JobStatus.CANCELLED},
    )


def render_progress(request: TenantRequest, shown: Shown) -> SafeString:
    """Render how far an import is; it keeps itself up to date while a job works."""
    source, job = shown.source, shown.job
    is_check = source.stage == Stage.CHECKING
    phase = job.cursor.get("phase", "") if job and is_check and job.cursor else ""
    context: dict[str, Any] = {
        **words(shown),
        "is_reading": is_check and phase != "try",
        "time_left": say_time_left(job, clock.now()) if job else "",
        "may_manage": may(request.member.role, capabilities.MANAGE_STORES),
    }
    address = reverse("imports:progress", args=[request.tenant.slug, source.pk])
    return render_live(
        request,
        "imports/_progress.html",
        context,
        name=f"import-{source.pk}",
        url=f"{address}{read_query(request)}",
        seconds=LIVE_SECONDS if shown.is_at_work else None,
    )


def words(shown: Shown) -> dict[str, Any]:
    """Return what every part of a page about an import needs."""
    one, many = THINGS[shown.source.kind]
    counts = shown.counts
    return {
        **shown._asdict(),
        "one": one,
        "many": many,
        "not_taken": counts.duplicate + counts.refused,
        "is_swept": not shown.source.path,
        "undone": _totals(shown.source),
        "can_undo": can_undo(shown, clock.now()),
    }


def _totals(source: Import) -> dict[str, int]:
    undone = Undone.read(source.undone)
    return {word: sum(getattr(undone, word).values()) for word in ("removed", "restored", "kept")}
