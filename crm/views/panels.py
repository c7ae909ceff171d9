"""The parts of the profile page that this app owns, each under its own address."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.domain.channels import CHANNEL_LABELS
from crm.panels import list_kinds
from crm.queries import person
from crm.queries.care import care_of_person
from crm.queries.statements import can_be_asked
from crm.views.changes import STATES
from crm.views.person import get_profile
from kernel import clock
from kernel.formats import find_zone
from kernel.live import answer_live, read_query, render_live
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

ORDERS_MORE = 200
"""Most orders that one look shows."""


@requires(capabilities.VIEW)
@require_GET
def timeline(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show what happened, by day; the newest page keeps itself up to date."""
    profile = get_profile(profile_id)
    kinds = list_kinds()
    kind = request.GET.get("kind", "")
    kind = kind if kind in dict(kinds) else ""
    after = request.GET.get("after", "")
    context = {
        "page": person.list_timeline(profile.pk, kind=kind, after=after),
        "kinds": kinds,
        "kind": kind,
        "after": after,
        "is_more": bool(after and request.htmx and request.GET.get("more")),
        "last_day": request.GET.get("day", ""),
        "today": clock.now().astimezone(find_zone(request.tenant.timezone)).date(),
        "base": reverse("crm:profile", args=[request.tenant.slug, profile.pk]),
    }
    if after:
        part = "crm/_timeline_days.html" if context["is_more"] else "crm/_timeline.html"
        return render(request, part, context)
    return _live(request, "crm/_timeline.html", context)


@requires(capabilities.VIEW)
@require_GET
def orders(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show orders with lines, refunds and parcels; it keeps itself up to date."""
    profile = get_profile(profile_id)
    shows_all = request.GET.get("all") == "1"
    rows, has_more = person.list_orders(
        profile.pk, limit=ORDERS_MORE if shows_all else person.ORDERS_PAGE
    )
    context = {
        "orders": rows,
        "has_more": has_more,
        "shows_all": shows_all,
        "refunds": person.list_loose_refunds(profile.pk),
        "base": reverse("crm:profile", args=[request.tenant.slug, profile.pk]),
    }
    return _live(request, "crm/_orders.html", context)


@requires(capabilities.VIEW)
@require_GET
def care(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show tickets, returns, reviews and late parcels; it keeps itself up to date."""
    profile = get_profile(profile_id)
    context: dict[str, object] = {
        "care": care_of_person(profile.pk),
        "names_order": True,
        "may_publish": may(request.member.role, capabilities.EDIT_FLOWS),
    }
    return _live(request, "crm/_care.html", context)


@requires(capabilities.VIEW)
@require_GET
def consent(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show every statement of permission with its proof."""
    profile = get_profile(profile_id)
    may_change = may(request.member.role, capabilities.WRITE_NOTES)
    context = {
        "lines": person.list_consent(profile.pk),
        "profile": profile,
        "channels": CHANNEL_LABELS,
        "states": STATES,
        "may_change": may_change,
        "may_ask": may_change and can_be_asked(profile.email, profile.email_consent, clock.now()),
    }
    return render(request, "crm/_consent.html", context)


@requires(capabilities.VIEW)
@require_GET
def merges(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show which profiles became part of this one."""
    profile = get_profile(profile_id)
    context = {
        "merges": person.list_merges(profile.pk),
        "doubts": person.list_doubts(profile.pk),
        "profile": profile,
        "may_merge": may(request.member.role, capabilities.TAG_PROFILES),
    }
    return render(request, "crm/_merges.html", context)


def _live(request: TenantRequest, template: str, context: dict[str, object]) -> HttpResponse:
    url = f"{request.path}{read_query(request)}"
    part = render_live(request, template, context, name="panel", url=url)
    return answer_live(request, part)
