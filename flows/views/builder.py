"""The builder of flows: its page, and what the page asks while somebody works on it.

What is being made is saved as a draft, with the revision that the editor has seen: ``If-Match``
names it, ``*`` overwrites knowingly, and 412 tells who saved in between and what.
"""

import json
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from flows.choices import ON
from flows.domain.conditions import asks_run, is_shaped
from flows.models import Flow
from flows.queries import builder
from flows.services import drafts
from flows.services.moving import move_to, preview_move
from flows.services.reviewing import count_waiting
from flows.services.starting import list_starts, start_from
from flows.views.frame import get_flow
from kernel import asked, clock
from kernel.errors import DomainError, Invalid, NotFound, Outdated
from kernel.formats import format_time
from segments.queries.builder import describe_language
from segments.queries.drafts import Examined, examine
from segments.queries.impact import measure_impact
from segments.queries.listing import describe_definition
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

_STATUSES = {NotFound: HTTPStatus.NOT_FOUND, Outdated: HTTPStatus.PRECONDITION_FAILED}
OF_RUN = "It asks what happened on the way through the flow, so nobody can be counted here."


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def flow_new(request: TenantRequest) -> HttpResponse:
    """Show what a flow can begin with; a POST makes its draft and leads to the builder."""
    if request.method == "GET":
        return render(request, "flows/new.html", {"starts": list_starts()})
    try:
        flow = start_from(request.POST.get("start", ""), actor=request.user.email)
    except DomainError as exc:
        messages.error(request, exc.detail)
        context = {"starts": list_starts()}
        return render(request, "flows/new.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return redirect("flows:edit", request.tenant.slug, flow.pk)


@requires(capabilities.EDIT_FLOWS)
@require_GET
def flow_edit(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Show the builder of a flow."""
    flow = get_flow(flow_id)
    draft = drafts.open_draft(flow)
    told = {
        **builder.describe_types(),
        **_addresses(request, flow_id),
        "flow": _describe(flow),
        "draft": _tell(request, draft),
        "look": drafts.look_at(draft.graph),
        "counts": builder.count_live(flow),
        "me": request.user.email,
        "zone": request.tenant.timezone,
        "currency": request.tenant.currency,
        "language": describe_language(request.tenant),
    }
    return render(request, "flows/edit.html", {"flow": flow, "told": told})


@requires(capabilities.EDIT_FLOWS)
@require_POST
def save_draft(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Keep the draft as it stands, or tell who else saved it."""
    get_flow(flow_id)
    try:
        graph = drafts.read_graph(request.POST.get("graph", ""))
        drafts.save_draft(flow_id, graph, revision=_revision(request), actor=request.user.email)
    except DomainError as exc:
        return refuse(request, flow_id, exc)
    return answer(request, flow_id)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def rename_flow(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Change name and description of a flow."""
    flow = get_flow(flow_id)
    said = request.POST.get("name", ""), request.POST.get("description", flow.description)
    try:
        drafts.rename_flow(flow_id, name=said[0], description=said[1])
    except DomainError as exc:
        return refuse(request, flow_id, exc)
    return answer(request, flow_id)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def look_at_draft(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Say what a draft means, and what is wrong with it where; keeps nothing."""
    get_flow(flow_id)
    try:
        graph = drafts.read_graph(request.POST.get("graph", ""))
    except Invalid as exc:
        return refuse(request, flow_id, exc)
    return JsonResponse(drafts.look_at(graph))


@requires(capabilities.EDIT_FLOWS)
@require_POST
def publish_draft(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Publish the draft; ``on`` also switches the flow on (1) or off (0).

    With ``people=move`` those who are on their way are taken along to it.
    """
    get_flow(flow_id)
    is_on = {"1": True, "0": False}.get(request.POST.get("on", ""))
    try:
        version = drafts.publish_draft(
            flow_id, revision=_revision(request), is_on=is_on, actor=request.user.email
        )
        if request.POST.get("people") == "move":
            move_to(version, actor=request.user.email)
    except DomainError as exc:
        return refuse(request, flow_id, exc)
    return answer(request, flow_id)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def restore_version(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Take an older version as the draft, and lead to the builder."""
    get_flow(flow_id)
    number = request.POST.get("number", "")
    if not number.isdecimal() or len(number) > 9:  # noqa: PLR2004 an integer of the database
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    try:
        drafts.restore_version(flow_id, int(number), actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, f"Version {number} is the draft now. Nobody runs it yet.")
    return redirect("flows:edit", request.tenant.slug, flow_id)


@requires(capabilities.EDIT_FLOWS)
@require_GET
def preview_moving(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Count what would become of those on their way if they were moved to the draft."""
    flow = get_flow(flow_id)
    try:
        preview = preview_move(flow_id, drafts.open_draft(flow).graph)
    except DomainError as exc:
        return refuse(request, flow_id, exc)
    return JsonResponse({"nodes": [asdict(each) for each in preview.nodes]})


@requires(capabilities.VIEW)
@require_GET
def flow_counts(request: TenantRequest, flow_id: int) -> JsonResponse:
    """Return what happened at each step so far, and who saved the draft last."""
    flow = get_flow(flow_id)
    draft = _tell(request, drafts.open_draft(flow))
    draft.pop("graph")
    return JsonResponse({"counts": builder.count_live(flow), "draft": draft})


@requires(capabilities.EDIT_FLOWS)
@require_GET
def flow_values(request: TenantRequest) -> JsonResponse:
    """Return what can be chosen: templates, segments, events and so on, by a part of the name."""
    of, text = asked.read_text(request, "of"), asked.read_text(request, "text")
    if of == "event-property":
        found = builder.list_properties(asked.read_text(request, "event"), text)
    else:
        found = builder.list_offers(of, text, asked.read_text(request, "ids")) or []
    return JsonResponse({"values": [asdict(one) for one in found]})


@requires(capabilities.EDIT_FLOWS)
@require_POST
def preview_condition(request: TenantRequest) -> HttpResponse:
    """Show who would meet a condition now: a part of the form of conditions."""
    try:
        condition = json.loads(request.POST.get("definition", ""))
    except (ValueError, RecursionError):
        return render(request, "segments/_impact.html", {"error": "This is not valid JSON."})
    leaves = [found for leaf in examine(condition) if (found := _examine_run(condition, leaf))]
    told = [asdict(leaf) for leaf in leaves]
    is_marked = any(leaf.fault for leaf in leaves)
    context: dict[str, Any] = {"segment": None, "leaves": told, "is_marked": is_marked}
    if is_shaped(condition) and asks_run(condition):
        context |= {"error": OF_RUN, "leaves": told if is_marked else []}
        return render(request, "segments/_impact.html", context)
    try:
        is_quick = "quick" in request.POST
        context["impact"] = measure_impact(
            condition, clock.now(), segment_id=None, is_quick=is_quick
        )
        context["words"] = describe_definition(condition)
    except DomainError as exc:
        context["error"] = exc.detail
    return render(request, "segments/_impact.html", context)


def _examine_run(condition: Any, leaf: Examined) -> Examined | None:
    """Say what is wrong with a question of the run itself; None where nothing is."""
    found = condition
    for step in leaf.path.split(".children[")[1:]:
        found = found["children"][int(step.rstrip("]"))]
    if not is_shaped(found) or "children" in found or not asks_run(found):
        return leaf
    problem = drafts.find_fault(found, "")
    at = problem.path.strip(".") if problem else ""
    return Examined(leaf.path, at=at, fault=problem.text) if problem else None


def _addresses(request: TenantRequest, flow_id: int) -> dict[str, Any]:
    slug = request.tenant.slug
    own = {
        "save": "flows:save_draft",
        "rename": "flows:rename",
        "look": "flows:look",
        "publish": "flows:publish",
        "counts": "flows:counts",
        "moving": "flows:moving",
        "settings": "flows:settings",
        "putIn": "flows:put_in",
        "review": "flows:review",
        "detail": "flows:detail",
        "versions": "flows:versions",
        "changes": "flows:changes",
    }
    return {
        "urls": {
            **{word: reverse(name, args=[slug, flow_id]) for word, name in own.items()},
            "values": reverse("flows:values", args=[slug]),
            "condition": reverse("flows:condition", args=[slug]),
            "segmentValues": reverse("segments:values", args=[slug]),
            "enrolApi": f"/api/v1/flows/{flow_id}/enrol/",
            "templates": reverse("messaging:templates", args=[slug]),
        }
    }


def _describe(flow: Flow) -> dict[str, Any]:
    return {
        "id": str(flow.pk),
        "name": flow.name,
        "description": flow.description,
        "status": flow.status,
        "holdout": flow.holdout / 100,
        "waiting": count_waiting(flow.pk) if flow.version_number else 0,
        "isLive": flow.status in ON,
        "version": flow.version_number,
    }


def _tell(request: TenantRequest, draft: drafts.Draft) -> dict[str, Any]:
    zone = request.tenant.timezone
    return {
        "graph": draft.graph,
        "revision": draft.revision,
        "by": draft.edited_by,
        "at": format_time(draft.edited_at, zone) if draft.edited_at else "",
        "isPublished": draft.is_published,
    }


def answer(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Tell how a flow and its draft stand after a change."""
    flow = get_flow(flow_id)
    draft = _tell(request, drafts.open_draft(flow))
    draft.pop("graph")
    etag = {"ETag": f'"{draft["revision"]}"'}
    return JsonResponse({"flow": _describe(flow), "draft": draft}, headers=etag)


def refuse(request: TenantRequest, flow_id: int, exc: DomainError) -> HttpResponse:
    """Say why not; who comes too late is told what the other one saved."""
    body: dict[str, Any] = {"detail": exc.detail, "fields": exc.fields}
    if isinstance(exc, Outdated):
        body["theirs"] = _tell(request, drafts.open_draft(get_flow(flow_id)))
    status = _STATUSES.get(type(exc), HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse(body, status=status)


def _revision(request: TenantRequest) -> int | None:
    """Return the revision that the editor has seen; None overwrites whatever is there."""
    tag = request.headers.get("If-Match", "").strip()
    if tag in ("", "*"):
        return None
    number = tag.strip('"')
    return int(number) if number.isdecimal() and len(number) <= 9 else -1  # noqa: PLR2004
