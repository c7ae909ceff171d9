"""What the parts of this app hand to each other, and what flows hand to this app."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from crm.choices import Channel, ConsentState
from kernel.scope import current_tenant_id

_EMAIL = Channel.EMAIL.value
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to queue (`messaging.services.queueing.queue_messages`).

    Attributes:
        key: once for ever within the tenant, such as ``flow:12:n1:1``.
        channel: a `crm.choices.Channel` word.
        message_class: a `messaging.choices.MessageClass` word.
        context: ids and values the template and the gates need: ``order_id``, ``event``
            (a mapping the template reads as ``event``), ``max_lateness_minutes``,
            ``smart_sending`` (False lets a promotional message pass that gate), ``priority`` (1 to
            5; 1 goes first, 3 is usual) and ``expected_value`` (a number; more goes first) for
            what wants the same slot, ``on_quiet`` (``hold`` or ``skip``), and what it is about:
            ``product_ids``, ``variant_ids`` (ids of Patron) and ``skus``, also one alone
            without the s, and ``vip_exclusive``.
        due_at: aware; not before.
    """

    key: str
    profile_id: int
    channel: str
    message_class: str
    template_id: int
    due_at: datetime
    flow_id: int | None = None
    flow_run_id: int | None = None
    node_id: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Device:
    """A browser or app that push messages go to, and the account that it belongs to."""

    id: int
    account_id: int
    digest: str
    target: str = field(repr=False)


class Recipient(NamedTuple):
    """The profile a message goes to, a merged one already followed to its winner."""

    id: int
    email: str
    first_name: str
    last_name: str
    email_consent: str
    is_erased: bool
    city: str
    country: str
    locale: str
    timezone: str
    phone: str = ""
    sms_consent: str = ""
    whatsapp_consent: str = ""
    push_consent: str = ""
    devices: tuple[Device, ...] = ()

    def address(self, channel: str) -> str:
        """Return where the person is reached on a channel; empty where nowhere."""
        if channel == _EMAIL:
            return self.email
        if channel == Channel.PUSH:
            return self.devices[0].digest if self.devices else ""
        return self.phone if channel in {Channel.SMS, Channel.WHATSAPP} else ""

    def consent(self, channel: str) -> str:
        """Return the person's permission on a channel, a `crm.choices.ConsentState` word."""
        if channel == _EMAIL:
            return self.email_consent or ConsentState.NEVER.value
        said = {
            Channel.SMS: self.sms_consent,
            Channel.WHATSAPP: self.whatsapp_consent,
            Channel.PUSH: self.push_consent,
        }
        return said[Channel(channel)] or ConsentState.NEVER.value


@functools.lru_cache(maxsize=256)
def _domain_of(address: str) -> str:
    """Return the domain of a sender: it is asked of each mail, and there are few."""
    return address.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class From:
    """Who a mail is from.

    Attributes:
        is_chosen: whether a rule chose it, rather than being the default.
    """

    id: int
    name: str
    email: str
    reply_to: str
    postal_address: str
    is_chosen: bool = False

    @property
    def domain(self) -> str:
        """Return the domain that it writes from, in lower case."""
        return _domain_of(self.email)


class PendingMessage(NamedTuple):
    """A claimed message, as gates and variables see it."""

    id: int
    key: str
    profile: Recipient
    channel: str
    message_class: str
    template_id: int
    flow_id: int | None
    flow_run_id: int | None
    node_id: str
    context: Mapping[str, Any]
    planned_at: datetime
    message_id: str
    attempts: int
    is_resend: bool
    claim_id: UUID
    created_at: datetime | None = None
    sender: From | None = None
    """Of mails: chosen for the whole set; None where no sender is set up, or nobody chose yet."""

    @property
    def address(self) -> str:
        """Where it goes on its channel, as it is stored; empty where nowhere.

        An answer goes where its question came from.
        """
        to = self.context.get("to")
        return str(to) if to else self.profile.address(self.channel)

    @property
    def reference(self) -> str:
        """What providers carry for us, so that their callbacks find the message."""
        return f"{current_tenant_id()}-{self.id}"

    @property
    def order_id(self) -> int:
        """Order that the message is about; 0 for one about none."""
        return order_of(self.context)


def order_of(context: Mapping[str, Any]) -> int:
    """Return the order that a message is about; 0 where its event names none of Patron's."""
    try:
        number = int(context.get("order_id") or 0)
    except (TypeError, ValueError, OverflowError):
        return 0
    return number if 0 < number <= _LARGEST_ID else 0


