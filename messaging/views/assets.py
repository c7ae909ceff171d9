"""Pictures: the grid, one of them, taking them in, and what everybody loads of them."""

from http import HTTPStatus
from typing import Any, Final

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from kernel import asked
from kernel.errors import DomainError, NotFound
from kernel.fragments import answer_list
from kernel.keyset import speak_count
from messaging.domain.assets import check_size
from messaging.forms import AssetForm
from messaging.queries import assets as reads
from messaging.queries.assets import PAGE_SIZE, AssetRow
from messaging.services import asset_files, assets
from messaging.views.brand import PICTURE_HEADERS
from messaging.views.content_frame import may_edit, tabs_of
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

AT_ONCE: Final = 20
"""Files of one form that a browser without script sends."""


@requires(capabilities.VIEW)
@require_GET
def asset_list(request: TenantRequest) -> HttpResponse:
    """Show the pictures; an htmx request gets the part below the search."""
    search = asked.read_text(request, "q")
    page = reads.list_assets(search, asked.read_place(request, limit=PAGE_SIZE))
    context: dict[str, Any] = {
        "page": page,
        "search": search,
        "shown": speak_count(len(page.rows), reads.count_assets(search), "pictures"),
        "may_edit": may_edit(request),
    }
    return answer_list(
        request,
        "messaging/assets.html",
        "messaging/_assets.html",
        context,
        lambda: {
            "tabs": tabs_of(request, "assets"),
            "is_empty": not page.rows and not search and not reads.has_assets(),
        },
    )


@requires(capabilities.EDIT_FLOWS)
@require_GET
def choose_asset(request: TenantRequest) -> HttpResponse:
    """Return pictures for whoever chooses one, newest first."""
    search = asked.read_text(request, "q")
    place = asked.read_place(request, limit=PAGE_SIZE)
    page = reads.list_assets(search, place, with_users=False)
    return JsonResponse({"pictures": [_tell(row) for row in page.rows], "next": page.next})


@requires(capabilities.EDIT_FLOWS)
@transaction.non_atomic_requests
@require_POST
def upload_assets(request: TenantRequest) -> HttpResponse:
    """Take in the files of a form; a script, which sends one at a time, is told of it as JSON."""
    files = request.FILES.getlist("file")[:AT_ONCE]
    if request.headers.get("Accept", "").startswith("application/json"):
        return _answer_script(request, files)
    done = 0
    for file in files:
        try:
            assets.add_asset(read_upload(file), file.name or "", actor=request.user.email)
            done += 1
        except DomainError as exc:
            messages.error(request, f"{file.name}: {exc.detail}")
    if done:
        messages.success(request, f"{done} picture{'' if done == 1 else 's'} uploaded.")
    elif not files:
        messages.error(request, "Choose a file first.")
    return redirect("messaging:assets", request.tenant.slug)


@requires(capabilities.VIEW)
@require_GET
def asset(request: TenantRequest, asset_id: int) -> HttpResponse:
    """Show one picture, its address, and where it is shown."""
    found = _find(asset_id)
    form = AssetForm(initial={"name": found.name, "alt": found.alt})
    context = {"asset": found, "form": form, "may_edit": may_edit(request)}
    return render(request, "messaging/asset.html", context)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def describe_asset(request: TenantRequest, asset_id: int) -> HttpResponse:
    """Change how a picture is called, and the words instead of it."""
    found = _find(asset_id)
    form = AssetForm(request.POST)
    if not form.is_valid():
        context = {"asset": found, "form": form, "may_edit": True}
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return render(request, "messaging/asset.html", context, status=status)
    is_new = assets.describe_asset(found.id, **form.cleaned_data, actor=request.user.email)
    messages.success(request, "Saved." if is_new else "Nothing to save.")
    return redirect("messaging:asset", request.tenant.slug, asset_id)


@requires(capabilities.EDIT_FLOWS)
@transaction.non_atomic_requests
@require_POST
def remove_asset(request: TenantRequest, asset_id: int) -> HttpResponse:
    """Remove a picture that no template shows."""
    try:
        name = assets.remove_asset(asset_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, f"{exc.detail} Nothing was changed.")
        return redirect("messaging:asset", request.tenant.slug, asset_id)
    messages.success(request, f"{name} is removed.")
    return redirect("messaging:assets", request.tenant.slug)


@transaction.non_atomic_requests
@require_safe
def picture(request: HttpRequest, tenant_id: int, name: str) -> HttpResponse:
    """Send a picture to whoever holds its address, as mail programs do."""
    if not asset_files.is_file_name(name):
        raise Http404
    try:
        content = asset_files.read_file(tenant_id, name)
    except OSError:
        return HttpResponse(
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            headers={"Retry-After": "30", "Cache-Control": "no-store"},
        )
    if content is None:
        raise Http404
    kind = asset_files.TYPES[name.rpartition(".")[2]]
    return HttpResponse(content, content_type=kind, headers=PICTURE_HEADERS)


def read_upload(file: "UploadedFile[bytes]") -> bytes:
    """Return a file that was sent, without reading one that is too large.

    Raises:
        PictureInvalid: it is too large.
    """
    check_size(file.size or 0)
    content: bytes = file.read()
    return content


def _answer_script(request: TenantRequest, files: "list[UploadedFile[bytes]]") -> HttpResponse:
    """Tell of one file; a refusal is no error of HTTP, which browsers would note as a fault."""
    if not files:
        return JsonResponse({"refused": "Choose a file first."})
    file = files[0]
    try:
        taken = assets.add_asset(read_upload(file), file.name or "", actor=request.user.email)
    except DomainError as exc:
        return JsonResponse({"refused": exc.detail})
    return JsonResponse({**_tell(reads.describe(taken.asset)), "is_new": taken.is_new})


def _tell(row: AssetRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "url": row.url,
        "thumb": row.thumb,
        "name": row.name,
        "alt": row.alt,
        "width": row.width,
        "height": row.height,
    }


def _find(asset_id: int) -> AssetRow:
    row = reads.find_asset(asset_id)
    if row is None:
        raise Http404
    return row
