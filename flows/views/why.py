"""Why somebody got what a flow sends, or did not: finding the person, and all that is known."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from crm.queries.finding import find_people
from crm.queries.resources import is_profile
from flows.services.why import explain
from flows.views.frame import get_flow, render_tab
from kernel import clock
from kernel.asked import read_text
from segments.queries.listing import list_named
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

MOST_FOUND = 20


@requires(capabilities.VIEW)
@require_GET
def flow_people(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Find the person about whom somebody asks."""
    flow = get_flow(flow_id)
    search = read_text(request, "q")
    found = list_named(find_people(search)[:MOST_FOUND]) if search else []
    context = {"flow": flow, "search": search, "people": found, "most": MOST_FOUND}
    if request.headers.get("HX-Request") == "true":
        response = render(request, "flows/_people.html", context)
    else:
        response = render_tab(request, "flows/people.html", flow, "flows:people", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@requires(capabilities.VIEW)
@require_GET
def flow_person(request: TenantRequest, flow_id: int, profile_id: int) -> HttpResponse:
    """Show every attempt of a person to enter a flow, every step, message and gate."""
    flow = get_flow(flow_id)
    people = list_named([profile_id]) if is_profile(profile_id) else []
    if not people:
        raise Http404
    context = {"flow": flow, "person": people[0], "why": explain(flow, profile_id, clock.now())}
    return render(request, "flows/person.html", context)
