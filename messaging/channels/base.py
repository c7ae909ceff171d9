"""What a provider can do, what it is handed, what it tells, and how it says no."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol


class ChannelRejected(Exception):
    """The message was refused for good; the reason is the provider's own.

    Attributes:
        is_address_dead: nobody can be reached there, now or later, such as on a landline.
        is_unsubscribed: the person told the provider to let nothing of this merchant through.
    """

    def __init__(
        self, words: str, *, is_address_dead: bool = False, is_unsubscribed: bool = False
    ) -> None:
        """Keep what the provider said."""
        super().__init__(words)
        self.is_address_dead = is_address_dead
        self.is_unsubscribed = is_unsubscribed


class ChannelDeferred(Exception):
    """The message was not taken now; the same one may be taken later.

    Attributes:
        retry_after: how long the provider asks to wait; None where it says nothing.
    """

    def __init__(self, words: str, *, retry_after: timedelta | None = None) -> None:
        """Keep what the provider said."""
        super().__init__(words)
        self.retry_after = retry_after


class SenderRefused(ChannelDeferred):
    """The provider works, and does not take the sender that a rule chose for this message."""


class ChannelUnavailable(Exception):
    """Nothing can be handed over now; no message is to blame and none was handed over.

    Attributes:
        is_account_fault: the account is to blame, such as a key that was taken back; waiting does
            not mend it.
        is_sender_fault: the account is to blame for its sender alone, whom it does not know.
        retry_after: how long the provider asks to wait; None where it says nothing.
        is_throttle: it works, and asks to be sent less at a time.
    """

    def __init__(
        self,
        words: str,
        *,
        is_account_fault: bool = False,
        is_sender_fault: bool = False,
        retry_after: timedelta | None = None,
        is_throttle: bool = False,
    ) -> None:
        """Keep what the provider said."""
        super().__init__(words)
        self.is_account_fault = is_account_fault
        self.is_sender_fault = is_sender_fault
        self.retry_after = retry_after
        self.is_throttle = is_throttle


class OutcomeUnknown(Exception):
    """The message was handed over, but the answer was lost: it may have been taken."""


class SignatureInvalid(Exception):
    """A callback was not made by the provider of the account; it is answered 401."""


class CredentialInvalid(Exception):
    """One thing that was told of an account cannot be right."""

    def __init__(self, name: str, words: str) -> None:
        """Keep which it is, and what is wrong with it for the merchant."""
        super().__init__(words)
        self.name = name


@dataclass(frozen=True, slots=True)
class Account:
    """A merchant's account at a provider, as its module gets it.

    Attributes:
        id: of the `ChannelAccount`; 0 for the installation's own mail server.
        credentials: by the names of `Provider.credentials`.
        options: by the names of `Provider.options`.
        callback_url: where the provider tells what became of messages.
    """

    id: int
    tenant_id: int
    channel: str
    provider: str
    name: str
    credentials: Mapping[str, str] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    callback_url: str = ""


@dataclass(frozen=True, slots=True)
class Handed:
    """What a provider said when it took a message.

    Attributes:
        provider_id: what it calls the message in its callbacks; empty where it says nothing.
        parts: into how many SMS it was cut.
    """

    provider_id: str = ""
    parts: int = 1


class Channel(Protocol):
    """Hands one message at a time to a provider, outside any transaction."""

    def send(self, message: Any) -> Handed:
        """Hand over one message of the provider's channel.

        Args:
            message: `messaging.types.OutgoingEmail`, or `OutgoingText`, `OutgoingWhatsApp` or
                `OutgoingPush` of this module.

        Raises:
            ChannelRejected, ChannelDeferred: a no that this message got.
            ChannelUnavailable: nothing can be handed over; the connection or account is to blame.
            OutcomeUnknown: the answer was lost.
        """
        ...


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """One SMS.

    Attributes:
        to, sender: E.164, or for the sender a name of letters where the country takes one.
        reference: ``{tenant id}-{message id}``, for callbacks.
        country: ISO 3166 of the recipient's number; may be empty.
    """

    to: str
    sender: str
    text: str
    reference: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingWhatsApp:
    """One WhatsApp message: an approved template, or free text inside the 24-hour window.

    Attributes:
        to, sender: E.164.
        template: its name at the provider; empty sends ``text``.
        variables: what stands in the template's places, in order.
        category: ``marketing``, ``utility`` or ``authentication``.
        buttons: what stands in the addresses of the template's buttons, in order.
    """

    to: str
    sender: str
    reference: str
    text: str = ""
    template: str = ""
    language: str = ""
    variables: tuple[str, ...] = ()
    category: str = ""
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingPush:
    """One push message to one browser or device.

    Attributes:
        target: the subscription as JSON, or the token.
        ttl_seconds: how long it is worth showing.
    """

    target: str
    title: str
    body: str
    url: str
    reference: str
    image: str = ""
    ttl_seconds: int = 86_400


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One thing that a merchant is asked when an account is connected."""

    name: str
    label: str
    help: str = ""
    is_secret: bool = True
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A request of a provider.

    Attributes:
        url: as the provider called it, with its query.
        headers: by lower-case name.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One thing that a provider told.

    Attributes:
        kind: a `messaging.choices.CallbackKind` word.
        dedupe_key: the same when it is told again.
        at: aware; when it happened.
        provider_id, reference: which message; either may be empty.
        code, detail: why, in the provider's own words.
        url, user_agent: of a click or an opening.
        text, sender, recipient, media: of a message that came in; ``media`` are addresses.
        mail: what `messaging.domain.inbound_mail` keeps of a mail that came in, as JSON.
    """

    kind: str
    dedupe_key: str
    at: datetime
    provider_id: str = ""
    reference: str = ""
    recipient: str = ""
    code: str = ""
    detail: str = ""
    url: str = ""
    user_agent: str = ""
    text: str = ""
    sender: str = ""
    media: tuple[str, ...] = ()
    mail: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What a provider is answered, and what it told."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
    events: tuple[ProviderEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Provider:
    """One way to reach people.

    Attributes:
        channel: a `crm.choices.Channel` word.
        name: its word in addresses and tables.
        credentials, options: what is asked; options are kept readable.
        open: opens an account for the running thread; may be called for each batch.
        check: empty when the account works, else what is wrong, in words for the merchant.
        read_callback: what a request says; None where the provider calls nobody back. Raises
            `SignatureInvalid`.
        complete: returns what is kept beside the credentials that were told, such as a key pair
            that is made; None where nothing is.
        together: how many messages it takes in one request; so many are claimed at once.
    """

    channel: str
    name: str
    label: str
    credentials: tuple[CredentialField, ...]
    open: Callable[[Account], Channel]
    check: Callable[[Account], str]
    options: tuple[CredentialField, ...] = ()
    read_callback: Callable[[Account, CallbackRequest], CallbackAnswer] | None = None
    complete: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None
    together: int = 1
