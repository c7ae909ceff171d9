"""Which addresses mail can be sent to, and how they are written on the wire."""

import functools
import re

MAX_LENGTH = 254
MAX_LOCAL_LENGTH = 64

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(
    r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


def to_wire(address: str) -> str | None:
    """Return an address as SMTP takes it, its domain in ASCII; None for one that is not valid.

    Quoted local parts and local parts beyond ASCII are not valid: too few servers take them.
    """
    local, at, domain = address.strip().rpartition("@")
    if not at or len(local) > MAX_LOCAL_LENGTH:
        return None
    is_plain = local.isalnum() and local.isascii()  # mostly, and quicker to tell
    if not (is_plain or _LOCAL.fullmatch(local)):
        return None
    ascii_domain = _write_domain(domain)
    if not ascii_domain or len(local) + len(ascii_domain) >= MAX_LENGTH:
        return None
    return f"{local}@{ascii_domain}"


@functools.lru_cache(maxsize=4096)
def _write_domain(domain: str) -> str:
    """Return a domain in ASCII; empty for one that is not valid. Few domains have most people."""
    try:
        written = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return written if _DOMAIN.fullmatch(written) else ""
