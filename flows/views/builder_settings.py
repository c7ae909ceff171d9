"""What is set of a flow as a whole while it is built: its state, who is held out, who is put in.

Each is done at once; nothing of it is part of the draft.
"""

from uuid import uuid4

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from flows.choices import FlowStatus
from flows.services.flows import set_holdout, set_status
from flows.services.manual import enrol_segment, preview_segment
from flows.views.builder import answer, refuse
from flows.views.frame import get_flow
from flows.views.pages import read_number
from flows.views.people import in_words, read_hundredths
from kernel.errors import DomainError, Invalid
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

STATES = (FlowStatus.LIVE, FlowStatus.MANUAL, FlowStatus.PAUSED, FlowStatus.DISABLED)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def change_settings(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Put a flow into a ``state``, and say what share is held out (``holdout``, in per cent)."""
    flow = get_flow(flow_id)
    state, share = request.POST.get("state", flow.status), request.POST.get("holdout", "").strip()
    try:
        if share:
            set_holdout(flow_id, read_hundredths(share))
        if state != flow.status and state in STATES:
            set_status(flow_id, FlowStatus(state))
    except DomainError as exc:
        return refuse(request, flow_id, exc)
    return answer(request, flow_id)


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def put_in(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Count what would become of the members of a segment, or begin to put them in."""
    get_flow(flow_id)
    asked = request.GET if request.method == "GET" else request.POST
    segment_id = read_number(asked, "segment")
    try:
        if segment_id is None:
            raise Invalid("Choose a segment.", fields={"segment": "is missing"})
        if request.method == "POST":
            key = request.POST.get("token", "")[:36] or str(uuid4())
            job = enrol_segment(flow_id, segment_id, actor=request.user.email, key=key)
            url = reverse("tenants:job", args=[request.tenant.slug, job.pk])
            return JsonResponse({"job": url})
        counts, members = preview_segment(flow_id, segment_id)
    except DomainError as exc:
        return refuse(request, flow_id, exc)
    found = {
        "members": members,
        "asked": counts.asked,
        "enrolled": counts.enrolled,
        "refused": in_words(counts),
    }
    return JsonResponse(found)
