"""Pausing, resuming and cancelling messages that wait: one page, and a bar for other pages."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from crm.domain.channels import CHANNEL_LABELS
from kernel import clock
from kernel.errors import DomainError, NotFound
from messaging.choices import StopScope
from messaging.domain.stops import CLASSES, is_pause, say_scope
from messaging.models import SendingStop
from messaging.panels import list_flows
from messaging.queries import stops as reads
from messaging.queries.accounts import list_paused_channels
from messaging.queries.listing import list_templates
from messaging.services import stops as services
from tenants.domain import capabilities
from tenants.domain.actions import describe_actor
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

_MOST_REASON = 300


@requires(capabilities.VIEW)
@require_GET
def stop_list(request: TenantRequest) -> HttpResponse:
    """Show what is paused or being cancelled, what was, and the form that does either."""
    unfinished = reads.list_unfinished()
    context = {
        "now": [_row(stop) for stop in unfinished],
        "past": [_row(stop) for stop in reads.list_past_stops()],
        "accounts": list_paused_channels(clock.now()),
        "waiting": reads.count_waiting(StopScope.EVERYTHING.value, ""),
        "ceiling": reads.WAITING_CEILING,
        "choices": _choices(),
        "chosen": request.GET.get("which", StopScope.PROMOTIONS.value),
        "may_edit": may(request.member.role, capabilities.EDIT_FLOWS),
    }
    return render(request, "messaging/stops.html", context)


@requires(capabilities.VIEW)
@require_GET
def bar(request: TenantRequest) -> HttpResponse:
    """Say what waits of a scope and what holds it: a part of other pages."""
    which = request.GET.get("which", StopScope.EVERYTHING.value)
    scope, target = _read(which)
    if scope not in StopScope.values:
        raise Http404
    mine = [
        stop
        for stop in reads.list_unfinished()
        if scope == StopScope.EVERYTHING
        or stop.scope in CLASSES
        or (stop.scope, stop.target) == (scope, target)
    ]
    is_counted = scope in {StopScope.EVERYTHING.value, StopScope.FLOW.value}
    context = {
        "stops": [_row(stop) for stop in mine],
        "waiting": reads.count_waiting(scope, target) if is_counted else None,
        "ceiling": reads.WAITING_CEILING,
        "which": which,
        "may_edit": may(request.member.role, capabilities.EDIT_FLOWS),
    }
    return render(request, "messaging/_stop_bar.html", context)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def pause(request: TenantRequest) -> HttpResponse:
    """Let messages wait."""
    return _do(
        request,
        services.pause_messages,
        "{} are paused. What is being handed over at this moment still leaves.",
    )


@requires(capabilities.EDIT_FLOWS)
@require_POST
def cancel(request: TenantRequest) -> HttpResponse:
    """End the messages that wait."""
    return _do(
        request,
        services.cancel_messages,
        "{} that wait are being cancelled; none of them is sent from now on.",
    )


@requires(capabilities.EDIT_FLOWS)
@require_POST
def resume(request: TenantRequest, stop_id: int) -> HttpResponse:
    """Let what was paused go on."""
    try:
        stop = services.resume_messages(stop_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.info(request, exc.detail)
    else:
        words = say_scope(stop.scope, stop.label)
        messages.success(request, f"{words} go on; every check is asked once more.")
    return redirect("messaging:stops", request.tenant.slug)


def _do(request: TenantRequest, change: Callable[..., SendingStop], said: str) -> HttpResponse:
    scope, target = _read(request.POST.get("which", ""))
    if scope == StopScope.CAMPAIGN:  # a campaign is paused and cancelled as a whole, by its page
        raise Http404
    reason = request.POST.get("reason", "")[:_MOST_REASON]
    try:
        stop = change(scope, target, reason=reason, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, said.format(say_scope(stop.scope, stop.label)))
    return redirect("messaging:stops", request.tenant.slug)


def _read(which: str) -> tuple[str, str]:
    """Split what a form or an address names: ``promotions``, or ``flow:12``."""
    scope, _, target = which.partition(":")
    is_number = target.isascii() and target.isdigit() and len(target) < 19  # noqa: PLR2004 bigint
    is_named = scope == StopScope.CHANNEL and target in CHANNEL_LABELS
    return scope, target if is_number or is_named else ""


def _choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what can be paused, by groups: value and words."""
    kinds = [(word, StopScope(word).label) for word in CLASSES]
    channels = [(f"channel:{word}", label) for word, label in CHANNEL_LABELS.items()]
    flows = sorted(list_flows().items(), key=lambda item: item[1].lower())
    return [
        ("Kinds of messages", kinds[::-1]),
        ("Channels", channels),
        ("Flows", [(f"flow:{flow_id}", name) for flow_id, name in flows]),
        ("Templates", [(f"template:{pk}", name) for pk, name in list_templates()]),
    ]


def _row(stop: SendingStop) -> dict[str, Any]:
    return {
        "stop": stop,
        "words": say_scope(stop.scope, stop.label),
        "actor": describe_actor(stop.actor),
        "ended_by": describe_actor(stop.ended_by),
        "is_pause": is_pause(stop.kind),
    }
