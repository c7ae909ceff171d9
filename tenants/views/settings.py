"""The settings: the way to the first of them, and the account itself."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from kernel import clock
from kernel.errors import Invalid
from kernel.formats import find_zone
from tenants import queries
from tenants.domain import capabilities
from tenants.forms import GeneralForm
from tenants.models import Tenant
from tenants.services.access import requires
from tenants.services.general import (
    FIELDS,
    GeneralData,
    find_obstacle,
    list_rebuilt,
    update_general,
)
from tenants.types import TenantRequest


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """What a new time zone would change, shown before it is made.

    Attributes:
        old_start, new_start: first instant of the present day in each zone.
    """

    old: str
    new: str
    old_start: datetime
    new_start: datetime
    rebuilt: list[str]


@requires(capabilities.VIEW)
@require_GET
def settings(request: TenantRequest) -> HttpResponse:
    """Lead to the first page of the settings that the member may see."""
    return redirect(queries.list_settings_links(request.tenant.slug, request.member.role)[0].url)


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def general(request: TenantRequest) -> HttpResponse:
    """Show name, place, zone and currency; a POST changes them, another zone after a question."""
    initial = {field: getattr(request.tenant, field) for field in FIELDS}
    form = GeneralForm(
        request.POST or None, initial=initial, currency_obstacle=find_obstacle("currency")
    )
    zone_change: ZoneChange | None = None
    if request.method == "POST" and form.is_valid():
        zone_change = _unconfirmed_zone(request, form)
        if zone_change is None and _update_from(form, request):
            return redirect("tenants:general", request.tenant.slug)
    context = {"form": form, "zone_change": zone_change}
    status = 422 if form.errors else 200
    return render(request, "tenants/general.html", context, status=status)


def _unconfirmed_zone(request: TenantRequest, form: GeneralForm) -> ZoneChange | None:
    """Return what another zone would change, unless the member has seen it."""
    old, new = request.tenant.timezone, form.cleaned_data["timezone"]
    if new == old or request.POST.get("confirmed_timezone") == new:
        return None
    return _describe_change(request.tenant, new)


def _describe_change(tenant: Tenant, new: str) -> ZoneChange:
    now = clock.now()
    starts = [
        clock.start_of_day(now.astimezone(find_zone(zone)).date(), zone)
        for zone in (tenant.timezone, new)
    ]
    return ZoneChange(tenant.timezone, new, starts[0], starts[1], list_rebuilt("timezone"))


def _update_from(form: GeneralForm, request: TenantRequest) -> bool:
    try:
        changed = update_general(GeneralData(**form.cleaned_data), actor=request.user.email)
    except Invalid as exc:
        for field, text in exc.fields.items():
            form.add_error(field, text)
        return False
    if "timezone" in changed:
        messages.success(request, "Saved. Figures by the day are being computed anew.")
    elif changed:
        messages.success(request, "Saved")
    else:
        messages.info(request, "Nothing was different, so nothing was changed.")
    return True
