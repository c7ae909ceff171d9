"""Pulling a store by hand: its credentials, whether they work, and how far a pull is."""

from http import HTTPStatus

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from kernel.errors import DomainError
from kernel.live import answer_live, render_live
from stores import queries
from stores.forms import CredentialsForm
from stores.platforms.guides import GUIDES
from stores.services.connections import save_credentials
from stores.services.hooks import register_hooks
from stores.services.syncing import NOT_PULLED, check_access, start_sync
from stores.types import StoreHealth
from stores.views.settings import show_settings
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def pull_state(request: TenantRequest, store_id: int) -> HttpResponse:
    """Show how far the newest pull is; a part of the store's page."""
    return answer_live(request, render_pull(request, _find(store_id)))


def render_pull(request: TenantRequest, store: StoreHealth) -> SafeString:
    """Render how far the newest pull of a store is; it looks again while one is open."""
    progress = queries.find_progress(store.id)
    return render_live(
        request,
        "stores/_pull.html",
        {"pull": progress, "store": store},
        name="pull",
        url=reverse("stores:pull", args=[request.tenant.slug, store.id]),
        seconds=2 if progress and progress.is_open else None,
    )


@requires(capabilities.MANAGE_STORES)
@require_POST
def start_pull(request: TenantRequest, store_id: int) -> HttpResponse:
    """Begin to fetch what the platform knows, or go on."""
    store = _find(store_id)
    try:
        start_sync(store.id, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, f"{exc.detail}. Nothing was changed.")
    else:
        messages.success(request, f"{store.name} is being fetched; the page shows how far it is.")
    return redirect("stores:detail", request.tenant.slug, store.id)


@requires(capabilities.MANAGE_STORES)
@require_POST
def change_credentials(request: TenantRequest, store_id: int) -> HttpResponse:
    """Keep other credentials of the platform's API."""
    store = _find(store_id)
    guide = GUIDES.get(store.platform)
    if guide is None or not guide.credentials:
        messages.error(request, f"{NOT_PULLED}. Nothing was changed.")
        return redirect("stores:settings", request.tenant.slug, store.id)
    form = CredentialsForm(request.POST, guide=guide)
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return show_settings(request, store, credentials=form, status=status)
    try:
        save_credentials(
            store.id,
            url=form.cleaned_data["url"],
            credentials=form.credentials,
            actor=request.user.email,
        )
    except DomainError as exc:
        messages.error(request, f"{exc.detail}. Nothing was changed.")
    else:
        messages.success(request, "Saved. Test it to see whether the shop takes it.")
    return redirect("stores:settings", request.tenant.slug, store.id)


@requires(capabilities.MANAGE_STORES)
@transaction.non_atomic_requests
@require_POST
def test_credentials(request: TenantRequest, store_id: int) -> HttpResponse:
    """Ask the shop once, outside any transaction, and say what came of it."""
    with transaction.atomic():
        store = _find(store_id)
    try:
        found = check_access(store.id)
    except DomainError as exc:
        messages.error(request, f"{exc.detail}.")
    else:
        (messages.success if found.is_good else messages.error)(request, found.text)
    return redirect("stores:settings", request.tenant.slug, store.id)


@requires(capabilities.MANAGE_STORES)
@transaction.non_atomic_requests
@require_POST
def register_webhooks(request: TenantRequest, store_id: int) -> HttpResponse:
    """Make the webhooks of the shop, outside any transaction, and say what came of it."""
    with transaction.atomic():
        store = _find(store_id)
    try:
        found = register_hooks(store.id, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, f"{exc.detail}.")
    else:
        (messages.success if found.is_good else messages.error)(request, found.text)
    return redirect("stores:settings", request.tenant.slug, store.id)


def _find(store_id: int) -> StoreHealth:
    store = queries.find_store_health(store_id)
    if store is None:
        raise Http404
    return store
