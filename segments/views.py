"""Pages of segments: the list, one segment, its definition, and RFM."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from crm.queries.order_detail import find_order, list_event_ids
from crm.queries.resources import is_profile
from kernel import asked, clock
from kernel.errors import DomainError, NotFound, Outdated
from kernel.fragments import answer_list
from segments.domain.versions import merge
from segments.fields import describe_fields
from segments.forms import SegmentForm
from segments.models import Segment
from segments.queries import listing
from segments.queries import rfm as rfm_queries
from segments.queries.conditions import get_moment, parse_definition
from segments.queries.examples import list_examples
from segments.queries.reasons import explain_segments
from segments.queries.review import definition_digest, review_definition
from segments.queries.versions import (
    find_meanwhile,
    list_disputed,
    read_version,
    values_of,
)
from segments.services.segments import create_segment, update_segment
from tenants.domain.capabilities import EDIT_SEGMENTS, VIEW, may
from tenants.services.access import requires
from tenants.types import TenantRequest

SIZE_DAYS = 90


@require_GET
@requires(VIEW)
def segment_list(request: TenantRequest) -> HttpResponse:
    """Show every segment: how big, how moving, what it means."""
    context = {
        "rows": listing.list_summaries(clock.now()),
        "tabs": _tabs(request, "list"),
        "may_edit": may(request.member.role, EDIT_SEGMENTS),
    }
    return render(request, "segments/list.html", context)


@require_GET
@requires(VIEW)
def segment_detail(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Show one segment; an htmx request gets the members or the changes alone."""
    segment = _get_segment(segment_id)
    shows_changes = request.GET.get("tab") == "changes"
    context = {
        "segment": segment,
        "words": listing.describe_segment(segment),
        "lines": listing.lines_of(segment),
        "may_edit": may(request.member.role, EDIT_SEGMENTS),
        "shows_changes": shows_changes,
        "tabs": _detail_tabs(request, segment, shows_changes=shows_changes),
        **(_changes(request, segment) if shows_changes else _members(request, segment)),
    }
    part = "segments/_changes.html" if shows_changes else "segments/_members.html"
    return answer_list(request, "segments/detail.html", part, context)


