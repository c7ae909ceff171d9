"""Pages that say who is let into a flow, and whose messages somebody looks at first."""

from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.queries.resources import is_profile
from flows.choices import ON, FlowStatus, Refusal
from flows.queries.reviews import list_reviews
from flows.queries.versions import list_flows_on
from flows.services.flows import set_holdout, set_status
from flows.services.manual import EntryCounts, enrol_people, enrol_segment, preview_segment
from flows.services.reviewing import MOST, Decided, cancel_reviews, count_waiting, release_reviews
from flows.views.frame import get_flow, render_tab
from flows.views.pages import read_number
from kernel.errors import DomainError
from segments.queries.words import segment_choices
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

BIGINT_DIGITS: Final = 19
MOST_TYPED: Final = 8
"""Letters of a share, such as 12.25 %."""
TWICE: Final = "They were put in a moment ago, or are a visitor whom nobody knows"
_REFUSALS: Final = dict(Refusal.choices)
_STATES: Final = {
    FlowStatus.LIVE: "{} is on.",
    FlowStatus.MANUAL: "{} is on; each message waits until somebody looked at it.",
    FlowStatus.PAUSED: "{} is paused. Who is inside stays where they are.",
    FlowStatus.DISABLED: "{} is off.",
}


@requires(capabilities.EDIT_FLOWS)
@require_POST
def change_state(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Put a flow into a state, and say what share of people is held out."""
    flow = get_flow(flow_id)
    state, share = request.POST.get("state", flow.status), request.POST.get("holdout", "").strip()
    try:
        if state != flow.status and state in _STATES:
            flow = set_status(flow_id, FlowStatus(state))
            messages.success(request, _STATES[FlowStatus(state)].format(flow.name))
        if share:
            _change_holdout(request, flow_id, share)
    except DomainError as exc:
        messages.error(request, exc.detail)
    return redirect("flows:detail", request.tenant.slug, flow_id)


def _change_holdout(request: TenantRequest, flow_id: int, share: str) -> None:
    before = get_flow(flow_id).holdout
    after = set_holdout(flow_id, read_hundredths(share)).holdout
    if after != before:
        messages.success(request, f"{after / 100:g}% of those who would enter are held out.")


def read_hundredths(share: str) -> int:
    """Return a share that was typed in per cent, in hundredths; -1 where it is none."""
    try:
        percent = Decimal(share.removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        return -1
    hundredths = percent * 100
    if not hundredths.is_finite() or hundredths % 1 or len(share) > MOST_TYPED:
        return -1
    return int(hundredths)


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def enrol(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Put the members of a segment into a flow, after having counted them."""
    flow = get_flow(flow_id)
    chosen = read_number(request, "segment") if request.method == "GET" else _posted(request)
    context = {
        "segments": segment_choices(),
        "chosen": str(chosen or ""),
        "token": uuid4(),
        "is_on": flow.status in ON,
    }
    try:
        if request.method == "POST" and chosen is not None:
            token = request.POST.get("token", "")[:36]
            job = enrol_segment(flow_id, chosen, actor=request.user.email, key=token)
            return redirect("tenants:job", request.tenant.slug, job.pk)
        if chosen is not None:
            context["counts"], context["members"] = preview_segment(flow_id, chosen)
    except DomainError as exc:
        messages.error(request, exc.detail)
        return redirect("flows:enrol", request.tenant.slug, flow_id)
    if isinstance(counts := context.get("counts"), EntryCounts):
        context["refused"] = in_words(counts)
    return render_tab(request, "flows/enrol.html", flow, "flows:enrol", context)


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def enrol_person(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Put one person into a flow that is chosen."""
    if not is_profile(profile_id):
        raise Http404
    if request.method == "GET":
        context = {"flows": list_flows_on(), "profile_id": profile_id, "token": uuid4()}
        return render(request, "flows/enrol_person.html", context)
    word, token = request.POST.get("flow", ""), request.POST.get("token", "")[:36]
    names = list_flows_on()
    back = redirect("crm:profile", request.tenant.slug, profile_id)
    if not word.isdecimal() or len(word) >= BIGINT_DIGITS or int(word) not in names:
        messages.error(request, "Choose a flow that is on.")
        return back
    try:
        counts = enrol_people(
            int(word), [profile_id], actor=request.user.email, key=f"form:{token or uuid4()}"
        )
    except DomainError as exc:
        messages.error(request, exc.detail)
        return back
    if counts.enrolled:
        messages.success(request, f"Put into {names[int(word)]}.")
    else:
        why = next((words for words, _ in in_words(counts)), "")
        words = TWICE if counts.unknown else why
        messages.error(request, f"Not put in. {words}.")
    return back


@requires(capabilities.VIEW)
@require_GET
def review(request: TenantRequest, flow_id: int) -> HttpResponse:
    """List the messages of a flow that wait until somebody looked at them."""
    flow = get_flow(flow_id)
    context = {
        "page": list_reviews(flow_id, after=read_number(request, "after")),
        "waiting": count_waiting(flow_id),
        "most": MOST,
    }
    return render_tab(request, "flows/review.html", flow, "flows:review", context)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def decide_review(request: TenantRequest, flow_id: int) -> HttpResponse:
    """Send or cancel messages that wait: the chosen ones, or all."""
    get_flow(flow_id)
    is_all = request.POST.get("all") == "1"
    words = request.POST.getlist("ids")
    wanted = [int(word) for word in words if word.isdecimal() and len(word) < BIGINT_DIGITS]
    decide = {"send": release_reviews, "cancel": cancel_reviews}.get(request.POST.get("action", ""))
    if decide is None or (not is_all and not wanted):
        messages.error(request, "Choose messages first.")
        return redirect("flows:review", request.tenant.slug, flow_id)
    decided = decide(flow_id, None if is_all else wanted, actor=request.user.email)
    word = "sent, once it has passed every check" if decide is release_reviews else "cancelled"
    messages.success(request, _say(decided, word))
    return redirect("flows:review", request.tenant.slug, flow_id)


def _say(decided: Decided, word: str) -> str:
    said = "1 message is" if decided.done == 1 else f"{decided.done:,} messages are"
    told = f"{said} {word}."
    if decided.impossible:
        told += f" {decided.impossible:,} could not be: their step or template is gone."
    if decided.left:
        told += f" {decided.left:,} still wait."
    return told


def in_words(counts: EntryCounts) -> list[tuple[str, int]]:
    """Return why people do not enter, and how many, the commonest first."""
    found = [(_REFUSALS.get(word, word), number) for word, number in counts.refused.most_common()]
    if counts.held_out:
        found.append((_REFUSALS[Refusal.HELD_OUT.value], counts.held_out))
    if counts.unknown:
        found.append(("Unknown by now, or a visitor whom nobody knows", counts.unknown))
    return found


def _posted(request: TenantRequest) -> int | None:
    word = request.POST.get("segment", "")
    return int(word) if word.isdecimal() and len(word) < BIGINT_DIGITS else None
