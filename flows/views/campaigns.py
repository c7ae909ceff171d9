"""Pages of campaigns: the list, the calendar, one campaign, and holding it back."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from crm.choices import Channel
from crm.domain.channels import CHANNEL_LABELS
from flows.choices import CampaignState
from flows.domain.delays import to_instant
from flows.models import Campaign
from flows.queries.campaigns import listing
from flows.queries.campaigns.reading import find_campaign
from flows.services.campaigns import composing, scheduling
from flows.services.campaigns.composing import CampaignData
from flows.services.campaigns.resending import HOURS, USUAL_HOURS
from flows.services.campaigns.telling import tell_campaign
from kernel import asked, clock
from kernel.errors import DomainError
from kernel.formats import find_zone
from kernel.fragments import answer_list
from kernel.keyset import speak_count
from kernel.live import answer_live, render_live
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

LIVE_STATES = (
    CampaignState.SCHEDULED,
    CampaignState.PREPARING,
    CampaignState.SENDING,
)
DAYS = 7


@requires(capabilities.VIEW)
@require_GET
def campaign_list(request: TenantRequest) -> HttpResponse:
    """Show the campaigns, newest first; an htmx request gets the part below the filters."""
    wanted = listing.WantedCampaigns(
        search=asked.read_text(request, "q"),
        state=asked.read_choice(request, "state", CampaignState.values),
        channel=asked.read_choice(request, "channel", Channel.values),
    )
    page = listing.list_page(wanted, asked.read_place(request, limit=listing.PAGE_SIZE))
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": page,
        "shown": speak_count(len(page.rows), listing.count_listed(wanted), "campaigns"),
        "channel_labels": CHANNEL_LABELS,
        "currency": request.tenant.currency,
        "may_edit": _may_edit(request),
    }
    return answer_list(
        request,
        "flows/campaigns.html",
        "flows/_campaigns.html",
        context,
        lambda: {
            "tabs": _tabs(request, "list"),
            "states": CampaignState.choices,
            "channels": list(CHANNEL_LABELS.items()),
            "is_empty": not page.rows and not wanted.is_narrowed and not listing.has_campaigns(),
        },
    )


@requires(capabilities.VIEW)
@require_GET
def campaign_calendar(request: TenantRequest) -> HttpResponse:
    """Show what goes out on which day of a month."""
    zone = find_zone(request.tenant.timezone)
    today = clock.now().astimezone(zone).date()
    first = (asked.read_day(request, "month") or today).replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    start = first - timedelta(days=first.weekday())
    until = following + timedelta(days=-following.weekday() % DAYS)
    bounds = [
        to_instant(datetime.combine(each, datetime.min.time()), zone) for each in (start, until)
    ]
    by_day: dict[date, list[Campaign]] = {}
    for campaign in listing.list_between(bounds[0], bounds[1]):
        at = (campaign.starts_at or clock.now()).astimezone(zone)
        by_day.setdefault(at.date(), []).append(campaign)
    days = [start + timedelta(days=place) for place in range((until - start).days)]
    context = {
        "tabs": _tabs(request, "calendar"),
        "first": first,
        "previous": (first - timedelta(days=1)).replace(day=1),
        "following": following,
        "today": today,
        "weeks": [
            [(day, day.month == first.month, by_day.get(day, [])) for day in days[at : at + DAYS]]
            for at in range(0, len(days), DAYS)
        ],
        "weekdays": days[:DAYS],
        "is_empty": not by_day,
        "may_edit": _may_edit(request),
    }
    return render(request, "flows/campaign_calendar.html", context)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def new_campaign(request: TenantRequest) -> HttpResponse:
    """Begin a draft and open it; ``segment``, or the RFM ``group``, is its first audience."""
    segment, group = request.POST.get("segment", ""), request.POST.get("group", "")
    try:
        if group:
            made = composing.draft_for_group(group, actor=request.user.email)
        else:
            data = CampaignData(name="New campaign", include_ids=_read_ids(segment))
            made = composing.create_campaign(data, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, f"No campaign was made: {exc.detail}")
        return redirect("flows:campaigns", request.tenant.slug)
    return redirect("flows:compose", request.tenant.slug, made.pk)


@requires(capabilities.VIEW)
@require_GET
def campaign_detail(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Show how a campaign stands and what came of it; a draft opens where it is written."""
    campaign = get_campaign(campaign_id)
    if campaign.state == CampaignState.DRAFT and _may_edit(request):
        return redirect("flows:compose", request.tenant.slug, campaign_id)
    told = tell_campaign(campaign, zone=request.tenant.timezone)
    context = {
        "campaign": campaign,
        "told": told,
        "live": _live(request, campaign, told),
        "currency": request.tenant.currency,
        "may_edit": _may_edit(request),
        "hours": HOURS,
        "usual_hours": USUAL_HOURS,
        "is_email": campaign.channel == Channel.EMAIL,
        "may_export": may(request.member.role, capabilities.EXPORT_PROFILES),
    }
    return render(request, "flows/campaign.html", context)


