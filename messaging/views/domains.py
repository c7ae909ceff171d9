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
from kernel.errors import Conflict, DomainError, NotFound
from kernel.live import answer_live, render_live
from messaging.domain.dns_records import dkim_record
from messaging.forms import DomainForm
from messaging.models import SendingDomain
from messaging.queries.senders import dns_failure, find_domain, list_senders_of
from messaging.services import domains
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

LIVE_SECONDS = 3
DMARC = "v=DMARC1; p=none"


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
        "records": _records(found),
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


def _records(found: SendingDomain) -> list[dict[str, str]]:
    """Return what is to be entered; the record of a mail server that nobody named is left out."""
    records = [
        {
            "key": "dkim",
            "label": "DKIM",
            "why": "proves that your mails are yours",
            "name": f"{found.selector}._domainkey.{found.domain}",
            "text": dkim_record(found.dkim_public),
        },
        {
            "key": "dmarc",
            "label": "DMARC",
            "why": "says what becomes of mails that only pretend to be yours",
            "name": f"_dmarc.{found.domain}",
            "text": DMARC,
        },
    ]
    if settings.SPF_INCLUDE:
        spf = f"v=spf1 {settings.SPF_INCLUDE} ~all"
        why = "names the mail server that sends for you"
        records.append(
            {"key": "spf", "label": "SPF", "why": why, "name": found.domain, "text": spf}
        )
    return records


def _findings(found: SendingDomain) -> list[tuple[str, dict[str, str]]]:
    """Return what was found by record; once, where all of them suffer from the same."""
    labels = (("dkim", "DKIM"), ("dmarc", "DMARC"), ("spf", "SPF"))
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
