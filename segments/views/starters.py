"""Templates: segments that are installed with one click and then changed like any other."""

from itertools import groupby

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from kernel.errors import DomainError
from segments.queries.starters import list_offers
from segments.services.library import install_starter
from segments.views.frame import tabs_of
from tenants.domain.capabilities import EDIT_SEGMENTS, VIEW, may
from tenants.services.access import requires
from tenants.types import TenantRequest


@require_GET
@requires(VIEW)
def starter_list(request: TenantRequest) -> HttpResponse:
    """Show every template: what it means, whether it is installed, what it still needs."""
    offers = list_offers()
    context = {
        "tabs": tabs_of(request, "starters"),
        "groups": [
            (group, list(some)) for group, some in groupby(offers, lambda one: one.starter.group)
        ],
        "may_edit": may(request.member.role, EDIT_SEGMENTS),
    }
    return render(request, "segments/starters.html", context)


@require_POST
@requires(EDIT_SEGMENTS)
def install(request: TenantRequest) -> HttpResponse:
    """Make a segment of a template."""
    try:
        segment = install_starter(request.POST.get("key", ""))
    except DomainError as exc:
        messages.error(request, f"Nothing was installed: {exc.detail}.")
        return redirect("segments:starters", request.tenant.slug)
    messages.success(request, "Installed. Its members are being counted.")
    return redirect("segments:detail", request.tenant.slug, segment.pk)
