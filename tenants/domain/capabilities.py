"""Who may do what: the written matrix of role × capability."""

from typing import Final

VIEW: Final = "view"
EXPORT_PROFILES: Final = "profiles.export"
ERASE_PROFILES: Final = "profiles.erase"
EDIT_SEGMENTS: Final = "segments.edit"
EDIT_FLOWS: Final = "flows.edit"
RETRY_DELIVERIES: Final = "stores.retry"
MANAGE_STORES: Final = "stores.manage"
MANAGE_KEYS: Final = "keys.manage"
MANAGE_MEMBERS: Final = "members.manage"

WORDS: Final[dict[str, str]] = {
    VIEW: "see everything",
    EXPORT_PROFILES: "export profiles",
    ERASE_PROFILES: "erase profiles",
    EDIT_SEGMENTS: "change segments",
    EDIT_FLOWS: "change flows",
    RETRY_DELIVERIES: "retry deliveries",
    MANAGE_STORES: "connect stores",
    MANAGE_KEYS: "make and revoke keys",
    MANAGE_MEMBERS: "invite people and give roles",
}
"""What people read for each capability, in the order in which it is listed."""

_SUPPORT = frozenset({VIEW, RETRY_DELIVERIES})
_ANALYST = frozenset({VIEW, EXPORT_PROFILES})
_MARKETER = frozenset({VIEW, EXPORT_PROFILES, EDIT_SEGMENTS, EDIT_FLOWS, RETRY_DELIVERIES})
_ADMIN = _MARKETER | {ERASE_PROFILES, MANAGE_STORES, MANAGE_KEYS}

MATRIX: Final[dict[str, frozenset[str]]] = {
    "owner": _ADMIN | {MANAGE_MEMBERS},
    "admin": _ADMIN,
    "marketer": _MARKETER,
    "analyst": _ANALYST,
    "support": _SUPPORT,
}
"""Capabilities by role; a role that is not a key may do nothing."""


def may(role: str, capability: str) -> bool:
    """Say whether a role has a capability."""
    return capability in MATRIX.get(role, frozenset())
