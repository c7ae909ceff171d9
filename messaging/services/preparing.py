"""Claims due messages and gets them ready: gates, rendering, links. One transaction.

What is committed as ``sending`` is about to be handed over by this worker; a crash before the
commit leaves the rows as they were.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from kernel.arrays import columns
from kernel.sql import count_sql, run_sql
from kernel.tenancy import current_tenant_id
from messaging.choices import MessageStatus, SkipReason
from messaging.domain.addresses import to_wire
from messaging.domain.links import add_pixel, track_links
from messaging.domain.mime import make_message_id
from messaging.domain.rendering import EmailTemplate, compile_template
from messaging.errors import RenderError, TemplateInvalid
from messaging.models import Sender, Template
from messaging.queries import sending
from messaging.services import tokens
from messaging.services.gating import MARKETING, Asked, Stop, ask_gates
from messaging.services.personal_links import SECRET, recipient_token
from messaging.types import (
    DkimKey,
    LinkToken,
    OutgoingEmail,
    PendingMessage,
    RenderedEmail,
    Verdict,
)
from messaging.variables import gather_values

LEASE = timedelta(seconds=120)
"""How long a worker may take over one batch before its outcome counts as unknown."""
_SOON = timedelta(minutes=5)
_CHECKED = "ids statuses reasons details gates addresses subjects message_ids dues"


@dataclass(frozen=True, slots=True)
class ReadyEmail:
    """A claimed message and the mail that is handed over for it."""

    message: PendingMessage
    mail: OutgoingEmail


@dataclass(frozen=True, slots=True)
class Batch:
    """What one worker holds.

    Attributes:
        claimed_count: messages taken, those that a gate stopped included.
        ready: messages to hand over, all with one claim id.
    """

    claim_id: UUID
    claimed_count: int
    ready: list[ReadyEmail]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Who a batch is from, and with what it is signed."""

    sender: Sender
    dkim: DkimKey | None


@transaction.atomic
def prepare_batch(channel: str, *, size: int, now: datetime) -> Batch:
    """Claim due messages of the active tenant, ask the gates and render what passes.

    Args:
        channel: only messages of this channel.
        size: the most messages taken.
        now: aware.

    Returns:
        The batch; nothing claimed means that nothing was due or others hold it.
    """
    claim_id = uuid4()
    messages = _claim(channel, claim_id, size=size, now=now)
    if not messages:
        return Batch(claim_id, 0, [])
    asked = ask_gates(messages, now)
    ready = _render(asked, now)
    _record(messages, asked, ready)
    return Batch(claim_id, len(messages), ready)


def _claim(channel: str, claim_id: UUID, *, size: int, now: datetime) -> list[PendingMessage]:
    rows = run_sql(
        "messaging.claim_messages",
        channel=channel,
        claim_id=claim_id,
        batch=size,
        now=now,
        soon=now + _SOON,
        lease_until=now + LEASE,
    )
    recipients = sending.find_recipients({row.profile_id for row in rows})
    claimed = [_pending(row, recipients[row.profile_id], claim_id) for row in rows]
    return sorted(claimed, key=lambda message: (message.planned_at, message.id))


def _pending(row: Any, recipient: Any, claim_id: UUID) -> PendingMessage:
    return PendingMessage(
        id=row.id,
        key=row.key,
        profile=recipient,
        channel=row.channel,
        message_class=row.message_class,
        template_id=row.template_id,
        flow_id=row.flow_id,
        flow_run_id=row.flow_run_id,
        node_id=row.node_id,
        context=json.loads(row.context),
        planned_at=row.planned_at,
        message_id=row.message_id,
        attempts=row.attempts,
        is_resend=row.is_resend,
        claim_id=claim_id,
    )


