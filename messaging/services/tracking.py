"""Records what recipients do with mails: every hit is kept, machines' are flagged.

Only a person's hit sets ``opened_at`` or ``clicked_at``, changes facts and appends an event; what
a colleague does with a test says nothing about the person and changes only the message. A
picture loaded by Apple's Mail Privacy Protection says nothing about a person and counts as a
machine's here.
"""

import hashlib
from collections.abc import Callable, Sequence

from django.db import transaction

from crm.choices import Channel, EventSource
from crm.services.events import append_events
from crm.services.facts import set_engagement
from crm.types import NewEvent
from messaging.choices import TouchKind
from messaging.domain.hits import BURST, is_bot, is_mail_privacy
from messaging.models import Message, Touch
from messaging.queries.recipients import find_message
from messaging.queries.templates import find_tags_of
from messaging.services.deliveries import note_deliveries
from messaging.services.marking import address_of_test
from messaging.types import Hit, LinkToken

_MAX_TEXT = 2000

AFTER_CLICK: list[Callable[[Sequence[int]], None]] = []
"""Called with the ids of profiles that followed a link, in the same transaction, each time: the
event is appended for the first time alone. Filled when an app starts (`AppConfig.ready`)."""


@transaction.atomic
def record_open(token: LinkToken, hit: Hit) -> None:
    """Record that the pixel of a message was loaded; a purged message records nothing."""
    message = find_message(token.message_id)
    if message is None:
        return
    is_machine = is_bot(hit, sent_at=message.sent_at or message.claimed_at)
    is_mpp = is_mail_privacy(hit)
    _keep(message, TouchKind.OPENED, hit, is_machine=is_machine, is_mpp=is_mpp)
    if is_machine or is_mpp:
        return
    Message.objects.filter(pk=message.pk, opened_at=None).update(opened_at=hit.at)
    if address_of_test(message.context):
        return
    set_engagement(opened={message.profile_id: hit.at})
    _append("Message Opened", message, hit, dedupe_key=f"message_opened:{message.pk}")


@transaction.atomic
def record_click(token: LinkToken, hit: Hit) -> None:
    """Record that a link of a message was followed; a purged message records nothing."""
    message = find_message(token.message_id)
    if message is None:
        return
    recent = Touch.objects.filter(
        message=message, kind=TouchKind.CLICKED, at__gt=hit.at - BURST
    ).values_list("url", flat=True)
    is_machine = is_bot(
        hit,
        sent_at=message.sent_at or message.claimed_at,
        recent_links=len({*recent.distinct(), token.url[:_MAX_TEXT]}),
    )
    _keep(message, TouchKind.CLICKED, hit, is_machine=is_machine, url=token.url)
    if is_machine:
        return
    Message.objects.filter(pk=message.pk, clicked_at=None).update(clicked_at=hit.at)
    if address_of_test(message.context):
        return
    set_engagement(clicked={message.profile_id: hit.at})
    for listen in AFTER_CLICK:
        listen([message.profile_id])
    digest = hashlib.sha256(token.url.encode()).hexdigest()[:16]
    dedupe_key = f"message_clicked:{message.pk}:{digest}"
    _append("Message Clicked", message, hit, dedupe_key=dedupe_key, url=token.url)


def _keep(
    message: Message,
    kind: TouchKind,
    hit: Hit,
    *,
    is_machine: bool,
    is_mpp: bool = False,
    url: str = "",
) -> None:
    Touch.objects.create(
        message=message,
        profile_id=message.profile_id,
        kind=kind,
        at=hit.at,
        url=url[:_MAX_TEXT],
        user_agent=hit.user_agent[:_MAX_TEXT],
        ip=hit.ip,
        is_bot=is_machine,
        is_mpp=is_mpp,
    )
    if message.channel == Channel.EMAIL:
        note_deliveries([message.pk])


def _append(name: str, message: Message, hit: Hit, *, dedupe_key: str, url: str = "") -> None:
    properties = {
        "message_id": message.pk,
        "channel": message.channel,
        "template_id": message.template_id,
        "flow_id": message.flow_id,
        "flow_run_id": message.flow_run_id,
        "node_id": message.node_id,
        "tags": find_tags_of([message.template_id]).get(message.template_id, []),
    }
    if url:
        properties["url"] = url
    event = NewEvent(
        name=name,
        occurred_at=hit.at,
        source=EventSource.TRACKING.value,
        profile_id=message.profile_id,
        object_id=message.pk,
        properties=properties,
        dedupe_key=dedupe_key,
    )
    append_events([event])
