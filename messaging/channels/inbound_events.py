"""Mails that came in as events of their account, whoever brought them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Final

from messaging.channels.base import ProviderEvent
from messaging.choices import CallbackKind
from messaging.domain.inbound_mail import (
    decode_text,
    describe_mail,
    header_of,
    parts_of,
    safely,
    storable,
)

MAX_TEXT: Final = 20_000
MAX_SUBJECT: Final = 500


@dataclass(frozen=True, slots=True)
class Arrived:
    """One mail that came in.

    Attributes:
        at: aware.
        event_id: the provider's own, other each time a mail comes in; may be empty.
        digest: stands for a mail that has neither that nor a Message-ID.
        recipient, sender: of the envelope; None where nobody says.
        new_text: what is new in it, where the provider cut the quote away.
        is_spam: as the provider says.
    """

    mail: EmailMessage
    at: datetime
    event_id: str = ""
    digest: str = ""
    recipient: str | None = None
    sender: str | None = None
    new_text: str = ""
    is_spam: bool = False


def event_of(arrived: Arrived) -> ProviderEvent:
    """Return the event that a mail is; its subject is the detail. Raises for no mail."""
    mail = arrived.mail
    own_id = header_of(mail, "Message-ID")
    seen = [each for each in (arrived.event_id, own_id) if each] or [arrived.digest]
    whole = _text_of(mail)
    said = describe_mail(mail, envelope_sender=arrived.sender)
    if arrived.new_text and whole.strip() != arrived.new_text.strip():
        said["original"] = storable(whole.strip()[:MAX_TEXT])
    if arrived.is_spam:
        said["spam"] = True
    subject = safely(lambda: str(mail.get("Subject") or ""), header_of(mail, "Subject"))
    return ProviderEvent(
        kind=CallbackKind.INBOUND.value,
        dedupe_key=f"inbound:{hashlib.sha256('|'.join(seen).encode()).hexdigest()}",
        at=arrived.at,
        provider_id=own_id[:300],
        reference=header_of(mail, "In-Reply-To").partition(" ")[0][:300],
        recipient=storable(arrived.recipient or _first(said.get("addresses", ()))),
        sender=storable(_sender_of(mail) or arrived.sender or "")[:254],
        text=storable((arrived.new_text or whole).strip()[:MAX_TEXT]),
        detail=" ".join(storable(subject).split())[:MAX_SUBJECT],
        mail=said,
    )


def _text_of(mail: EmailMessage) -> str:
    """Return the first text part, which a library may not be able to read."""
    for part in parts_of(mail):
        is_text = safely(part.get_content_type, "") == "text/plain"
        if is_text and safely(part.get_content_disposition, None) != "attachment":
            return decode_text(part).replace("\r\n", "\n").replace("\r", "\n")
    return ""


def _sender_of(mail: EmailMessage) -> str:
    """Return the address that stands as From, the first of several."""
    found: Any = safely(lambda: mail["From"].addresses[0].addr_spec, "")
    return str(found) or parseaddr(header_of(mail, "From"))[1]


def _first(addresses: Sequence[str]) -> str:
    return addresses[0] if addresses else ""
