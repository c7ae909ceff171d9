"""Headers and signature of a Shopify webhook.

Classic webhooks name their headers ``X-Shopify-…``, the newer events ``Shopify-…``.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

from stores.types import DeliveryHead

KEPT = (
    "topic",
    "webhook-id",
    "event-id",
    "shop-domain",
    "api-version",
    "triggered-at",
    "name",
    "sub-topic",
    "test",
)
MAX_LENGTH = 200


def read_head(headers: Mapping[str, str]) -> DeliveryHead:
    """Read the headers of a request.

    Args:
        headers: by name in any case, as ``HttpRequest.headers`` gives them.
    """
    kept = {f"shopify-{name}": found for name in KEPT if (found := _header(headers, name))}
    return DeliveryHead(
        delivery_id=_header(headers, "webhook-id"),
        topic=_header(headers, "topic").lower(),
        signature=_header(headers, "hmac-sha256"),
        triggered_at=_time(_header(headers, "triggered-at")),
        headers=kept,
    )


def is_signed(secret: str, body: bytes, signature: str) -> bool:
    """Say, in constant time, whether a body carries the signature of a secret."""
    expected = base64.b64encode(hmac.digest(secret.encode(), body, "sha256"))
    return hmac.compare_digest(expected, signature.encode("utf-8", "surrogateescape"))


def _header(headers: Mapping[str, str], name: str) -> str:
    found = headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}") or ""
    return found.replace("\x00", "").strip()[:MAX_LENGTH]


def _time(found: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(found)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None
