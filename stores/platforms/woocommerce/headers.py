"""Headers and signature of a WooCommerce webhook, and the ping that comes before the first one."""

import base64
import hmac
import re
from collections.abc import Mapping
from typing import Final

from stores.types import DeliveryHead

KEPT: Final = ("topic", "resource", "event", "source", "id", "delivery-id")
MAX_LENGTH: Final = 200
PING: Final = re.compile(rb"webhook_id=\d{1,10}")
"""What WooCommerce posts, unsigned, when a webhook is saved."""


def read_head(headers: Mapping[str, str]) -> DeliveryHead:
    """Read the headers of a request.

    The delivery id of WooCommerce is made of the webhook and the second: different orders share
    it. So a delivery is known by its topic and body, and the id only tells two deletions of one
    object apart, whose bodies are equal.

    Args:
        headers: by name in any case.
    """
    kept = {f"wc-webhook-{name}": found for name in KEPT if (found := _header(headers, name))}
    topic = (_header(headers, "topic") or _spell_topic(headers)).lower()
    return DeliveryHead(
        delivery_id="",
        topic=topic,
        signature=_header(headers, "signature"),
        triggered_at=None,
        headers=kept,
        salt=_header(headers, "delivery-id") if topic.endswith(".deleted") else "",
    )


def is_signed(secret: str, body: bytes, signature: str) -> bool:
    """Say, in constant time, whether a body carries the signature of a secret.

    The ping is taken as it is: it carries no signature, and nothing else either.
    """
    if not signature and PING.fullmatch(body):
        return True
    expected = base64.b64encode(hmac.digest(secret.encode(), body, "sha256"))
    return hmac.compare_digest(expected, signature.encode("utf-8", "surrogateescape"))


def _spell_topic(headers: Mapping[str, str]) -> str:
    resource, event = _header(headers, "resource"), _header(headers, "event")
    return f"{resource}.{event}" if resource and event else ""


def _header(headers: Mapping[str, str], name: str) -> str:
    found = headers.get(f"x-wc-webhook-{name}") or ""
    return found.replace("\x00", "").strip()[:MAX_LENGTH]
