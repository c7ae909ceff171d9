"""Writes e-mails: tracked links, the pixel, unsubscribe headers, and a signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from kernel.tenancy import current_tenant_id
from messaging.choices import URGENT
from messaging.domain.addresses import to_wire
from messaging.domain.links import add_pixel, track_links, track_pieces
from messaging.domain.mime import make_message_id
from messaging.domain.rendering import EmailTemplate, compile_template
from messaging.domain.utm import tag_link
from messaging.errors import RenderError
from messaging.models import Template
from messaging.queries import sending
from messaging.queries.link_domains import find_link_base
from messaging.queries.sending import Identity
from messaging.queries.utm import Tagger
from messaging.services import tokens
from messaging.services.gating import MARKETING
from messaging.services.personal_links import SECRET, recipient_token
from messaging.services.replies import Replies, thread_of
from messaging.services.writers.base import Ready, Writer
from messaging.types import From, OutgoingEmail, PendingMessage, RenderedEmail


class EmailWriter(Writer):
    """Writes the mails of one batch, each from its sender."""

    def __init__(self, now: datetime) -> None:
        """Look up where links and replies lead."""
        self._now = now
        self._replies = Replies()
        self._identities: Mapping[str, Identity] = {}
        self._base = find_link_base()
        self._tagger = Tagger()

    def begin(self, messages: Sequence[PendingMessage]) -> None:
        """Look up the keys of the senders, and what the links of the batch say of it."""
        domains = {message.sender.domain for message in messages if message.sender is not None}
        self._identities = sending.find_identities(domains)
        self._tagger.begin(messages)

    def compile(self, template: Template) -> EmailTemplate:
        """Read the Liquid of a mail."""
        return compile_template(
            subject=template.subject,
            preheader=template.preheader,
            html=template.html,
            text=template.text,
            must_arrive=template.message_class in URGENT,
        )

    def write(
        self, message: PendingMessage, content: RenderedEmail, values: Mapping[str, Any]
    ) -> Ready:
        """Put one mail together."""
        sender = message.sender
        if sender is None:  # its gate stops everything; a race with its removal comes here
            raise RenderError("no sender is set up")
        own_domain = self._identities[sender.domain]
        domains = {sender.domain, own_domain.return_path.rpartition("@")[2]}
        token = recipient_token(message)
        unsubscribe_url = tokens.unsubscribe_url(token, self._base)
        personal = [values[name] for name in SECRET & values.keys()]
        preferences_url = tokens.preferences_url(token, self._base)
        own = frozenset({unsubscribe_url, preferences_url, *personal})
        profile, thread = message.profile, thread_of(message)
        if thread.subject:
            content = replace(content, subject=thread.subject)
        mail = OutgoingEmail(
            from_name=sender.name,
            from_address=sender.email,
            to_name=f"{profile.first_name} {profile.last_name}".strip(),
            to_address=to_wire(message.address) or "",
            content=self._track(content, message, own),
            message_id=message.message_id
            or make_message_id(current_tenant_id(), message.key, sender.email.rpartition("@")[2]),
            reference=message.reference,
            date=self._now,
            reply_to=self._reply_to(message, sender),
            unsubscribe_url=unsubscribe_url if message.message_class in MARKETING else "",
            unsubscribe_address=self._replies.leaving(message),
            references=thread.references,
            dkim=own_domain.dkim,
            return_path=self._replies.bounces(message, domains) or own_domain.return_path,
            is_sender_chosen=sender.is_chosen,
            must_arrive=message.message_class in URGENT,
        )
        return Ready(message, mail, mail.to_address, mail.content.subject, mail.message_id)

    def _reply_to(self, message: PendingMessage, sender: From) -> str:
        """Return where replies go: to whom a rule chose, else into the conversations."""
        if sender.is_chosen and sender.reply_to:
            return sender.reply_to
        return self._replies.address(message) or sender.reply_to

    def _track(
        self, content: RenderedEmail, message: PendingMessage, own: frozenset[str]
    ) -> RenderedEmail:
        """Return a mail with tracked links and the pixel; personal addresses stay as they are."""
        tenant_id, base = current_tenant_id(), self._base
        begin = _Begin(tenant_id, base or settings.PUBLIC_URL, self._tagger.parameters(message))
        mark = tokens.seal_message(tenant_id, message.id)
        pixel = tokens.pixel_url(mark, base)
        pieces = track_pieces(content.pieces, untracked=own, track=begin, pixel=pixel, mark=mark)
        if pieces is not None:
            return RenderedEmail(content.subject, "".join(pieces), content.text, tuple(pieces))
        tracked = track_links(content.html, untracked=own, track=lambda url: begin(url) + mark)
        return RenderedEmail(content.subject, add_pixel(tracked, pixel), content.text)


@dataclass(frozen=True, slots=True)
class _Begin:
    """Makes of a link how its tracked address begins; many messages have the same one.

    Attributes:
        base: of the addresses.
        parameters: that links get.
    """

    tenant_id: int
    base: str
    parameters: str

    def __call__(self, url: str) -> str:
        return tokens.begin_click_url(self.tenant_id, tag_link(url, self.parameters), self.base)
