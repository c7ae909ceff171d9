"""What providers told: above all what could not be used, with the reason."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from kernel import asked
from kernel.fragments import answer_list
from kernel.keyset import COUNT_CEILING, speak_count
from messaging.queries import told
from messaging.queries.told import STATUSES
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def callback_list(request: TenantRequest) -> HttpResponse:
    """Show the callbacks of one status; an htmx request gets the part below the heading."""
    status = asked.read_choice(request, "status", STATUSES) or next(iter(STATUSES))
    page = told.list_told(status, asked.read_place(request))
    counts = told.count_told()
    context: dict[str, Any] = {
        "page": page,
        "status": status,
        "tabs": _tabs(request, status, counts),
        "shown": speak_count(len(page.rows), counts[status], "callbacks"),
    }
    return answer_list(
        request,
        "messaging/told.html",
        "messaging/_told.html",
        context,
        lambda: {"is_empty": not page.rows and not told.has_told()},
    )


def _tabs(request: TenantRequest, chosen: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    path = reverse("messaging:callbacks", args=[request.tenant.slug])
    return [
        {
            "label": label,
            "url": f"{path}?status={status}",
            "active": status == chosen,
            "count": f"{counts[status]:,}{'+' if counts[status] >= COUNT_CEILING else ''}",
        }
        for status, label in STATUSES.items()
    ]
