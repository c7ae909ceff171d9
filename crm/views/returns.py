"""The page of an order on which a member sends it back, and leads on what its customer asked."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from crm.choices import ReturnStatus
from crm.queries.giving_back import GivingBack, find_giving_back
from crm.queries.order_detail import find_order, web_address
from crm.services.giving_back import (
    MOST_WORDS,
    REASONS,
    STEPS,
    ask_back,
    move_return,
    read_wanted,
)
from kernel.errors import Conflict, DomainError, Invalid
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

_LABELS = {
    ReturnStatus.APPROVED: "Approve it",
    ReturnStatus.DECLINED: "Decline it",
    ReturnStatus.RECEIVED: "The parcel is here",
    ReturnStatus.CANCELLED: "Call it off",
    ReturnStatus.COMPLETED: "Done: money or exchange is on its way",
}
"""What the button of a step says."""


@requires(capabilities.WRITE_NOTES)
@require_http_methods(["GET", "POST"])
def order_return(request: TenantRequest, order_id: int) -> HttpResponse:
    """Show what can go back, or the return that is open; on POST start one or lead it on."""
    order = find_order(order_id)
    if order is None:
        raise Http404
    found, fault = find_giving_back(order), ""
    if request.method == "POST":
        try:
            _change(request, found)
        except DomainError as exc:
            fault = exc.detail
        else:
            messages.success(request, "Saved. The customer hears of it.")
            return redirect("crm:order", request.tenant.slug, order_id)
    context = {
        "order": order,
        "found": found,
        "fault": fault,
        "steps": [(step, _LABELS[step]) for step in STEPS[found.asked.status]]
        if found.asked
        else [],
        "asks_label": found.asked and found.asked.status == ReturnStatus.REQUESTED,
        "reasons": REASONS,
        "most_words": MOST_WORDS,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    return render(request, "crm/return.html", context, status=status)


def _change(request: TenantRequest, found: GivingBack) -> None:
    actor = request.user.email
    shown = str(found.asked.pk) if found.asked else ""
    if request.POST.get("return_id", "") != shown:
        raise Conflict("It went on meanwhile. Look once more.")
    if found.asked is None:
        ask_back(found.order.pk, read_wanted(request.POST, found), actor=actor)
        return
    told = request.POST.get("label_url", "").replace("\x00", "").strip()[:2000]
    label, wanted = web_address(told), request.POST.get("status", "")
    if told and not label:
        raise Invalid("The address of the label must begin with https://.")
    if wanted not in ReturnStatus.values:
        raise Invalid("Say how it goes on.")
    move_return(found.asked.pk, ReturnStatus(wanted), label_url=label, actor=actor)
