"""Sending rates: how many messages a minute may leave, one field per limit."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kernel import clock
from messaging.queries import rates as reads
from messaging.queries.rates import LimitGroup
from messaging.queries.spending import list_spend
from messaging.services.rate_limits import MOST, set_limit
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


class RatesForm(forms.Form):
    """One number for each limit; an empty one is the default."""

    def __init__(self, groups: Sequence[LimitGroup], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for group in groups:
            for row in group.rows:
                self.fields[row.field] = forms.IntegerField(
                    label=row.title,
                    required=False,
                    min_value=0,
                    max_value=MOST,
                    initial=row.per_minute,
                    widget=forms.NumberInput(
                        attrs={
                            "inputmode": "numeric",
                            "placeholder": f"{row.default:,}" if row.default else "No limit",
                        }
                    ),
                )


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def rates_page(request: TenantRequest) -> HttpResponse:
    """Show every limit; a POST keeps them, and wakes what waits for one that changed."""
    groups = reads.list_limits()
    form = RatesForm(groups, request.POST or None)
    if request.method == "POST" and form.is_valid():
        changed = _save(groups, form, request.user.email)
        said = "Saved. What waits for its turn is looked at again." if changed else ""
        messages.success(request, said or "Nothing to save.")
        return redirect("messaging:rates", request.tenant.slug)
    days, sums = list_spend()
    context = {
        "form": form,
        "groups": [(group, [(row, form[row.field]) for row in group.rows]) for group in groups],
        "spend_days": days,
        "spend_sums": sums,
        "waiting": reads.count_waiting_for_rates(),
        "ceiling": reads.WAITING_CEILING,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "messaging/rates.html", context, status=status)


@transaction.atomic
def _save(groups: Sequence[LimitGroup], form: RatesForm, actor: str) -> int:
    """Keep what differs; a field that was not sent is left as it is."""
    now = clock.now()
    return sum(
        set_limit(row.kind, row.name, form.cleaned_data[row.field], now=now, actor=actor)
        for group in groups
        for row in group.rows
        if row.field in form.data and form.cleaned_data[row.field] != row.per_minute
    )
