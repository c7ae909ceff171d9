"""Sending a campaign again to those on whom it was lost."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from flows.services.campaigns.resending import USUAL_HOURS, Resend, resend_campaign
from flows.views.campaigns import get_campaign
from kernel.errors import DomainError
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.EDIT_FLOWS)
@require_POST
def resend(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Draft what goes to those who showed no sign of a campaign, and open it."""
    get_campaign(campaign_id)
    said = request.POST.get("hours", "")
    is_number = said.isascii() and said.isdigit() and len(said) < 5  # noqa: PLR2004 years
    wanted = Resend(
        subject=request.POST.get("subject", "").replace("\x00", ""),
        hours=int(said) if is_number else USUAL_HOURS,
    )
    try:
        made = resend_campaign(campaign_id, wanted, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, exc.detail)
        return redirect("flows:campaign", request.tenant.slug, campaign_id)
    messages.success(request, "A draft is made. Look at it, then schedule it.")
    return redirect("flows:compose", request.tenant.slug, made.pk)
