"""Signed addresses that carry their tenant, so that they work without log-in and for ever.

A token is never stored and never expires: an unsubscribe link must work after its message was
deleted. `SECRET_KEY_FALLBACKS` keeps old ones valid when the key changes. A tracked link has two
signed parts, where it leads and which message it stands in: the first is the same for everybody,
the second for all links of a mail. What recipients follow begins with ``base``, the tenant's own
link domain (`queries.link_domains.find_link_base`); without one with the address of the
installation.
"""

import base64
import binascii
import functools
import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer, TimestampSigner

from messaging.errors import TokenInvalid
from messaging.types import AccountToken, LinkToken, MailboxToken, RecipientToken, SenderToken

SENDER_DAYS = 3
"""How long the link that verifies a sender is good."""
CONFIRM_DAYS = 7
"""How long the link that confirms a subscription is good."""
COPY_DAYS = 1
"""How long the link to everything that is kept of somebody is good."""
_SAFE_SCHEMES = ("http://", "https://")
_SEAL_LETTERS = 22
"""Of a signature that stands in many links: 128 bits."""
_SEALED, _TRACKED = 3, 5
"""Parts of what names a message, and of a tracked link."""


def unsubscribe_url(token: RecipientToken, base: str = "") -> str:
    """Return the address of the unsubscribe page of one recipient of one message."""
    return f"{base or settings.PUBLIC_URL}/u/{_sign_recipient(token)}"


def preferences_url(token: RecipientToken, base: str = "") -> str:
    """Return the address of the preference page of one recipient."""
    return f"{base or settings.PUBLIC_URL}/p/{_sign_recipient(token)}"


def rate_url(token: RecipientToken, base: str = "") -> str:
    """Return the address of the page on which one recipient says how an order was."""
    return f"{base or settings.PUBLIC_URL}/r/{_sign_recipient(token)}"


def return_url(token: RecipientToken, base: str = "") -> str:
    """Return the address of the page on which one recipient sends an order back."""
    return f"{base or settings.PUBLIC_URL}/b/{_sign_recipient(token)}"


def open_url(token: LinkToken, base: str = "") -> str:
    """Return the address of the pixel of one message."""
    return pixel_url(seal_message(token.tenant_id, token.message_id), base)


def pixel_url(sealed: str, base: str = "") -> str:
    """Return the address of the pixel of a message that was sealed."""
    return f"{base or settings.PUBLIC_URL}/o/{sealed}.gif"


def click_url(token: LinkToken, base: str = "") -> str:
    """Return the tracked address of one link of one message."""
    sealed = seal_message(token.tenant_id, token.message_id)
    return f"{begin_click_url(token.tenant_id, token.url, base)}{sealed}"


def begin_click_url(tenant_id: int, url: str, base: str = "") -> str:
    """Return how the tracked address of a link begins; the sealed message ends it."""
    coded = base64.urlsafe_b64encode(url.encode("utf-8", "replace")).rstrip(b"=").decode()
    signature = _target_signer().signature(f"{tenant_id}.{coded}")
    return f"{base or settings.PUBLIC_URL}/c/{coded}.{signature}."


def seal_message(tenant_id: int, message_id: int) -> str:
    """Return what says in links which message they stand in."""
    return _message_signer().sign(f"{tenant_id}.{message_id}")


def callback_url(channel: str, provider: str, tenant_id: int, account_id: int) -> str:
    """Return where a provider tells what became of the messages of an account."""
    signed = _account_signer().sign(f"{tenant_id}.{account_id}")
    return f"{settings.PUBLIC_URL}/hooks/{channel}/{provider}/{signed}/"


def read_account_token(text: str) -> AccountToken:
    """Return whose account a callback is for.

    Raises:
        TokenInvalid: it was not made here.
    """
    try:
        tenant_id, account_id = _account_signer().unsign(text).split(".")
        return AccountToken(int(tenant_id), int(account_id))
    except (BadSignature, ValueError) as exc:
        raise TokenInvalid from exc


def waiting_key(tenant_id: int, store_id: int) -> str:
    """Return what names a store in the address of its waiting list."""
    return _waiting_signer().sign(f"{tenant_id}.{store_id}")


def waiting_url(tenant_id: int, store_id: int) -> str:
    """Return the address of the waiting list of a store; ``?variant=`` says what is waited for."""
    return f"{settings.PUBLIC_URL}/w/{waiting_key(tenant_id, store_id)}"


def read_waiting_key(text: str) -> tuple[int, int]:
    """Return tenant and store of a waiting list.

    Raises:
        TokenInvalid: it was not made here.
    """
    try:
        tenant_id, store_id = _waiting_signer().unsign(text).split(".")
        return int(tenant_id), int(store_id)
    except (BadSignature, ValueError) as exc:
        raise TokenInvalid from exc


def sender_url(token: SenderToken) -> str:
    """Return the address of the page that verifies a sender; good for `SENDER_DAYS`."""
    signed = _sender_signer().sign_object([token.tenant_id, token.sender_id, token.email])
    return f"{settings.PUBLIC_URL}/v/{signed}"


def read_sender_token(text: str) -> SenderToken:
    """Return what the address that verifies a sender carries.

    Raises:
        TokenInvalid: it was not made here, or is too old.
    """
    try:
        tenant_id, sender_id, email = _sender_signer().unsign_object(
            text, max_age=timedelta(days=SENDER_DAYS)
        )
    except (BadSignature, ValueError) as exc:
        raise TokenInvalid from exc
    return SenderToken(tenant_id, sender_id, email)


