"""Writing a campaign in four steps; every change is saved as it is made."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import zip_longest
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.choices import Channel
from crm.domain.channels import CHANNEL_LABELS
from flows.choices import CampaignState
from flows.domain.campaigns import plan as plans
from flows.domain.campaigns.cells import letter_of
from flows.domain.campaigns.words import say_minutes
from flows.models import Campaign
from flows.queries.campaigns.content import (
    TemplateChoice,
    find_templates,
    list_template_choices,
)
from flows.queries.campaigns.silent import count_silent
from flows.services.campaigns import composing, scheduling
from flows.services.campaigns.audience import audience_of
from flows.services.campaigns.checking import AUDIENCE, CONTENT, SCHEDULE, find_blockers
from flows.services.campaigns.composing import CampaignData
from flows.services.campaigns.reviewing import review_templates
from flows.services.campaigns.telling import tell_campaign
from flows.views.campaigns import get_campaign
from kernel import asked, clock
from kernel.errors import DomainError
from messaging.domain.subjects import show_subject
from messaging.services.writing import WRITERS
from segments.queries.audiences import list_audience_choices, measure_audience
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

CHECK: Final = "check"
STEPS: Final = (
    (AUDIENCE, "Audience"),
    (CONTENT, "Content"),
    (CHECK, "Check"),
    (SCHEDULE, "Schedule"),
)
CONFIRM: Final = "confirm"
"""What is shown once more before it is scheduled; part of the last step."""
_NAMES: Final = {**dict(STEPS), CONFIRM: "Schedule"}
_WAITS: Final = (30, 60, 120, 240, 480, 720, 1440)
_BIGINT_DIGITS: Final = 18


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def compose(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Show one step of a draft; a POST saves it, and htmx gets the summary at the right."""
    campaign = get_campaign(campaign_id)
    if campaign.state != CampaignState.DRAFT:
        if request.method == "POST":
            messages.error(request, "It is no draft any more, so nothing was changed.")
        return redirect("flows:campaign", request.tenant.slug, campaign_id)
    step = asked.read_choice(request, "step", _NAMES, AUDIENCE)
    problem = ""
    if request.method == "POST":
        campaign, problem = _save(request, campaign, step)
        if request.headers.get("HX-Request") == "true":
            context = _summary(request, campaign) | {"problem": problem, "is_saved": not problem}
            return render(request, "flows/_compose_summary.html", context)
        if not problem:
            following = request.POST.get("then", step)
            return redirect(_address(request, campaign_id, following))
    context = {
        **_summary(request, campaign),
        **_CONTEXTS[step](campaign),
        "steps": [
            {"key": key, "label": label, "url": _address(request, campaign_id, key)}
            for key, label in STEPS
        ],
        "step": SCHEDULE if step == CONFIRM else step,
        "step_label": _NAMES[step],
        "step_template": f"flows/_compose_{step}.html",
        "then": _after(step),
        "problem": problem,
    }
    if step == CONTENT:
        context["templates"] = _as_read(context["templates"], request.tenant.name)
    return render(request, "flows/campaign_compose.html", context)


