"""Trying a flow before it runs: a shopper who walks it, and the last days replayed."""

import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from crm.domain.channels import CHANNEL_LABELS
from crm.queries.finding import find_people
from flows.choices import Refusal
from flows.domain.graph import EventTrigger, Graph
from flows.domain.parsing import parse_graph
from flows.domain.reports import Days
from flows.domain.wishes import Control, list_controls, list_times, read_after, read_choices
from flows.queries.node_words import exit_words, find_names, node_words
from flows.queries.reports import name_graph
from flows.queries.stories import speak_result
from flows.queries.trying import find_backtest, find_named_templates
from flows.services.drafts import open_draft
from flows.services.dry.backtests import USUAL_DAYS, read_result, start_backtest
from flows.services.dry.facts import NOBODY, Choice
from flows.services.dry.shopper import Walked, Wishes, walk_shopper
from flows.services.dry.subject import find_tried
from flows.services.dry.tally import PASSED
from flows.views.frame import get_flow, render_tab
from kernel import clock
from kernel.asked import read_id, read_text
from kernel.errors import DomainError
from kernel.formats import find_zone, format_money, format_time
from messaging.choices import SkipReason
from messaging.services.previews import preview_template
from segments.queries.listing import list_named
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

TAB = "flows:try"
LIVE = "live"
_DAYS = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "365 days"))
_REASONS = {**dict(SkipReason.choices), **dict(Refusal.choices)}


