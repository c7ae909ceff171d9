"""Deliverability: how mails fare, what to do about it, and the records that it rests on."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.live import answer_live, render_live
from messaging.domain.reputation import COMPLAINTS, HARD, MEASURES
from messaging.forms import LinkDomainForm
from messaging.queries.deliverability import Figures, find_figures, list_days, speak_rate
from messaging.queries.domain_records import list_records, list_steps
from messaging.queries.link_domains import find_link_domain, list_link_domains
from messaging.queries.senders import list_domains
from messaging.services import domains, link_domains
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

LIVE_SECONDS = 3
_CHARTS = {
    "bounces": (("Hard", "hard_rate"), ("Other", "soft_rate")),
    "complaints": ((COMPLAINTS.label, "complaint_rate"),),
    "opens": (("Opened", "open_rate"), ("Clicked", "click_rate")),
}
_LIMITS = {"bounces": HARD.bad, "complaints": COMPLAINTS.warn}


@requires(capabilities.VIEW)
@require_GET
def deliverability(request: TenantRequest) -> HttpResponse:
    """Show the page."""
    return _show(request, LinkDomainForm())


@requires(capabilities.VIEW)
@require_GET
def records(request: TenantRequest) -> HttpResponse:
    """Answer with the records alone."""
    return answer_live(request, _render_records(request))


@requires(capabilities.VIEW)
@require_GET
def chart(request: TenantRequest) -> HttpResponse:
    """Answer the figures of one chart, day by day."""
    key = request.GET.get("chart", "bounces")
    if key not in _CHARTS:
        raise Http404
    found = find_figures()
    days = list_days(found.first, found.last)
    series: list[dict[str, Any]] = [
        {
            "name": name,
            "values": [getattr(tally, rate) if tally.sent else None for _, tally in days],
        }
        for name, rate in _CHARTS[key]
    ]
    if key in _LIMITS:
        limit = {"name": "Limit", "values": [_LIMITS[key]] * len(days), "role": "target"}
        series.append(limit)
    data = {
        "type": "line",
        "unit": "percent",
        "axis": "Day",
        "x": [day.isoformat() for day, _ in days],
        "series": series,
        "isUnfinished": True,
    }
    return JsonResponse(data)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def check_all(request: TenantRequest) -> HttpResponse:
    """Have every record asked for now."""
    for row in list_domains():
        domains.request_check(row.pk)
    if find_link_domain() is not None:
        link_domains.request_check()
    return redirect(_address(request))


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def set_link_domain(request: TenantRequest) -> HttpResponse:
    """Let links lead through a domain of the merchant's."""
    form = LinkDomainForm(request.POST)
    if form.is_valid():
        try:
            link_domains.set_link_domain(form.cleaned_data["domain"], actor=request.user.email)
        except DomainError as exc:
            form.add_error("domain", exc.detail)
        else:
            return redirect(_address(request))
    return _show(request, form)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def remove_link_domain(request: TenantRequest) -> HttpResponse:
    """Let links lead through the installation's own address again."""
    try:
        name = link_domains.remove_link_domain(actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, f"New links no longer lead through {name}.")
    return redirect(_address(request))


def _show(request: TenantRequest, form: LinkDomainForm) -> HttpResponse:
    found = find_figures()
    context = {
        "figures": found,
        "tiles": _tiles(found),
        "measures": MEASURES,
        "records": _render_records(request),
        "domains": list_domains(),
        "link_domain": find_link_domain(),
        "link_host": domains.public_host(),
        "form": form,
        "may_manage": capabilities.may(request.member.role, capabilities.MANAGE_SETTINGS),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "messaging/deliverability.html", context, status=status)


def _tiles(found: Figures) -> list[dict[str, Any]]:
    before = found.before
    return [
        {
            "label": measure.label,
            "text": cell.text,
            "tone": cell.tone,
            "before": speak_rate(getattr(before, measure.key)) if before.sent else "",
            "formula": measure.formula,
            "name": measure.key,
        }
        for measure, cell in zip(MEASURES, found.total.cells, strict=True)
    ]


def _render_records(request: TenantRequest) -> SafeString:
    rows, now = list_domains(), clock.now()
    link_domain, retired = list_link_domains()
    due = [row.check_due_at for row in rows] + ([link_domain.check_due_at] if link_domain else [])
    context = {
        "rows": [(row, list_records(row)) for row in rows],
        "link_domain": link_domain,
        "steps": list_steps(link_domain) if link_domain else [],
        "link_host": domains.public_host(),
        "retired": [(row, row.check_due_at) for row in retired],
        "is_checking": any(at <= now for at in due),
        "may_manage": capabilities.may(request.member.role, capabilities.MANAGE_SETTINGS),
    }
    return render_live(
        request,
        "messaging/_deliverability_records.html",
        context,
        name="records",
        url=reverse("messaging:deliverability_records", args=[request.tenant.slug]),
        seconds=LIVE_SECONDS,
    )


def _address(request: TenantRequest) -> str:
    return reverse("messaging:deliverability", args=[request.tenant.slug]) + "#records"
