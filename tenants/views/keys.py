"""API keys of a tenant."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kernel.errors import Invalid, NotFound
from tenants import queries
from tenants.choices import KeyKind
from tenants.domain import capabilities
from tenants.forms import KeyForm
from tenants.services.access import requires
from tenants.services.keys import create_key, revoke_key
from tenants.types import TenantRequest


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
    context = {"form": form, "secret": secret, "keys": queries.list_keys(request.tenant.pk)}
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
