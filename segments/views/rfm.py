"""RFM: the grid, the groups with what to do, movement between two days, and how scores are cut."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from kernel import asked, clock
from kernel.errors import NotFound
from segments.domain.rfm import GROUP_LABELS
from segments.domain.starters import RFM_STARTERS
from segments.domain.thresholds import USUAL, read_thresholds
from segments.forms import CutForm
from segments.panels import GroupOffer, list_group_offers
from segments.queries import rfm as rfm_queries
from segments.queries.conditions import get_moment
from segments.services.rfm import change_cut, preview_cut
from segments.views.frame import tabs_of
from tenants.domain.capabilities import EDIT_SEGMENTS, VIEW, may
from tenants.services.access import requires
from tenants.types import TenantRequest

USUAL_DAYS = 30
"""Movement is that since so many days ago, unless days are chosen."""


@require_GET
@requires(VIEW)
def rfm(request: TenantRequest) -> HttpResponse:
    """Show RFM: the grid of recency × frequency, movement, and the groups with what to do."""
    scale = rfm_queries.find_scale()
    context: dict[str, Any] = {
        "scale": scale,
        "tabs": tabs_of(request, "rfm"),
        "may_edit": may(request.member.role, EDIT_SEGMENTS),
    }
    if scale is not None and scale.buyers:
        today = get_moment(scale.as_of if scale.is_pinned else clock.now()).today
        first, last = _read_days(request, today)
        cells = rfm_queries.list_grid()
        groups, offers = rfm_queries.list_groups(today), _list_offers(request)
        installed = rfm_queries.list_installed([starter.key for starter in RFM_STARTERS])
        context |= {
            "rows": [(5 - index, cells[index * 5 : index * 5 + 5]) for index in range(5)],
            "top_revenue": max(cell.net_minor for cell in cells),
            "groups": [
                (
                    group,
                    f"rfm_{group.group}",
                    installed.get(f"rfm_{group.group}"),
                    [(offer, made.get(group.group)) for offer, made in offers],
                )
                for group in groups
            ],
            "scored_on": get_moment(scale.as_of).today,
            "scores": _score_lines(scale),
            "before_on": today - timedelta(days=30),
            "has_before": any(group.before_count is not None for group in groups),
            "first": first,
            "last": last,
            "today": today,
        }
    return render(request, "segments/rfm.html", context)


@require_GET
@requires(VIEW)
def rfm_moves(request: TenantRequest) -> JsonResponse:
    """Answer the picture of movement between groups with figures."""
    now = clock.now()
    first, last = _read_days(request, get_moment(now).today)
    moves = rfm_queries.list_group_moves(first, last, now)
    named = [
        (
            GROUP_LABELS.get(move.from_group, "New buyers"),
            GROUP_LABELS.get(move.to_group, "No buyers any more"),
            move.people,
        )
        for move in moves
    ]
    return JsonResponse(
        {
            "type": "sankey",
            "unit": "number",
            "axis": "Movement",
            "x": [f"{before} → {after}" for before, after, _ in named],
            "series": [{"name": "People", "values": [people for *_, people in named]}],
            "links": [[before, after, people] for before, after, people in named],
            "order": ["New buyers", *GROUP_LABELS.values(), "No buyers any more"],
        }
    )


@require_http_methods(["GET", "POST"])
@requires(EDIT_SEGMENTS)
def rfm_cut(request: TenantRequest) -> HttpResponse:
    """Change how scores are cut, after a look at who would move."""
    scale = rfm_queries.find_scale()
    if scale is None:
        raise Http404
    stored = read_thresholds(scale.thresholds)
    form = CutForm.showing(request.POST if request.method == "POST" else None, scale, stored)
    context: dict[str, Any] = {"form": form, "scale": scale, "usual": USUAL}
    if form.is_valid():
        mode, cuts = form.cleaned_data["mode"], form.thresholds()
        if request.POST.get("action") == "save":
            try:
                change_cut(mode, cuts)
            except NotFound as exc:
                raise Http404 from exc
            messages.success(request, "Saved. Everybody is scored anew within a minute.")
            return redirect("segments:rfm", request.tenant.slug)
        context |= _speak_preview(preview_cut(mode, cuts, clock.now()))
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "segments/rfm_cut.html", context, status=status)


def _list_offers(request: TenantRequest) -> list[tuple[GroupOffer, Mapping[str, int]]]:
    """Return what a member may make of groups, with what was made already by group."""
    return [
        (offer, offer.list_made())
        for offer in list_group_offers()
        if may(request.member.role, offer.capability)
    ]


def _speak_preview(moves: dict[tuple[str, str], int]) -> dict[str, Any]:
    """Return sizes of the groups before and after, and who moves from where to where."""
    sizes = [
        (
            label,
            sum(people for (before, _), people in moves.items() if before == group),
            sum(people for (_, after), people in moves.items() if after == group),
        )
        for group, label in GROUP_LABELS.items()
    ]
    moving = [
        (GROUP_LABELS[before], GROUP_LABELS[after], people)
        for (before, after), people in moves.items()
        if before != after
    ]
    return {
        "sizes": sizes,
        "moving": moving,
        "moving_people": sum(people for *_, people in moving),
        "all_people": sum(moves.values()),
    }


def _read_days(request: TenantRequest, today: date) -> tuple[date, date]:
    """Return the days that movement is between; the first one lies before the last one."""
    last = min(asked.read_day(request, "to") or today, today)
    first = asked.read_day(request, "from") or last - timedelta(days=USUAL_DAYS)
    return min(first, last - timedelta(days=1)), last


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
