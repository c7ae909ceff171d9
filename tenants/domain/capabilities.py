"""Who may do what: the written matrix of role × capability."""

from typing import Final

VIEW: Final = "view"
EXPORT_PROFILES: Final = "profiles.export"
TAG_PROFILES: Final = "profiles.tag"
WRITE_NOTES: Final = "profiles.note"
ERASE_PROFILES: Final = "profiles.erase"
EDIT_SEGMENTS: Final = "segments.edit"
EDIT_FLOWS: Final = "flows.edit"
ADJUST_POINTS: Final = "points.adjust"
RETRY_DELIVERIES: Final = "stores.retry"
MANAGE_STORES: Final = "stores.manage"
MANAGE_KEYS: Final = "keys.manage"
MANAGE_MEMBERS: Final = "members.manage"
MANAGE_SETTINGS: Final = "settings.manage"
READ_AUDIT: Final = "audit.read"
MANAGE_TENANT: Final = "tenant.manage"

WORDS: Final[dict[str, str]] = {
    VIEW: "see everything",
    EXPORT_PROFILES: "export profiles",
    TAG_PROFILES: "tag and merge profiles",
    WRITE_NOTES: "write notes on profiles and record consent",
    ERASE_PROFILES: "erase profiles",
    EDIT_SEGMENTS: "change segments",
    EDIT_FLOWS: "change flows",
    ADJUST_POINTS: "give and take points",
    RETRY_DELIVERIES: "retry deliveries",
    MANAGE_STORES: "connect stores",
    MANAGE_KEYS: "make and revoke keys",
    MANAGE_MEMBERS: "invite people and give roles",
    MANAGE_SETTINGS: "change brand and senders",
    READ_AUDIT: "read the audit trail",
    MANAGE_TENANT: "suspend, export and delete the shop",
}
"""What people read for each capability, in the order in which it is listed."""

_SUPPORT = frozenset({VIEW, TAG_PROFILES, WRITE_NOTES, ADJUST_POINTS, RETRY_DELIVERIES})
_ANALYST = frozenset({VIEW, EXPORT_PROFILES})
_MARKETER = _ANALYST | _SUPPORT | {EDIT_SEGMENTS, EDIT_FLOWS}
_ADMIN = _MARKETER | {
    ERASE_PROFILES,
    MANAGE_STORES,
    MANAGE_KEYS,
    MANAGE_MEMBERS,
    MANAGE_SETTINGS,
    READ_AUDIT,
}

MATRIX: Final[dict[str, frozenset[str]]] = {
    "owner": _ADMIN | {MANAGE_TENANT},
    "admin": _ADMIN,
    "marketer": _MARKETER,
    "analyst": _ANALYST,
    "support": _SUPPORT,
}
"""Capabilities by role; a role that is not a key may do nothing."""


def may(role: str, capability: str) -> bool:
    """Say whether a role has a capability."""
    return capability in MATRIX.get(role, frozenset())
