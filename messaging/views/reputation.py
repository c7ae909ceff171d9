"""What keeps a sender's good name: how new ones warm up, and when promotions are paused."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from kernel.errors import DomainError, NotFound
from messaging.domain.guarding import DAYS as JUDGED_DAYS
from messaging.domain.guarding import Thresholds
from messaging.domain.warming import DAYS, FIRST, LAST
from messaging.queries import warm_ups as reads
from messaging.queries.deliveries import NOTHING, sum_deliveries, today
from messaging.services import guarding, warm_ups
from messaging.services.gating import MARKETING
from messaging.services.losing import is_too_many, read_losing
from messaging.services.warm_ups import MOST_DAYS, MOST_MAILS
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

_RATES: Final = {
    "bounce_warn": "Dead addresses: warn from, per cent",
    "bounce_stop": "Dead addresses: pause from, per cent",
    "complaint_warn": "Marked as spam: warn from, per cent",
    "complaint_stop": "Marked as spam: pause from, per cent",
    "unsubscribe_warn": "Unsubscribed: warn from, per cent",
}
_CHANGES: Final = {
    "pause": (warm_ups.pause_plan, "The volume stays where it is until you resume the warm-up."),
    "resume": (warm_ups.resume_plan, "The volume grows again from today on."),
    "end": (warm_ups.end_plan, "The warm-up is over. What waits for tomorrow leaves then."),
}


class GuardForm(forms.Form):
    """From which rates on somebody is warned, and promotions are paused."""

    is_on = forms.BooleanField(label="Pause promotions by itself", required=False)
    least_sent = forms.IntegerField(
        label="Judge from so many mails on", min_value=1, max_value=MOST_MAILS
    )

    def __init__(self, limits: Thresholds, data: Any = None) -> None:
        percents = {name: round(getattr(limits, name) * 100, 4) for name in _RATES}
        super().__init__(
            data, initial={"is_on": limits.is_on, "least_sent": limits.least_sent, **percents}
        )
        for name, label in _RATES.items():
            self.fields[name] = forms.FloatField(
                label=label, min_value=0.01, max_value=100, step_size=0.01
            )

    def thresholds(self) -> Thresholds:
        """Return what was chosen; after `is_valid`."""
        found = self.cleaned_data
        rates = {name: round(found[name] / 100, 6) for name in _RATES}
        return Thresholds(is_on=found["is_on"], least_sent=found["least_sent"], **rates)


class PlanForm(forms.Form):
    """The plan of a new domain or account."""

    which = forms.ChoiceField(label="Domain or account")
    first = forms.IntegerField(
        label="Mails on the first day", min_value=1, max_value=MOST_MAILS, initial=FIRST
    )
    last = forms.IntegerField(
        label="Mails on the last day", min_value=1, max_value=MOST_MAILS, initial=LAST
    )
    days = forms.IntegerField(label="Days", min_value=2, max_value=MOST_DAYS, initial=DAYS)

    def __init__(self, candidates: Sequence[tuple[str, str]], data: Any = None) -> None:
        super().__init__(data)
        self.fields["which"] = forms.ChoiceField(label="Domain or account", choices=candidates)


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
def reputation_page(request: TenantRequest) -> HttpResponse:
    """Show the plans with what they let through today, and how bounces and complaints stand."""
    return _show(request)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def save_guard(request: TenantRequest) -> HttpResponse:
    """Keep the thresholds."""
    form = GuardForm(guarding.read_guard()[1], request.POST)
    if form.is_valid():
        try:
            is_new = guarding.save_thresholds(form.thresholds(), actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Saved" if is_new else "Nothing to save.")
            return redirect("messaging:reputation", request.tenant.slug)
    return _show(request, guard_form=form)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def start(request: TenantRequest) -> HttpResponse:
    """Start a warm-up."""
    form = PlanForm(reads.list_candidates(), request.POST)
    if form.is_valid():
        said = dict(form.cleaned_data)
        kind, _, name = said.pop("which").partition(":")
        try:
            warm_ups.start_plan(kind, name, actor=request.user.email, **said)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "The warm-up runs. Promotions beyond a day’s share wait.")
            return redirect("messaging:reputation", request.tenant.slug)
    return _show(request, plan_form=form)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def change(request: TenantRequest, plan_id: int) -> HttpResponse:
    """Pause, resume or end a warm-up."""
    action = request.POST.get("action", "")
    if action not in _CHANGES:
        if action or plan_id not in {plan.row.pk for plan in reads.list_plans(today())}:
            raise Http404
        raise BadRequest("Say whether to pause, resume or end the warm-up.")
    do, said = _CHANGES[action]
    try:
        do(plan_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, said)
    return redirect("messaging:reputation", request.tenant.slug)


def _show(
    request: TenantRequest,
    *,
    guard_form: GuardForm | None = None,
    plan_form: PlanForm | None = None,
) -> HttpResponse:
    guard, limits = guarding.read_guard()
    day = today()
    found = sum_deliveries(day - (JUDGED_DAYS - 1) * day.resolution, day, classes=MARKETING)
    context = {
        "plans": reads.list_plans(day),
        "plan_form": plan_form or PlanForm(reads.list_candidates()),
        "guard": guard,
        "limits": limits,
        "tally": found.get((), NOTHING),
        "losing": [
            (row, is_too_many(row, limits)) for row in read_losing(guard.losing if guard else [])
        ],
        "guard_form": guard_form or GuardForm(limits),
    }
    is_wrong = any(form is not None and form.errors for form in (guard_form, plan_form))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
    return render(request, "messaging/reputation.html", context, status=status)


def _blame(form: forms.Form, exc: DomainError) -> None:
    for field, text in (exc.fields or {"": exc.detail}).items():
        form.add_error(field if field in form.fields else None, text)
