"""The points on the profile page: balance and ledger."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.queries.order_detail import find_order
from loyalty.queries import ledger as queries
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

PAGE_SIZE = 50


@requires(capabilities.VIEW)
@require_GET
def profile_points(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show the points of one person, newest entry first."""
    if not queries.is_profile(profile_id):
        raise Http404
    mark = request.GET.get("after", "")
    after = int(mark) if mark.isascii() and mark.isdigit() and len(mark) < 19 else None  # noqa: PLR2004 bigint
    found = queries.entries_of(profile_id, before=after, limit=PAGE_SIZE + 1)
    entries = found[:PAGE_SIZE]
    numbers = queries.numbers_of_orders({entry.order_id for entry in entries if entry.order_id})
    context = {
        "balance": queries.balance_of(profile_id),
        "rows": [(entry, numbers.get(entry.order_id or 0, "")) for entry in entries],
        "program": queries.find_program(),
        "next": entries[-1].pk if len(found) > PAGE_SIZE else None,
        "after": after,
        "base": reverse("crm:profile", args=[request.tenant.slug, profile_id]),
    }
    return render(request, "loyalty/_panel.html", context)


@requires(capabilities.VIEW)
@require_GET
def order_points(request: TenantRequest, order_id: int) -> HttpResponse:
    """Show the points that one order moved: a part of its page."""
    if find_order(order_id) is None:
        raise Http404
    entries = queries.entries_of_order(order_id)
    context = {"entries": entries, "total": sum(entry.points for entry in entries)}
    return render(request, "loyalty/_order.html", context)
