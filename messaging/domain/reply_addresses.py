"""Addresses that replies come back to: the merchant's own, with a tag that names the message. Pure.

What is set up is a mailbox, such as ``replies@shop.example``, or a whole domain of which every
address comes in, such as ``in.shop.example``.
"""

import re
from dataclasses import dataclass
from typing import Final

from messaging.domain.addresses import MAX_LOCAL_LENGTH, to_wire

CATCH_ALL: Final = "reply"
"""What stands before the tag where every address of a domain comes in."""
MOST_LOCAL: Final = 24
"""Letters of a local part that leave room for a tag."""
_TAG: Final = re.compile(r"[a-z0-9-]{1,39}")


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """Where replies come in.

    Attributes:
        local: empty where every address of the domain comes in.
    """

    local: str
    domain: str

    @property
    def plain(self) -> str:
        """Return the address without a tag."""
        return f"{self.local or CATCH_ALL}@{self.domain}"

    def tagged(self, tag: str) -> str:
        """Return the address that brings a tag back."""
        return f"{self.local or CATCH_ALL}+{tag}@{self.domain}"

    def tag_of(self, address: str) -> str | None:
        """Return the tag of an address; empty where it has none, None where it is another one."""
        local, _, domain = address.strip().lower().rpartition("@")
        name, _, tag = local.partition("+")
        if domain != self.domain or (self.local and name != self.local):
            return None
        return tag if _TAG.fullmatch(tag) else ""


def parse_reply_address(text: str) -> ReplyAddress:
    """Read what a merchant set up.

    Raises:
        ValueError: neither a mailbox nor a domain, or one with no room for a tag; for people.
    """
    said = text.strip().lower().removeprefix("*").removeprefix("@")
    local, at, _ = said.rpartition("@")
    wire = to_wire(said if at else f"{CATCH_ALL}@{said}")
    if wire is None:
        raise ValueError("Name an address such as replies@shop.example, or a domain.")
    if "+" in local:
        raise ValueError("Leave out the + and what follows: it is added for each message.")
    if len(local) > MOST_LOCAL:
        raise ValueError(f"At most {MOST_LOCAL} letters may stand before the @.")
    return ReplyAddress(local, wire.rpartition("@")[2].lower())


def find_reply_address(text: object) -> ReplyAddress | None:
    """Return what is set up; None for nothing, or for what cannot be read."""
    try:
        return parse_reply_address(str(text)) if text else None
    except ValueError:
        return None


assert MOST_LOCAL + 1 + 39 <= MAX_LOCAL_LENGTH  # noqa: S101 a tag fits into every address