@requires(capabilities.VIEW)
@require_GET
def campaign_progress(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Answer with how far a campaign is: a part of its page that keeps itself up to date."""
    campaign = get_campaign(campaign_id)
    told = tell_campaign(campaign, zone=request.tenant.timezone)
    return answer_live(request, _live(request, campaign, told))


@requires(capabilities.EDIT_FLOWS)
@require_POST
def unschedule(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Take what has not begun back to a draft."""
    said = "It is a draft again. Nothing is sent until you schedule it."
    return _do(request, campaign_id, scheduling.unschedule_campaign, said)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def pause(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Let a campaign wait."""
    said = "Paused. What is being handed over at this moment, a few messages, still leaves."
    return _do(request, campaign_id, scheduling.pause_campaign, said, is_reasoned=True)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def resume(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Let a campaign go on."""
    said = "It goes on where it stood. Nobody is left out, and nobody gets it twice."
    return _do(request, campaign_id, scheduling.resume_campaign, said)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def cancel(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """End a campaign."""
    said = "Cancelled. Nothing more of it is sent; what has left stays sent."
    return _do(request, campaign_id, scheduling.cancel_campaign, said, is_reasoned=True)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def duplicate(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Copy a campaign into a draft and open it."""
    source = get_campaign(campaign_id)
    try:
        copy = composing.duplicate_campaign(campaign_id, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, exc.detail)
        return redirect("flows:campaign", request.tenant.slug, campaign_id)
    if len(copy.exclude_ids) < len(source.exclude_ids):
        messages.warning(request, "A segment that was left out is gone: its people get the copy.")
    messages.success(request, "Copied. Look at its time before you schedule it.")
    return redirect("flows:compose", request.tenant.slug, copy.pk)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def delete(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Delete a draft."""
    get_campaign(campaign_id)
    try:
        name = composing.delete_campaign(campaign_id, actor=request.user.email)
    except DomainError as exc:
        messages.error(request, exc.detail)
        return redirect("flows:campaign", request.tenant.slug, campaign_id)
    messages.success(request, f"{name} is deleted.")
    return redirect("flows:campaigns", request.tenant.slug)


def get_campaign(campaign_id: int) -> Campaign:
    """Return a campaign of the active tenant.

    Raises:
        Http404: there is none.
    """
    campaign = find_campaign(campaign_id)
    if campaign is None:
        raise Http404
    return campaign


def _do(
    request: TenantRequest,
    campaign_id: int,
    change: Callable[..., Campaign],
    said: str,
    *,
    is_reasoned: bool = False,
) -> HttpResponse:
    get_campaign(campaign_id)
    more = {"reason": request.POST.get("reason", "")} if is_reasoned else {}
    try:
        change(campaign_id, actor=request.user.email, **more)
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, said)
    return redirect("flows:campaign", request.tenant.slug, campaign_id)


def _read_ids(said: str) -> list[int]:
    is_id = said.isascii() and said.isdigit() and len(said) < 19  # noqa: PLR2004 bigint
    return [int(said)] if is_id else []


def _live(request: TenantRequest, campaign: Campaign, told: Any) -> SafeString:
    url = reverse("flows:campaign_progress", args=[request.tenant.slug, campaign.pk])
    context = {"campaign": campaign, "told": told, "currency": request.tenant.currency}
    seconds = 5 if campaign.state in LIVE_STATES else None
    return render_live(
        request, "flows/_campaign_state.html", context, name="state", url=url, seconds=seconds
    )


def _tabs(request: TenantRequest, active: str) -> list[dict[str, Any]]:
    pages = (("List", "flows:campaigns", "list"), ("Calendar", "flows:calendar", "calendar"))
    return [
        {"label": label, "url": reverse(name, args=[request.tenant.slug]), "active": key == active}
        for label, name, key in pages
    ]


def _may_edit(request: TenantRequest) -> bool:
    return may(request.member.role, capabilities.EDIT_FLOWS)
