"""The page of one segment: its size, who is in it, who came and went, what they buy, and why."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from crm.queries.finding import find_people
from crm.queries.resources import is_profile
from crm.services.bulk import start_export
from kernel import asked, clock
from kernel.cells import safe_cell
from kernel.csvs import stream_csv
from kernel.errors import DomainError, Outdated
from kernel.fragments import answer_list
from segments.choices import SegmentKind
from segments.domain.audiences import FORMATS
from segments.models import Segment
from segments.queries import listing, movement
from segments.queries.conditions import get_moment
from segments.queries.insight import INSIGHT_HEADINGS, find_insight, list_rows
from segments.queries.overview import summarize
from segments.queries.reasons import explain_segments
from segments.queries.users import find_users, last_use
from segments.queries.versions import list_versions, read_version
from segments.services.audiences import start_audience
from segments.services.segments import note_use, update_segment
from segments.views.frame import find_segment
from segments.views.shops import read_shops
from tenants.domain import capabilities
from tenants.domain.capabilities import EDIT_SEGMENTS, VIEW, may
from tenants.services.access import requires
from tenants.types import TenantRequest

SIZE_DAYS = 90
CAUSE_DAYS = 30
MOST_FOUND = 8
"""People that a search for somebody offers."""
_TABS = (
    ("", "Members"),
    ("changes", "Entries and exits"),
    ("insight", "What they buy"),
    ("why", "Why somebody is in it"),
    ("shops", "In shops"),
    ("versions", "Definition"),
)


@require_GET
@requires(VIEW)
def segment_detail(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Show one segment; an htmx request gets the part below the tabs alone."""
    segment = find_segment(segment_id)
    tab = asked.read_choice(request, "tab", _PARTS)
    template, read = _PARTS[tab]
    role = request.member.role
    context = {
        "segment": segment,
        "tab": tab,
        "is_list": segment.kind == SegmentKind.STATIC,
        "part": template,
        "may_edit": may(role, EDIT_SEGMENTS),
        **read(request, segment),
    }
    return answer_list(
        request, "segments/detail.html", template, context, lambda: _frame(request, segment, tab)
    )


