"""Pages of imports: all of them, and what became of one."""

from collections.abc import Sequence

from django.http import Http404, HttpResponse, HttpResponseNotFound
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from imports import queries
from imports.choices import Stage
from imports.services.imports import RUN
from imports.views.showing import Shown, find_shown, render_progress, show, words
from kernel.cells import safe_cell
from kernel.csvs import stream_csv
from kernel.live import answer_live
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.queries import find_jobs
from tenants.services.access import requires
from tenants.types import TenantRequest

REASON = "Why not taken"
KEPT_SHOWN = 20


@requires(capabilities.VIEW)
@require_GET
def import_list(request: TenantRequest) -> HttpResponse:
    """Show every import, newest first."""
    mark = request.GET.get("before", "")
    is_mark = mark.isascii() and mark.isdecimal() and len(mark) < 19  # noqa: PLR2004 bigint
    page = queries.list_imports(before=int(mark) if is_mark else None)
    jobs = find_jobs([row.job_id for row in page.rows if row.job_id is not None])
    context = {
        "rows": [words(show(row, jobs.get(row.job_id or 0))) for row in page.rows],
        "page": page,
        "may_manage": may(request.member.role, capabilities.MANAGE_STORES),
    }
    return render(request, "imports/list.html", context)


@requires(capabilities.VIEW)
@require_GET
def import_detail(request: TenantRequest, import_id: int) -> HttpResponse:
    """Show what became of an import; one that was not run yet leads to its check."""
    shown = find_shown(import_id)
    may_manage = may(request.member.role, capabilities.MANAGE_STORES)
    if shown.source.stage not in RUN:
        is_new = shown.source.stage == Stage.UPLOADED and may_manage
        step = "imports:columns" if is_new else "imports:check"
        return redirect(step, request.tenant.slug, import_id)
    context = {
        **words(shown),
        "progress": render_progress(request, shown),
        "problems": [] if _hides_problems(shown) else queries.list_problems(shown.source),
        "kept": queries.list_kept(import_id, after=("", 0), limit=KEPT_SHOWN),
        "may_manage": may_manage,
    }
    return render(request, "imports/detail.html", context)


@requires(capabilities.VIEW)
@require_GET
def progress(request: TenantRequest, import_id: int) -> HttpResponse:
    """Answer with the progress alone; who watched a file being discarded is led to the list."""
    try:
        shown = find_shown(import_id)
    except Http404:
        if not request.htmx:
            raise
        gone = HttpResponseNotFound()
        gone["HX-Redirect"] = reverse("imports:list", args=[request.tenant.slug])
        return gone
    response = answer_live(request, render_progress(request, shown))
    if request.htmx and not shown.is_at_work:
        response["HX-Refresh"] = "true"
    return response


@requires(capabilities.MANAGE_STORES)
@require_GET
def refused(request: TenantRequest, import_id: int) -> HttpResponse:
    """Send the rows that were not taken, each with its reason, to be mended and brought again."""
    source = find_shown(import_id).source
    width = len(source.header)

    def read(mark: str) -> tuple[list[Sequence[object]], str | None]:
        rows = queries.list_refused(source.pk, after=int(mark or 0))
        cells: list[Sequence[object]] = [[*_padded(row.cells, width), row.reason] for row in rows]
        return cells, str(rows[-1].place) if len(rows) == queries.EXPORT_ROWS else None

    name = f"{slugify(source.filename.rpartition('.')[0])[:80] or 'rows'}-not-imported.csv"
    return stream_csv(request.tenant.pk, name, [*source.header, REASON], read, safe_cell)


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * width][:width]


def _hides_problems(shown: Shown) -> bool:
    return shown.is_at_work or shown.source.stage in {Stage.UNDOING, Stage.UNDONE}
