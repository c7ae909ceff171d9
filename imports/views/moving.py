"""Moving from Klaviyo: the key, what to bring, how far it is, and what it became."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from imports import queries
from imports.choices import MoveStage
from imports.forms import BringForm, KeyForm
from imports.models import Move
from imports.services.moves import (
    cancel_move,
    create_move,
    import_all,
    resume_move,
    start_move,
    try_key,
)
from imports.views.showing import LIVE_SECONDS, show, words
from kernel.errors import DomainError, Invalid
from kernel.live import answer_live, read_query, render_live
from tenants.domain import capabilities
from tenants.queries import find_jobs
from tenants.services.access import requires
from tenants.types import TenantRequest

AT_WORK = frozenset({MoveStage.FETCHING, MoveStage.WAITING})


@transaction.non_atomic_requests
@requires(capabilities.MANAGE_STORES)
@require_http_methods(["GET", "POST"])
def key(request: TenantRequest) -> HttpResponse:
    """Ask for a key; a POST tries it, outside any transaction, and leads to the choice."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["key"]
        try:
            account = try_key(given)
        except Invalid as exc:
            form.add_error("key", exc.detail)
        else:
            move = create_move(given, account, actor=request.user.email)
            return redirect("imports:move", request.tenant.slug, move.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    with transaction.atomic():
        found = {"form": form, "moves": queries.list_moves()}
        return render(request, "imports/move_key.html", found, status=status)


@requires(capabilities.MANAGE_STORES)
@require_http_methods(["GET", "POST"])
def move(request: TenantRequest, move_id: int) -> HttpResponse:
    """Show a move: what can be brought, how far it is, what it became."""
    found = _find(move_id)
    if found.stage != MoveStage.CHOOSING:
        return render(request, "imports/move.html", _context(request, found))
    form = BringForm(request.POST if request.method == "POST" else None, lists=found.lists)
    if request.method == "POST" and form.is_valid():
        try:
            start_move(found.pk, **form.chosen(), actor=request.user.email)
        except DomainError as exc:
            form.add_error(None, exc.detail)
        else:
            return redirect("imports:move", request.tenant.slug, found.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {"move": found, "form": form}
    return render(request, "imports/move_choose.html", context, status=status)


@requires(capabilities.MANAGE_STORES)
@require_GET
def progress(request: TenantRequest, move_id: int) -> HttpResponse:
    """Answer with the progress alone."""
    found = _find(move_id)
    response = answer_live(request, _render(request, found))
    if request.htmx and not _is_at_work(found):
        response["HX-Refresh"] = "true"
    return response


@requires(capabilities.MANAGE_STORES)
@require_POST
def act(request: TenantRequest, move_id: int) -> HttpResponse:
    """Go on, cancel, or import all that is checked."""
    found = _find(move_id)
    match request.POST.get("do"):
        case "resume":
            done = resume_move(found.pk, actor=request.user.email)
        case "cancel":
            done = cancel_move(found.pk, actor=request.user.email)
        case "import":
            done = bool(import_all(found.pk, actor=request.user.email))
        case _:
            done = False
    if not done:
        messages.info(request, "There was nothing to do: it had ended already, or is at work.")
    return redirect("imports:move", request.tenant.slug, found.pk)


def _find(move_id: int) -> Move:
    found = queries.find_move(move_id)
    if found is None:
        raise Http404
    return found


def _context(request: TenantRequest, found: Move) -> dict[str, Any]:
    rows = _rows(found)
    return {
        "move": found,
        "progress": _render(request, found),
        "ready": sum(row["source"].stage == "checked" for row in rows),
        "is_at_work": _is_at_work(found),
    }


def _rows(found: Move) -> list[dict[str, Any]]:
    """Return the imports of a move with their jobs, in the order in which they were fetched."""
    ids = [each["import_id"] for each in found.steps if each["import_id"]]
    sources = {row.pk: row for row in queries.list_imports_by_id(ids)}
    jobs = find_jobs([row.job_id for row in sources.values() if row.job_id is not None])
    return [
        words(show(sources[key], jobs.get(sources[key].job_id or 0)))
        for key in ids
        if key in sources
    ]


def _is_at_work(found: Move) -> bool:
    return found.stage in AT_WORK or any(row["is_at_work"] for row in _rows(found))


def _render(request: TenantRequest, found: Move) -> SafeString:
    rows = _rows(found)
    steps = [
        {**each, "is_done": place < found.at, "is_current": place == found.at}
        for place, each in enumerate(found.steps)
    ]
    address = reverse("imports:move_progress", args=[request.tenant.slug, found.pk])
    return render_live(
        request,
        "imports/_move.html",
        {"move": found, "steps": steps, "rows": rows, "is_fetching": found.stage in AT_WORK},
        name=f"move-{found.pk}",
        url=f"{address}{read_query(request)}",
        seconds=LIVE_SECONDS if _is_at_work(found) else None,
    )
