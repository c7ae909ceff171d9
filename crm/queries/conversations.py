"""Conversations: the list, the thread of one, and when people last wrote."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.choices import ConversationState, Direction
from crm.domain.channels import CHANNEL_LABELS
from crm.models import Conversation, ConversationMessage
from kernel.keyset import Place, Sorting, Statement, count_up_to, has_any, select_page

NEWEST = Sorting("c.last_message_at", "c.id", "last_message_at", is_time=True)
THREAD_PAGE = 50
FoundConversation = Conversation
"""A conversation as apps above see it: read, never written."""
NOBODY = "-"
"""Stands for conversations that are assigned to nobody."""
_FROM = "FROM crm_conversation AS c"
_SELECT = f"""
SELECT c.id, c.channel, c.address, c.state, c.assignee, c.unread, c.last_text, c.last_message_at,
    c.profile_id, btrim(p.first_name || ' ' || p.last_name) AS name, p.email
{_FROM}
JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = c.profile_id
"""


@dataclass(frozen=True, slots=True)
class WantedConversations:
    """Which conversations; an empty value does not narrow.

    Attributes:
        state: a word of `ConversationState`.
        assignee: e-mail address of a member, or `NOBODY`.
        channel: a word of `Channel`.
    """

    state: str = ConversationState.OPEN.value
    assignee: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One line of the list."""

    id: int
    channel: str
    address: str
    state: str
    assignee: str
    unread: int
    last_text: str
    last_message_at: datetime
    profile_id: int
    name: str
    email: str

    @property
    def channel_label(self) -> str:
        """Return the channel for people."""
        return CHANNEL_LABELS[self.channel]


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """One page, newest first; the marks lead to its neighbours."""

    rows: list[ConversationRow]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class Thread:
    """A stretch of a conversation, oldest first; ``earlier`` leads to what was before."""

    messages: list[ConversationMessage]
    earlier: int | None


def list_conversations(wanted: WantedConversations, place: Place) -> ConversationPage:
    """Return a page of conversations, the one with the newest message first."""
    conditions, params = _conditions(wanted)
    statement = Statement(_SELECT, conditions, params)
    found = select_page(statement, NEWEST, descending=True, place=place)
    rows = [ConversationRow(**row._asdict()) for row in found.rows]
    return ConversationPage(rows, found.next, found.previous)


def count_conversations(wanted: WantedConversations) -> int:
    """Return how many there are, up to the ceiling of counts."""
    return count_up_to(_FROM, *_conditions(wanted))


def has_conversations() -> bool:
    """Say whether anybody ever wrote."""
    return has_any(Conversation.objects.all())


def find_conversation(conversation_id: int) -> Conversation | None:
    """Return a conversation with its person, or None."""
    found = Conversation.objects.select_related("profile").filter(pk=conversation_id)
    return found.first()


def conversations_of(profile_id: int) -> list[Conversation]:
    """Return the conversations of one person, the newest first."""
    found = Conversation.objects.filter(profile_id=profile_id)
    return list(found.order_by("-last_message_at", "-pk")[:THREAD_PAGE])


def read_thread(conversation_id: int, *, before_id: int | None = None) -> Thread:
    """Return the newest messages of a conversation, or those before one of them."""
    found = ConversationMessage.objects.filter(conversation_id=conversation_id)
    if before_id is not None:
        edge = found.filter(pk=before_id).values_list("at", "pk").first()
        if edge is not None:
            found = found.filter(at__lte=edge[0]).exclude(at=edge[0], pk__gte=edge[1])
    rows = list(found.order_by("-at", "-pk")[: THREAD_PAGE + 1])
    page = rows[:THREAD_PAGE][::-1]
    return Thread(page, page[0].pk if len(rows) > THREAD_PAGE else None)


def find_answer(answer_id: int) -> ConversationMessage | None:
    """Return what was answered, with its conversation, or None."""
    found = ConversationMessage.objects.select_related("conversation")
    return found.filter(pk=answer_id, direction=Direction.OUT).first()


def find_newest_mail(conversation_id: int) -> ConversationMessage | None:
    """Return the mail that somebody wrote last in a conversation, or None."""
    found = ConversationMessage.objects.filter(
        conversation_id=conversation_id, direction=Direction.IN, mail__isnull=False
    )
    return found.order_by("-at", "-pk").first()


def find_answers(answer_ids: Collection[int]) -> dict[int, str]:
    """Return the texts of answers, by id."""
    found = ConversationMessage.objects.filter(pk__in=answer_ids, direction=Direction.OUT)
    return dict(found.values_list("pk", "text"))


def last_inbound(channel: str, account_id: int, addresses: Collection[str]) -> dict[str, datetime]:
    """Return when numbers last wrote to an account; those that never did are left out."""
    found = Conversation.objects.filter(
        channel=channel,
        account_id=account_id,
        address__in=addresses,
        last_inbound_at__isnull=False,
    )
    return {row.address: row.last_inbound_at for row in found if row.last_inbound_at is not None}


def export_conversations(profile_id: int) -> list[dict[str, Any]]:
    """Return all that one person wrote and was answered, oldest first, as plain values."""
    found = ConversationMessage.objects.filter(conversation__profile_id=profile_id)
    rows = found.order_by("at", "pk").values_list(
        "conversation__channel", "direction", "at", "text", "author", "mail"
    )
    names = ("channel", "direction", "at", "text", "author")
    return [
        dict(zip(names, row[:-1], strict=True)) | ({"mail": row[-1]} if row[-1] else {})
        for row in rows
    ]


def _conditions(wanted: WantedConversations) -> tuple[list[str], dict[str, Any]]:
    parts, params = ["c.tenant_id = %(tenant_id)s"], dict[str, Any]()
    if wanted.state:
        parts.append("c.state = %(state)s")
        params["state"] = wanted.state
    if wanted.channel:
        parts.append("c.channel = %(channel)s")
        params["channel"] = wanted.channel
    if wanted.assignee:
        parts.append("c.assignee = %(assignee)s")
        params["assignee"] = "" if wanted.assignee == NOBODY else wanted.assignee
    return parts, params
