"""The part of a segment's page that tells shops who is in it."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from kernel.errors import DomainError
from segments.choices import PushForm
from segments.forms import ShopTagForm
from segments.models import Segment
from segments.queries.shops import list_shops
from segments.services.shops import propose_tag, start_push, stop_push
from segments.views.frame import find_segment
from stores.services.write_overview import CEILING
from tenants.domain.capabilities import EDIT_SEGMENTS
from tenants.services.access import requires
from tenants.types import TenantRequest

MOST_DIGITS: Final = 18
TAKE_AWAY, LEAVE = "take_away", "leave"


@require_POST
@requires(EDIT_SEGMENTS)
def segment_shop(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Have the members of a segment tagged in a shop, or no more."""
    segment = find_segment(segment_id)
    store_id, actor = _read_store(request), request.user.email
    ending = request.POST.get("do", "")
    try:
        if ending in (TAKE_AWAY, LEAVE):
            takes_away = ending == TAKE_AWAY
            stop_push(segment.pk, store_id, takes_away=takes_away, actor=actor)
            said = (
                "It is taken away in the shop"
                if takes_away
                else "Stopped; the tag stays in the shop"
            )
        else:
            tag, form = request.POST.get("tag", ""), request.POST.get("form", PushForm.TAG)
            is_new = start_push(segment.pk, store_id, tag=tag, actor=actor, form=form)
            word = "tagged" if form == PushForm.TAG else "given the metafield"
            said = f"Its members are {word}" if is_new else f"They are {word} so already"
    except DomainError as exc:
        messages.error(request, f"{exc.detail}. Nothing was changed.")
    else:
        messages.success(request, f"{said}.")
    shown = reverse("segments:detail", args=[request.tenant.slug, segment.pk])
    return redirect(f"{shown}?tab=shops")


def _read_store(request: TenantRequest) -> int:
    """Return the store that a form names; 0, which is none, for nonsense."""
    found = request.POST.get("store", "")
    return int(found) if found.isascii() and found.isdigit() and len(found) <= MOST_DIGITS else 0


def read_shops(request: TenantRequest, segment: Segment) -> dict[str, Any]:
    """Return what the part shows."""
    tag = propose_tag(segment)
    return {
        "shops": [
            (
                shop,
                ShopTagForm(
                    initial={"tag": tag},
                    auto_id=f"shop-{shop.lane.store_id}-%s",
                    takes_metafields=shop.lane.takes_metafields,
                ),
            )
            for shop in list_shops(segment.pk)
        ],
        "ceiling": CEILING,
    }
