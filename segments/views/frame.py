"""What several pages of segments share: the tabs above them, and one segment or a 404."""

from typing import Any

from django.http import Http404
from django.urls import reverse

from kernel.errors import NotFound
from segments.models import Segment
from segments.queries import listing
from tenants.types import TenantRequest

_TABS = (
    ("list", "Segments", "segments:list"),
    ("starters", "Templates", "segments:starters"),
    ("rfm", "RFM", "segments:rfm"),
)


def tabs_of(request: TenantRequest, active: str) -> list[dict[str, Any]]:
    """Return the tabs of the pages that are about no segment in particular."""
    return [
        {"label": label, "url": reverse(route, args=[request.tenant.slug]), "active": key == active}
        for key, label, route in _TABS
    ]


def find_segment(segment_id: int) -> Segment:
    """Return a segment of the active tenant.

    Raises:
        Http404: there is none.
    """
    try:
        return listing.get_segment(segment_id)
    except NotFound as exc:
        raise Http404(str(exc)) from exc
