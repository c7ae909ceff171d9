"""The list of people, and what is done to many of them at once."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm.domain.tags import clean_tag
from crm.models import SavedView
from crm.panels import ListFilter, label_of, list_filters
from crm.queries import people, views
from crm.queries.people import Wanted
from crm.queries.people_filters import (
    Choices,
    choices_of,
    define_segment,
    list_tags,
    read_wanted,
    write_query,
)
from crm.queries.sources import list_connected
from crm.services.bulk import choose_people, start_export, start_tagging
from kernel import clock
from kernel.errors import Invalid
from kernel.fragments import answer_list
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

_SORTINGS = (
    ("-new", "Newest first"),
    ("new", "Oldest first"),
    ("-last", "Last order, newest first"),
    ("last", "Last order, oldest first"),
    ("-revenue", "Most revenue first"),
    ("revenue", "Least revenue first"),
    ("-orders", "Most orders first"),
    ("-seen", "Last visit, newest first"),
)
_LEFT_OUT = {"last": "those with an order", "seen": "those who were seen"}


@requires(capabilities.VIEW)
@require_GET
def profile_list(request: TenantRequest) -> HttpResponse:
    """Show the people; an htmx request gets the table alone."""
    preference = views.find_preference(request.user.pk)
    saved = views.list_views(request.user.pk)
    begin = preference.default_view_id if preference else None
    default = next((view for view in saved if view.pk == begin), None)
    if default and not request.GET:
        return redirect(_address(request, default))
    active = next((view for view in saved if str(view.pk) == request.GET.get("view")), None)
    choices: Choices = {}
    wanted = read_wanted(request.GET.dict(), choices)
    page = people.list_people(
        wanted,
        clock.now(),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    total = people.count_people(wanted) if page.rows else 0
    chosen = (active.columns if active else []) or (preference.columns if preference else [])
    context: dict[str, Any] = {
        "wanted": wanted,
        "query": write_query(wanted),
        "page": page,
        "columns": views.columns_of(chosen),
        "rows": [(row, label_of("rfm_group", row.rfm_group)) for row in page.rows],
        "shown": _shown(wanted, len(page.rows), total),
        "total": total,
        "is_more": total >= people.COUNT_CEILING,
        **_allowed(request),
    }
    return answer_list(
        request,
        "crm/profiles.html",
        "crm/_people.html",
        context,
        lambda: {
            **_frame(request, wanted, choices),
            **_views(request, saved, active, wanted),
            "is_default": active is not None and active is default,
            "connected": list_connected,
            "is_empty": not page.rows and not wanted.is_narrowed and not people.has_people(),
            "tags": list_tags() if context["may_tag"] else [],
        },
    )


@requires(capabilities.EXPORT_PROFILES)
@require_POST
def export_profiles(request: TenantRequest) -> HttpResponse:
    """Start writing the chosen people, or all that the list shows, as CSV."""
    try:
        selection, total = choose_people(request.POST)
    except Invalid as exc:
        return _nothing_done(request, exc)
    if not selection:
        return _nobody_chosen(request)
    job = start_export(selection, actor=request.user.email, total=total)
    return redirect("tenants:job", request.tenant.slug, job.pk)


@requires(capabilities.TAG_PROFILES)
@require_POST
def tag_profiles(request: TenantRequest) -> HttpResponse:
    """Start giving a tag to the chosen people, or taking one away."""
    try:
        selection, total = choose_people(request.POST)
    except Invalid as exc:
        return _nothing_done(request, exc)
    adds = request.POST.get("action") != "remove"
    tag = clean_tag(request.POST.get("add_tag" if adds else "remove_tag", ""))
    if not selection:
        return _nobody_chosen(request)
    if not tag:
        messages.error(request, "Nothing was changed: the tag has no letters.")
        return redirect(_list_address(request, request.POST.get("query", "")))
    job = start_tagging(selection, tag=tag, adds=adds, actor=request.user.email, total=total)
    return redirect("tenants:job", request.tenant.slug, job.pk)


def _nobody_chosen(request: TenantRequest) -> HttpResponse:
    messages.info(request, "Nobody was chosen, so nothing was done.")
    return redirect(_list_address(request, request.POST.get("query", "")))


def _nothing_done(request: TenantRequest, reason: Invalid) -> HttpResponse:
    messages.error(request, f"Nothing was done. {reason.detail}.")
    return redirect(_list_address(request, request.POST.get("query", "")))


def _list_address(request: TenantRequest, query: str) -> str:
    base = reverse("crm:profiles", args=[request.tenant.slug])
    return f"{base}?{write_query(read_wanted(QueryDict(query).dict()))}"


def _address(request: TenantRequest, view: SavedView) -> str:
    base = reverse("crm:profiles", args=[request.tenant.slug])
    return f"{base}?view={view.pk}{'&' if view.query else ''}{view.query}"


def _allowed(request: TenantRequest) -> dict[str, bool]:
    role = request.member.role
    return {
        "may_export": may(role, capabilities.EXPORT_PROFILES),
        "may_import": may(role, capabilities.MANAGE_STORES),
        "may_tag": may(role, capabilities.TAG_PROFILES),
        "may_save_segment": may(role, capabilities.EDIT_SEGMENTS),
    }


def _shown(wanted: Wanted, rows: int, total: int) -> str:
    more = "+" if total >= people.COUNT_CEILING else ""
    left_out = _LEFT_OUT.get(wanted.sort.removeprefix("-"), "")
    return f"{rows:,} of {total:,}{more} people{', ' if left_out else ''}{left_out}"


def _frame(request: TenantRequest, wanted: Wanted, choices: Choices) -> dict[str, Any]:
    """Return what stands above the table: filters, chips, the way to a segment."""
    fields = [_field(item, wanted, choices) for item in list_filters()]
    groups: dict[str, list[dict[str, Any]]] = {}
    for field in fields:
        if field["group"]:
            groups.setdefault(field["group"], []).append(field)
    definition = define_segment(wanted)
    return {
        "filters": [field for field in fields if not field["group"] and field["choices"]],
        "groups": list(groups.items()),
        "chips": [field for field in fields if field["group"] and field["value"]],
        "sortings": _SORTINGS,
        "segment_url": _segment_address(request, definition) if definition else "",
    }


def _field(item: ListFilter, wanted: Wanted, choices: Choices) -> dict[str, Any]:
    value = wanted.chosen.get(item.key, "")
    offered = choices_of(item, choices)
    return {
        "key": item.key,
        "label": item.label,
        "anything": item.anything,
        "kind": item.kind,
        "group": item.group,
        "choices": offered,
        "value": value,
        "said": dict(offered).get(value, value),
    }


def _segment_address(request: TenantRequest, definition: dict[str, object]) -> str:
    address = reverse("segments:new", args=[request.tenant.slug])
    return f"{address}?{urlencode({'definition': json.dumps(definition)})}"


def _views(
    request: TenantRequest, saved: Sequence[SavedView], active: SavedView | None, wanted: Wanted
) -> dict[str, Any]:
    """Return the saved views as tabs, and what can be done with the one that is open."""
    base = reverse("crm:profiles", args=[request.tenant.slug])
    tabs = [{"label": "Everybody", "url": f"{base}?view=all", "active": active is None}]
    tabs += [
        {"label": view.name, "url": _address(request, view), "active": view is active}
        for view in saved
    ]
    deleted = request.GET.get("deleted", "")
    is_id = deleted.isdecimal() and len(deleted) < 19  # noqa: PLR2004 bigint
    return {
        "tabs": tabs if saved else [],
        "view": active,
        "is_own": active is not None and active.user_id == request.user.pk,
        "is_changed": active is not None and active.query != write_query(wanted),
        "all_columns": views.COLUMNS,
        "deleted": views.find_deleted(int(deleted), request.user.pk) if is_id else None,
    }