class Verdict(NamedTuple):
    """What a gate says of one message.

    Attributes:
        detail: a few words for the merchant; may be empty.
        reason: a `SkipReason` word where one gate knows several; empty means the gate's own.
        wait_until: aware; a message that did not pass is not skipped but asked again then.
    """

    passed: bool
    detail: str = ""
    reason: str = ""
    wait_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """What a template says to one person.

    Attributes:
        pieces: of the HTML; those at even places are the same for many people. Empty where it is
            known as a whole alone.
    """

    subject: str
    html: str
    text: str
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DkimKey:
    """With what a domain signs.

    Attributes:
        selector: names the record that holds the public key.
        private_key: PEM.
    """

    domain: str
    selector: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """One e-mail, ready to be handed over.

    Attributes:
        message_id: RFC 5322 Message-ID with its angle brackets.
        reference: what ``X-Patron-Message`` carries.
        unsubscribe_url: address of the one-click unsubscribe; empty leaves both headers out.
        unsubscribe_address: to which a mail unsubscribes as well; empty where none is read.
        references: Message-IDs of the thread that it answers, that of the answered mail last.
        date: aware.
        dkim: with what it is signed; None leaves it unsigned.
        return_path: where bounces go over a mail server of one's own; empty: to the sender.
        is_sender_chosen: whether a rule chose who writes, rather than it being the default.
        must_arrive: whether it is sent once more where its outcome is unknown.
    """

    from_name: str
    from_address: str
    to_name: str
    to_address: str
    content: RenderedEmail
    message_id: str
    reference: str
    date: datetime
    reply_to: str = ""
    unsubscribe_url: str = ""
    unsubscribe_address: str = ""
    references: tuple[str, ...] = ()
    dkim: DkimKey | None = None
    return_path: str = ""
    is_sender_chosen: bool = False
    must_arrive: bool = False

    @property
    def unsubscribe_header(self) -> str:
        """Return what ``List-Unsubscribe`` says; empty where nobody can leave."""
        if not self.unsubscribe_url:
            return ""
        mailto = f", <mailto:{self.unsubscribe_address}?subject=unsubscribe>"
        return f"<{self.unsubscribe_url}>{mailto if self.unsubscribe_address else ''}"


@dataclass(frozen=True, slots=True)
class SenderData:
    """What a from-identity is told to be; ``reply_to`` may be empty."""

    name: str
    email: str
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class AccountData:
    """What an account at a provider is told to be.

    Attributes:
        credentials: by name; empty ones leave what is kept.
        options: by name; JSON.
    """

    channel: str
    provider: str
    name: str
    credentials: Mapping[str, str] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SenderToken:
    """What the address that verifies a sender carries."""

    tenant_id: int
    sender_id: int
    email: str


@dataclass(frozen=True, slots=True)
class BrandLook:
    """A brand as mails and pages show it.

    Attributes:
        accent: ``#rrggbb`` of buttons; ``on_accent`` is what is written on them.
        font: the typefaces that are tried in turn, as ``font-family`` says it.
        link, link_dark: the accent, or a shade of it that reads on white, and in the dark.
        on_link_dark: what is written on ``link_dark``.
        logo_url: empty without a logo; ``logo_width`` and ``logo_height`` are its shown size.
        links: name of a social network and address, in order.
    """

    name: str
    accent: str
    on_accent: str
    font: str
    link: str
    link_dark: str
    on_link_dark: str
    logo_url: str
    logo_width: int
    logo_height: int
    postal_address: str
    support_email: str
    website: str
    links: list[dict[str, str]]


class Proof(NamedTuple):
    """How somebody came to ask for marketing; empty texts say nothing.

    Attributes:
        method: such as ``api`` or ``manual``.
        occurred_at: aware; None is now.
        text_version: of the words that they agreed to.
        actor: member or key that says so.
    """

    method: str
    occurred_at: datetime | None = None
    detail: str = ""
    text_version: str = ""
    ip: str | None = None
    user_agent: str = ""
    source_url: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """What the request of an opened pixel or a followed link tells."""

    method: str
    user_agent: str
    ip: str | None
    is_prefetch: bool
    at: datetime


class RecipientToken(NamedTuple):
    """What the address of an unsubscribe or preference page carries."""

    tenant_id: int
    profile_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class AccountToken:
    """What the address carries at which a provider calls back."""

    tenant_id: int
    account_id: int


@dataclass(frozen=True, slots=True)
class MailboxToken:
    """What an address carries that only the reader of one mailbox got.

    Attributes:
        digest: of the e-mail address that it was sent to.
    """

    tenant_id: int
    profile_id: int
    digest: str


class LinkToken(NamedTuple):
    """What the address of a tracked link or a pixel carries; ``url`` is empty for a pixel."""

    tenant_id: int
    message_id: int
    url: str = ""
