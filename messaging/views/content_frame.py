"""What the pages of content share: their tabs, one template or a 404, and policies."""

from typing import Any

from django.http import Http404
from django.urls import NoReverseMatch, reverse

from messaging.models import Template
from messaging.queries.templates import find_template
from tenants.domain.capabilities import EDIT_FLOWS, may
from tenants.types import TenantRequest

_TABS = (
    ("templates", "Templates", "messaging:templates"),
    ("coupons", "Coupons", "messaging:coupons"),
    ("assets", "Pictures", "messaging:assets"),
    ("forms", "Forms", "messaging:forms"),
    ("reviews", "Reviews", "messaging:reviews"),
)
"""Pages of content; one without an address yet is left out."""


def tabs_of(request: TenantRequest, active: str) -> list[dict[str, Any]]:
    """Return the tabs above the pages of content; none where there is one page alone."""
    found = []
    for key, label, route in _TABS:
        try:
            url = reverse(route, args=[request.tenant.slug])
        except NoReverseMatch:
            continue
        found.append({"label": label, "url": url, "active": key == active})
    return found if len(found) > 1 else []


def get_template(template_id: int) -> Template:
    """Return a template of the active tenant.

    Raises:
        Http404: there is none.
    """
    found = find_template(template_id)
    if found is None:
        raise Http404
    return found


def may_edit(request: TenantRequest) -> bool:
    """Whether the member may change templates."""
    return may(request.member.role, EDIT_FLOWS)
