"""What a call of a site says to whoever looks whether it arrives. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from stores.domain import calls

MAX_SHOWN: Final = 200
CONSENTS: Final = {
    "given": "The visitor agreed",
    "not asked": "Your site does not ask",
}


@dataclass(frozen=True, slots=True)
class Sighting:
    """The newest call of one request.

    Attributes:
        name: of the event, or what kind of call it is.
        page: where it happened, without its query; empty where it does not say.
        library: who sent it.
        consent: in words; empty where nothing is said.
        is_named: whether it says who the visitor is.
        count: calls in the request.
        status, reason: what became of it.
    """

    at: datetime
    name: str
    page: str
    library: str
    consent: str
    is_named: bool
    count: int
    status: str
    reason: str


def read_sighting(
    body: bytes,
    headers: Mapping[str, Any],
    at: datetime,
    *,
    topic: str,
    status: str,
    reason: str,
) -> Sighting:
    """Return what a request of the tracking API says; parts that cannot be read stay empty."""
    payload = _object(_parse(body))
    batch = payload.get("batch")
    items = [_object(item) for item in batch] if isinstance(batch, list) else [payload]
    last = items[-1] if items else {}
    context = {**_object(payload.get("context")), **_object(last.get("context"))}
    kind = str(last.get("type") or topic.rpartition("/")[2])
    page = _object(context.get("page")).get("url") or headers.get("origin") or ""
    library = _object(context.get("library")).get("name") or headers.get("user-agent") or ""
    consent = _object(context.get("consent")).get("state")
    traits = {**_object(context.get("traits")), **_object(last.get("traits"))}
    return Sighting(
        at=at,
        name=str(last.get("event") or kind.capitalize() or calls.TRACK)[:MAX_SHOWN],
        page=_without_query(str(page)),
        library=str(library)[:MAX_SHOWN],
        consent=CONSENTS.get(str(consent), ""),
        is_named=bool(last.get("userId") or traits.get("email") or traits.get("phone")),
        count=len(items),
        status=status,
        reason=reason,
    )


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _without_query(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    place = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return f"{place}{parts.path}"[:MAX_SHOWN]
