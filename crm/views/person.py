"""The page of one person: header, facts, the frame of the panels, and erasing."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from crm.models import Profile
from crm.panels import find_pause, label_of, list_panels
from crm.queries.people_filters import list_tags
from crm.queries.person import PersonFacts, find_facts, find_profile
from crm.queries.resources import final_winner
from crm.queries.tastes import list_tastes
from crm.services.erasure import erase_profiles
from kernel import clock
from kernel.live import answer_live, render_live
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def profile_detail(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show one person; the id of one that was merged leads to the winner."""
    profile = get_profile(profile_id)
    slug = request.tenant.slug
    if profile.merged_into_id is not None:
        address = reverse("crm:profile", args=[slug, final_winner(profile.pk)])
        query = request.GET.urlencode()
        return redirect(f"{address}?{query}" if query else address)
    if profile.erased_at is not None:
        return render(request, "crm/erased.html", {"profile": profile})
    known = find_facts(profile, clock.now())
    panels = list_panels()
    asked = request.GET.get("tab", "")
    active = next((panel for panel in panels if panel.key == asked), panels[0])
    query = urlencode({**request.GET.dict(), "tab": active.key})
    context: dict[str, Any] = {
        "profile": profile,
        "name": str(profile),
        "known": known,
        "header": _header(request, profile, known),
        "facts": _facts(request, profile, known),
        "tabs": [
            {
                "label": panel.label,
                "url": f"{request.path}?tab={panel.key}",
                "active": panel is active,
            }
            for panel in panels
        ],
        "panel": active,
        "panel_url": f"{reverse(active.route, args=[slug, profile.pk])}?{query}",
        "may_erase": may(request.member.role, capabilities.ERASE_PROFILES),
        "may_tag": may(request.member.role, capabilities.TAG_PROFILES),
        "may_export": may(request.member.role, capabilities.EXPORT_PROFILES),
        "known_tags": list_tags(),
    }
    return render(request, "crm/profile.html", context)


@requires(capabilities.VIEW)
@require_GET
def profile_header(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Answer the line of reach and groups under a name again, when it changed."""
    profile = get_profile(profile_id)
    return answer_live(request, _header(request, profile, find_facts(profile, clock.now())))


@requires(capabilities.VIEW)
@require_GET
def profile_facts(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Answer the facts again, when they changed."""
    profile = get_profile(profile_id)
    return answer_live(request, _facts(request, profile, find_facts(profile, clock.now())))


@requires(capabilities.ERASE_PROFILES)
@require_POST
def erase(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Erase somebody for good."""
    profile = get_profile(profile_id)
    if erase_profiles([profile.pk], actor=request.user.email):
        messages.success(request, "Erased. Their orders stay as figures without a name.")
    else:
        messages.info(request, "Nothing to do: this person was erased before.")
    return redirect("crm:profile", request.tenant.slug, profile_id)


def get_profile(profile_id: int) -> Profile:
    """Return a profile of the tenant.

    Raises:
        Http404: there is none.
    """
    profile = find_profile(profile_id)
    if profile is None:
        raise Http404
    return profile


def _header(request: TenantRequest, profile: Profile, known: PersonFacts) -> SafeString:
    context = {
        "profile": profile,
        "known": known,
        "group": known.facts.rfm_group,
        "group_label": label_of("rfm_group", known.facts.rfm_group),
        "pause": find_pause(profile.pk) if known.is_troubled else "",
    }
    url = reverse("crm:header", args=[request.tenant.slug, profile.pk])
    return render_live(request, "crm/_header.html", context, name="header", url=url)


def _facts(request: TenantRequest, profile: Profile, known: PersonFacts) -> SafeString:
    group = known.facts.rfm_group
    context = {
        "profile": profile,
        "known": known,
        "group_label": label_of("rfm_group", group),
        "tastes": list_tastes(profile.pk) if known.facts.order_count else [],
    }
    url = reverse("crm:facts", args=[request.tenant.slug, profile.pk])
    return render_live(request, "crm/_facts.html", context, name="facts", url=url)
