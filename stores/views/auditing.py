"""The orders of a store compared with its platform, day by day."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from kernel.errors import DomainError
from kernel.live import answer_live, render_live
from stores import queries
from stores.services.auditing import check_now
from stores.types import StoreHealth
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def days(request: TenantRequest, store_id: int) -> HttpResponse:
    """Show the last days; a part of the store's page."""
    return answer_live(request, render_days(request, _find(store_id)))


@requires(capabilities.MANAGE_STORES)
@require_POST
def check(request: TenantRequest, store_id: int) -> HttpResponse:
    """Compare the last days at once."""
    store = _find(store_id)
    try:
        count = check_now(store.id, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, f"{exc.detail}. Nothing was changed.")
    else:
        messages.success(
            request, f"{count} days are being compared; the page shows what comes of it."
        )
    return redirect("stores:detail", request.tenant.slug, store.id)


def render_days(request: TenantRequest, store: StoreHealth) -> SafeString:
    """Render the last days of a store; it looks again while one waits to be compared."""
    found = queries.list_days(store.id)
    return render_live(
        request,
        "stores/_days.html",
        {"days": found, "store": store},
        name="days",
        url=reverse("stores:days", args=[request.tenant.slug, store.id]),
        seconds=3 if any(day.is_waiting for day in found) else None,
    )


def _find(store_id: int) -> StoreHealth:
    store = queries.find_store_health(store_id)
    if store is None:
        raise Http404
    return store
