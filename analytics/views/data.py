"""What is wrong with the data, what is received, and what of it is used."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from analytics.queries import received as reads
from crm.queries.hygiene import list_flaws, list_ignored
from crm.queries.people import has_people
from kernel.places import list_countries
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

_TABS = (("Quality", "data"), ("Received", "received"))


@requires(capabilities.VIEW)
@require_GET
def quality(request: TenantRequest) -> HttpResponse:
    """Show what is wrong or incomplete, with some of each kind and what to do."""
    flaws, put_aside = list_flaws(), set(list_ignored())
    heeded = [flaw for flaw in flaws if flaw.key not in put_aside]
    found = [flaw for flaw in heeded if flaw.count]
    role = request.member.role
    context = {
        "found": found,
        "is_empty": not found and not has_people(),
        "fine": [flaw for flaw in heeded if not flaw.count],
        "ignored": [flaw for flaw in flaws if flaw.key in put_aside],
        "may_mend": may(role, capabilities.TAG_PROFILES),
        "may_manage": may(role, capabilities.MANAGE_SETTINGS),
        "countries": list_countries(),
        "tabs": _tabs(request, "data"),
    }
    return render(request, "analytics/data.html", context)


@requires(capabilities.VIEW)
@require_GET
def received(request: TenantRequest) -> HttpResponse:
    """Show every event name: when, how often, from where, as usual or not, used by what."""
    context = {
        "events": reads.list_received(),
        "counted_until": reads.counted_until(),
        "tabs": _tabs(request, "received"),
    }
    return render(request, "analytics/received.html", context)


@requires(capabilities.VIEW)
@require_GET
def received_event(request: TenantRequest) -> HttpResponse:
    """Show one event: its stores with their bands, and what its newest ones carry."""
    name = request.GET.get("name", "")
    events = {event.name: event for event in reads.list_received()}
    if name and name not in events:
        raise Http404
    context: dict[str, Any] = {
        "event": events.get(name),
        "events": list(events),
        "properties": reads.list_properties(name) if name else [],
        "sample": reads.SAMPLE,
    }
    return render(request, "analytics/received_event.html", context)


def _tabs(request: TenantRequest, here: str) -> list[dict[str, object]]:
    return [
        {
            "label": label,
            "url": reverse(f"analytics:{name}", args=[request.tenant.slug]),
            "active": name == here,
        }
        for label, name in _TABS
    ]
