"""The settings of places: where postcodes lie, and files that say it."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from crm.queries.postcodes import list_known_countries
from crm.services.postcodes import LoadedPostcodes
from kernel.errors import DomainError
from segments.forms import PostcodesForm
from segments.services.postcodes import upload_postcodes
from tenants.domain.capabilities import MANAGE_SETTINGS
from tenants.services.access import requires
from tenants.types import TenantRequest


@require_http_methods(["GET", "POST"])
@requires(MANAGE_SETTINGS)
def postcodes(request: TenantRequest) -> HttpResponse:
    """Show of which countries postcodes are known, and take a file of more."""
    if request.method != "POST":
        return _show(request, PostcodesForm())
    form = PostcodesForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, form)
    try:
        loaded = upload_postcodes(
            form.lines(), country=form.cleaned_data["country"], actor=request.user.email
        )
    except DomainError as exc:
        form.add_error("file", exc.detail)
        return _show(request, form)
    messages.success(request, _speak(loaded))
    for flaw in loaded.flaws:
        messages.warning(request, f"Line {flaw.line:,} was passed over: {flaw.reason}.")
    return redirect("segments:postcodes", request.tenant.slug)


def _show(request: TenantRequest, form: PostcodesForm) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "countries": list_known_countries()}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "segments/postcodes.html", context, status=status)


def _speak(loaded: LoadedPostcodes) -> str:
    lines = "1 line was" if loaded.read == 1 else f"{loaded.read:,} lines were"
    passed = f", {loaded.flaw_count:,} passed over" if loaded.flaw_count else ""
    return f"{lines} taken over{passed}. Segments that ask for a distance are counted anew."
