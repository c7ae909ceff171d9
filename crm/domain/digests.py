"""Digests of addresses: what stays of somebody who must not be contacted."""

import hashlib


def digest_address(owner: int, channel: str, address: str) -> str:
    """Return the SHA-256 of tenant, channel and normalised address.

    Args:
        owner: id of the tenant.
        channel: a word of `crm.choices.Channel`.
        address: as typed; a number must be in E.164 already.
    """
    normal = normal_address(address)
    return hashlib.sha256(f"{owner}:{channel}:{normal}".encode()).hexdigest()


def normal_address(address: str) -> str:
    """Return an address in the one form in which it is kept and compared.

    That of a mail is the same as of `normalize_email`, also where it is malformed.
    """
    return address.strip().lower()


def mask_address(address: str) -> str:
    """Return ``a…@example.com`` or ``+44…789``, for whoever need not know all of it."""
    local, at, domain = address.rpartition("@")
    if at:
        return f"{local[:1]}…@{domain}"
    return f"{address[:3]}…{address[-3:]}" if address else ""