def confirm_url(token: MailboxToken, base: str = "") -> str:
    """Return the address that confirms a subscription; good for `CONFIRM_DAYS`."""
    return f"{base or settings.PUBLIC_URL}/s/{_sign_mailbox('confirm', token)}"


def copy_url(token: MailboxToken, base: str = "") -> str:
    """Return the address of everything that is kept of somebody; good for `COPY_DAYS`."""
    return f"{base or settings.PUBLIC_URL}/d/{_sign_mailbox('copy', token)}"


def read_confirm_token(text: str) -> MailboxToken:
    """Return what the address that confirms a subscription carries.

    Raises:
        TokenInvalid: it was not made here, or is too old.
    """
    return _read_mailbox("confirm", text, timedelta(days=CONFIRM_DAYS))


def read_copy_token(text: str) -> MailboxToken:
    """Return what the address of somebody's data carries.

    Raises:
        TokenInvalid: it was not made here, or is too old.
    """
    return _read_mailbox("copy", text, timedelta(days=COPY_DAYS))


def read_recipient_token(text: str) -> RecipientToken:
    """Return what an unsubscribe or preference address carries.

    Raises:
        TokenInvalid: it was not made here.
    """
    try:
        tenant_id, profile_id, message_id = _recipient_signer().unsign(text).split(".")
        return RecipientToken(int(tenant_id), int(profile_id), int(message_id))
    except (BadSignature, ValueError) as exc:
        raise TokenInvalid from exc


def read_link_token(text: str) -> LinkToken:
    """Return what a tracked link or a pixel carries.

    Raises:
        TokenInvalid: it was not made here, or leads elsewhere than to the web.
    """
    try:
        tenant_id, message_id, url = _read_link(text)
    except (BadSignature, ValueError) as exc:
        raise TokenInvalid from exc
    if url and not url.lower().startswith(_SAFE_SCHEMES):
        raise TokenInvalid
    return LinkToken(tenant_id, message_id, url)


def sign_recipient(token: RecipientToken) -> str:
    """Return a token as it stands in addresses."""
    return _sign_recipient(token)


def _sign_mailbox(purpose: str, token: MailboxToken) -> str:
    said = [token.tenant_id, token.profile_id, token.digest]
    return _mailbox_signer(purpose).sign_object(said)


def _read_mailbox(purpose: str, text: str, max_age: timedelta) -> MailboxToken:
    try:
        found = _mailbox_signer(purpose).unsign_object(text, max_age=max_age)
        return MailboxToken(*found)
    except (BadSignature, ValueError, TypeError) as exc:
        raise TokenInvalid from exc


@functools.lru_cache(maxsize=2048)
def _sign_recipient(token: RecipientToken) -> str:
    """Sign what several addresses of one message carry."""
    return _recipient_signer().sign(f"{token.tenant_id}.{token.profile_id}.{token.message_id}")


def _read_link(text: str) -> tuple[int, int, str]:
    """Return tenant, message and address of a link.

    Raises:
        BadSignature, ValueError: it was not made here.
    """
    parts = text.split(".")
    if len(parts) not in (_SEALED, _TRACKED):
        tenant_id, message_id, url = _link_signer().unsign_object(text)  # of earlier mails
        return tenant_id, message_id, url
    tenant_id, message_id = _message_signer().unsign(".".join(parts[-_SEALED:])).split(".")
    if len(parts) == _SEALED:
        return int(tenant_id), int(message_id), ""
    coded, signature = parts[:2]
    _target_signer().unsign(f"{tenant_id}.{coded}.{signature}")
    url = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    return int(tenant_id), int(message_id), url


_SAFE_LETTERS = bytes.maketrans(b"+/", b"-_")


class _QuickSigner(Signer):
    """Django's signer, whose key is derived once: every mail has signed addresses of its own.

    Attributes:
        letters: of a signature that are kept; None for all.
    """

    def __init__(self, salt: str, *, sep: str = ":", letters: int | None = None) -> None:
        super().__init__(salt=salt, sep=sep)
        self.letters = letters
        own_key = self.key if isinstance(self.key, bytes) else self.key.encode()
        derived = hashlib.sha256(f"{salt}signer".encode() + own_key).digest()
        self._begun = hmac.new(derived, digestmod="sha256")

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        """Return the signature of a text."""
        if key is not None and key != self.key:
            return super().signature(value, key)[: self.letters]
        signing = self._begun.copy()
        signing.update(value if isinstance(value, bytes) else value.encode())
        coded = binascii.b2a_base64(signing.digest(), newline=False)
        return coded.translate(_SAFE_LETTERS, b"=").decode()[: self.letters]


@functools.cache
def _recipient_signer() -> Signer:
    return _QuickSigner("messaging.recipient")


@functools.cache
def _link_signer() -> Signer:
    return Signer(salt="messaging.link")


@functools.cache
def _target_signer() -> Signer:
    return _QuickSigner("messaging.target", sep=".", letters=_SEAL_LETTERS)


@functools.cache
def _message_signer() -> Signer:
    return _QuickSigner("messaging.message", sep=".", letters=_SEAL_LETTERS)


@functools.cache
def _account_signer() -> Signer:
    return Signer(salt="messaging.account")


@functools.cache
def _waiting_signer() -> Signer:
    return Signer(salt="messaging.waiting")


@functools.cache
def _sender_signer() -> TimestampSigner:
    return TimestampSigner(salt="messaging.sender")


@functools.cache
def _mailbox_signer(purpose: str) -> TimestampSigner:
    return TimestampSigner(salt=f"messaging.{purpose}")
