"""Conversations: what comes in, who answers it, and what is answered."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from crm.choices import ConversationState, Direction, EventSource
from crm.models import Conversation, ConversationMessage
from crm.services.events import append_events
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import columns
from kernel.errors import Invalid, NotFound
from kernel.sql import run_sql
from tenants.services import audit

MAX_LENGTH = 4_000
"""Letters of an answer; WhatsApp takes 4,096."""
SNIPPET = 140
_COLUMNS = "channels accounts addresses own_addresses profiles texts media times provider_ids mails"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that somebody wrote to the merchant.

    Attributes:
        account_id: of the channel account.
        address, own_address: theirs and the merchant's.
        media: addresses of attachments.
        at: aware.
        provider_id: told twice it is kept once.
        mail: what `ConversationMessage.mail` keeps; None on other channels.
    """

    profile_id: int
    channel: str
    account_id: int
    address: str
    own_address: str
    text: str
    media: tuple[str, ...]
    at: datetime
    provider_id: str
    mail: Mapping[str, Any] | None = None


@transaction.atomic
def receive_messages(messages: Sequence[Incoming]) -> int:
    """Keep messages that came in; each opens its conversation again. A repeat changes nothing.

    Returns:
        Messages that are really new.
    """
    if not messages:
        return 0
    rows = [
        (
            each.channel,
            each.account_id,
            each.address,
            each.own_address,
            each.profile_id,
            each.text.replace("\x00", ""),
            list(each.media),
            each.at,
            each.provider_id,
            None if each.mail is None else dict(each.mail),
        )
        for each in messages
    ]
    params = columns(_COLUMNS, rows)
    run_sql("crm.upsert_conversations", **params)
    added = run_sql("crm.add_incoming", snippet=SNIPPET, **params)
    append_events(
        [
            NewEvent(
                name="Message Received",
                occurred_at=row.at,
                source=EventSource.WEBHOOK,
                profile_id=row.profile_id,
                object_id=row.conversation_id,
                properties={"channel": row.channel, "text": row.text[:SNIPPET]},
                dedupe_key=f"message_received:{row.id}",
            )
            for row in added
        ]
    )
    return len(added)


@transaction.atomic
def add_answer(
    conversation_id: int, *, text: str, author: str, provider_id: str = ""
) -> ConversationMessage:
    """Keep what is answered; whoever sends it names the message with `link_answer`.

    Args:
        conversation_id: of the active tenant; it is opened again.
        text: what is said.
        author: e-mail address of the member; empty for what is automatic.
        provider_id: a repeat under the same word returns the first one.

    Raises:
        NotFound: no such conversation.
        Invalid: the text is empty or too long; ``fields`` says so.
    """
    said = text.replace("\x00", "").strip()
    if not said:
        raise Invalid("Write something.", fields={"text": "must not be empty"})
    if len(said) > MAX_LENGTH:
        words = f"An answer has at most {MAX_LENGTH:,} letters."
        raise Invalid(words, fields={"text": words})
    now = clock.now()
    found = lock_conversation(conversation_id)
    if provider_id:
        known = ConversationMessage.objects.filter(conversation=found, provider_id=provider_id)
        if (first := known.first()) is not None:
            return first
    answer = ConversationMessage.objects.create(
        conversation=found,
        direction=Direction.OUT,
        text=said,
        at=now,
        author=author,
        provider_id=provider_id,
    )
    changes = {"last_text": said[:SNIPPET], "last_message_at": Greatest("last_message_at", now)}
    if author:  # an automatic answer is nobody's, and leaves what they wrote unread
        changes |= {"unread": 0, "state": ConversationState.OPEN.value}
    Conversation.objects.filter(pk=found.pk).update(**changes)
    return answer


def link_answer(answer_id: int, message_id: int) -> None:
    """Say as which message an answer left."""
    ConversationMessage.objects.filter(pk=answer_id).update(message_id=message_id)


@transaction.atomic
def assign_conversation(conversation_id: int, assignee: str, *, actor: str) -> None:
    """Say who answers a conversation; empty gives it back to everybody.

    Raises:
        NotFound: no such conversation.
    """
    found = lock_conversation(conversation_id)
    if found.assignee == assignee:
        return
    Conversation.objects.filter(pk=found.pk).update(assignee=assignee)
    audit.record(
        "conversation.assigned",
        "conversation",
        found.pk,
        before={"assignee": found.assignee},
        after={"assignee": assignee},
        actor=actor,
    )


@transaction.atomic
def set_state(conversation_id: int, state: ConversationState, *, actor: str) -> None:
    """Close a conversation, or open it again; what comes in opens it by itself.

    Raises:
        NotFound: no such conversation.
    """
    found = lock_conversation(conversation_id)
    if found.state == state:
        return
    changes: dict[str, object] = {"state": state.value}
    if state == ConversationState.CLOSED:
        changes["unread"] = 0
    Conversation.objects.filter(pk=found.pk).update(**changes)
    action = "conversation.closed" if state == ConversationState.CLOSED else "conversation.reopened"
    audit.record(
        action,
        "conversation",
        found.pk,
        before={"state": found.state},
        after={"state": state.value},
        actor=actor,
    )


def mark_read(conversation_id: int, seen: int) -> None:
    """Note that a member saw so many unread messages; what came meanwhile stays unread."""
    Conversation.objects.filter(pk=conversation_id, unread__gt=0).update(
        unread=Greatest(F("unread") - seen, 0)
    )


def lock_conversation(conversation_id: int) -> Conversation:
    """Return a conversation that nobody else changes until the commit.

    Raises:
        NotFound: no such conversation.
    """
    rows = Conversation.objects.select_for_update(no_key=True)
    found = rows.filter(pk=conversation_id).first()
    if found is None:
        raise NotFound("There is no such conversation.")
    return found


def forget_conversations(profile_ids: Collection[int]) -> None:
    """Delete all that some people wrote and were answered; joins the caller's transaction."""
    found = Conversation.objects.filter(profile_id__in=profile_ids)
    ids = list(found.values_list("pk", flat=True))
    if ids:
        ConversationMessage.objects.filter(conversation_id__in=ids).delete()
        Conversation.objects.filter(pk__in=ids).delete()
