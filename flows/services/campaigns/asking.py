"""What the gates would say of the message of a campaign to somebody who has none."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.choices import Channel
from flows.models import Campaign
from flows.queries.campaigns.content import TemplateChoice
from messaging.choices import MessageClass
from messaging.queries.devices import with_devices
from messaging.queries.sending import find_recipients
from messaging.services.gating import Asked, ask_gates
from messaging.types import PendingMessage, Recipient


def ask_people(
    campaign: Campaign,
    template: TemplateChoice | None,
    profile_ids: Collection[int],
    now: datetime,
    *,
    context: Mapping[str, Any] | None = None,
) -> tuple[list[PendingMessage], Asked]:
    """Ask every gate about some people in the caller's transaction; nothing is written.

    Args:
        campaign: of the active tenant.
        template: what they would get; None where none is chosen yet.
        profile_ids: of the active tenant.
        now: aware.
        context: what their messages would be rendered with; it says whose they are.

    Returns:
        The messages that were asked about, each by the negative id of its person, which is that of
        no message, and what was said.
    """
    recipients = find_recipients(profile_ids)
    if campaign.channel == Channel.PUSH:
        recipients = with_devices(recipients)
    said = context or {}
    messages = [_pending(campaign, template, each, now, said) for each in recipients.values()]
    return messages, ask_gates(messages, now)


def _pending(
    campaign: Campaign,
    template: TemplateChoice | None,
    recipient: Recipient,
    now: datetime,
    context: Mapping[str, Any],
) -> PendingMessage:
    return PendingMessage(
        id=-recipient.id,
        key="rehearsal",
        profile=recipient,
        channel=campaign.channel,
        message_class=template.message_class if template else MessageClass.PROMOTIONAL.value,
        template_id=template.id if template else 0,
        flow_id=None,
        flow_run_id=None,
        node_id="",
        context=context,
        planned_at=now,
        message_id="",
        attempts=0,
        is_resend=False,
        claim_id=UUID(int=0),
        created_at=now,
    )
