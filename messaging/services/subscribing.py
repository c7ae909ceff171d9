"""What a recipient decides on the pages of a mail: stop, or go on."""

from dataclasses import dataclass

from django.db import transaction

from crm.choices import Channel, ConsentState, EventSource
from crm.services.consent import record_consent
from crm.services.events import append_events
from crm.types import NewEvent
from messaging.choices import TouchKind
from messaging.models import Touch
from messaging.queries.recipients import find_message, find_subscription
from messaging.queries.templates import find_tags_of
from messaging.services.deliveries import note_deliveries
from messaging.types import Hit, RecipientToken


@dataclass(frozen=True, slots=True)
class Decision:
    """How somebody said it.

    Attributes:
        method: ``one_click``, ``unsubscribe_page`` or ``preference_page``.
        source_url: the page, without its token.
    """

    method: str
    source_url: str
    hit: Hit


@transaction.atomic
def unsubscribe(token: RecipientToken, decision: Decision) -> bool:
    """End promotional e-mail for the recipient of a token; other mail is not touched.

    A repeat changes nothing. Works after the message was purged.

    Returns:
        Whether this changed something.
    """
    if not _record(token, ConsentState.UNSUBSCRIBED, decision):
        return False
    _note_unsubscribed(token, decision.hit)
    return True


@transaction.atomic
def resubscribe(token: RecipientToken, decision: Decision) -> bool:
    """Let the recipient of a token get promotional e-mail again; a repeat changes nothing.

    Returns:
        Whether this changed something.
    """
    return _record(token, ConsentState.SUBSCRIBED, decision)


@transaction.atomic
def stop_channel(token: RecipientToken, channel: Channel, decision: Decision) -> bool:
    """End a channel for the recipient of a token; only the number itself can say yes again.

    Returns:
        Whether this changed something.
    """
    return _record(token, ConsentState.UNSUBSCRIBED, decision, channel)


def say(
    profile_id: int,
    channel: Channel,
    state: ConsentState,
    decision: Decision,
    *,
    topic: str = "",
) -> bool:
    """Record what a recipient said on one of their pages, with its proof.

    Returns:
        Whether this changed something.
    """
    return record_consent(
        profile_id,
        channel.value,
        state.value,
        topic=topic,
        method=decision.method,
        occurred_at=decision.hit.at,
        ip=decision.hit.ip,
        user_agent=decision.hit.user_agent[:500],
        source_url=decision.source_url,
        actor="recipient",
    )


def _record(
    token: RecipientToken,
    state: ConsentState,
    decision: Decision,
    channel: Channel = Channel.EMAIL,
) -> bool:
    subscription = find_subscription(token)
    if subscription is None or subscription.is_erased:
        return False
    return say(subscription.profile_id, channel, state, decision)


def _note_unsubscribed(token: RecipientToken, hit: Hit) -> None:
    message = find_message(token.message_id)
    if message is None:
        return
    Touch.objects.create(
        message=message,
        profile_id=message.profile_id,
        kind=TouchKind.UNSUBSCRIBED,
        at=hit.at,
        user_agent=hit.user_agent[:500],
        ip=hit.ip,
    )
    note_deliveries([message.pk])
    event = NewEvent(
        name="Message Unsubscribed",
        occurred_at=hit.at,
        source=EventSource.TRACKING.value,
        profile_id=message.profile_id,
        object_id=message.pk,
        properties={
            "message_id": message.pk,
            "flow_id": message.flow_id,
            "tags": find_tags_of([message.template_id]).get(message.template_id, []),
        },
        dedupe_key=f"message_unsubscribed:{message.pk}",
    )
    append_events([event])