@requires(capabilities.EDIT_FLOWS)
@require_GET
def audience_size(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Answer with how many people a draft reaches: a part of the summary."""
    campaign = get_campaign(campaign_id)
    if campaign.resend_of_id is not None:
        return render(request, "flows/_compose_silent.html", {"silent": count_silent(campaign)})
    reach = measure_audience(audience_of(campaign))
    context = {
        "reach": reach,
        "reached": getattr(reach, campaign.channel),
        "channel_label": CHANNEL_LABELS[campaign.channel],
        "others": [
            (label, getattr(reach, word))
            for word, label in CHANNEL_LABELS.items()
            if word != campaign.channel
        ],
    }
    return render(request, "flows/_compose_size.html", context)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def schedule(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Let a draft be sent, as it was seen."""
    get_campaign(campaign_id)
    said = request.POST.get("version", "")
    version = int(said) if said.isascii() and said.isdigit() and len(said) < _BIGINT_DIGITS else -1
    try:
        campaign = scheduling.schedule_campaign(
            campaign_id, version=version, actor=request.user.email
        )
    except DomainError as exc:
        words = [exc.detail, *exc.fields.values()]
        messages.error(request, " ".join(dict.fromkeys(words)))
        return redirect(_address(request, campaign_id, CONFIRM))
    is_now = campaign.starts_at is not None and campaign.starts_at <= clock.now()
    messages.success(request, "It is on its way." if is_now else "Scheduled.")
    return redirect("flows:campaign", request.tenant.slug, campaign_id)


def _save(request: TenantRequest, campaign: Campaign, step: str) -> tuple[Campaign, str]:
    """Save a step and return the campaign with what is wrong, in words."""
    said = request.POST.get("version", "")
    version = int(said) if said.isascii() and said.isdigit() and len(said) < _BIGINT_DIGITS else -1
    names = [each.name for each in fields(CampaignData)]
    before = CampaignData(**{name: getattr(campaign, name) for name in names})
    read = _READERS.get(step)
    if read is None:
        return campaign, ""
    try:
        data = read(request.POST, before)
        changed = composing.update_campaign(
            campaign.pk, data, version=version, actor=request.user.email
        )
    except DomainError as exc:
        return campaign, exc.detail
    return changed, ""


def _read_audience(said: QueryDict, before: CampaignData) -> CampaignData:
    if before.resend_of_id is not None:
        unsure = said.get("unsure", plans.LEAVE_OUT)
        plan = {**before.plan, "resend": {"unsure": unsure}}
        return replace(before, name=_name(said, before), plan=plan)
    channel = said.get("channel", before.channel)
    kept = before.template_ids if channel == before.channel else ()
    return replace(
        before,
        name=_name(said, before),
        channel=channel,
        template_ids=kept,
        include_ids=_ids(said, "include"),
        exclude_ids=_ids(said, "exclude"),
    )


def _name(said: QueryDict, before: CampaignData) -> str:
    return said.get("name", before.name).replace("\x00", "")


def _read_content(said: QueryDict, before: CampaignData) -> CampaignData:
    plan = {name: part for name, part in before.plan.items() if name != "utm"}
    utm = dict(before.plan.get("utm") or {})
    utm["utm_campaign"] = said.get("utm_campaign", "").replace("\x00", "").strip()
    if utm := {name: value for name, value in utm.items() if value}:
        plan["utm"] = utm
    return replace(before, template_ids=_ids(said, "template"), plan=plan)


def _read_schedule(said: QueryDict, before: CampaignData) -> CampaignData:
    plan: dict[str, Any] = {
        "timing": said.get("timing", plans.NOW),
        "holdout": _number(said, "holdout", plans.USUAL_HOLDOUT),
    }
    plan |= {name: before.plan[name] for name in ("resend", "utm") if name in before.plan}
    if plan["timing"] != plans.NOW and said.get("at"):
        plan["at"] = said.get("at", "")[:40]
    if plan["timing"] in {plans.LOCAL, plans.BEST_HOUR}:
        plan["if_past"] = said.get("if_past", plans.SEND_NOW)
    pace = said.get("pace", "")
    if pace == "number":
        plan["throttle"] = {"per_hour": _number(said, "per_hour", 0)}
    elif pace:
        plan["throttle"] = {"percent": _number(said, "pace", 0)}
    if len(before.template_ids) > 1:
        plan["test"] = {
            "share": _number(said, "share", plans.USUAL_SHARE),
            "wait_minutes": _number(said, "wait", plans.MAIL_WAIT),
            "metric": said.get("metric", "clicks"),
        }
        if any(times := said.getlist("time")):
            plan["test"]["times"] = [each[:8] for each in times]
    return replace(before, plan=plan)


_READERS: Final = {
    AUDIENCE: _read_audience,
    CONTENT: _read_content,
    SCHEDULE: _read_schedule,
}


def _audience(campaign: Campaign) -> dict[str, Any]:
    if campaign.resend_of_id is not None:
        resend: Mapping[str, Any] = campaign.plan.get("resend") or {}
        return {"unsure": resend.get("unsure", plans.LEAVE_OUT)}
    chosen = {*campaign.include_ids, *campaign.exclude_ids}
    choices = list_audience_choices()
    return {
        "choices": sorted(choices, key=lambda choice: choice.id not in chosen),
        "channels": [item for item in CHANNEL_LABELS.items() if item[0] in WRITERS],
    }


def _as_read(templates: Sequence[TemplateChoice], shop: str) -> list[TemplateChoice]:
    """Return templates with their subjects as a reader sees them."""
    return [each._replace(subject=show_subject(each.subject, shop)) for each in templates]


def _content(campaign: Campaign) -> dict[str, Any]:
    return {
        "templates": list_template_choices(campaign.channel),
        "most": plans.MOST_VARIANTS,
        "is_email": campaign.channel == Channel.EMAIL,
        "utm_campaign": (campaign.plan.get("utm") or {}).get("utm_campaign", ""),
    }


def _check(campaign: Campaign) -> dict[str, Any]:
    return {
        "blockers": find_blockers(campaign, clock.now()),
        "reviews": review_templates(campaign),
    }


def _schedule(campaign: Campaign) -> dict[str, Any]:
    plan: Mapping[str, Any] = campaign.plan
    throttle = plan.get("throttle") or {}
    usual = plans.USUAL_WAIT.get(campaign.channel, plans.MAIL_WAIT)
    test = {"share": plans.USUAL_SHARE, "wait_minutes": usual, "metric": "clicks"}
    return {
        "plan": {"timing": plans.NOW, "if_past": plans.SEND_NOW, "holdout": 5, **plan},
        "pace": "number" if "per_hour" in throttle else str(throttle.get("percent", "")),
        "per_hour": throttle.get("per_hour", ""),
        "percents": plans.PERCENTS,
        "test": {**test, **(plan.get("test") or {})},
        "waits": [(minutes, say_minutes(minutes)) for minutes in _WAITS],
        "is_tested": len(campaign.template_ids) > 1,
        "times": [
            (letter_of(place), time)
            for place, time in zip_longest(
                range(len(campaign.template_ids)), (plan.get("test") or {}).get("times", ())
            )
            if place is not None
        ],
        "blockers": find_blockers(campaign, clock.now()),
    }


def _confirm(campaign: Campaign) -> dict[str, Any]:
    return {
        "blockers": find_blockers(campaign, clock.now()),
        "is_now": campaign.plan.get("timing", plans.NOW) == plans.NOW,
    }


_CONTEXTS: Final = {
    AUDIENCE: _audience,
    CONTENT: _content,
    CHECK: _check,
    SCHEDULE: _schedule,
    CONFIRM: _confirm,
}


def _summary(request: TenantRequest, campaign: Campaign) -> dict[str, Any]:
    found = find_templates(campaign.template_ids)
    return {
        "campaign": campaign,
        "told": tell_campaign(campaign, zone=request.tenant.timezone),
        "chosen": [found[key] for key in campaign.template_ids if key in found],
        "now": clock.now(),
    }


def _after(step: str) -> str:
    keys = [key for key, _ in STEPS]
    if step not in keys:
        return ""
    place = keys.index(step) + 1
    return keys[place] if place < len(keys) else ""


def _address(request: TenantRequest, campaign_id: int, step: str) -> str:
    base = reverse("flows:compose", args=[request.tenant.slug, campaign_id])
    return f"{base}?step={step}" if step in _NAMES else base


def _ids(said: QueryDict, name: str) -> list[int]:
    found = [each for each in said.getlist(name) if each.isascii() and each.isdigit()]
    return [int(each) for each in found if len(each) <= _BIGINT_DIGITS]


def _number(said: QueryDict, name: str, usual: int) -> int:
    text = said.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < _BIGINT_DIGITS else usual