@requires(capabilities.VIEW)
@require_GET
def try_flow(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Let a shopper walk a flow; nothing is sent and nothing is written."""
    flow = get_flow(flow_id)
    try:
        tried = find_tried(flow, is_live=request.GET.get("what") == LIVE)
    except DomainError as exc:
        context = {"tried": None, "detail": exc.detail, "faults": getattr(exc, "fields", {})}
        return render_tab(request, "flows/try.html", flow, TAB, context)
    graph = tried.graph
    controls = list_controls(graph)
    said, problem = _read_properties(request.GET.get("says", ""))
    starts_at = _read_time(request)
    people = list_named([who]) if (who := read_id(request, "who")) else []
    search = read_text(request, "q")
    if search and not people:
        people = list_named(find_people(search)[:1])
        problem = problem or ("" if people else f"Nobody is found for “{search}”.")
    wishes = Wishes(
        profile_id=people[0].pk if people else NOBODY,
        starts_at=starts_at,
        properties=said,
        choices=_choices(request, controls),
        exit_after=_exits(request, graph),
    )
    walked = None if problem else walk_shopper(flow_id, graph, wishes, now=clock.now())
    if walked is None and not problem:
        problem = "Nobody knows who this visitor is, and such people enter no flow."
    context = {
        "tried": tried,
        "problem": problem,
        "person": people[0] if people else None,
        "search": search,
        "starts_at": f"{starts_at.astimezone(find_zone(request.tenant.timezone)):%Y-%m-%dT%H:%M}",
        "says": request.GET.get("says", ""),
        "asks_event": isinstance(graph.trigger, EventTrigger),
        "controls": _describe_controls(request, graph, controls),
        "walked": walked,
        "stops": _describe_stops(walked, people[0].pk if people else None),
    }
    return render_tab(request, "flows/try.html", flow, TAB, context)


@requires(capabilities.VIEW)
@require_GET
def try_message(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Show what one message of a walk says to its reader: a part of the page."""
    get_flow(flow_id)
    key = read_text(request, "template")
    template = find_named_templates({key}).get(key)
    if template is None:
        return render(request, "flows/_walk_message.html", {"template": None})
    profile_id = read_id(request, "person")
    tried = preview_template(template, profile_id)
    address = reverse("messaging:template_frame", args=[request.tenant.slug, template.pk])
    context = {
        "template": template,
        "subject": tried.rendered.subject if tried.rendered else "",
        "problem": tried.problem,
        "url": f"{address}?person={profile_id or ''}",
    }
    return render(request, "flows/_walk_message.html", context)


@requires(capabilities.VIEW)
@require_GET
def backtest(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Show the last backtest of a flow, how far it is, or what it found."""
    flow = get_flow(flow_id)
    draft = open_draft(flow)
    is_drafted = draft.revision > 0 and not draft.is_published
    job = find_backtest(flow_id)
    result = read_result(job) if job is not None else None
    rows = _describe_messages(job.params["graph"], result) if job and result else []
    ends = _in_words(result["ends"]) if result else []
    context = {
        "job": job,
        "result": result,
        "rows": rows,
        "due": sum(row["due"] for row in rows),
        "expected": _expect(result, request.tenant.currency),
        "ends": [(words or "The flow was over", number) for words, number in ends],
        "refused": _in_words(result["refused"]) if result else [],
        "chart": _draw(result) if result else None,
        "choices": _DAYS,
        "usual": str(USUAL_DAYS),
        "has_both": is_drafted and flow.version_number > 0,
        "has_any": is_drafted or flow.version_number > 0,
    }
    return render_tab(request, "flows/backtest.html", flow, TAB, context)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def begin_backtest(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Start the replay of a flow over the last days."""
    flow = get_flow(flow_id)
    days = request.POST.get("days", str(USUAL_DAYS))
    if days not in dict(_DAYS):
        return HttpResponse("Choose how many days.", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        is_live = request.POST.get("what") == LIVE
        start_backtest(flow, actor=request.user.email, days=int(days), is_live=is_live)
    except DomainError as exc:
        messages.error(request, f"Nothing was started. {exc.detail}")
    return redirect("flows:backtest", request.tenant.slug, flow_id)


def _read_properties(text: str) -> tuple[Mapping[str, Any], str]:
    """Return what the event says, and what is wrong with it."""
    if not text.strip():
        return {}, ""
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return {}, 'What the event says must be a JSON object, such as {"cart_id": "7"}.'
    return said, ""


def _read_time(request: TenantRequest) -> datetime:
    """Return when the walk starts: now, or a local time of the tenant's."""
    try:
        local = datetime.fromisoformat(request.GET.get("starts", ""))
        return local.replace(tzinfo=find_zone(request.tenant.timezone)).astimezone(
            clock.now().tzinfo
        )
    except (ValueError, OverflowError):
        return clock.now()


def _choices(request: TenantRequest, controls: list[Control]) -> dict[str, Choice]:
    said = {control.node: request.GET.get(f"at.{control.node}", "") for control in controls}
    found = {}
    for node, word in read_choices(controls, said).items():
        after = read_after(word)
        found[node] = Choice(after=after) if after is not None else Choice(way=word)
    return found


def _exits(request: TenantRequest, graph: Graph) -> dict[int, Any]:
    words = {place: request.GET.get(f"exit.{place}", "") for place in range(len(graph.exit_on))}
    return {
        place: after for place, word in words.items() if (after := read_after(word)) is not None
    }


def _describe_controls(
    request: TenantRequest, graph: Graph, controls: list[Control]
) -> list[dict[str, Any]]:
    """Return what can be chosen on the way, and then for each way to leave early."""
    names = find_names(graph)
    found = []
    for control in controls:
        title, text = node_words(graph.nodes[control.node], names)
        found.append((f"at.{control.node}", title, text, control.options))
    for place, on in enumerate(graph.exit_on):
        options = list_times("Does not happen", "Happens after")
        found.append((f"exit.{place}", exit_words(on, graph, names), "ends the flow", options))
    return [
        {
            "name": name,
            "label": label,
            "help": text,
            "options": options,
            "value": request.GET.get(name, ""),
        }
        for name, label, text, options in found
    ]


def _describe_stops(walked: Walked | None, profile_id: int | None) -> list[dict[str, Any]]:
    """Return each step with its local time, and where its message is shown."""
    if walked is None:
        return []
    return [
        {
            "stop": stop,
            "at": format_time(stop.at, walked.zone, "EEE d MMM y, HH:mm"),
            "channel": CHANNEL_LABELS.get(stop.channel, stop.channel),
            "words": "Would leave now" if stop.template else speak_result(stop.result),
            "query": urlencode({"template": stop.template, "person": profile_id or ""}),
        }
        for stop in walked.stops
    ]


def _describe_messages(
    definition: Mapping[str, Any], result: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return each message with how many were due, and how many would not have left and why."""
    found = result["messages"]
    titles = name_graph(parse_graph(definition)) if found else {}
    rows = []
    for node in (node for node in titles if node in found):
        outcomes: dict[str, int] = {}
        for day in found[node].values():
            for outcome, number in day.items():
                outcomes[outcome] = outcomes.get(outcome, 0) + number
        due = outcomes.pop(PASSED, 0)
        rows.append(
            {
                "node": node,
                "title": titles[node],
                "due": due,
                "all": due + sum(outcomes.values()),
                "stopped": _in_words(outcomes),
            }
        )
    return rows


def _in_words(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [(_REASONS.get(reason, reason), number) for reason, number in ranked]


def _expect(result: Mapping[str, Any] | None, currency: str) -> dict[str, str] | None:
    """Return between what and what the messages may bring, and by what that is told."""
    found = (result or {}).get("expected")
    if not found:
        return None
    whose = "messages of this flow" if found["is_own"] else "the messages of all your flows"
    return {
        "low": format_money(found["low_minor"], currency),
        "high": f"to {format_money(found['high_minor'], currency)}",
        "rule": (
            f"What {whose} brought in the same time, for as many messages as are due here. It lies "
            "in between about 95 times of 100."
        ),
    }


def _draw(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the messages by day as `static/src/charts/data.ts` reads them."""
    zone = find_zone(result["timezone"])
    first, last = (
        datetime.fromisoformat(result[name]).astimezone(zone).date() for name in ("since", "until")
    )
    days = [day.isoformat() for day in Days(first, last).each]
    sent = dict.fromkeys(days, 0)
    stopped = dict.fromkeys(days, 0)
    for by_day in result["messages"].values():
        for day, outcomes in by_day.items():
            sent[day] += outcomes.get(PASSED, 0)
            stopped[day] += sum(outcomes.values()) - outcomes.get(PASSED, 0)
    return {
        "type": "stacked",
        "unit": "number",
        "axis": "Day",
        "x": days,
        "series": [
            {"name": "Due", "values": list(sent.values())},
            {"name": "Would not have left", "values": list(stopped.values())},
        ],
    }
