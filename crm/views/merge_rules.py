"""The page of the rules that merge probable duplicates without a person."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from crm.forms import MergeRulesForm
from crm.queries import merge_rules as reads
from crm.services.merge_rules import choose_rules
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def merge_rules(request: TenantRequest) -> HttpResponse:
    """Show the rules, what each would merge now, and what they merged."""
    kept = reads.find_rules()
    return _render(request, MergeRulesForm(initial={"per_day": kept.per_day}))


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def save_rules(request: TenantRequest) -> HttpResponse:
    """Switch rules on or off."""
    form = MergeRulesForm(request.POST)
    if not form.is_valid():
        return _render(request, form)
    rules = form.cleaned_data["rules"]
    choose_rules(rules, form.cleaned_data["per_day"], actor=request.user.email)
    text = "Saved. What the rules call one is merged from now on." if rules else "Saved. Off."
    messages.success(request, text)
    return redirect("crm:merge_rules", request.tenant.slug)


def _render(request: TenantRequest, form: MergeRulesForm) -> HttpResponse:
    kept = reads.find_rules()
    context = {
        "form": form,
        "kept": kept,
        "rules": reads.list_rules(kept),
        "merges": reads.list_ruled_merges(),
        "may_manage": may(request.member.role, capabilities.MANAGE_SETTINGS),
        "may_merge": may(request.member.role, capabilities.TAG_PROFILES),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "crm/merge_rules.html", context, status=status)
