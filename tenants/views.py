"""The way in, and the settings pages of a tenant."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.errors import Invalid, NotFound
from tenants import queries
from tenants.choices import KeyKind
from tenants.domain import capabilities
from tenants.forms import KeyForm
from tenants.models import User
from tenants.services.access import requires
from tenants.services.keys import create_key, revoke_key
from tenants.types import TenantRequest


@login_required
@require_GET
def enter(request: HttpRequest) -> HttpResponse:
    """Send a person to their first tenant, or say that nobody let them in yet."""
    memberships = queries.list_memberships(cast("User", request.user).pk)
    if not memberships:
        return render(request, "tenants/no_member.html")
    slug = memberships[0].tenant.slug
    try:
        return redirect(reverse("analytics:home", args=[slug]))
    except NoReverseMatch:
        return redirect("tenants:api_keys", slug)


@requires(capabilities.VIEW)
@require_GET
def settings(request: TenantRequest) -> HttpResponse:
    """Lead to the first page of the settings that the member may see."""
    name = "tenants:api_keys" if _may_manage_keys(request) else "tenants:members"
    return redirect(name, request.tenant.slug)


@requires(capabilities.MANAGE_KEYS)
@never_cache
@require_http_methods(["GET", "POST"])
def api_keys(request: TenantRequest) -> HttpResponse:
    """List the keys; a POST makes one and shows its secret, this once."""
    form = KeyForm(request.POST or None)
    secret, status = "", 200
    if request.method == "POST":
        secret = _create_from(form, request)
        status = 201 if secret else 422
        if secret:
            form = KeyForm()
    context = {
        "form": form,
        "secret": secret,
        "keys": queries.list_keys(request.tenant.pk),
        "may_manage_keys": True,
    }
    return render(request, "tenants/api_keys.html", context, status=status)


@requires(capabilities.MANAGE_KEYS)
@require_POST
def revoke_api_key(request: TenantRequest, key_id: int) -> HttpResponse:
    """Revoke one key at once."""
    try:
        key = revoke_key(key_id, revoked_by=request.user)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, f"{key.name} is revoked. Calls with it are refused from now on.")
    return redirect("tenants:api_keys", request.tenant.slug)


@requires(capabilities.VIEW)
@require_GET
def members(request: TenantRequest) -> HttpResponse:
    """List who may sign in and what their role lets them do."""
    people = queries.list_members(request.tenant.pk)
    matrix = [
        (role, sorted(allowed, key=list(capabilities.WORDS).index))
        for role, allowed in capabilities.MATRIX.items()
    ]
    rows = [(role, [capabilities.WORDS[name] for name in allowed]) for role, allowed in matrix]
    context = {"members": people, "roles": rows, "may_manage_keys": _may_manage_keys(request)}
    return render(request, "tenants/members.html", context)


def _may_manage_keys(request: TenantRequest) -> bool:
    return capabilities.may(request.member.role, capabilities.MANAGE_KEYS)


def _create_from(form: KeyForm, request: TenantRequest) -> str:
    if not form.is_valid():
        return ""
    data = form.cleaned_data
    try:
        made = create_key(
            name=data["name"],
            kind=KeyKind(data["kind"]),
            scopes=data["scopes"],
            created_by=request.user,
        )
    except Invalid as exc:
        for field, text in exc.fields.items():
            form.add_error(field, text)
        return ""
    return made.secret
