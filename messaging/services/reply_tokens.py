"""The tags of reply addresses: short, of letters that survive every mail server, and signed.

A tag says which message is answered. The rest of an address may be anybody's guess, so nothing
follows from a tag whose signature is wrong.
"""

import base64
from typing import Final, NamedTuple

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

REPLY: Final = "r"
LEAVE: Final = "u"
"""A mail to such an address unsubscribes, whatever it says."""
BOUNCE: Final = "b"
"""Such an address stands on the envelope, where the reports of servers come back to."""
_BYTES: Final = 10


class ReplyToken(NamedTuple):
    """What a tag says; ``purpose`` is `REPLY`, `LEAVE` or `BOUNCE`."""

    purpose: str
    message_id: int


def write_tag(tenant_id: int, token: ReplyToken) -> str:
    """Return the tag of a message."""
    return f"{token.purpose}{token.message_id:x}-{_sign(tenant_id, token, settings.SECRET_KEY)}"


def read_tag(tenant_id: int, tag: str) -> ReplyToken | None:
    """Return what a tag says; None for one that was not made for the tenant."""
    head, _, signature = tag.lower().partition("-")
    try:
        token = ReplyToken(head[:1], int(head[1:], 16))
    except ValueError:
        return None
    if token.purpose not in (REPLY, LEAVE, BOUNCE):
        return None
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    known = any(constant_time_compare(signature, _sign(tenant_id, token, key)) for key in keys)
    return token if known else None


def _sign(tenant_id: int, token: ReplyToken, key: str) -> str:
    said = f"{tenant_id}.{token.purpose}.{token.message_id}"
    digest = salted_hmac("messaging.reply", said, secret=key, algorithm="sha256").digest()
    return base64.b32encode(digest[:_BYTES]).decode("ascii").lower()
