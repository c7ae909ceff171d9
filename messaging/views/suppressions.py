"""Addresses that must not be contacted: the list, adding one, and taking one back."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.choices import SuppressionReason
from crm.queries import suppressions as reads
from crm.queries.suppressions import WantedSuppressions
from crm.services.suppressions import add_suppression, end_suppression
from kernel import asked
from kernel.errors import Conflict, DomainError, NotFound
from kernel.fragments import answer_list
from kernel.keyset import speak_count
from messaging.forms import SuppressionForm
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def suppression_list(request: TenantRequest) -> HttpResponse:
    """Show the list; an htmx request gets the part below the filters."""
    wanted = WantedSuppressions(
        reason=asked.read_choice(request, "reason", SuppressionReason.values),
        search=asked.read_text(request, "q"),
    )
    page = reads.list_suppressions(wanted, asked.read_place(request))
    count = reads.count_suppressions(wanted)
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": page,
        "shown": speak_count(len(page.rows), count, "addresses"),
        **_allowed(request),
    }
    return answer_list(
        request,
        "messaging/suppressions.html",
        "messaging/_suppressions.html",
        context,
        lambda: {
            "reasons": SuppressionReason.choices,
            "is_empty": not page.rows and not wanted.is_narrowed and not reads.has_suppressions(),
        },
    )


@requires(capabilities.WRITE_NOTES)
@require_http_methods(["GET", "POST"])
def add(request: TenantRequest) -> HttpResponse:
    """Show the form; a POST suppresses the address."""
    form = SuppressionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row, is_new = add_suppression(**form.cleaned_data, actor=request.user.email)
        except DomainError as exc:
            for field, text in (exc.fields or {"address": exc.detail}).items():
                form.add_error(field, text)
        else:
            said = "is suppressed from now on" if is_new else "was suppressed already"
            messages.success(request, f"{row.address} {said}.")
            return redirect("messaging:suppressions", request.tenant.slug)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "messaging/suppress.html", {"form": form}, status=status)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def end(request: TenantRequest, suppression_id: int) -> HttpResponse:
    """Take a suppression back."""
    try:
        end_suppression(suppression_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except Conflict as exc:
        messages.error(request, f"{exc.detail} Nothing was changed.")
    else:
        messages.success(
            request, "The address may be contacted again, as far as the person agreed to it."
        )
    return redirect("messaging:suppressions", request.tenant.slug)


def _allowed(request: TenantRequest) -> dict[str, bool]:
    role = request.member.role
    return {
        "may_add": may(role, capabilities.WRITE_NOTES),
        "may_end": may(role, capabilities.MANAGE_SETTINGS),
        "may_import": may(role, capabilities.MANAGE_STORES),
    }