def _render(asked: Asked, now: datetime) -> list[ReadyEmail]:
    """Render what passed the gates; what cannot be rendered is stopped."""
    sender = sending.find_default_sender()
    if not asked.passed or sender is None:
        return []
    origin = _Origin(sender, sending.find_signing_key(sender.email))
    found = sending.find_templates({message.template_id for message in asked.passed})
    templates, broken = _compile(found)
    values = _gather(asked.passed, templates)
    ready = []
    for message in asked.passed:
        template = templates.get(message.template_id)
        if template is None:
            _stop(asked, message, broken[message.template_id])
            continue
        try:
            content = template.render(values[message.id])
        except RenderError as exc:
            _stop(asked, message, str(exc))
            continue
        asked.note(message.id, "render", Verdict(passed=True))
        personal = [values[message.id][name] for name in SECRET & values[message.id].keys()]
        mail = _address(message, origin, content, now, personal)
        ready.append(ReadyEmail(message, mail))
    return ready


def _stop(asked: Asked, message: PendingMessage, words: str) -> None:
    asked.note(message.id, "render", Verdict(passed=False, detail=words[:500]))
    asked.stops[message.id] = Stop(
        MessageStatus.SKIPPED.value, SkipReason.RENDER_ERROR.value, words[:500]
    )


def _compile(rows: Mapping[int, Template]) -> tuple[dict[int, EmailTemplate], dict[int, str]]:
    """Return templates, and what is wrong with those that hold up nobody else's mail."""
    templates, broken = {}, {}
    for key, row in rows.items():
        try:
            templates[key] = compile_template(
                subject=row.subject, preheader=row.preheader, html=row.html, text=row.text
            )
        except TemplateInvalid as exc:
            broken[key] = str(exc)
    return templates, broken


def _gather(
    messages: Sequence[PendingMessage], templates: dict[int, EmailTemplate]
) -> dict[int, dict[str, Any]]:
    """Return the values each message's own template asks for."""
    values: dict[int, dict[str, Any]] = {}
    for template_id, template in templates.items():
        own = [message for message in messages if message.template_id == template_id]
        values |= gather_values(template.variables, own)
    return values


def _address(
    message: PendingMessage,
    origin: _Origin,
    content: RenderedEmail,
    now: datetime,
    personal: Sequence[str],
) -> OutgoingEmail:
    tenant_id = current_tenant_id()
    sender = origin.sender
    domain = sender.email.rpartition("@")[2]
    token = recipient_token(message)
    unsubscribe_url = tokens.unsubscribe_url(token)
    own = frozenset({unsubscribe_url, tokens.preferences_url(token), *personal})
    html = track_links(
        content.html,
        untracked=own,
        track=lambda url: tokens.click_url(LinkToken(tenant_id, message.id, url)),
    )
    html = add_pixel(html, tokens.open_url(LinkToken(tenant_id, message.id)))
    profile = message.profile
    return OutgoingEmail(
        from_name=sender.name,
        from_address=sender.email,
        to_name=f"{profile.first_name} {profile.last_name}".strip(),
        to_address=to_wire(profile.email) or "",
        content=RenderedEmail(content.subject, html, content.text),
        message_id=message.message_id or make_message_id(tenant_id, message.key, domain),
        reference=f"{tenant_id}-{message.id}",
        date=now,
        reply_to=sender.reply_to,
        unsubscribe_url=unsubscribe_url if message.message_class in MARKETING else "",
        dkim=origin.dkim,
    )


def _record(messages: Sequence[PendingMessage], asked: Asked, ready: Sequence[ReadyEmail]) -> None:
    mails = {item.message.id: item.mail for item in ready}
    rows = []
    for message in messages:
        stop = asked.stops.get(message.id)
        mail = mails.get(message.id)
        resent = "outcome unknown, sent again" if message.is_resend else ""
        rows.append(
            (
                message.id,
                stop.status if stop else MessageStatus.SENDING.value,
                stop.reason if stop else "",
                stop.detail if stop else resent,
                asked.trails[message.id],
                mail.to_address if mail else message.profile.email,
                mail.content.subject if mail else "",
                mail.message_id if mail else "",
                stop.wait_until if stop else None,
            )
        )
    count_sql("messaging.record_checks", **columns(_CHECKED, rows))
