"""Whose mailbox an address is: the large providers count how much comes from whom."""

import functools
import re
from typing import Final

GMAIL: Final = "gmail"
OUTLOOK: Final = "outlook"
YAHOO: Final = "yahoo"
ICLOUD: Final = "icloud"
GMX: Final = "gmx"
OTHER: Final = "other"
LABELS: Final = {GMAIL: "Gmail", OUTLOOK: "Outlook", YAHOO: "Yahoo and AOL", OTHER: "Others"}
"""Names of the providers that limits are set for, in the order in which they are listed."""
GROUPS: Final = {
    GMAIL: "Gmail",
    OUTLOOK: "Outlook and Hotmail",
    YAHOO: "Yahoo and AOL",
    ICLOUD: "iCloud",
    GMX: "GMX and WEB.DE",
    OTHER: "Others",
}
"""Names of the providers that figures are told apart by, in the order in which they are listed."""
PATTERNS: Final = {
    GMAIL: r"(gmail|googlemail)\.com",
    OUTLOOK: r"(hotmail|outlook|live|msn)\.[a-z.]{2,7}",
    YAHOO: r"(yahoo|aol|ymail|rocketmail|aim|verizon)\.[a-z.]{2,7}",
    ICLOUD: r"(icloud|me|mac)\.com",
    GMX: r"gmx\.[a-z.]{2,7}|web\.de",
}
"""What the whole domain of an address is like, by provider; PostgreSQL reads them alike."""
_READ: Final = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}


def mailbox_of(address: str) -> str:
    """Return the provider of an address among `LABELS`, ``other`` where it is none of them.

    A domain of one's own that one of them serves counts as ``other``: only its records say so.
    """
    group = group_of(address)
    return group if group in LABELS else OTHER


def group_of(address: str) -> str:
    """Return the provider of an address among `GROUPS`, likewise."""
    return _group_of_domain(address.rpartition("@")[2].lower())


@functools.lru_cache(maxsize=4096)
def _group_of_domain(domain: str) -> str:
    return next((name for name, read in _READ.items() if read.fullmatch(domain)), OTHER)