@require_GET
@requires(VIEW)
def segment_sizes(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Answer the chart of a segment's size with figures."""
    sizes = listing.list_sizes(_get_segment(segment_id), clock.now(), days=SIZE_DAYS)
    series = [{"name": "Members", "values": [size for _, size in sizes]}]
    days = [day.isoformat() for day, _ in sizes]
    return JsonResponse(
        {"type": "area", "unit": "number", "axis": "Day", "x": days, "series": series}
    )


@require_http_methods(["GET", "POST"])
@requires(EDIT_SEGMENTS)
def segment_new(request: TenantRequest) -> HttpResponse:
    """Make a segment."""
    example = _read_definition(request) or {"field": "order_count", "is": ">=", "value": 2}
    form = _form(request, {"name": "", "description": "", "definition": example})
    warnings = _review(form, None)
    if form.is_valid() and not warnings:
        try:
            segment = create_segment(**form.edited())
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Segment made. Its members are being counted.")
            return redirect("segments:detail", request.tenant.slug, segment.pk)
    return _render_form(request, form, None, warnings)


@require_http_methods(["GET", "POST"])
@requires(EDIT_SEGMENTS)
def segment_edit(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Change name or definition of a segment."""
    segment = _get_segment(segment_id)
    form = _form(request, {**values_of(segment), "version": read_version(segment)})
    warnings = _review(form, segment)
    if form.is_valid() and not warnings:
        try:
            update_segment(segment_id, version=form.cleaned_data["version"], **form.edited())
        except Outdated:
            return _show_both(request, segment_id, form)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Saved. Members follow within a minute.")
            return redirect("segments:detail", request.tenant.slug, segment_id)
    return _render_form(request, form, segment, warnings)


@require_GET
@requires(VIEW)
def rfm(request: TenantRequest) -> HttpResponse:
    """Show RFM: the grid of recency × frequency, and the groups with what to do."""
    scale = rfm_queries.find_scale()
    context: dict[str, Any] = {"scale": scale, "tabs": _tabs(request, "rfm")}
    if scale is not None and scale.buyers:
        today = get_moment(scale.as_of if scale.is_pinned else clock.now()).today
        cells = rfm_queries.list_grid()
        context |= {
            "rows": [(5 - index, cells[index * 5 : index * 5 + 5]) for index in range(5)],
            "top_revenue": max(cell.net_minor for cell in cells),
            "groups": rfm_queries.list_groups(today),
            "scored_on": get_moment(scale.as_of).today,
            "scores": _score_lines(scale),
            "before_on": today - timedelta(days=30),
        }
    return render(request, "segments/rfm.html", context)


@require_GET
@requires(VIEW)
def profile_segments(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show which segments one person is in and out of, and why: a part of the profile page."""
    if not is_profile(profile_id):
        raise Http404
    now = clock.now()
    found = explain_segments(profile_id, now)
    context = {
        "groups": [
            ("In", [reason for reason in found if reason.is_member]),
            ("Not in", [reason for reason in found if not reason.is_member]),
        ],
        "recency": rfm_queries.explain_recency(profile_id, now),
    }
    return render(request, "segments/_profile.html", context)


@require_GET
@requires(VIEW)
def order_segments(request: TenantRequest, order_id: int) -> HttpResponse:
    """Show which segments an order moved its person into and out of: a part of its page."""
    order = find_order(order_id)
    if order is None:
        raise Http404
    changes = listing.list_changes_by(order.profile_id, list_event_ids(order))
    return render(request, "segments/_order.html", {"changes": changes})


def _read_definition(request: TenantRequest) -> Any:
    """Return the definition that another page made of its filters; None without a sound one."""
    try:
        definition = json.loads(request.GET.get("definition", ""))
        parse_definition(definition)
    except (ValueError, DomainError):
        return None
    return definition


def _get_segment(segment_id: int) -> Segment:
    try:
        return listing.get_segment(segment_id)
    except NotFound as exc:
        raise Http404(str(exc)) from exc


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004 bigint


def _members(request: TenantRequest, segment: Segment) -> dict[str, Any]:
    search = asked.read_text(request, "q")
    rows = listing.list_members(
        segment.pk,
        search=search,
        after=_number(request.GET.get("after")),
        limit=listing.PAGE_SIZE + 1,
    )
    has_more = len(rows) > listing.PAGE_SIZE
    page = rows[: listing.PAGE_SIZE]
    return {
        "members": page,
        "search": search,
        "next": page[-1].profile_id if has_more else None,
        "shown": f"{len(page)} of {segment.member_count:,} people",
    }


def _changes(request: TenantRequest, segment: Segment) -> dict[str, Any]:
    rows = list(
        listing.list_changes(
            segment.pk, before=_number(request.GET.get("after")), limit=listing.PAGE_SIZE + 1
        )
    )
    page = rows[: listing.PAGE_SIZE]
    return {"changes": page, "next": page[-1].pk if len(rows) > listing.PAGE_SIZE else None}


def _tabs(request: TenantRequest, active: str) -> list[dict[str, Any]]:
    base = f"/t/{request.tenant.slug}/segments/"
    return [
        {"label": "Segments", "url": base, "active": active == "list"},
        {"label": "RFM", "url": f"{base}rfm/", "active": active == "rfm"},
    ]


def _detail_tabs(
    request: TenantRequest, segment: Segment, *, shows_changes: bool
) -> list[dict[str, Any]]:
    return [
        {
            "label": "Members",
            "url": request.path,
            "active": not shows_changes,
            "count": segment.member_count,
        },
        {
            "label": "Entries and exits",
            "url": f"{request.path}?tab=changes",
            "active": shows_changes,
        },
    ]


def _form(request: TenantRequest, initial: dict[str, Any]) -> SegmentForm:
    return SegmentForm(request.POST if request.method == "POST" else None, initial=initial)


def _blame(form: SegmentForm, exc: DomainError) -> None:
    field = "name" if "name" in exc.fields else "definition"
    form.add_error(field, exc.detail)


def _review(form: SegmentForm, segment: Segment | None) -> list[str]:
    """Return what should be known of a definition before it is saved, once for each.

    The form then holds that this definition was looked at, so that it is saved the next time.
    """
    if not form.is_valid():
        return []
    definition = form.cleaned_data["definition"]
    mark = definition_digest(definition)
    is_old = segment is not None and segment.definition == definition
    if is_old or form.cleaned_data["reviewed"] == mark:
        return []
    own_id = None if segment is None else segment.pk
    warnings = review_definition(definition, clock.now(), own_id=own_id)
    if warnings:
        form.data = {name: form.data[name] for name in form.data} | {"reviewed": mark}
    return warnings


def _render_form(
    request: TenantRequest, form: SegmentForm, segment: Segment | None, warnings: Sequence[str]
) -> HttpResponse:
    context = {"form": form, "segment": segment, "warnings": warnings, **_vocabulary()}
    status = 422 if form.is_bound else 200
    return render(request, "segments/form.html", context, status=status)


def _vocabulary() -> dict[str, Any]:
    """Return what a definition can say, as the editor shows it."""
    return {"fields": describe_fields(), "examples": list_examples()}


def _show_both(request: TenantRequest, segment_id: int, form: SegmentForm) -> HttpResponse:
    """Show what others saved meanwhile beside what was typed, which stays in the form."""
    segment = _get_segment(segment_id)
    mine = form.edited()
    meanwhile = find_meanwhile(segment, form.cleaned_data["version"])
    kept = mine if meanwhile.base is None else merge(meanwhile.base, meanwhile.theirs, mine)
    context = {
        "form": SegmentForm.holding(kept, read_version(segment)),
        "segment": segment,
        **_vocabulary(),
        "meanwhile": meanwhile,
        "disputed": list_disputed(meanwhile, mine),
    }
    return render(request, "segments/form.html", context, status=409)


def _score_lines(scale: Any) -> list[dict[str, Any]]:
    """Return for each score from 5 down what it takes in each measure, from this value on."""
    return [
        {
            "score": score,
            "recency": scale.recency_bounds[score - 2] if score > 1 else None,
            "frequency": scale.frequency_bounds[score - 2] if score > 1 else None,
            "monetary": scale.monetary_bounds[score - 2] if score > 1 else None,
        }
        for score in range(5, 0, -1)
    ]
