"""Who may give and take which role: only an owner makes or unmakes an owner."""

from collections.abc import Sequence
from typing import Final

OWNER: Final = "owner"
ROLES: Final = ("owner", "admin", "marketer", "analyst", "support")
PURPOSE: Final[dict[str, str]] = {
    "owner": "Everything, also handing the shop over and deleting it",
    "admin": "Everything but the shop itself: stores, keys, members, settings",
    "marketer": "Segments, flows and points",
    "analyst": "Sees everything and exports it, changes nothing",
    "support": "Notes, tags and points of single shoppers",
}
"""What each role is for, in one line."""


def roles_to_give(giver: str) -> Sequence[str]:
    """Return the roles that somebody with a role may give, highest first."""
    return ROLES if giver == OWNER else [role for role in ROLES if role != OWNER]


def refuse_role_change(giver: str, current: str, wanted: str) -> str:
    """Return why somebody may not change a role; empty when they may.

    Args:
        giver: role of who asks; may manage members.
        current: role of the member.
        wanted: role that the member should get.
    """
    if giver == OWNER or OWNER not in (current, wanted):
        return ""
    return (
        "Only an owner can change an owner."
        if current == OWNER
        else "Only an owner can make somebody an owner."
    )


def refuse_removal(remover: str, current: str) -> str:
    """Return why somebody may not remove a member; empty when they may."""
    return "Only an owner can remove an owner." if current == OWNER != remover else ""
