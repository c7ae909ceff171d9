"""What a secret key may be allowed to do: ``<resource>:read``, ``<resource>:write`` or ``*``."""

from collections.abc import Iterable
from typing import Final

EVERYTHING: Final = "*"
RESOURCES: Final = (
    "profiles",
    "orders",
    "products",
    "events",
    "stores",
    "inbox",
    "segments",
    "flows",
    "loyalty",
    "reports",
)
VERBS: Final = ("read", "write")
SCOPES: Final = tuple(f"{resource}:{verb}" for resource in RESOURCES for verb in VERBS)
TRACKING_SCOPES: Final = ("events:write",)
"""All that a write key, which lies open in browsers, can do."""


def allows(scopes: Iterable[str], resource: str, verb: str) -> bool:
    """Say whether a key with ``scopes`` may ``read`` or ``write`` a resource."""
    held = set(scopes)
    return EVERYTHING in held or f"{resource}:{verb}" in held


def find_unknown(scopes: Iterable[str]) -> list[str]:
    """Return the words that are no scope, in the order given."""
    return [scope for scope in scopes if scope != EVERYTHING and scope not in SCOPES]
