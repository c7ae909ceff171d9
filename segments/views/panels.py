"""Segments on the pages of other things: a person, an order."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from crm.queries.order_detail import find_order, list_event_ids
from crm.queries.resources import is_profile
from kernel import clock
from segments.queries import listing
from segments.queries import rfm as rfm_queries
from segments.queries.lists import list_choices_of
from segments.queries.reasons import explain_segments
from segments.queries.stages import find_stage
from tenants.domain.capabilities import EDIT_SEGMENTS, VIEW, may
from tenants.services.access import requires
from tenants.types import TenantRequest


@require_GET
@requires(VIEW)
def profile_segments(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show which segments one person is in and out of, and why: a part of the profile page."""
    if not is_profile(profile_id):
        raise Http404
    now = clock.now()
    found = explain_segments(profile_id, now)
    lists = list_choices_of(profile_id)
    context = {
        "groups": [
            ("In", [reason for reason in found if reason.is_member]),
            ("Not in", [reason for reason in found if not reason.is_member]),
        ],
        "stage": find_stage(profile_id, now),
        "recency": rfm_queries.explain_recency(profile_id, now),
        "lists": lists,
        "can_add": not all(is_on for *_, is_on in lists),
        "profile_id": profile_id,
        "may_edit": may(request.member.role, EDIT_SEGMENTS),
    }
    return render(request, "segments/_profile.html", context)


@require_GET
@requires(VIEW)
def order_segments(request: TenantRequest, order_id: int) -> HttpResponse:
    """Show which segments an order moved its person into and out of: a part of its page."""
    order = find_order(order_id)
    if order is None:
        raise Http404
    changes = listing.list_changes_by(order.profile_id, list_event_ids(order))
    return render(request, "segments/_order.html", {"changes": changes})
