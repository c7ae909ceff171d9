"""What members do about the consent of one person: asking for it by mail."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.queries.joining import find_live
from kernel.errors import DomainError
from messaging.services.opting_in import ask_to_confirm
from messaging.types import Proof
from tenants.domain import capabilities
from tenants.services import audit
from tenants.services.access import requires
from tenants.types import TenantRequest

MAX_REASON = 500


@requires(capabilities.WRITE_NOTES)
@require_POST
def ask(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Send the mail that asks somebody for a yes to marketing."""
    found = find_live(profile_id)
    if found is None:
        raise Http404
    actor = request.user.email
    detail = request.POST.get("reason", "").strip()[:MAX_REASON]
    try:
        is_sent = ask_to_confirm(found.pk, Proof("manual", detail=detail, actor=actor))
    except DomainError as exc:
        messages.error(request, f"{exc.detail} Nothing was sent.")
    else:
        if is_sent:
            audit.record(
                "consent.asked", "profile", found.pk, after={"reason": detail}, actor=actor
            )
            messages.success(request, "A mail that asks for a yes is on its way.")
        else:
            messages.info(request, "Nothing to ask: they said yes, or a mail has just left.")
    address = reverse("crm:profile", args=[request.tenant.slug, found.pk])
    return redirect(f"{address}?tab=consent")
