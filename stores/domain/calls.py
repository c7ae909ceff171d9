"""Calls of the tracking API: what their addresses mean and what one call must say. Pure.

The format is Segment's, which the client libraries of Segment and RudderStack speak.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Json = Mapping[str, Any]

TRACK, IDENTIFY, PAGE, SCREEN = "track", "identify", "page", "screen"
GROUP, ALIAS, BATCH, IMPORT = "group", "alias", "batch", "import"
SINGLE: Final = (TRACK, IDENTIFY, PAGE, SCREEN, GROUP, ALIAS)
CALLS: Final = {
    **{name: name for name in (*SINGLE, BATCH, IMPORT)},
    **{name[0]: name for name in (*SINGLE, BATCH)},
}
"""What the last part of an address means."""

MAX_EVENT: Final = 32 * 1024
MAX_BATCH: Final = 500 * 1024
MAX_ITEMS: Final = 2_500
MAX_NAME: Final = 255
MAX_MESSAGE_ID: Final = 100
NESTED: Final = ("properties", "traits", "context")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a call is not taken.

    Attributes:
        code: for programs.
        detail: for people.
    """

    code: str
    detail: str


TOO_LARGE: Final = Refused("event_too_large", "An event has at most 32 KB.")
NO_OBJECT: Final = Refused("not_an_object", "An event is a JSON object.")
NO_EVENT: Final = Refused("missing_event", "event says what happened, in at most 255 letters.")
NO_ID: Final = Refused("missing_id", "Give a userId or an anonymousId.")


@dataclass(frozen=True, slots=True)
class Item:
    """One call of a request, as it was judged.

    Attributes:
        call: of `SINGLE`; empty when it is none of them.
        message_id: as sent, or the digest of one of more than 100 letters; empty without one.
        refused: None when it is taken.
        is_repeated: another call before it in the request has the same message id.
    """

    body: Json
    call: str
    message_id: str
    refused: Refused | None
    is_repeated: bool = False

    @property
    def is_taken(self) -> bool:
        """Whether it is to be applied."""
        return self.refused is None and not self.is_repeated


def read_items(payload: Json, call: str, size: int) -> list[Item]:
    """Judge the calls of one request.

    Args:
        payload: the body.
        call: what the address means.
        size: bytes of the body.

    Returns:
        One item for each call, in order; none for a batch without a list.
    """
    if call in SINGLE:
        return [_judge(payload, call, is_small=size <= MAX_EVENT)]
    calls = payload.get("batch")
    if not isinstance(calls, list):
        return []
    is_small = size <= MAX_EVENT
    seen: set[str] = set()
    items: list[Item] = []
    for body in calls:
        item = _judge(body, "", is_small=is_small or _size(body) <= MAX_EVENT)
        if item.message_id and item.refused is None:
            if item.message_id in seen:
                item = Item(item.body, item.call, item.message_id, None, is_repeated=True)
            seen.add(item.message_id)
        items.append(item)
    return items


def read_id(value: Any) -> str:
    """Return an id as text: text without blanks around it, or a whole number; else empty."""
    if value.__class__ is str:
        text: str = value.strip()
        return text
    return str(value) if value.__class__ is int else ""


def find_write_key(payload: Json) -> str:
    """Return the write key in a body; empty without one."""
    return _storable(read_id(payload.get("writeKey")))


def have_message_ids(items: Sequence[Item]) -> bool:
    """Say whether each call can be told from its like."""
    return all(item.message_id for item in items)


def _judge(body: Any, call: str, *, is_small: bool) -> Item:
    if not isinstance(body, dict):
        return Item({}, call, "", NO_OBJECT)
    name = call or _call_of(body)
    message_id = _storable(read_id(body.get("messageId")))
    if len(message_id) > MAX_MESSAGE_ID:
        message_id = hashlib.sha256(message_id.encode()).hexdigest()
    refused = TOO_LARGE if not is_small else _find_fault(body, name)
    return Item(body, name, message_id, refused)


def _call_of(body: Json) -> str:
    name = body.get("type")
    return name if isinstance(name, str) and name in SINGLE else ""


def _find_fault(body: Json, call: str) -> Refused | None:
    if not call:
        return Refused("unknown_type", f"type is one of {', '.join(SINGLE)}.")
    if not (read_id(body.get("userId")) or read_id(body.get("anonymousId"))):
        return NO_ID
    for name in NESTED:
        if not isinstance(body.get(name), dict | None):
            return Refused("invalid_field", f"{name} is a JSON object.")
    return _find_missing(body, call)


def _find_missing(body: Json, call: str) -> Refused | None:
    """Return what a call of this kind lacks."""
    if call == TRACK:
        event = body.get("event")
        if not isinstance(event, str) or not event.strip() or len(event) > MAX_NAME:
            return NO_EVENT
    elif call == GROUP and not read_id(body.get("groupId")):
        return Refused("missing_group_id", "Give a groupId.")
    elif call == ALIAS and not (read_id(body.get("previousId")) and read_id(body.get("userId"))):
        return Refused("missing_previous_id", "Give a previousId and a userId.")
    return None


def _storable(text: str) -> str:
    """Return text without what PostgreSQL cannot store."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _size(body: Any) -> int:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "replace"))
