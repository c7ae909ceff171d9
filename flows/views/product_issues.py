"""The page that tells everybody who bought something that it is faulty or not safe."""

from http import HTTPStatus
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from crm.queries.product_detail import find_product_detail
from flows.forms import IssueForm
from flows.services.product_issues import Issue, notify_buyers, preview_issue
from kernel import clock
from kernel.errors import DomainError
from kernel.formats import find_zone
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def product_issue(request: TenantRequest, product_id: int) -> HttpResponse:
    """Choose what was sold when, see who bought it, and write to all of them."""
    found = find_product_detail(product_id)
    if found is None:
        raise Http404
    today = clock.now().astimezone(find_zone(request.tenant.timezone)).date()
    form = IssueForm(
        request.POST if request.method == "POST" else None,
        product_id=product_id,
        variants=found.variants,
        today=today,
    )
    context = {"product": found.product, "form": form, "token": uuid4()}
    if form.is_bound and form.is_valid():
        issue = form.issue()
        context |= {"preview": preview_issue(issue), "seen": issue.sold_fingerprint}
        if request.POST.get("send") == "1":
            if not issue.what:
                form.add_error("what", "Say what is wrong, then write to them.")
            elif request.POST.get("seen") != issue.sold_fingerprint:
                form.add_error(None, "You changed what was sold. Look who bought it, then write.")
            else:
                return _send(request, issue, product_id)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "flows/product_issue.html", context, status=status)


def _send(request: TenantRequest, issue: Issue, product_id: int) -> HttpResponse:
    token = request.POST.get("token", "")[:36]
    try:
        job = notify_buyers(issue, actor=request.user.email, key=f"form:{token or uuid4()}")
    except DomainError as exc:
        messages.error(request, exc.detail)
        return redirect("flows:product_issue", request.tenant.slug, product_id)
    return redirect("tenants:job", request.tenant.slug, job.pk)
