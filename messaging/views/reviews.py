"""What people said on the page of stars and let others read: published or hidden by a member."""

from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm.choices import ReviewStatus
from crm.queries import own_reviews as reads
from crm.services.publishing import decide_review
from kernel import asked
from kernel.errors import DomainError
from kernel.keyset import speak_count
from messaging.views.content_frame import may_edit, tabs_of
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

VIEWS = (
    (ReviewStatus.PENDING.value, "Waiting"),
    (ReviewStatus.PUBLISHED.value, "Published"),
    (ReviewStatus.HIDDEN.value, "Hidden"),
)
_DONE = {
    ReviewStatus.PUBLISHED: (
        "Published. Mails show it if it has four stars or more, words and a name."
    ),
    ReviewStatus.HIDDEN: "Hidden. Nobody else reads it.",
    ReviewStatus.PENDING: "It waits again.",
}


@requires(capabilities.VIEW)
@require_GET
def review_list(request: TenantRequest) -> HttpResponse:
    """List what waits, what is published or what is hidden, and offer to take the last one back."""
    status = asked.read_choice(request, "status", ReviewStatus.values, ReviewStatus.PENDING.value)
    page = reads.list_own(status, asked.read_place(request))
    context = {
        "rows": [(row, reads.mark_of(row)) for row in page.rows],
        "page": page,
        "status": status,
        "views": VIEWS,
        "tabs": tabs_of(request, "reviews"),
        "shown": speak_count(len(page.rows), reads.count_own(status), "reviews"),
        "is_empty": not page.rows and not reads.has_own(),
        "may_edit": may_edit(request),
        "done": _find_done(request, status),
    }
    return render(request, "messaging/reviews.html", context)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def decide(request: TenantRequest, review_id: int) -> HttpResponse:
    """Publish one, hide it, or take that back."""
    before = reads.find_own(review_id)
    if before is None:
        raise Http404
    wanted = request.POST.get("status", "")
    if wanted not in ReviewStatus.values:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    status, seen = ReviewStatus(wanted), request.POST.get("seen", "")
    query: dict[str, object] = {"status": before.status}
    try:
        decide_review(review_id, status, seen=seen, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        if "undo" in request.POST:
            messages.success(request, _DONE[status])
            query = {"status": wanted}
        else:
            query["done"] = review_id
    url = reverse("messaging:reviews", args=[request.tenant.slug])
    return redirect(f"{url}?{urlencode(query)}")


def _find_done(request: TenantRequest, status: str) -> dict[str, object] | None:
    """Return what was just decided of a list and how to take it back; None where nothing was."""
    row = reads.find_own(asked.read_id(request, "done") or 0)
    if row is None or row.status == status or not may_edit(request):
        return None
    return {"row": row, "seen": reads.mark_of(row), "words": _DONE[ReviewStatus(row.status)]}
