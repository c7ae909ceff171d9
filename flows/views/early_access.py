"""The page of who may buy first."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from flows.forms import AccessForm
from flows.queries.access import list_access
from flows.queries.people import all_segment_names
from flows.services.early_access import create_list, delete_list
from kernel import clock
from kernel.errors import DomainError, NotFound
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "HEAD", "POST"])
def access_lists(request: TenantRequest) -> HttpResponse:
    """Show the lists, newest first, and make one."""
    segments = all_segment_names()
    said = request.POST if request.method == "POST" else None
    form = AccessForm(said, segments=segments, timezone=request.tenant.timezone)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_list(form.data_of(), actor=request.user.email)
        except DomainError as exc:
            form.add_error(None, exc.detail)
        else:
            messages.success(request, f"{made.name}: its people get their link once it opens.")
            return redirect("flows:access", request.tenant.slug)
    context = {
        "form": form,
        "rows": list_access(segments),
        "now": clock.now(),
        "may_edit": may(request.member.role, capabilities.EDIT_FLOWS),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "flows/access.html", context, status=status)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def delete_access(request: TenantRequest, access_list_id: int) -> HttpResponse:
    """Take a list back that has not opened."""
    try:
        delete_list(access_list_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, "Deleted. Nobody is told of it.")
    return redirect("flows:access", request.tenant.slug)
