"""What a secret key may be allowed to do: ``<resource>:read``, ``<resource>:write`` or ``*``."""

from collections.abc import Iterable
from typing import Final

EVERYTHING: Final = "*"
_READ = ("read",)
_BOTH = ("read", "write")
RESOURCES: Final[dict[str, tuple[str, ...]]] = {
    "profiles": _BOTH,
    "orders": _BOTH,
    "products": _BOTH,
    "events": _BOTH,
    "carts": _READ,
    "shipments": _BOTH,
    "returns": _BOTH,
    "reviews": _BOTH,
    "tickets": _BOTH,
    "consents": _BOTH,
    "suppressions": _BOTH,
    "channels": _BOTH,
    "templates": _BOTH,
    "assets": _BOTH,
    "senders": _READ,
    "stores": _READ,
    "inbox": _BOTH,
    "sync-runs": _READ,
    "segments": _BOTH,
    "flows": _BOTH,
    "campaigns": _BOTH,
    "tasks": _BOTH,
    "loyalty": _BOTH,
    "coupons": _BOTH,
    "webhooks": _BOTH,
    "reports": _READ,
}
"""What can be done to each resource of the REST API."""
SCOPES: Final = tuple(f"{name}:{verb}" for name, verbs in RESOURCES.items() for verb in verbs)
TRACKING_SCOPES: Final = ("events:write",)
"""All that a write key, which lies open in browsers, can do."""


def allows(scopes: Iterable[str], resource: str, verb: str) -> bool:
    """Say whether a key with ``scopes`` may ``read`` or ``write`` a resource."""
    held = set(scopes)
    return EVERYTHING in held or f"{resource}:{verb}" in held


def find_unknown(scopes: Iterable[str]) -> list[str]:
    """Return the words that are no scope, in the order given."""
    return [scope for scope in scopes if scope != EVERYTHING and scope not in SCOPES]
