"""Whose mailbox an address is: the large providers count how much comes from whom."""

import re
from typing import Final

GMAIL: Final = "gmail"
OUTLOOK: Final = "outlook"
YAHOO: Final = "yahoo"
OTHER: Final = "other"
LABELS: Final = {GMAIL: "Gmail", OUTLOOK: "Outlook", YAHOO: "Yahoo and AOL", OTHER: "Others"}
"""Names of the providers, in the order in which they are listed."""

_OUTLOOK = re.compile(r"(hotmail|outlook|live|msn)\.[a-z.]{2,7}")
_YAHOO = re.compile(r"(yahoo|aol|ymail|rocketmail|aim|verizon)\.[a-z.]{2,7}")


def mailbox_of(address: str) -> str:
    """Return the provider of an address, ``other`` where it is none of the large ones.

    A domain of one's own that one of them serves counts as ``other``: only its records say so.
    """
    domain = address.rpartition("@")[2].lower()
    if domain in {"gmail.com", "googlemail.com"}:
        return GMAIL
    if _OUTLOOK.fullmatch(domain):
        return OUTLOOK
    return YAHOO if _YAHOO.fullmatch(domain) else OTHER
