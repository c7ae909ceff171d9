"""Settings of one store: its name, its secret, and whether it is connected."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from crm.services.stores import rename_store
from kernel.errors import DomainError, NotFound
from stores import queries
from stores.forms import CredentialsForm, RenameForm, SecretForm
from stores.platforms.guides import GUIDES
from stores.services.connections import (
    OLD_SECRET_HOURS,
    disconnect_store,
    reconnect_store,
    rotate_secret,
)
from stores.types import StoreHealth
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.MANAGE_STORES)
@require_http_methods(["GET", "POST"])
def store_settings(request: TenantRequest, store_id: int) -> HttpResponse:
    """Show what can be changed; a POST gives the store another name."""
    store = _find(store_id)
    form = RenameForm(request.POST or None, initial={"name": store.name})
    if request.method == "POST" and form.is_valid():
        try:
            rename_store(store_id, form.cleaned_data["name"], actor=request.user.email)
        except DomainError as exc:
            form.add_error("name", exc.detail)
        else:
            messages.success(request, "Saved")
            return redirect("stores:settings", request.tenant.slug, store_id)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return show_settings(request, store, form=form, status=status)


@requires(capabilities.MANAGE_STORES)
@never_cache
@require_POST
def change_secret(request: TenantRequest, store_id: int) -> HttpResponse:
    """Give the store another signing secret and show it, this once."""
    store = _find(store_id)
    form = SecretForm(request.POST)
    if not form.is_valid():
        return show_settings(request, store, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        secret = rotate_secret(
            store_id, secret=form.cleaned_data["secret"], actor=request.user.email
        )
    except NotFound as exc:
        messages.error(request, f"{exc.detail}, so it has no secret. Nothing was changed.")
        return redirect("stores:settings", request.tenant.slug, store_id)
    return show_settings(request, store, secret=secret, status=HTTPStatus.CREATED)


@requires(capabilities.MANAGE_STORES)
@require_POST
def disconnect(request: TenantRequest, store_id: int) -> HttpResponse:
    """Cut the store off; its data stays."""
    store = _find(store_id)
    if disconnect_store(store_id, actor=request.user.email):
        messages.success(request, f"{store.name} is disconnected. Its data stays.")
    else:
        messages.info(request, "It was disconnected already; nothing was changed.")
    return redirect("stores:settings", request.tenant.slug, store_id)


@requires(capabilities.MANAGE_STORES)
@require_POST
def reconnect(request: TenantRequest, store_id: int) -> HttpResponse:
    """Connect the store again at a new webhook address."""
    store = _find(store_id)
    try:
        reconnect_store(store_id, actor=request.user.email)
    except NotFound as exc:
        messages.error(request, f"{exc.detail}. Nothing was changed.")
    else:
        messages.success(request, f"{store.name} is connected. Enter its address in the shop.")
    return redirect("stores:settings", request.tenant.slug, store_id)


def show_settings(
    request: TenantRequest,
    store: StoreHealth,
    *,
    form: RenameForm | None = None,
    credentials: CredentialsForm | None = None,
    secret: str = "",
    status: HTTPStatus,
) -> HttpResponse:
    """Show the page, with forms that were filled in wrongly or a secret that is shown once."""
    guide = GUIDES.get(store.platform)
    if credentials is None and guide is not None and guide.credentials:
        credentials = CredentialsForm(guide=guide, initial={"url": store.url})
    context = {
        "guide": guide,
        "credentials_form": credentials,
        "has_credentials": queries.has_credentials(store.id),
        "store": store,
        "form": form or RenameForm(initial={"name": store.name}),
        "secret_form": SecretForm(),
        "secret": secret,
        "old_secret_hours": OLD_SECRET_HOURS,
    }
    return render(request, "stores/settings.html", context, status=status)


def _find(store_id: int) -> StoreHealth:
    store = queries.find_store_health(store_id)
    if store is None:
        raise Http404
    return store
