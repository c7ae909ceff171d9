"""Get started: the steps that tick themselves, and the plan of 90 days."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from analytics.queries.start import Start, find_plan, find_start
from analytics.services.dismissals import bring_back, dismiss
from analytics.types import START
from analytics.views.tiles import make_tile
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def get_started(request: TenantRequest) -> HttpResponse:
    """Show the steps and the plan."""
    plan = find_plan()
    currency = request.tenant.currency
    context = {
        **step_context(request, find_start(request.member.pk)),
        "plan": plan,
        "tiles": [make_tile(kpi, currency, "the last 30 days") for kpi in plan.figures],
    }
    return render(request, "analytics/get_started.html", context)


@requires(capabilities.VIEW)
@require_POST
def hide(request: TenantRequest) -> HttpResponse:
    """Hide the steps on Home for this member, or show them again."""
    if request.POST.get("back"):
        bring_back(request.member.pk, START)
    else:
        dismiss(request.member.pk, START, "hidden")
    return redirect("analytics:home", request.tenant.slug)


def step_context(
    request: TenantRequest, start: Start, *, only_left: bool = False
) -> dict[str, object]:
    """Return steps with where each leads and whether the member may do it.

    Args:
        request: of the member.
        start: from `find_start`.
        only_left: without those that are done.
    """
    role, slug = request.member.role, request.tenant.slug
    return {
        "start": start,
        "steps": [
            (step, reverse(step.route, args=[slug]), may(role, step.capability))
            for step in (start.left if only_left else start.steps)
        ],
    }
