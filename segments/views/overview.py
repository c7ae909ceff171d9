"""The list of segments, and putting one aside."""

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from kernel import asked, clock
from kernel.errors import DomainError, NotFound
from kernel.formats import format_day
from kernel.fragments import answer_list
from kernel.keyset import speak_count
from segments.queries import audits, overview
from segments.queries.conditions import get_moment
from segments.queries.overview import SORTINGS, UNUSED_ALLOWED, WantedSegments
from segments.queries.users import find_users
from segments.services.archiving import InUse, archive_segment, unarchive_segment
from segments.views.frame import find_segment, tabs_of
from tenants.domain.capabilities import EDIT_SEGMENTS, VIEW, may
from tenants.services.access import requires
from tenants.types import TenantRequest

STATES = (
    ("used", "Used by something"),
    ("unused", "Used by nothing"),
    ("lists", "Lists"),
    ("archived", "Archived"),
)
_ORDERS = (
    ("name", "By name"),
    ("-size", "Most people first"),
    ("size", "Fewest people first"),
    ("-new", "Newest first"),
    ("new", "Oldest first"),
)


@require_GET
@requires(VIEW)
def segment_list(request: TenantRequest) -> HttpResponse:
    """Show the segments; an htmx request gets the table alone."""
    wanted = _read_wanted(request)
    users = find_users()
    page = overview.list_page(wanted, asked.read_place(request), clock.now(), users)
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": page,
        "shown": speak_count(len(page.rows), page.total, "segments"),
    }
    return answer_list(
        request,
        "segments/list.html",
        "segments/_table.html",
        context,
        lambda: _frame(request, users),
    )


@require_GET
@requires(VIEW)
def audit(request: TenantRequest) -> HttpResponse:
    """Show what the weekly audits of memberships found."""
    before = asked.read_id(request, "after")
    rows = audits.list_defects(before=before, limit=audits.PAGE_SIZE + 1)
    page = rows[: audits.PAGE_SIZE]
    last = audits.find_last_audit()
    context = {
        "last": last,
        "last_at": format_day(get_moment(last.at).today) if last else "",
        "defects": page,
        "next": page[-1].pk if len(rows) > audits.PAGE_SIZE else None,
    }
    return render(request, "segments/audit.html", context)


@require_POST
@requires(EDIT_SEGMENTS)
def segment_archive(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Put a segment aside; while something uses it, name what does."""
    try:
        if archive_segment(segment_id):
            messages.success(request, "Archived. Its members leave it within a minute.")
    except NotFound as exc:
        raise Http404(str(exc)) from exc
    except InUse as exc:
        context = {"segment": find_segment(segment_id), "users": exc.users}
        return render(request, "segments/in_use.html", context, status=409)
    return redirect("segments:detail", request.tenant.slug, segment_id)


@require_POST
@requires(EDIT_SEGMENTS)
def segment_unarchive(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Have an archived segment evaluated again."""
    try:
        if unarchive_segment(segment_id):
            messages.success(request, "It is back. Its members are being counted.")
    except NotFound as exc:
        raise Http404(str(exc)) from exc
    except DomainError as exc:
        messages.error(request, f"It stays archived: {exc.detail}.")
    return redirect("segments:detail", request.tenant.slug, segment_id)


def _read_wanted(request: TenantRequest) -> WantedSegments:
    sorts = [f"{sign}{key}" for key in SORTINGS for sign in ("", "-")]
    return WantedSegments(
        search=asked.read_text(request, "q"),
        state=asked.read_choice(request, "state", [key for key, _ in STATES]),
        tag=asked.read_text(request, "tag"),
        sort=asked.read_choice(request, "sort", sorts, "name"),
    )


def _speak_unused(unused: int) -> str:
    """Say that too many segments wait for a use; nothing while they are few."""
    if unused <= UNUSED_ALLOWED:
        return ""
    return (
        f"{unused:,} of your own are used by no flow and no other segment. "
        "Give each a purpose, or archive it: fewer are easier to keep right."
    )


def _frame(request: TenantRequest, users: Collection[int]) -> dict[str, Any]:
    unused = overview.count_unused(users)
    return {
        "tabs": tabs_of(request, "list"),
        "may_edit": may(request.member.role, EDIT_SEGMENTS),
        "states": STATES,
        "sortings": _ORDERS,
        "tags": [(tag, tag) for tag in overview.list_tags()],
        "last_audit": audits.find_last_audit(),
        "unused_text": _speak_unused(unused),
    }
