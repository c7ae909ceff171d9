"""The bell: what waits for a person, and what a member put aside until it changes."""

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analytics.queries.attention import find_item, list_notices
from analytics.services.dismissals import bring_back, dismiss
from analytics.services.notice_mails import READERS, set_mailed, wants_mail
from analytics.types import Attention
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def notices(request: TenantRequest) -> HttpResponse:
    """Show everything that waits."""
    return render(request, "analytics/notices.html", _context(request))


@requires(capabilities.VIEW)
@require_GET
def panel(request: TenantRequest) -> HttpResponse:
    """Answer what waits, for the popover of the bell."""
    return render(request, "analytics/_notices.html", _context(request))


@requires(capabilities.VIEW)
@require_GET
def count(request: TenantRequest) -> HttpResponse:
    """Answer how many things wait, for the bell."""
    fresh = list_notices(request.member.pk).fresh
    context = {"count": len(fresh), "is_bad": any(item.tone == "bad" for item in fresh)}
    return render(request, "analytics/_notice_count.html", context)


@requires(capabilities.VIEW)
@require_POST
def put_aside(request: TenantRequest) -> HttpResponse:
    """Put one thing aside as it stands now, or bring it back."""
    key = request.POST.get("key", "")
    item = find_item(key)
    if item is not None:
        if request.POST.get("back"):
            bring_back(request.member.pk, key)
        else:
            dismiss(request.member.pk, key, item.mark)
    if not request.htmx:
        return redirect("analytics:notices", request.tenant.slug)
    response = render(request, "analytics/_notices.html", _context(request))
    response["HX-Trigger"] = json.dumps({"notices": True})
    return response


@requires(capabilities.VIEW)
@require_http_methods(["GET", "POST"])
def notice_mails(request: TenantRequest) -> HttpResponse:
    """Show whether notices come to a member by mail; a POST changes it for the member alone."""
    member = request.member
    if request.method == "POST":
        set_mailed(member.pk, is_wanted=bool(request.POST.get("is_wanted")))
        messages.success(request, "Saved.")
        return redirect("analytics:notice_mails", request.tenant.slug)
    context = {
        "is_wanted": wants_mail(member.pk),
        "is_reader": member.role in READERS,
        "email": request.user.email,
    }
    return render(request, "analytics/notice_mails.html", context)


def find_address(request: HttpRequest, item: Attention) -> str:
    """Return where an item leads; Home where its page has no address yet."""
    slug = request.tenant.slug  # type: ignore[attr-defined] # of a TenantRequest
    arguments = [slug] if item.id is None else [slug, item.id]
    try:
        return f"{reverse(item.route, args=arguments)}{item.query}"
    except NoReverseMatch:
        return reverse("analytics:home", args=[slug])


def _context(request: TenantRequest) -> dict[str, object]:
    found = list_notices(request.member.pk)
    return {
        "fresh": [(item, find_address(request, item)) for item in found.fresh],
        "seen": [(item, find_address(request, item)) for item in found.seen],
    }
