"""Pages of flows: the list, one flow drawn with its counts, its runs, and one run step by step."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from crm.queries.order_detail import find_order, list_event_ids
from crm.queries.resources import is_profile
from flows.choices import EntryOutcome, FlowStatus, Refusal, RunStatus
from flows.domain.reports import DAY, Days
from flows.queries import pages, runs, stories
from flows.queries.runs import Row
from flows.services.comparing import compare
from flows.services.drafting import draft_group_flow
from flows.services.drafts import open_draft
from flows.services.earnings import find_earnings
from flows.services.flows import resume_failed_of, set_status
from flows.views.frame import get_flow, render_tab
from kernel import clock
from kernel.errors import DomainError
from kernel.formats import find_zone
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

_REFUSALS = dict(Refusal.choices)


@requires(capabilities.VIEW)
@require_GET
def flow_list(request: TenantRequest) -> HttpResponse:
    """Show every flow with the figures of the last 30 days."""
    summaries = pages.list_summaries(now=clock.now(), zone=request.tenant.timezone)
    may_edit = may(request.member.role, capabilities.EDIT_FLOWS)
    context = {"summaries": summaries, "may_edit": may_edit}
    return render(request, "flows/list.html", context)


@requires(capabilities.VIEW)
@require_GET
def flow_earnings(request: TenantRequest) -> HttpResponse:
    """Tell what each flow of the list earned in its days: figures that take a while to count."""
    today = clock.now().astimezone(find_zone(request.tenant.timezone)).date()
    days = Days(today - (pages.DAYS - 1) * DAY, today)
    flows = pages.list_flows()
    found = find_earnings(flows, days, zone=request.tenant.timezone)
    context = {"earned": [(flow, found[flow.pk]) for flow in flows]}
    return render(request, "flows/_earnings.html", context)


@requires(capabilities.VIEW)
@require_GET
def flow_detail(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Draw a flow; ``?version=`` draws an older one."""
    flow = get_flow(flow_id)
    wanted = read_number(request, "version")
    version = pages.find_version(flow_id, flow.version_number if wanted is None else wanted)
    if wanted is not None and version is None:
        raise Http404
    context = {
        "version": version,
        "drawing": pages.draw(version) if version else None,
    }
    return render_tab(request, "flows/detail.html", flow, "flows:detail", context)


@requires(capabilities.VIEW)
@require_GET
def flow_runs(request: TenantRequest, flow_id: int) -> HttpResponse:
    """List the runs of a flow, newest first."""
    flow = get_flow(flow_id)
    status = request.GET.get("status", "")
    found = runs.runs_of(flow_id, status=status if status in RunStatus.values else "")
    page = _page(request, found)
    titles = pages.node_titles(flow)
    context = {
        "page": page,
        "rows": [
            (run, run.exit_reason or titles.get(run.current_node, run.current_node))
            for run in page.rows
        ],
        "status": status,
        "statuses": RunStatus.choices,
        "counts": pages.count_statuses(flow_id),
    }
    return render_tab(request, "flows/runs.html", flow, "flows:runs", context)


@requires(capabilities.VIEW)
@require_GET
def run_detail(request: TenantRequest, flow_id: int, run_id: int) -> HttpResponse:
    """Show one run: what happened at each node, and what became of each message."""
    run = runs.find_run(flow_id, run_id)
    if run is None:
        raise Http404
    steps = stories.tell_run(run)
    to_leave = sum(each.is_to_leave for each in steps)
    context = {"run": run, "flow": run.flow, "steps": steps, "to_leave": to_leave}
    return render(request, "flows/run.html", context)


@requires(capabilities.VIEW)
@require_GET
def flow_refused(request: TenantRequest, flow_id: int) -> HttpResponse:
    """List the events that started no run, with the reason."""
    flow = get_flow(flow_id)
    found = runs.refused_of(flow_id)
    context = {"page": _page(request, found)}
    return render_tab(request, "flows/refused.html", flow, "flows:refused", context)


