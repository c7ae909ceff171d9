"""How many mails a minute may leave where nobody said otherwise."""

import ipaddress
from collections.abc import Mapping
from typing import Final

from messaging.choices import LimitKind
from messaging.domain.mailboxes import GMAIL, OTHER, OUTLOOK, YAHOO

LimitName = tuple[str, str]
"""Kind and name."""

REMOTE: Final[Mapping[LimitName, int]] = {
    (LimitKind.MAILBOX.value, GMAIL): 1_200,
    (LimitKind.MAILBOX.value, OUTLOOK): 600,
    (LimitKind.MAILBOX.value, YAHOO): 600,
    (LimitKind.MAILBOX.value, OTHER): 1_200,
}
"""Over a mail server of one's own; providers of mail know better themselves and say wait."""
NONE: Final[Mapping[LimitName, int]] = {}


def limits_of_server(host: str) -> Mapping[LimitName, int]:
    """Return the limits for a mail server: none for one on this machine, such as a sink."""
    return NONE if is_local(host) else REMOTE


def is_local(host: str) -> bool:
    """Say whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in {"", "localhost"}
