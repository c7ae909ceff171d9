"""The page of the brand, its preview in a frame of its own, and what recipients load of it."""

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from kernel.tenancy import tenant_scope
from messaging.domain.colours import ENOUGH, WHITE, contrast, is_colour
from messaging.errors import BrandInvalid, TokenInvalid
from messaging.forms import BrandForm
from messaging.models import Brand
from messaging.queries.brand import NETWORKS, describe_look, find_brand, look_of_brand
from messaging.services import brand as brands
from messaging.services import tokens
from messaging.services.brand import BrandData
from messaging.services.brand_preview import render_preview
from messaging.views.theme import write_theme
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
PREVIEW_POLICY = (
    "default-src 'none'; img-src 'self' data: https: http:; style-src 'unsafe-inline'; "
    f"frame-ancestors 'self'; sandbox {SANDBOX}"
)
PICTURE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""A picture never changes under its address, and is nothing but a picture."""
TYPES = {"png": "image/png", "jpg": "image/jpeg"}
FIELDS = ("accent", "font", "postal_address", "support_email", "website")


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def brand(request: TenantRequest) -> HttpResponse:
    """Show the brand beside a mail that wears it; a POST changes it."""
    found = find_brand()
    initial = {name: getattr(found, name) for name in FIELDS} | found.links
    form = BrandForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _update_from(form, request):
        return redirect("messaging:brand", request.tenant.slug)
    context = {
        "form": form,
        "look": describe_look(found),
        "sandbox": SANDBOX,
        **_contrast(found.accent),
    }
    return render(request, "messaging/brand.html", context, status=422 if form.errors else 200)


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
@xframe_options_sameorigin
def preview(request: TenantRequest) -> HttpResponse:
    """Return a mail in the brand, with what the form says now in place of what is saved."""
    found = find_brand()
    form = BrandForm({**_saved(found), **request.GET.dict()})
    form.is_valid()
    for name in FIELDS:
        setattr(found, name, form.cleaned_data.get(name, getattr(found, name)))
    if not is_colour(found.accent):
        found.accent = Brand().accent
    found.links = {name: form.cleaned_data.get(name, "") for name in NETWORKS}
    html = render_preview(describe_look(found))
    return HttpResponse(html, headers={"Content-Security-Policy": PREVIEW_POLICY})


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
def contrast_note(request: TenantRequest) -> HttpResponse:
    """Say how well a colour can be read, as a fragment."""
    accent = request.GET.get("accent", "").lower()
    if not is_colour(accent):
        return HttpResponse(status=400)
    return render(request, "messaging/_contrast.html", _contrast(accent))


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def remove_logo(request: TenantRequest) -> HttpResponse:
    """Show the name in place of the logo."""
    if brands.remove_logo(actor=request.user.email):
        messages.success(request, "The logo is removed. Mails that were sent keep it.")
    return redirect("messaging:brand", request.tenant.slug)


@transaction.non_atomic_requests
@require_safe
def brand_picture(request: HttpRequest, tenant_id: int, name: str) -> HttpResponse:
    """Send a picture to whoever holds its address, as mail programs do."""
    file = brands.locate_picture(tenant_id, name)
    if file is None:
        raise Http404
    kind = TYPES[file.suffix.removeprefix(".")]
    return HttpResponse(file.read_bytes(), content_type=kind, headers=PICTURE_HEADERS)


@require_safe
def recipient_theme(request: HttpRequest, token: str) -> HttpResponse:
    """Return the brand's colours as a style sheet for the pages of one recipient."""
    try:
        found = tokens.read_recipient_token(token)
    except TokenInvalid as exc:
        raise Http404 from exc
    with tenant_scope(found.tenant_id):
        look = look_of_brand()
    return write_theme(look, "private")


def _update_from(form: BrandForm, request: TenantRequest) -> bool:
    found = form.cleaned_data
    upload: UploadedFile[bytes] | None = found["logo"]
    data = BrandData(
        **{name: found[name] for name in FIELDS},
        links={name: found[name] for name in NETWORKS if found[name]},
    )
    logo = upload.read() if upload else None
    try:
        is_new = brands.update_brand(data, logo=logo, actor=request.user.email)
    except BrandInvalid as exc:
        for field, text in exc.fields.items():
            form.add_error(field, text)
        return False
    messages.success(request, "Saved. The next mails wear it." if is_new else "Nothing to save.")
    return True


def _saved(found: Brand) -> dict[str, str]:
    return {name: getattr(found, name) for name in FIELDS} | dict(found.links)


def _contrast(accent: str) -> dict[str, Any]:
    ratio = contrast(accent, WHITE)
    return {"ratio": ratio, "is_readable": ratio >= ENOUGH, "enough": ENOUGH}
