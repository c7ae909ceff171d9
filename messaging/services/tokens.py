"""Signed addresses that carry their tenant, so that they work without log-in and for ever.

A token is never stored and never expires: an unsubscribe link must work after its message was
deleted. `SECRET_KEY_FALLBACKS` keeps old ones valid when the key changes.
"""

import functools
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer, TimestampSigner

from messaging.errors import TokenInvalid
from messaging.types import LinkToken, RecipientToken, SenderToken

SENDER_DAYS = 3
"""How long the link that verifies a sender is good."""
_SAFE_SCHEMES = ("http://", "https://")


def unsubscribe_url(token: RecipientToken) -> str:
    """Return the address of the unsubscribe page of one recipient of one message."""
    return f"{settings.PUBLIC_URL}/u/{_sign_recipient(token)}"


def preferences_url(token: RecipientToken) -> str:
    """Return the address of the preference page of one recipient."""
    return f"{settings.PUBLIC_URL}/p/{_sign_recipient(token)}"


def open_url(token: LinkToken) -> str:
    """Return the address of the pixel of one message."""
    return f"{settings.PUBLIC_URL}/o/{_sign_link(token)}.gif"


def click_url(token: LinkToken) -> str:
    """Return the tracked address of one link of one message."""
    return f"{settings.PUBLIC_URL}/c/{_sign_link(token)}"


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
        tenant_id, message_id, url = _link_signer().unsign_object(text)
    except (BadSignature, ValueError) as exc:
        raise TokenInvalid from exc
    if url and not url.lower().startswith(_SAFE_SCHEMES):
        raise TokenInvalid
    return LinkToken(tenant_id, message_id, url)


def _sign_recipient(token: RecipientToken) -> str:
    return _recipient_signer().sign(f"{token.tenant_id}.{token.profile_id}.{token.message_id}")


def _sign_link(token: LinkToken) -> str:
    return _link_signer().sign_object([token.tenant_id, token.message_id, token.url])


@functools.cache
def _recipient_signer() -> Signer:
    return Signer(salt="messaging.recipient")


@functools.cache
def _link_signer() -> Signer:
    return Signer(salt="messaging.link")


@functools.cache
def _sender_signer() -> TimestampSigner:
    return TimestampSigner(salt="messaging.sender")
