"""Answers: what members write in conversations and what keywords get, as service messages.

They take the way of every message: gates, writer, provider, callbacks. Their template says nothing
but ``{{ reply }}``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from crm.choices import Channel
from crm.queries.conversations import FoundConversation, find_answers, find_newest_mail
from crm.services.conversations import add_answer, link_answer, lock_conversation
from kernel import clock
from kernel.errors import Conflict
from messaging.choices import MessageClass
from messaging.domain.inbound_mail import read_thread, subject_for_answer
from messaging.domain.own_templates import ANSWER
from messaging.models import Message, Template
from messaging.queries.accounts import list_default_accounts
from messaging.queries.sending import find_recipients
from messaging.services.queueing import queue_messages
from messaging.services.templates import compile_mjml
from messaging.types import NewMessage, PendingMessage
from tenants.services import audit

_MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>"
    '<div style="white-space:pre-line">{{ reply }}</div>'
    "</mj-text></mj-column></mj-section></mj-body></mjml>"
)
_NAMES = {
    Channel.EMAIL.value: "Answer by email",
    Channel.SMS.value: "Answer by SMS",
    Channel.WHATSAPP.value: "Answer by WhatsApp",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent to one number because it asked.

    Attributes:
        key: once for ever within the tenant.
        address: to whom; own_address: from which number, empty for the account's usual one.
    """

    key: str
    profile_id: int
    channel: str
    address: str
    own_address: str
    text: str


def queue_answers(answers: Sequence[Answer]) -> None:
    """Queue automatic answers in the surrounding transaction; a repeat queues nothing."""
    templates = {channel: ensure_template(channel) for channel in {a.channel for a in answers}}
    now = clock.now()
    queue_messages(
        [
            NewMessage(
                key=each.key,
                profile_id=each.profile_id,
                channel=each.channel,
                message_class=MessageClass.SERVICE.value,
                template_id=templates[each.channel],
                due_at=now,
                context={"reply": each.text, "to": each.address, "from": each.own_address},
            )
            for each in answers
        ]
    )


@transaction.atomic
def answer_conversation(conversation_id: int, *, text: str, channel: str, actor: str) -> Message:
    """Answer somebody on one channel; it leaves as a service message.

    Args:
        conversation_id: of the active tenant.
        text: what is said.
        channel: one of `answer_channels`.
        actor: e-mail address of the member.

    Raises:
        NotFound: no such conversation.
        Invalid: the text is empty or too long.
        Conflict: the person cannot be reached on the channel.
    """
    found = lock_conversation(conversation_id)
    if channel not in answer_channels(found):
        raise Conflict("They cannot be answered on this channel.")
    answer = add_answer(conversation_id, text=text, author=actor)
    key = f"answer:{answer.pk}"
    queue_messages(
        [
            NewMessage(
                key=key,
                profile_id=found.profile_id,
                channel=channel,
                message_class=MessageClass.SERVICE.value,
                template_id=ensure_template(channel),
                due_at=clock.now(),
                context={
                    "answer_id": answer.pk,
                    **_places(found, channel),
                    **_thread(found, channel),
                },
            )
        ]
    )
    message = Message.objects.get(key=key)
    link_answer(answer.pk, message.pk)
    after = {"channel": channel, "message_id": message.pk}
    audit.record("conversation.answered", "conversation", found.pk, after=after, actor=actor)
    return message


def answer_channels(conversation: FoundConversation) -> list[str]:
    """Return the channels on which a person can be answered, that of the conversation first."""
    recipient = find_recipients([conversation.profile_id]).get(conversation.profile_id)
    if recipient is None or recipient.is_erased:
        return []
    asked = [conversation.channel, Channel.SMS.value, Channel.WHATSAPP.value, Channel.EMAIL.value]
    served = {row.channel for row in list_default_accounts(asked)} | {Channel.EMAIL.value}
    return [
        channel
        for channel in dict.fromkeys(asked)
        if channel in served
        and (channel == conversation.channel or recipient.address(channel))
        and channel in _NAMES
    ]


def ensure_template(channel: str) -> int:
    """Return the id of the template of answers on a channel; it is made on first use."""
    is_mail = channel == Channel.EMAIL
    found, _ = Template.objects.get_or_create(
        key=f"{ANSWER}{channel}",
        defaults={
            "name": _NAMES[channel],
            "channel": channel,
            "message_class": MessageClass.SERVICE.value,
            "subject": "{{ store.name }} answers you" if is_mail else "",
            "mjml": _MJML if is_mail else "",
            "html": compile_mjml(_MJML) if is_mail else "",
            "text": "{{ reply }}",
            "is_archived": True,  # nobody chooses it
        },
    )
    return found.pk


def reply_values(messages: Sequence[PendingMessage]) -> dict[int, str]:
    """``reply``: what a member wrote in a conversation, or what a keyword gets."""
    asked = {_answer_id(message.context) for message in messages} - {0}
    texts = find_answers(asked) if asked else {}
    said = {
        message.id: str(message.context.get("reply") or "")
        or texts.get(_answer_id(message.context), "")
        for message in messages
    }
    return {message_id: text for message_id, text in said.items() if text}


def _answer_id(context: Mapping[str, Any]) -> int:
    found = context.get("answer_id")
    return found if isinstance(found, int) else 0


def _places(conversation: FoundConversation, channel: str) -> dict[str, str]:
    """Return from and to: on its own channel an answer goes back the way the question came."""
    if channel != conversation.channel:
        return {}
    usual = list_default_accounts([channel])
    is_usual = bool(usual) and usual[0].pk == conversation.account_id
    return {
        "to": conversation.address,
        "from": conversation.own_address if is_usual else "",
    }


def _thread(conversation: FoundConversation, channel: str) -> dict[str, Any]:
    """Return what makes an answer by mail part of the thread that it answers."""
    if channel != Channel.EMAIL or conversation.channel != channel:
        return {}
    newest = find_newest_mail(conversation.pk)
    said: Mapping[str, Any] = (newest.mail or {}) if newest else {}
    references = read_thread(said, newest.provider_id) if newest else ()
    thread = {
        "subject": subject_for_answer(str(said.get("subject") or "")),
        "references": list(references),
    }
    return {"thread": thread} if any(thread.values()) else {}
