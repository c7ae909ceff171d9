"""What Patron writes to a store: which kinds, how each stands, and what the store refused."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from kernel.errors import DomainError
from stores import queries
from stores.choices import WriteKind
from stores.forms import FiguresForm, TagsForm
from stores.services.write_overview import (
    CEILING,
    LaneState,
    count_people,
    list_lanes,
    list_refused,
    list_sent,
)
from stores.services.writing import retry_writes, switch_off, switch_on
from stores.types import StoreHealth
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def overview(request: TenantRequest, store_id: int) -> HttpResponse:
    """Show what is written to a store and how it stands."""
    return _show(request, _find(store_id))


@requires(capabilities.MANAGE_STORES)
@require_POST
def change(request: TenantRequest, store_id: int) -> HttpResponse:
    """Switch one kind on or off, or write it otherwise."""
    store = _find(store_id)
    kind = request.POST.get("kind", "")
    if request.POST.get("do") == "off":
        return _switch(request, store, kind, None)
    form = _form(kind, data=request.POST)
    if form is not None and not form.is_valid():
        return _show(request, store, refused_form=(kind, form))
    return _switch(request, store, kind, _options(form))


@requires(capabilities.RETRY_DELIVERIES)
@require_POST
def retry(request: TenantRequest, store_id: int) -> HttpResponse:
    """Let what the store refused be written once more, and what rests at once."""
    store = _find(store_id)
    try:
        count = retry_writes(store.id, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, f"{exc.detail}. Nothing was changed.")
    else:
        what = f"{count:,} refused wait again" if count else "What waits is tried"
        messages.success(request, f"{what}; {store.name} is asked within seconds.")
    return redirect("stores:writing", request.tenant.slug, store.id)


def _switch(
    request: TenantRequest, store: StoreHealth, kind: str, options: dict[str, Any] | None
) -> HttpResponse:
    try:
        if options is None:
            is_new = switch_off(store.id, kind, actor=request.user.email)
        else:
            is_new = switch_on(store.id, kind, options, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, f"{exc.detail}. Nothing was changed.")
    else:
        done = "Saved" if options is not None else "Switched off; what was written stays"
        messages.success(request, done if is_new else "It is so already; nothing was changed.")
    return redirect("stores:writing", request.tenant.slug, store.id)


def _show(
    request: TenantRequest,
    store: StoreHealth,
    refused_form: tuple[str, forms.Form] | None = None,
) -> HttpResponse:
    lanes = list_lanes(store.id, store.platform, store.name)
    is_any_on = any(lane.is_on for lane in lanes)
    role = request.member.role
    context = {
        "store": store,
        "lanes": [(lane, _form_of(lane, refused_form)) for lane in lanes],
        "people": count_people(store.id) if lanes else 0,
        "ceiling": CEILING,
        "sent": list_sent(store.id) if lanes else [],
        "refused": list_refused(store.id) if lanes else [],
        "may_manage": may(role, capabilities.MANAGE_STORES),
        "may_retry": is_any_on and may(role, capabilities.RETRY_DELIVERIES),
        "has_key": queries.has_credentials(store.id),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused_form else HTTPStatus.OK
    return render(request, "stores/writing.html", context, status=status)


def _form_of(lane: LaneState, refused: tuple[str, forms.Form] | None) -> forms.Form | None:
    if refused is not None and refused[0] == lane.kind:
        return refused[1]
    initial = {
        "tag_prefix": lane.options.get("prefix", ""),
        "fields_chosen": lane.options.get("fields", ["rfm_group", "lifetime_value"]),
    }
    return _form(lane.kind, initial=initial)


def _form(kind: str, **given: Any) -> forms.Form | None:
    """Return the form of what can be chosen of a kind; None where there is nothing to choose."""
    match kind:
        case WriteKind.TAGS:
            return TagsForm(**given)
        case WriteKind.FIELDS:
            return FiguresForm(**given)
        case _:
            return None


def _options(form: forms.Form | None) -> dict[str, Any]:
    if form is None:
        return {}
    found = form.cleaned_data
    return {"prefix": found.get("tag_prefix", ""), "fields": found.get("fields_chosen", [])}


def _find(store_id: int) -> StoreHealth:
    store = queries.find_store_health(store_id)
    if store is None:
        raise Http404
    return store