@require_GET
@requires(VIEW)
def segment_sizes(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Answer the chart of a segment's size with figures."""
    sizes = listing.list_sizes(find_segment(segment_id), clock.now(), days=SIZE_DAYS)
    series = [{"name": "Members", "values": [size for _, size in sizes]}]
    days = [day.isoformat() for day, _ in sizes]
    return JsonResponse(
        {"type": "area", "unit": "number", "axis": "Day", "x": days, "series": series}
    )


@require_GET
@requires(VIEW)
def segment_moves(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Answer the chart of entries and exits with figures."""
    rows = movement.list_moves(find_segment(segment_id), clock.now(), days=CAUSE_DAYS)
    series = [
        {"name": "Entered", "values": [entered for _, entered, _ in rows]},
        {"name": "Left", "values": [left for _, _, left in rows], "role": "past"},
    ]
    days = [day.isoformat() for day, _, _ in rows]
    return JsonResponse(
        {"type": "bar", "unit": "number", "axis": "Day", "x": days, "series": series}
    )


@require_GET
@requires(VIEW)
def segment_insight(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Answer what the members buy, and what to offer whom, as a file for merchandising."""
    rows = list_rows(find_insight(find_segment(segment_id).pk))
    name = f"segment-{segment_id}-buys.csv"
    return stream_csv(request.tenant.pk, name, INSIGHT_HEADINGS, lambda _: (rows, None), safe_cell)


@require_POST
@requires(capabilities.EXPORT_PROFILES)
def segment_export(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Start writing the members as CSV; the page of the job shows how far it is."""
    segment, platform = find_segment(segment_id), request.POST.get("for", "")
    if platform in FORMATS:
        job = start_audience(segment, platform, actor=request.user.email)
        return redirect("tenants:job", request.tenant.slug, job.pk)
    job = start_export(
        {"query": f"segment={segment.pk}"},
        actor=request.user.email,
        total=segment.member_count,
    )
    note_use(segment.pk)
    return redirect("tenants:job", request.tenant.slug, job.pk)


@require_POST
@requires(EDIT_SEGMENTS)
def segment_restore(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Bring an earlier version back, as a new change on top."""
    segment = find_segment(segment_id)
    wanted = request.POST.get("entry", "")
    found = next((row for row in list_versions(segment) if str(row.entry_id) == wanted), None)
    if found is None:
        messages.error(request, "Nothing was changed: this version is not known any more.")
        return redirect("segments:detail", request.tenant.slug, segment_id)
    try:
        update_segment(segment_id, version=request.POST.get("version", ""), **found.values)
    except Outdated:
        messages.error(request, "Nothing was changed: somebody saved the segment meanwhile.")
    except DomainError as exc:
        messages.error(request, f"Nothing was changed: {exc.detail}.")
    else:
        messages.success(request, "The earlier version is back. Members follow within a minute.")
    return redirect("segments:detail", request.tenant.slug, segment_id)


def _frame(request: TenantRequest, segment: Segment, tab: str) -> dict[str, Any]:
    role = request.member.role
    users = find_users().get(segment.pk, [])
    [summary] = summarize([segment], clock.now(), {segment.pk: users})
    return {
        "words": summary.words,
        "lines": summary.lines,
        "users": users,
        "used_at": last_use(segment, users),
        "tabs": _tabs(request, segment, tab),
        "ad_platforms": [(key, form.label) for key, form in FORMATS.items()],
        "may_export": may(role, capabilities.EXPORT_PROFILES) and segment.member_count > 0,
    }


def _tabs(request: TenantRequest, segment: Segment, active: str) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": f"{request.path}?tab={key}" if key else request.path,
            "active": key == active,
            "count": segment.member_count if not key else None,
        }
        for key, label in _TABS
    ]


def _members(request: TenantRequest, segment: Segment) -> dict[str, Any]:
    search, after = asked.read_text(request, "q"), asked.read_id(request, "after")
    day, limit, now = _read_past_day(request), listing.PAGE_SIZE + 1, clock.now()
    if day is None:
        total = segment.member_count
        rows = listing.list_members(segment.pk, search=search, after=after, limit=limit)
    else:
        total = movement.size_on(segment, day)
        rows = movement.list_members_on(
            segment.pk, day, now, search=search, after=after, limit=limit
        )
    page = rows[: listing.PAGE_SIZE]
    return {
        "members": page,
        "search": search,
        "on": day,
        "today": get_moment(now).today,
        "next": page[-1].profile_id if len(rows) > listing.PAGE_SIZE else None,
        "shown": f"{len(page)} of {total:,} people",
    }


def _read_past_day(request: TenantRequest) -> date | None:
    """Return the day whose members are asked for; None for now."""
    day = asked.read_day(request, "on")
    return day if day is not None and day < get_moment(clock.now()).today else None


def _changes(request: TenantRequest, segment: Segment) -> dict[str, Any]:
    before = asked.read_id(request, "after")
    rows = listing.list_changes(segment.pk, before=before, limit=listing.PAGE_SIZE + 1)
    page = rows[: listing.PAGE_SIZE]
    return {
        "changes": [
            (change, movement.speak_cause(change.cause, change.event_name)) for change in page
        ],
        "causes": movement.count_causes(segment, clock.now(), days=CAUSE_DAYS),
        "cause_days": CAUSE_DAYS,
        "next": page[-1].id if len(rows) > listing.PAGE_SIZE else None,
    }


def _insight(request: TenantRequest, segment: Segment) -> dict[str, Any]:
    """Work the figures out only for the request that comes once the page stands."""
    is_asked = request.headers.get("HX-Request") == "true"
    return {"insight": find_insight(segment.pk) if is_asked else None}


def _why(request: TenantRequest, segment: Segment) -> dict[str, Any]:
    search, profile_id = asked.read_text(request, "q"), asked.read_id(request, "who")
    if profile_id is not None and not is_profile(profile_id):
        raise Http404
    found = [] if profile_id is not None or not search else find_people(search)[:MOST_FOUND]
    ids = found if profile_id is None else [profile_id]
    now = clock.now()
    return {
        "search": search,
        "people": listing.list_named(ids),
        "reasons": explain_segments(ids[0], now, segment_id=segment.pk) if len(ids) == 1 else [],
    }


def _versions(request: TenantRequest, segment: Segment) -> dict[str, Any]:
    return {"versions": list_versions(segment), "version": read_version(segment)}


_PARTS: Mapping[str, tuple[str, Callable[[TenantRequest, Segment], dict[str, Any]]]] = {
    "": ("segments/_members.html", _members),
    "changes": ("segments/_changes.html", _changes),
    "insight": ("segments/_insight.html", _insight),
    "why": ("segments/_why.html", _why),
    "shops": ("segments/_shops.html", read_shops),
    "versions": ("segments/_versions.html", _versions),
}
"""Template and reader of each part by the tab's word in the address."""
