"""Values that the builder of segments offers while somebody types."""

from typing import Final

from django.http import JsonResponse
from django.views.decorators.http import require_GET

from segments.queries.suggestions import Asked, list_suggestions
from tenants.domain.capabilities import EDIT_SEGMENTS
from tenants.services.access import requires
from tenants.types import TenantRequest

LONGEST: Final = 200
_DIGITS: Final = 18
"""Of the longest id."""


@require_GET
@requires(EDIT_SEGMENTS)
def segment_values(request: TenantRequest) -> JsonResponse:
    """Answer with values that fit what was typed, or with the names of some ids."""
    said = {
        name: request.GET.get(name, "").replace("\x00", "")[:LONGEST]
        for name in ("of", "name", "event", "text")
    }
    ids = request.GET.get("ids", "").split(",")
    known = tuple(int(one) for one in ids if one.isdecimal() and len(one) <= _DIGITS)
    found = list_suggestions(Asked(**said, ids=known))
    values = [{"value": one.value, "label": one.label, "note": one.note} for one in found]
    return JsonResponse({"values": values})
