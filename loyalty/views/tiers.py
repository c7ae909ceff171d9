"""The ladder of tiers: the people on it, and how it is changed."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.errors import Conflict, Invalid
from loyalty.forms import ClimbForm, TierFormSet, initial_of, read_ladder_forms
from loyalty.queries.tiers import list_rungs, list_tiers
from loyalty.services.ladder import (
    LadderData,
    check_ladder,
    install_default,
    read_ladder,
    save_ladder,
    try_ladder,
)
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

_FIELDS = {"min_spend_minor": "spend"}


@requires(capabilities.VIEW)
@require_GET
def ladder(request: TenantRequest) -> HttpResponse:
    """Answer the ladder with the people on it; a part of the overview."""
    tiers = list_tiers()
    rungs = list_rungs(tiers) if tiers else []
    context = {
        "rungs": rungs,
        "most": max((rung.people for rung in rungs), default=0),
        "may_edit": may(request.member.role, capabilities.MANAGE_SETTINGS),
    }
    return render(request, "loyalty/_ladder.html", context)


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def tier_settings(request: TenantRequest) -> HttpResponse:
    """Show, try and save the ladder."""
    now = read_ladder()
    currency = request.tenant.currency
    initial = {"window": now.window, "grace_days": now.grace_days}
    climb = ClimbForm(request.POST or None, initial=initial)
    tiers: Any = TierFormSet(
        request.POST or None,
        initial=initial_of(now, currency),
        form_kwargs={"currency": currency},
        prefix="tiers",
    )
    context: dict[str, Any] = {"climb": climb, "tiers": tiers, "trial": None}
    status = 200
    if request.method == "POST":
        wanted = _read(climb, tiers)
        if wanted is None:
            status = 422
        elif request.POST.get("do") == "try":
            context["trial"] = try_ladder(wanted)
        elif request.POST.get("do") == "add":
            context["tiers"] = _with_another(wanted, currency)
        else:
            save_ladder(wanted, actor=request.user.email)
            messages.success(request, "Saved. Everybody is placed anew within minutes.")
            return redirect("loyalty:overview", request.tenant.slug)
    return render(request, "loyalty/tiers.html", context, status=status)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def start_tiers(request: TenantRequest) -> HttpResponse:
    """Begin with three tiers; where there are some already they stay."""
    try:
        install_default(actor=request.user.email)
    except Conflict as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, "New, Regular and VIP are there. Change them as you like.")
    return redirect("loyalty:tiers", request.tenant.slug)


def _read(climb: ClimbForm, tiers: Any) -> LadderData | None:
    """Return the ladder that was sent; None with the errors in the forms."""
    if not (climb.is_valid() and tiers.is_valid()):
        return None
    wanted = read_ladder_forms(climb, tiers.forms)
    try:
        check_ladder(wanted)
    except Invalid as exc:
        kept = [form for form in tiers.forms if not form.cleaned_data.get("DELETE")]
        for key, words in exc.fields.items():
            part, _, rest = key.partition(".")
            place, _, name = rest.partition(".")
            if part == "tiers" and name:
                kept[int(place)].add_error(_FIELDS.get(name, name), words)
            else:
                climb.add_error(None if part == "tiers" else part, words)
        return None
    return wanted


def _with_another(wanted: LadderData, currency: str) -> Any:
    """Return the forms of what was sent and an empty one above the highest tier."""
    listed = [*initial_of(wanted, currency), {}]
    return TierFormSet(initial=listed, form_kwargs={"currency": currency}, prefix="tiers")
