"""What every page of one flow has in common: the flow itself and the tabs."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from flows.choices import ON, RUNNING
from flows.models import Flow
from flows.queries import pages
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.types import TenantRequest

_TABS = (
    ("Flow", "flows:detail"),
    ("Try it", "flows:try"),
    ("Report", "flows:report"),
    ("Runs", "flows:runs"),
    ("Review", "flows:review"),
    ("Not entered", "flows:refused"),
    ("Why", "flows:people"),
    ("Versions", "flows:versions"),
)


def get_flow(flow_id: int) -> Flow:
    """Return a flow of the active tenant.

    Raises:
        Http404: there is none.
    """
    flow = pages.find_flow(flow_id)
    if flow is None:
        raise Http404
    return flow


def render_tab(
    request: TenantRequest, template: str, flow: Flow, tab: str, context: dict[str, Any]
) -> HttpResponse:
    """Render a page of a flow; ``tab`` is the name of the address that is marked as current."""
    tabs = [
        {
            "label": label,
            "url": reverse(name, args=[request.tenant.slug, flow.pk]),
            "active": name == tab,
        }
        for label, name in _TABS
    ]
    frame = {
        "flow": flow,
        "tabs": tabs,
        "may_edit": may(request.member.role, capabilities.EDIT_FLOWS),
        "is_on": flow.status in ON,
        "takes_people": flow.status in RUNNING,
        "holdout": f"{flow.holdout / 100:g}",
    }
    return render(request, template, {**frame, **context})
