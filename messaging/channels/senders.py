"""Which number or name an account writes from, by the country of who is written to."""

import re
from collections.abc import Mapping
from typing import Any

from messaging.channels.base import CredentialField

SENDERS = CredentialField(
    "senders",
    "Senders",
    "One for all, or one for each country: +447700900000, or GB=+447700900000, DE=Soap Shop.",
    is_secret=False,
    is_required=False,
)
WHATSAPP_SENDER = CredentialField(
    "senders", "WhatsApp number", "With its country code, such as +447700900000.", is_secret=False
)
OPT_OUT = CredentialField(
    "opt_out",
    "How to stop",
    "Ends marketing. Empty: “Reply STOP to end” in the recipient's language; none: nothing.",
    is_secret=False,
    is_required=False,
)
ANYWHERE = ""
_SPLIT = re.compile(r"[,;\n]+")


def read_senders(said: Any) -> dict[str, str]:
    """Return senders by country, the one for all others under an empty word.

    Args:
        said: a mapping, or lines such as ``GB=+447700900000``.
    """
    if isinstance(said, Mapping):
        found = {str(country): str(sender) for country, sender in said.items()}
    else:
        pairs = [part.partition("=") for part in _SPLIT.split(str(said or ""))]
        found = {(left if sign else ANYWHERE): (right or left) for left, sign, right in pairs}
    return {
        _country(country): sender.strip() for country, sender in found.items() if sender.strip()
    }


def sender_for(options: Mapping[str, Any], country: str) -> str:
    """Return who writes to a country; empty where the provider is to choose."""
    senders = read_senders(options.get("senders"))
    return senders.get(country.upper(), senders.get(ANYWHERE, ""))


def _country(word: str) -> str:
    bare = word.strip().upper()
    return ANYWHERE if bare in {"*", "DEFAULT"} else bare
