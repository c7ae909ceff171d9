"""What the pages of conversations show beyond crm's own: answers on their way, and open windows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm.choices import Channel, Direction
from crm.domain.channels import CHANNEL_LABELS
from crm.models import Conversation, ConversationMessage
from crm.queries.conversations import Thread, read_thread
from messaging.choices import Outcome
from messaging.domain.windows import window_end
from messaging.models import Message
from messaging.queries.listing import REASONS
from tenants.queries import list_members


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a thread.

    Attributes:
        sent: the message that an answer left as; None for what came in.
        channel: on which an answer left, in words; empty where it is the thread's own.
        why: why it did not leave, in words.
    """

    said: ConversationMessage
    sent: Message | None
    channel: str
    why: str

    @property
    def outcome(self) -> str:
        """Return what became of an answer, for people; empty for what came in."""
        return str(Outcome(self.sent.outcome).label) if self.sent else ""

    @property
    def is_ours(self) -> bool:
        """Whether the merchant wrote it."""
        return self.said.direction == Direction.OUT


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """A stretch of a conversation, oldest first."""

    lines: list[Line]
    earlier: int | None


def read_lines(conversation: Conversation, before_id: int | None) -> ThreadPage:
    """Return the newest messages of a conversation, or those before one; two statements."""
    thread: Thread = read_thread(conversation.pk, before_id=before_id)
    sent = _find_sent({each.message_id for each in thread.messages if each.message_id})
    lines = [_line(conversation, each, sent.get(each.message_id or 0)) for each in thread.messages]
    return ThreadPage(lines, thread.earlier)


def find_window_end(conversation: Conversation) -> datetime | None:
    """Return until when WhatsApp takes free words; None on other channels."""
    if conversation.channel != Channel.WHATSAPP or conversation.last_inbound_at is None:
        return None
    return window_end(conversation.last_inbound_at)


def list_assignees(tenant_id: int) -> Sequence[str]:
    """Return the e-mail addresses of those who can answer, ascending."""
    return [member.user.email for member in list_members(tenant_id)]


def _find_sent(message_ids: Collection[int]) -> dict[int, Message]:
    return {row.pk: row for row in Message.objects.filter(pk__in=message_ids)}


def _line(conversation: Conversation, said: ConversationMessage, sent: Message | None) -> Line:
    if sent is None:
        return Line(said, None, "", "")
    is_other = sent.channel != conversation.channel
    reason = REASONS.get(sent.reason, sent.reason)
    why = f"{reason}: {sent.detail}" if sent.detail and sent.detail != reason else reason
    return Line(said, sent, CHANNEL_LABELS[sent.channel] if is_other else "", str(why))
