"""Conversations: who waits for an answer, what was said, and the answer itself."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm.choices import Channel, ConversationState
from crm.domain.channels import CHANNEL_LABELS
from crm.queries import conversations as reads
from crm.queries.conversations import (
    NOBODY,
    FoundConversation,
    WantedConversations,
)
from crm.queries.resources import is_profile
from crm.services.conversations import (
    MAX_LENGTH,
    assign_conversation,
    mark_read,
    set_state,
)
from kernel import asked, clock
from kernel.errors import DomainError, NotFound
from kernel.fragments import answer_list
from kernel.keyset import speak_count
from messaging.queries.conversations import find_window_end, list_assignees, read_lines
from messaging.services.answers import answer_channels, answer_conversation
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

ME = "me"
CHANNELS = (Channel.EMAIL.value, Channel.SMS.value, Channel.WHATSAPP.value)
"""Channels on which people write."""


@requires(capabilities.VIEW)
@require_GET
def conversation_list(request: TenantRequest) -> HttpResponse:
    """Show who wrote, the newest message first; an htmx request gets the part below the filters."""
    people = list_assignees(request.tenant.pk)
    state = asked.read_choice(request, "state", ConversationState.values, ConversationState.OPEN)
    assignee = asked.read_choice(request, "assignee", (ME, NOBODY, *people))
    channel = asked.read_choice(request, "channel", CHANNELS)
    member = request.user.email if assignee == ME else assignee
    wanted = WantedConversations(state, member, channel)
    page = reads.list_conversations(wanted, asked.read_place(request))
    count = reads.count_conversations(wanted)
    context: dict[str, Any] = {
        "page": page,
        "wanted": wanted,
        "assignee": assignee,
        "channel": channel,
        "tabs": _tabs(request, wanted, count),
        "shown": speak_count(len(page.rows), count, "conversations"),
    }
    others = [(email, email) for email in people if email != request.user.email]
    return answer_list(
        request,
        "messaging/conversations.html",
        "messaging/_conversations.html",
        context,
        lambda: {
            "assignees": [(ME, "Me"), (NOBODY, "Nobody"), *others],
            "channels": [(each, CHANNEL_LABELS[each]) for each in CHANNELS],
            "is_empty": not page.rows and not reads.has_conversations(),
            "may_manage": may(request.member.role, capabilities.MANAGE_SETTINGS),
        },
    )


@requires(capabilities.VIEW)
@require_GET
def conversation(request: TenantRequest, conversation_id: int) -> HttpResponse:
    """Show one thread; what it shows counts as read by whoever may answer."""
    found = _get(conversation_id)
    may_answer = may(request.member.role, capabilities.WRITE_NOTES)
    before = asked.read_id(request, "before")
    if may_answer and before is None and found.unread:
        mark_read(found.pk, found.unread)
    end = find_window_end(found)
    context = {
        "found": found,
        "profile": found.profile,
        "label": CHANNEL_LABELS[found.channel],
        "thread": read_lines(found, before),
        "before": before,
        "window_end": end,
        "is_window_open": end is not None and end > clock.now(),
        "may_answer": may_answer,
        "channels": [(each, CHANNEL_LABELS[each]) for each in answer_channels(found)],
        "assignees": [(email, email) for email in list_assignees(request.tenant.pk)],
        "max_length": MAX_LENGTH,
    }
    return render(request, "messaging/conversation.html", context)


@requires(capabilities.WRITE_NOTES)
@require_POST
def answer(request: TenantRequest, conversation_id: int) -> HttpResponse:
    """Answer somebody."""
    try:
        answer_conversation(
            conversation_id,
            text=request.POST.get("text", ""),
            channel=request.POST.get("channel", ""),
            actor=request.user.email,
        )
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, f"{exc.detail} Nothing was sent.")
    else:
        messages.success(request, "Your answer is on its way.")
    return _back(request, conversation_id)


@requires(capabilities.WRITE_NOTES)
@require_POST
def assign(request: TenantRequest, conversation_id: int) -> HttpResponse:
    """Say who answers."""
    assignee = request.POST.get("assignee", "")
    if assignee and assignee not in list_assignees(request.tenant.pk):
        messages.error(request, "There is no such member. Nothing was changed.")
        return _back(request, conversation_id)
    try:
        assign_conversation(conversation_id, assignee, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    said = f"{assignee} answers now." if assignee else "Nobody in particular answers now."
    messages.success(request, said)
    return _back(request, conversation_id)


@requires(capabilities.WRITE_NOTES)
@require_POST
def change_state(request: TenantRequest, conversation_id: int) -> HttpResponse:
    """Close a conversation, or open it again."""
    is_closing = request.POST.get("state") == ConversationState.CLOSED
    state = ConversationState.CLOSED if is_closing else ConversationState.OPEN
    try:
        set_state(conversation_id, state, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    if is_closing:
        messages.success(request, "Closed. It opens by itself when they write again.")
        return redirect("messaging:conversations", request.tenant.slug)
    messages.success(request, "The conversation is open again.")
    return _back(request, conversation_id)


@requires(capabilities.VIEW)
@require_GET
def profile_conversations(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show the conversations of one person."""
    if not is_profile(profile_id):
        raise Http404
    rows = reads.conversations_of(profile_id)
    context = {"rows": [(row, CHANNEL_LABELS[row.channel]) for row in rows]}
    return render(request, "messaging/_profile_conversations.html", context)


def _get(conversation_id: int) -> FoundConversation:
    found = reads.find_conversation(conversation_id)
    if found is None:
        raise Http404
    return found


def _back(request: TenantRequest, conversation_id: int) -> HttpResponse:
    return redirect("messaging:conversation", request.tenant.slug, conversation_id)


def _tabs(request: TenantRequest, wanted: WantedConversations, count: int) -> list[dict[str, Any]]:
    base = reverse("messaging:conversations", args=[request.tenant.slug])
    tabs = []
    for state in ConversationState:
        query = request.GET.copy()
        for name in ("after", "before"):
            query.pop(name, None)
        query["state"] = state.value
        is_active = state.value == wanted.state
        other = WantedConversations(state.value, wanted.assignee, wanted.channel)
        tabs.append(
            {
                "label": state.label,
                "url": f"{base}?{query.urlencode()}",
                "active": is_active,
                "count": count if is_active else reads.count_conversations(other),
            }
        )
    return tabs
