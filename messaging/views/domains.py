"""Sending domains: the records to set, and how they were last found."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel import clock
from kernel.errors import Conflict, DomainError, Invalid, NotFound
from kernel.live import answer_live, render_live
from messaging.forms import DomainForm, ReturnPathForm
from messaging.models import SendingDomain
from messaging.queries.domain_records import list_records
from messaging.queries.senders import dns_failure, find_domain, list_senders_of
from messaging.services import domains
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

LIVE_SECONDS = 3


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def add(request: TenantRequest) -> HttpResponse:
    """Show the form; a POST adds the domain and has it checked."""
    form = DomainForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = domains.add_domain(form.cleaned_data["domain"], actor=request.user.email)
        except DomainError as exc:
            form.add_error("domain", exc.detail)
        else:
            return redirect("messaging:domain", request.tenant.slug, made.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "messaging/add_domain.html", {"form": form}, status=status)


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
def domain(request: TenantRequest, domain_id: int) -> HttpResponse:
    """Show what to enter where, and how it was found."""
    found = _find(domain_id)
    context = {
        "domain": found,
        "records": [each for each in list_records(found) if each.name],
        "form": ReturnPathForm(initial={"return_path": found.return_path}),
        "senders": list_senders_of(found.domain),
        "state": _render_state(request, found),
    }
    return render(request, "messaging/domain.html", context)


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
def state(request: TenantRequest, domain_id: int) -> HttpResponse:
    """Answer with the state alone."""
    return answer_live(request, _render_state(request, _find(domain_id)))


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def check(request: TenantRequest, domain_id: int) -> HttpResponse:
    """Have the records asked for now."""
    try:
        domains.request_check(domain_id)
    except NotFound as exc:
        raise Http404 from exc
    return redirect("messaging:domain", request.tenant.slug, domain_id)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def return_path(request: TenantRequest, domain_id: int) -> HttpResponse:
    """Say where bounces go."""
    try:
        domains.set_return_path(
            domain_id, request.POST.get("return_path", ""), actor=request.user.email
        )
    except NotFound as exc:
        raise Http404 from exc
    except Invalid as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, "Saved")
    return redirect("messaging:domain", request.tenant.slug, domain_id)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def remove(request: TenantRequest, domain_id: int) -> HttpResponse:
    """Remove a domain that no sender writes from."""
    try:
        name = domains.remove_domain(domain_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except Conflict as exc:
        messages.error(request, exc.detail)
        return redirect("messaging:domain", request.tenant.slug, domain_id)
    messages.success(request, f"{name} is removed, with its key.")
    return redirect("messaging:senders", request.tenant.slug)


def _findings(found: SendingDomain) -> list[tuple[str, dict[str, str]]]:
    """Return what was found by record; once, where all of them suffer from the same."""
    labels = (
        ("dkim", "DKIM"),
        ("dmarc", "DMARC"),
        ("spf", "SPF"),
        ("return_path", "Return path"),
    )
    findings = [(label, found.findings[name]) for name, label in labels if name in found.findings]
    words = {finding["words"] for _, finding in findings}
    return [("Domain", findings[0][1])] if len(words) == 1 else findings


def _render_state(request: TenantRequest, found: SendingDomain) -> SafeString:
    context: dict[str, Any] = {
        "domain": found,
        "findings": _findings(found),
        "is_checking": found.checked_at is None or found.check_due_at <= clock.now(),
        "has_include": bool(settings.SPF_INCLUDE),
        "failure": dns_failure(found),
    }
    return render_live(
        request,
        "messaging/_domain_state.html",
        context,
        name=f"domain-{found.pk}",
        url=reverse("messaging:domain_state", args=[request.tenant.slug, found.pk]),
        seconds=LIVE_SECONDS,
    )


def _find(domain_id: int) -> SendingDomain:
    found = find_domain(domain_id)
    if found is None:
        raise Http404
    return found
