"""Whom a raw body names: by address or number anywhere, by an id where it says what it is of. Pure.

Small shops count everything from 1, so the number of a line, of a product or of a tag is no id of
a customer or order. Names are compared as digests, so that whoever is to be forgotten is kept
nowhere in clear meanwhile.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final

EMAIL: Final = "email"
PHONE: Final = "phone"
CUSTOMER: Final = "customer"
ORDER: Final = "order"
EMPTY: Final = b"{}"
"""What is left of a body that says nothing but of who is forgotten."""

_BATCH: Final = "batch"
_CALLS: Final = "tracking/"
_KINDS: Final = {"customer": CUSTOMER, "customers": CUSTOMER, "order": ORDER, "orders": ORDER}
"""What an ``id`` is of: in a body of such a topic, and in an object under such a key."""
_THROUGH: Final = frozenset({"data", "event", "value"})
"""Objects that only wrap what the body is about."""
_OWN: Final = frozenset({"id", "external_id", "entity_id"})
_IDS: Final = {
    **dict.fromkeys(("customer", "customer_id", "customerId"), CUSTOMER),
    **dict.fromkeys(("userId", "previousId"), CUSTOMER),
    **dict.fromkeys(("order_id", "orderId", "order_external_id"), ORDER),
}
_GLOBAL: Final = re.compile(r"/(Customer|Order)/(\d+)$")
_PART: Final = re.compile(r"[/.:]")
_SEPARATOR: Final = re.compile(r"[\s\"'<>,;:(){}\[\]\\|/?&=]+")
_E164: Final = re.compile(r"\+\d{7,15}(?!\d)")
_TYPED: Final = re.compile(r"\+?[\d ()./-]{7,24}")
_NO_DIGIT: Final = re.compile(r"\D")


def digest(kind: str, value: str) -> str:
    """Return how a name is kept: an address in any case, a number in E.164, an id of its store."""
    text = value.strip().lower() if kind == EMAIL else value.strip()
    return hashlib.sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def forget(topic: str, body: bytes, names: Collection[str]) -> bytes | None:
    """Return what stays of a body once some names are forgotten; None where it has none of them.

    Of a request with many calls of sites or apps the others stay, each in its place.

    Args:
        topic: of the delivery.
        body: as it came; it need not be JSON.
        names: digests.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace")
        return EMPTY if any(name in names for name in _in_text(text)) else None
    calls = payload.get(_BATCH) if isinstance(payload, dict) else None
    if not topic.startswith(_CALLS) or not isinstance(calls, list):
        return EMPTY if _has_any(topic, payload, names) else None
    kept = [{} if _has_any(topic, call, names) else call for call in calls]
    around = {key: value for key, value in payload.items() if key != _BATCH}
    if not any(kept) or _has_any(topic, around, names):
        return EMPTY
    return None if kept == calls else json.dumps({**payload, _BATCH: kept}).encode()


def _has_any(topic: str, payload: Any, names: Collection[str]) -> bool:
    return any(name in names for name in _in_payload(topic, payload))


def _in_payload(topic: str, payload: Any) -> Iterator[str]:
    """Yield what a body names, outer objects first."""
    waiting: list[tuple[str, Any]] = [(_kind_of(topic), payload)]
    while waiting:
        kind, value = waiting.pop()
        if isinstance(value, dict):
            for key, inside in value.items():
                yield from _in_field(kind, key, inside)
                waiting.append((kind if key in _THROUGH else _KINDS.get(key, ""), inside))
        elif isinstance(value, list):
            waiting += [("", each) for each in value]
        elif isinstance(value, str):
            yield from _in_text(value)


def _kind_of(topic: str) -> str:
    """Return what the id of a whole body is of; empty where it is of something else."""
    parts = _PART.split(topic.lower())
    if "address" in parts:
        return ""
    return next((_KINDS[part] for part in parts if part in _KINDS), "")


def _in_field(kind: str, key: str, value: Any) -> Iterator[str]:
    """Yield the id that a field is, where it is one."""
    of = _IDS.get(key) or (kind if key in _OWN else "")
    if of and (isinstance(value, str) or value.__class__ is int):
        yield digest(of, str(value))


def _in_text(text: str) -> Iterator[str]:
    """Yield the addresses and numbers in a text, and the id in a global one."""
    said = text.replace("%40", "@")
    if "@" in said:
        yield digest(EMAIL, said)
        for word in _SEPARATOR.split(said):
            if "@" in word:
                yield digest(EMAIL, word.strip("."))
    for number in _E164.findall(said):
        yield digest(PHONE, number)
    if _TYPED.fullmatch(said.strip()):
        yield digest(PHONE, "+" + _NO_DIGIT.sub("", said).removeprefix("00"))
    if found := _GLOBAL.search(said):
        yield digest(_KINDS[found[1].lower()], found[2])
