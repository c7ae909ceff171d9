"""How often, and when, people may be disturbed: one page, and the page of each frequency rule."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from kernel.errors import DomainError, NotFound
from messaging.domain import limit_words
from messaging.domain.limits import Limits
from messaging.models import FrequencyRule
from messaging.queries import limits as reads
from messaging.services import limits as services
from messaging.views.limit_forms import FrequencyForm, LimitsForm
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def limits_page(request: TenantRequest) -> HttpResponse:
    """Show every limit in a sentence and in fields; a POST keeps the fields."""
    stored = reads.find_limits()
    form = LimitsForm(request.POST or None, limits=stored)
    if request.method == "POST" and form.is_valid():
        is_new = services.save_limits(form.limits(), actor=request.user.email)
        text = "Saved. What waits now is asked by the new limits." if is_new else "Nothing to save."
        messages.success(request, text)
        return redirect("messaging:limits", request.tenant.slug)
    rules = [(row, reads.read_rule(row)) for row in reads.list_frequency_rules()]
    context = {
        "form": form,
        "said": _say(stored),
        "engaged": limit_words.say_engaged(),
        "rules": [
            {
                "row": row,
                "sentence": limit_words.say_rule(rule),
                "peaks": [limit_words.say_peak(peak) for peak in rule.peaks],
            }
            for row, rule in rules
        ],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "messaging/limits.html", context, status=status)


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def new_rule(request: TenantRequest) -> HttpResponse:
    """Show the form; a POST adds the rule."""
    form = FrequencyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.add_rule(form.rule(), actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, limit_words.say_rule(reads.read_rule(made)))
            return redirect("messaging:limits", request.tenant.slug)
    return _show(request, form)


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def rule(request: TenantRequest, cap_id: int) -> HttpResponse:
    """Show one frequency rule; a POST changes it."""
    found = reads.find_frequency_rule(cap_id)
    if found is None:
        raise Http404
    form = FrequencyForm(request.POST or None, rule=reads.read_rule(found))
    if request.method == "POST" and form.is_valid():
        try:
            is_new = services.update_rule(cap_id, form.rule(), actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Saved" if is_new else "Nothing to save.")
            return redirect("messaging:limits", request.tenant.slug)
    return _show(request, form, found)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def remove(request: TenantRequest, cap_id: int) -> HttpResponse:
    """Remove a frequency rule."""
    try:
        services.remove_rule(cap_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, "The rule is removed; the other limits hold as before.")
    return redirect("messaging:limits", request.tenant.slug)


def _show(
    request: TenantRequest, form: FrequencyForm, found: FrequencyRule | None = None
) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {
        "form": form,
        "rule": found,
        "sentence": limit_words.say_rule(reads.read_rule(found)) if found else "",
        "engaged": limit_words.say_engaged(),
    }
    return render(request, "messaging/frequency_rule.html", context, status=status)


def _say(limits: Limits) -> dict[str, list[str]]:
    """Return what the limits are now, in sentences by part of the page."""
    return {
        "smart": [limit_words.say_smart(channel, one) for channel, one in limits.smart.items()],
        "quiet": limit_words.say_quiet(limits.quiet),
        "budget": [limit_words.say_budget(limits.budget)],
        "unhappy": limit_words.say_unhappy(limits.unhappy),
        "sunset": limit_words.say_sunset(limits.sunset),
        "discounts": limit_words.say_discounts(spares_best=limits.spares_best),
    }


def _blame(form: FrequencyForm, exc: DomainError) -> None:
    for field, text in exc.fields.items():
        form.add_error(field if field in form.fields else None, text)
    if not exc.fields:
        form.add_error(None, exc.detail)
