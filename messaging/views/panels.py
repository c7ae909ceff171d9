"""The messages on the profile page: sent and not sent, each with every gate."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.queries.resources import is_profile
from messaging.queries.messages import PAGE_SIZE, list_messages
from messaging.queries.words import GATES
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def profile_messages(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show the messages of one person, newest first."""
    if not is_profile(profile_id):
        raise Http404
    mark = request.GET.get("after", "")
    after = int(mark) if mark.isascii() and mark.isdigit() and len(mark) < 19 else None  # noqa: PLR2004 bigint
    rows = list_messages(profile_id, before_id=after, limit=PAGE_SIZE + 1)
    page = rows[:PAGE_SIZE]
    context = {
        "messages_shown": [{**row, "asked": _asked(row)} for row in page],
        "next": page[-1]["id"] if len(rows) > PAGE_SIZE else None,
        "after": after,
        "base": reverse("crm:profile", args=[request.tenant.slug, profile_id]),
    }
    return render(request, "messaging/_profile.html", context)


def _asked(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the gates in the order they were asked, in words."""
    return [{**gate, "words": GATES.get(gate["gate"], gate["gate"])} for gate in row["gates"]]
