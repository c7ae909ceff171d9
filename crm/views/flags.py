"""Flags of products: the page of their rules, and what somebody says of one product."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from crm.choices import ProductFlag
from crm.forms import FlagRuleForm
from crm.queries import flags as reads
from crm.queries.product_detail import find_product
from crm.services import flags
from crm.services.refills import say_refill_days
from kernel.errors import DomainError, NotFound
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

MOST_DIGITS = 6
SAID = {"yes": True, "no": False, "rules": None}


@requires(capabilities.VIEW)
@require_GET
def flag_rules(request: TenantRequest) -> HttpResponse:
    """Show the rules and how many products each catches."""
    return _render(request, FlagRuleForm(currencies=reads.list_currencies()))


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def add_rule(request: TenantRequest) -> HttpResponse:
    """Add a rule, or show what it would catch."""
    form = FlagRuleForm(request.POST, currencies=reads.list_currencies())
    if not form.is_valid():
        return _render(request, form)
    try:
        rule = flags.check_rule(form.rule())
        if "preview" in request.POST:
            preview = {"words": reads.say_rule(rule), "caught": reads.count_caught(rule)}
            return _render(request, form, preview)
        flags.add_rule(rule, actor=request.user.email)
    except DomainError as exc:
        form.add_error(None, exc.detail)
        return _render(request, form)
    messages.success(request, "Rule added.")
    return redirect("crm:flags", request.tenant.slug)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def remove_rule(request: TenantRequest, rule_id: int) -> HttpResponse:
    """Remove a rule."""
    try:
        flags.remove_rule(rule_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, "Rule removed. What was said by hand stays.")
    return redirect("crm:flags", request.tenant.slug)


@requires(capabilities.EDIT_SEGMENTS)
@require_POST
def flag_product(request: TenantRequest, product_id: int) -> HttpResponse:
    """Say of a product whether it has a flag, or leave that to the rules again."""
    if find_product(product_id) is None:
        raise Http404
    said = SAID.get(request.POST.get("said", ""))
    try:
        flags.flag_by_hand(
            product_id, request.POST.get("flag", ""), said=said, actor=request.user.email
        )
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, "Saved.")
    return redirect("crm:product", request.tenant.slug, product_id)


@requires(capabilities.EDIT_SEGMENTS)
@require_POST
def say_refill(request: TenantRequest, product_id: int) -> HttpResponse:
    """Say how long one piece of a product lasts; an empty field takes it back."""
    if find_product(product_id) is None:
        raise Http404
    said = request.POST.get("days", "").strip()
    days = int(said) if said.isascii() and said.isdecimal() and len(said) < MOST_DIGITS else 0
    try:
        say_refill_days(product_id, days if said else None, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, "Saved.")
    return redirect("crm:product", request.tenant.slug, product_id)


def _render(
    request: TenantRequest, form: FlagRuleForm, preview: dict[str, Any] | None = None
) -> HttpResponse:
    context = {
        "rules": reads.list_rules(),
        "form": form,
        "preview": preview,
        "may_manage": may(request.member.role, capabilities.MANAGE_SETTINGS),
        "labels": dict(ProductFlag.choices),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "crm/flags.html", context, status=status)