@requires(capabilities.VIEW)
@require_GET
def flow_versions(request: TenantRequest, flow_id: int) -> HttpResponse:
    """List the frozen versions of a flow."""
    flow = get_flow(flow_id)
    context = {"versions": pages.list_versions(flow_id)}
    return render_tab(request, "flows/versions.html", flow, "flows:versions", context)


@requires(capabilities.VIEW)
@require_GET
def flow_changes(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Show what differs between two versions, or a version and the draft."""
    flow = get_flow(flow_id)
    graphs = {version.number: version.graph for version in pages.list_versions(flow_id)}
    old, new = read_number(request, "from") or flow.version_number, read_number(request, "to")
    if old not in graphs or (new is not None and new not in graphs):
        raise Http404
    after = open_draft(flow).graph if new is None else graphs[new]
    context = {
        "old": old,
        "new": new,
        "numbers": list(graphs),
        "differences": compare(graphs[old], after),
    }
    return render_tab(request, "flows/changes.html", flow, "flows:versions", context)


@requires(capabilities.VIEW)
@require_GET
def profile_flows(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show the runs of one person and what they did not enter: a part of the profile page."""
    if not is_profile(profile_id):
        raise Http404
    entries = runs.list_entries_of_profile(profile_id)
    context = {
        "profile_id": profile_id,
        "may_edit": may(request.member.role, capabilities.EDIT_FLOWS),
        "runs": runs.list_runs_of_profile(profile_id),
        "refused": [
            (entry, _REFUSALS.get(entry.reason, entry.reason))
            for entry in entries
            if entry.outcome != EntryOutcome.ENROLLED
        ],
    }
    return render(request, "flows/_profile.html", context)


@requires(capabilities.VIEW)
@require_GET
def order_flows(request: TenantRequest, order_id: int) -> HttpResponse:
    """Show the runs that an order started: a part of its page."""
    order = find_order(order_id)
    if order is None:
        raise Http404
    found = runs.list_runs_by(order.profile_id, list_event_ids(order))
    return render(request, "flows/_order.html", {"runs": found})


@requires(capabilities.EDIT_FLOWS)
@require_POST
def draft_flow(request: TenantRequest) -> HttpResponse:
    """Make the draft of a flow for an RFM group, and lead to it."""
    try:
        flow, is_new = draft_group_flow(request.POST.get("group", ""), actor=request.user.email)
    except DomainError as exc:
        messages.error(request, f"No flow was made: {exc.detail.removesuffix('.')}.")
        return redirect("segments:rfm", request.tenant.slug)
    if is_new:
        messages.success(request, "Drafted. Nobody enters before you switch it on.")
    return redirect("flows:detail", request.tenant.slug, flow.pk)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def switch_flow(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Switch a flow on or off."""
    get_flow(flow_id)
    is_on = request.POST.get("on") == "1"
    flow = set_status(flow_id, FlowStatus.LIVE if is_on else FlowStatus.DISABLED)
    messages.success(request, f"{flow.name} is {'on' if is_on else 'off'}.")
    return redirect("flows:detail", request.tenant.slug, flow_id)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def resume_runs(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Let the failed runs of a flow try again."""
    get_flow(flow_id)
    count = resume_failed_of(flow_id)
    messages.success(request, f"{count:,} runs try again.")
    return redirect("flows:runs", request.tenant.slug, flow_id)


def _page(request: HttpRequest, found: QuerySet[Row]) -> runs.Page[Row]:
    return runs.page_of(
        found, after=read_number(request, "after"), before=read_number(request, "before")
    )


def read_number(said: HttpRequest | QueryDict, name: str) -> int | None:
    """Return a number of the address, or of a form; None where there is none."""
    found = (said.GET if isinstance(said, HttpRequest) else said).get(name, "")
    return int(found) if found.isdecimal() and len(found) < 19 else None  # noqa: PLR2004 bigint
