"""The messages on the profile page: sent and not sent, each with every gate."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.domain.channels import CHANNEL_LABELS
from crm.queries.resources import is_profile
from kernel import asked
from messaging.queries.listing import VIEWS
from messaging.queries.messages import PAGE_SIZE, list_messages
from messaging.queries.words import GATES, JUDGEMENTS
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def profile_messages(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show the messages of one person, newest first, of one channel or outcome where asked."""
    if not is_profile(profile_id):
        raise Http404
    after = asked.read_id(request, "after")
    channel = asked.read_choice(request, "channel", CHANNEL_LABELS)
    view = asked.read_choice(request, "status", VIEWS)
    rows = list_messages(
        profile_id,
        before_id=after,
        limit=PAGE_SIZE + 1,
        channel=channel,
        outcomes=VIEWS[view][1] if view else (),
    )
    page = rows[:PAGE_SIZE]
    chosen = {"tab": "messages", "channel": channel, "status": view}
    base = reverse("crm:profile", args=[request.tenant.slug, profile_id])
    context = {
        "messages_shown": [_shown(row) for row in page],
        "next": page[-1]["id"] if len(rows) > PAGE_SIZE else None,
        "after": after,
        "base": base,
        "newest": f"{base}?{urlencode({name: said for name, said in chosen.items() if said})}",
        "channel": channel,
        "channels": CHANNEL_LABELS.items(),
        "view": view,
        "views": [(key, words) for key, (words, _) in VIEWS.items()],
    }
    return render(request, "messaging/_profile.html", context)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a message with its gates in the order they were asked, and what its reason means."""
    gates = [{**gate, "words": GATES.get(gate["gate"], gate["gate"])} for gate in row["gates"]]
    return {**row, "asked": gates, "judgement": JUDGEMENTS.get(row["reason"])}
