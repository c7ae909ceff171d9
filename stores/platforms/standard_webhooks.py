"""Standard Webhooks: how a delivery is named and signed, in three headers.

The signature is over id, time and body. How old the time may be is not asked: an id is taken once
for ever, so a recorded delivery that is posted again changes nothing, and a shop whose clock is
wrong loses none.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from stores.types import DeliveryHead

PREFIX: Final = "whsec_"
VERSION: Final = "v1,"
MAX_LENGTH: Final = 200
MAX_SIGNATURES: Final = 2000
_SECONDS: Final = re.compile(r"\d{1,11}")


def read_head(headers: Mapping[str, str], topic: str) -> DeliveryHead:
    """Read the headers of a request.

    Args:
        headers: by name in any case.
        topic: what the body says it is about.
    """
    named = {name: _header(headers, name, MAX_LENGTH) for name in ("id", "timestamp")}
    return DeliveryHead(
        delivery_id=named["id"],
        topic=topic,
        signature=_header(headers, "signature", MAX_SIGNATURES),
        triggered_at=_time(named["timestamp"]),
        headers={f"webhook-{name}": found for name, found in named.items() if found},
    )


def is_signed(keys: Iterable[bytes], body: bytes, head: DeliveryHead) -> bool:
    """Say, in constant time for each key, whether one of the signatures is of one of the keys."""
    name, at = head.headers.get("webhook-id"), head.headers.get("webhook-timestamp")
    if not name or not at:
        return False
    content = f"{name}.{at}.".encode() + body
    expected = [VERSION.encode() + _sign(key, content) for key in keys]
    given = [each.encode("utf-8", "surrogateescape") for each in head.signature.split()]
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    return any(matches)


def keys_of(secret: str) -> list[bytes]:
    """Return the keys that a secret may stand for.

    ``whsec_`` and base64 is the one written form. A secret without it is a key as it is, or the
    base64 of one: senders' libraries differ there.
    """
    decoded = _decode(secret.removeprefix(PREFIX))
    if secret.startswith(PREFIX) and decoded:
        return [decoded]
    return [secret.encode(), *([decoded] if decoded else [])]


def spell_secret(key: bytes) -> str:
    """Return a key in its written form."""
    return PREFIX + base64.b64encode(key).decode()


def _sign(key: bytes, content: bytes) -> bytes:
    return base64.b64encode(hmac.digest(key, content, "sha256"))


def _decode(found: str) -> bytes:
    try:
        return base64.b64decode(found, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _header(headers: Mapping[str, str], name: str, length: int) -> str:
    found = headers.get(f"webhook-{name}") or ""
    return found.replace("\x00", "").strip()[:length]


def _time(found: str) -> datetime | None:
    if not _SECONDS.fullmatch(found):
        return None
    try:
        return datetime.fromtimestamp(int(found), UTC)
    except (OverflowError, OSError, ValueError):
        return None
