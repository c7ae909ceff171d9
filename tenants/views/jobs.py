"""Background jobs: what runs, how far it is, its file, and stopping, retrying or undoing it."""

from collections.abc import Iterator
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kernel import clock
from kernel.errors import Conflict
from kernel.live import answer_live, read_query, render_live
from tenants import queries
from tenants.choices import JobStatus
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.models import Job
from tenants.services import files
from tenants.services.access import requires
from tenants.services.jobs import WAITING, cancel_job, job_kinds, retry_job, undo_job
from tenants.types import JobKind, TenantRequest

LIVE_SECONDS = 2
CHUNK_BYTES = 64 * 1024


@requires(capabilities.VIEW)
@require_GET
def job_list(request: TenantRequest) -> HttpResponse:
    """Show the latest jobs of the tenant."""
    kinds = job_kinds()
    rows = [
        (job, kinds[job.kind], kinds[job.kind].title(job.params))
        for job in queries.list_jobs()
        if job.kind in kinds
    ]
    return render(request, "tenants/jobs.html", {"rows": rows})


@requires(capabilities.VIEW, when_suspended=True)
@require_GET
def job_detail(request: TenantRequest, job_id: int) -> HttpResponse:
    """Show one job; its progress keeps itself up to date."""
    job, kind = _find(job_id)
    context = {
        "job": job,
        "kind": kind,
        "title": kind.title(job.params),
        "back_url": reverse(kind.back, args=[request.tenant.slug]),
        "progress": _render_progress(request, job, kind),
        "may_act": may(request.member.role, kind.capability),
    }
    return render(request, "tenants/job.html", context)


@requires(capabilities.VIEW, when_suspended=True)
@require_GET
def job_progress(request: TenantRequest, job_id: int) -> HttpResponse:
    """Answer with the progress alone; ``?small=1`` is for other pages and has no buttons."""
    return answer_live(request, _render_progress(request, *_find(job_id)))


@requires(capabilities.VIEW, when_suspended=True)
@never_cache
@require_GET
def job_file(request: TenantRequest, job_id: int) -> HttpResponse:
    """Send the file of a job that is done."""
    job = _find_allowed(request, job_id)
    if job.status != JobStatus.DONE or not job.result_path:
        raise Http404
    file = files.locate(job.result_path)
    if not file.is_file():
        raise Http404
    return StreamingHttpResponse(  # type: ignore[return-value] # a response, though no HttpResponse
        _read(file),
        content_type=guess_type(job.result_name)[0] or "application/octet-stream",
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=True, filename=job.result_name
            ),
            "Content-Length": str(job.result_bytes),
        },
    )


@requires(capabilities.VIEW, when_suspended=True)
@require_POST
def cancel(request: TenantRequest, job_id: int) -> HttpResponse:
    """Stop one job."""
    job = _find_allowed(request, job_id)
    if not cancel_job(job.pk, actor=request.user.email):
        messages.info(request, "It had ended already; nothing was stopped.")
    return redirect("tenants:job", request.tenant.slug, job.pk)


@requires(capabilities.VIEW, when_suspended=True)
@require_POST
def retry(request: TenantRequest, job_id: int) -> HttpResponse:
    """Let one failed job go on."""
    job = _find_allowed(request, job_id)
    if not retry_job(job.pk, actor=request.user.email):
        messages.info(request, "Nothing to do: this job did not fail, or runs again already.")
    return redirect("tenants:job", request.tenant.slug, job.pk)


@requires(capabilities.VIEW)
@require_POST
def undo(request: TenantRequest, job_id: int) -> HttpResponse:
    """Start the job that takes another one back, and show it."""
    job = _find_allowed(request, job_id)
    try:
        shown = undo_job(job.pk, actor=request.user.email)
    except Conflict as exc:
        messages.info(request, exc.detail)
        shown = job
    return redirect("tenants:job", request.tenant.slug, shown.pk)


def _read(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            yield chunk


def _find(job_id: int) -> tuple[Job, JobKind]:
    job = queries.find_job(job_id)
    kind = job_kinds().get(job.kind) if job else None
    if job is None or kind is None:
        raise Http404
    return job, kind


def _find_allowed(request: TenantRequest, job_id: int) -> Job:
    job, kind = _find(job_id)
    if not may(request.member.role, kind.capability):
        raise PermissionDenied(kind.capability)
    return job


def _render_progress(request: TenantRequest, job: Job, kind: JobKind) -> SafeString:
    has_ended = job.status not in WAITING
    context: dict[str, Any] = {
        "job": job,
        "kind": kind,
        "title": kind.title(job.params),
        "is_small": bool(request.GET.get("small")),
        "time_left": queries.say_time_left(job, clock.now()),
        "may_act": may(request.member.role, kind.capability),
        "undoing": queries.find_undoing(job.pk) if has_ended and kind.undo else None,
    }
    query = read_query(request)
    address = reverse("tenants:job_progress", args=[request.tenant.slug, job.pk])
    return render_live(
        request,
        "tenants/_job.html",
        context,
        name=f"job-{job.pk}",
        url=f"{address}{query}",
        seconds=None if has_ended else LIVE_SECONDS,
    )
