"""The danger zone: what stops a tenant, or removes it. For owners; open while it is suspended."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from kernel import clock
from kernel.errors import DomainError
from tenants import queries
from tenants.domain import capabilities
from tenants.services import lifecycle
from tenants.services.access import requires
from tenants.services.job_turns import KEEP
from tenants.services.jobs import WAITING, start_job
from tenants.types import TenantRequest

EXPORT = "tenant_export"
"""Kind of the job that exports everything."""


@requires(capabilities.MANAGE_TENANT, when_suspended=True)
@require_GET
def danger(request: TenantRequest) -> HttpResponse:
    """Show what state the tenant is in, and what can be done about it."""
    context = {
        "grace_days": lifecycle.GRACE.days,
        "keep_days": KEEP.days,
        "export": queries.find_latest_job(EXPORT),
    }
    return render(request, "tenants/danger.html", context)


@requires(capabilities.MANAGE_TENANT, when_suspended=True)
@require_POST
def export(request: TenantRequest) -> HttpResponse:
    """Start the export of everything, or lead to the one that runs."""
    job = queries.find_latest_job(EXPORT)
    if job is None or job.status not in WAITING:
        name = f"{request.tenant.slug}-{clock.now():%Y-%m-%d}.zip"
        job = start_job(EXPORT, {}, actor=request.user.email, result_name=name)
    return redirect("tenants:job", request.tenant.slug, job.pk)


@requires(capabilities.MANAGE_TENANT, when_suspended=True)
@require_POST
def suspend(request: TenantRequest) -> HttpResponse:
    """Stop everything but receiving."""
    return _answer(
        request,
        is_done=lifecycle.suspend_tenant(actor=request.user.email),
        done="is suspended. Nothing is sent.",
        otherwise="It was stopped already; nothing was changed.",
    )


@requires(capabilities.MANAGE_TENANT, when_suspended=True)
@require_POST
def resume(request: TenantRequest) -> HttpResponse:
    """Go on, with what waited first."""
    return _answer(
        request,
        is_done=lifecycle.resume_tenant(actor=request.user.email),
        done="works again, with what waited first.",
        otherwise="It was not suspended; nothing was changed.",
    )


@requires(capabilities.MANAGE_TENANT, when_suspended=True)
@require_POST
def delete(request: TenantRequest) -> HttpResponse:
    """Begin the time of grace, if the name was typed."""
    try:
        lifecycle.request_deletion(request.POST.get("name", ""), actor=request.user.email)
    except DomainError as exc:
        messages.error(request, exc.detail)
    return redirect("tenants:danger", request.tenant.slug)


@requires(capabilities.MANAGE_TENANT, when_suspended=True)
@require_POST
def restore(request: TenantRequest) -> HttpResponse:
    """Take the deletion back."""
    return _answer(
        request,
        is_done=lifecycle.restore_tenant(actor=request.user.email),
        done="is restored and works again.",
        otherwise="It was not being deleted; nothing was changed.",
    )


def _answer(request: TenantRequest, *, is_done: bool, done: str, otherwise: str) -> HttpResponse:
    """Lead back, and say what became of the tenant, or that it was so before."""
    if is_done:
        messages.success(request, f"{request.tenant.name} {done}")
    else:
        messages.info(request, otherwise)
    return redirect("tenants:danger", request.tenant.slug)
