"""Bringing a file in four steps, each with an address of its own: upload, columns, check, run."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from imports import queries
from imports.choices import Kind, Stage
from imports.domain.mapping import KEEPS_PROPERTIES
from imports.domain.targets import REQUIRED, TARGETS
from imports.forms import OptionsForm, UploadForm
from imports.models import Import
from imports.services.discarding import discard_import
from imports.services.imports import (
    RUN,
    create_import,
    propose_mapping,
    start_check,
    start_import,
)
from imports.types import PROPERTY, SKIPPED
from imports.views.showing import find_shown, render_progress, words
from kernel.errors import DomainError
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.services.jobs import cancel_job
from tenants.types import TenantRequest

SHOWN_CELL = 60


@requires(capabilities.MANAGE_STORES)
@require_http_methods(["GET", "POST"])
def upload(request: TenantRequest) -> HttpResponse:
    """Ask for a file; a POST keeps it and leads to its columns."""
    kind = request.GET.get("kind", "")
    form = UploadForm(
        request.POST or None,
        request.FILES or None,
        initial={"kind": kind if kind in TARGETS else Kind.CUSTOMERS},
        stores=queries.list_choices_of_stores(),
    )
    if request.method == "POST" and form.is_valid():
        found = form.cleaned_data
        try:
            source = create_import(
                found["file"].file,
                kind=found["kind"],
                store_id=found["store"],
                filename=found["file"].name,
                actor=request.user.email,
            )
        except DomainError as exc:
            form.add_error("file", exc.detail)
        else:
            return redirect("imports:columns", request.tenant.slug, source.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "imports/new.html", {"form": form}, status=status)


@requires(capabilities.MANAGE_STORES)
@require_http_methods(["GET", "POST"])
def columns(request: TenantRequest, import_id: int) -> HttpResponse:
    """Show what each column means; a POST saves that and starts the check."""
    source = find_shown(import_id).source
    if source.stage in RUN or source.stage == Stage.DISCARDING:
        return redirect("imports:detail", request.tenant.slug, import_id)
    mapping, options = propose_mapping(source)
    form = OptionsForm(
        request.POST or None, initial={"date_order": "iso", **options}, kind=source.kind
    )
    fault = ""
    if request.method == "POST":
        mapping = [request.POST.get(f"column-{at}", "") for at in range(len(source.header))]
        if form.is_valid():
            try:
                start_check(
                    import_id, mapping=mapping, options=form.options(), actor=request.user.email
                )
            except DomainError as exc:
                fault = exc.detail
            else:
                return redirect("imports:check", request.tenant.slug, import_id)
    context = {**_columns(source, mapping), "form": form, "fault": fault, "source": source}
    is_wrong = bool(fault or form.errors)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
    return render(request, "imports/columns.html", context, status=status)


@requires(capabilities.VIEW)
@require_GET
def check(request: TenantRequest, import_id: int) -> HttpResponse:
    """Show what an import would do."""
    shown = find_shown(import_id)
    if shown.source.stage in RUN:
        return redirect("imports:detail", request.tenant.slug, import_id)
    is_checked = shown.source.stage == Stage.CHECKED
    context = {
        **words(shown),
        "progress": render_progress(request, shown),
        "problems": queries.list_problems(shown.source) if is_checked else [],
        "taken": shown.counts.new + shown.counts.updated + shown.counts.unchanged,
        "may_manage": may(request.member.role, capabilities.MANAGE_STORES),
    }
    return render(request, "imports/check.html", context)


@requires(capabilities.MANAGE_STORES)
@require_POST
def discard(request: TenantRequest, import_id: int) -> HttpResponse:
    """Forget a file that was not imported; one with many rows goes by and by."""
    source = find_shown(import_id).source
    try:
        is_gone = discard_import(source.pk, actor=request.user.email)
    except DomainError as exc:
        messages.info(request, exc.detail)
        is_gone = False
    if not is_gone:
        return redirect("imports:detail", request.tenant.slug, import_id)
    messages.success(request, f"{source.filename} was discarded. Nothing was imported.")
    return redirect("imports:list", request.tenant.slug)


@requires(capabilities.MANAGE_STORES)
@require_POST
def run(request: TenantRequest, import_id: int) -> HttpResponse:
    """Import a file that was checked, or go on where that was stopped."""
    find_shown(import_id)
    try:
        start_import(import_id, actor=request.user.email)
    except DomainError as exc:
        messages.info(request, exc.detail)
    return redirect("imports:detail", request.tenant.slug, import_id)


@requires(capabilities.MANAGE_STORES)
@require_POST
def stop(request: TenantRequest, import_id: int) -> HttpResponse:
    """Stop the job that works on an import."""
    source = find_shown(import_id).source
    if source.job_id is None or not cancel_job(source.job_id, actor=request.user.email):
        messages.info(request, "It had ended already; nothing was stopped.")
    return redirect("imports:detail", request.tenant.slug, import_id)


def _columns(source: Import, mapping: list[str]) -> dict[str, Any]:
    choices = [(target.name, target.label) for target in TARGETS[source.kind]]
    if source.kind in KEEPS_PROPERTIES:
        choices.append((PROPERTY, KEEPS_PROPERTIES[source.kind]))
    needed = {group[0] for group in REQUIRED[source.kind] if len(group) == 1}
    rows = [
        {
            "place": at,
            "name": name,
            "samples": [
                row[at][:SHOWN_CELL] for row in source.samples if at < len(row) and row[at]
            ],
            "target": mapping[at] if at < len(mapping) else SKIPPED,
        }
        for at, name in enumerate(source.header)
    ]
    groups = [
        [target.label for target in TARGETS[source.kind] if target.name in group]
        for group in REQUIRED[source.kind]
    ]
    return {"rows": rows, "choices": choices, "needed": needed, "groups": groups}
