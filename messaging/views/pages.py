"""Every message, sent and not sent with its reason: the list, and the page of one."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from kernel import asked, clock
from kernel.asked import AskedPeriod
from kernel.errors import DomainError, NotFound
from kernel.formats import find_zone
from kernel.fragments import answer_list
from kernel.keyset import COUNT_CEILING, speak_count
from messaging.choices import MessageClass
from messaging.panels import list_flows
from messaging.queries import listing
from messaging.queries.detail import find_message_detail
from messaging.queries.listing import REASONS, VIEWS, WantedMessages
from messaging.services.previewing import look_again
from messaging.services.retrying import retry_failed
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

BODY_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; sandbox"
)
"""A mail is foreign content: no script, no form, no link that leads out, no other host."""


@requires(capabilities.VIEW)
@require_GET
def message_list(request: TenantRequest) -> HttpResponse:
    """Show the messages; an htmx request gets the part below the filters."""
    wanted, period = _read_wanted(request)
    page = listing.list_all(wanted, asked.read_place(request))
    counts = listing.count_views(wanted)
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": page,
        "views": _views(request, wanted, counts),
        "shown": speak_count(len(page.rows), counts[wanted.view], "messages"),
        "chips": asked.period_chips(request, period),
    }
    return answer_list(
        request,
        "messaging/list.html",
        "messaging/_table.html",
        context,
        lambda: {
            "period": period,
            "periods": asked.PERIODS,
            "reasons": sorted(REASONS.items(), key=lambda item: item[1]),
            "flows": sorted(list_flows().items(), key=lambda item: item[1]),
            "templates": listing.list_templates(),
            "classes": MessageClass.choices,
            "is_empty": not page.rows and not wanted.is_narrowed and not listing.has_messages(),
        },
    )


@requires(capabilities.VIEW)
@require_GET
def message_detail(request: TenantRequest, message_id: int) -> HttpResponse:
    """Show one message: every gate, the mail as it reads, and what became of it."""
    found = find_message_detail(message_id)
    if found is None:
        raise Http404
    look = look_again(message_id, with_sender=True)
    context = {
        "found": found,
        "message": found.message,
        "rendered": look.rendered,
        "why_not": look.why_not,
        "sender": look.sender,
        "may_retry": found.can_retry and may(request.member.role, capabilities.EDIT_FLOWS),
    }
    return render(request, "messaging/detail.html", context)


@requires(capabilities.VIEW)
@require_GET
@xframe_options_sameorigin
def message_body(request: TenantRequest, message_id: int) -> HttpResponse:
    """Return the mail as it reads today, under a policy of its own."""
    del request
    rendered, why_not, _ = look_again(message_id)
    if rendered is None and find_message_detail(message_id) is None:
        raise Http404
    page = "".join(_page(rendered.html)) if rendered else why_not
    kind = "text/html" if rendered else "text/plain"
    return HttpResponse(
        page,
        content_type=f"{kind}; charset=utf-8",
        headers={"Content-Security-Policy": BODY_POLICY},
    )


@requires(capabilities.EDIT_FLOWS)
@require_POST
def retry_message(request: TenantRequest, message_id: int) -> HttpResponse:
    """Let a failed message wait again."""
    try:
        retry_failed(message_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.info(request, f"Nothing to do: {exc.detail}")
    else:
        messages.success(request, "The message waits again; every check is asked once more.")
    return redirect("messaging:detail", request.tenant.slug, message_id)


def _page(html: str) -> Iterator[str]:
    """Put the target of links first; a browser takes it wherever it stands."""
    yield '<!DOCTYPE html><base target="_blank">'
    yield html


def _read_wanted(request: TenantRequest) -> tuple[WantedMessages, AskedPeriod]:
    """Read filters of an address; what does not exist is left out."""
    today = clock.now().astimezone(find_zone(request.tenant.timezone)).date()
    period = asked.read_period(request, today)
    wanted = WantedMessages(
        view=asked.read_choice(request, "status", VIEWS),
        reason=asked.read_choice(request, "reason", REASONS),
        flow_id=asked.read_id(request, "flow"),
        template_id=asked.read_id(request, "template"),
        message_class=asked.read_choice(request, "class", MessageClass.values),
        search=asked.read_text(request, "q"),
        first_day=period.first,
        last_day=period.last,
    )
    return wanted, period


def _views(
    request: TenantRequest, wanted: WantedMessages, counts: dict[str, int]
) -> list[dict[str, Any]]:
    found = []
    for key, label in {"": "All", **{key: label for key, (label, _) in VIEWS.items()}}.items():
        query = request.GET.copy()
        for name in ("status", "after", "before"):
            query.pop(name, None)
        if key:
            query["status"] = key
        more = "+" if counts[key] >= COUNT_CEILING else ""
        found.append(
            {
                "label": label,
                "url": f"{request.path}?{query.urlencode()}",
                "active": key == wanted.view,
                "count": f"{counts[key]:,}{more}",
            }
        )
    return found
