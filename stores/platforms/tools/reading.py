"""What the tools share: names of people, their words for times, and secrets in headers."""

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from crm.types import CustomerRecord
from stores.errors import Untranslatable
from stores.platforms.fields import Json, instant, text
from stores.types import DeliveryHead

SECRET_BYTES: Final = 32
MAX_LENGTH: Final = 200
KEY_HEADER: Final = "x-patron-secret"
_HEAD_BYTES: Final = 64 * 1024
_SPELLED: Final = "%Y-%m-%d %H:%M:%S"
_LATEST: Final = 4_102_444_800
"""2100, in seconds since 1970."""


def make_secret() -> str:
    """Return a new secret in hexadecimal."""
    return secrets.token_hex(SECRET_BYTES)


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header without what no database can keep; empty for a missing one."""
    return (headers.get(name) or "").replace("\x00", "").strip()[:MAX_LENGTH]


def find_in(body: bytes, pattern: re.Pattern[bytes]) -> str:
    """Return what a pattern's group finds near the beginning of a body; empty for nothing."""
    found = pattern.search(body, 0, _HEAD_BYTES)
    return found[1].decode("utf-8", "replace") if found else ""


def make_head(
    topic: str, *, signature: str = "", delivery_id: str = "", kept: Mapping[str, str] | None = None
) -> DeliveryHead:
    """Return the head of a delivery whose time stands in its body."""
    return DeliveryHead(
        delivery_id=delivery_id,
        topic=topic,
        signature=signature,
        triggered_at=None,
        headers={name: value for name, value in (kept or {}).items() if value},
    )


def is_equal(ours: str, theirs: str) -> bool:
    """Compare secrets in constant time; an empty one equals nothing."""
    left, right = (each.encode("utf-8", "surrogateescape") for each in (ours, theirs))
    return bool(left) and hmac.compare_digest(left, right)


def moment(payload: Json, name: str) -> datetime | None:
    """Return a time: ISO 8601, ``2024-02-20 14:12:13 UTC``, or seconds since 1970.

    A time without a zone is UTC, as these tools write it.

    Raises:
        Untranslatable: it is none of these.
    """
    found = text(payload, name)
    if not found:
        return None
    if found.isdecimal():
        seconds = int(found)
        if seconds > _LATEST:
            raise Untranslatable(f"{name}: {found[:MAX_LENGTH]!r} is not a time")
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    if found.endswith(" UTC"):
        try:
            return datetime.strptime(found.removesuffix(" UTC"), _SPELLED).replace(tzinfo=UTC)
        except ValueError as exc:
            raise Untranslatable(f"{name}: {found[:MAX_LENGTH]!r} is not a time") from exc
    return instant(payload, name, zone=UTC)


def person(email: str, name: str = "", phone: str = "", *, at: datetime) -> CustomerRecord | None:
    """Return who a tool names; None for somebody without an address and a number.

    A tool's own id of a person means nothing to a shop, so nobody is known by it.
    """
    if not (email or phone):
        return None
    first, _, last = name.strip().partition(" ")
    return CustomerRecord(
        external_id="",
        version_at=at,
        email=email,
        phone=phone,
        first_name=first,
        last_name=last.strip(),
    )


def is_yes(payload: Json, name: str) -> bool:
    """Say whether a value is true, also as a word."""
    value = payload.get(name)
    return value is True or text(payload, name).lower() == "true"


def labels(payload: Json, name: str) -> Sequence[str]:
    """Return tags: words, objects with a name, or text with commas or blanks between them."""
    value = payload.get(name)
    if isinstance(value, list):
        words = [text(item, "name") if isinstance(item, dict) else str(item) for item in value]
    else:
        words = re.split(r"[,\s]+", text(payload, name))
    return [word.strip()[:100] for word in words if word.strip()][:100]
