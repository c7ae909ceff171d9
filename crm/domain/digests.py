"""Digests of addresses: what stays of somebody who must not be contacted."""

import hashlib

from crm.domain.identifiers import normalize_email

_EMAIL = "email"


def digest_address(owner: int, channel: str, address: str) -> str:
    """Return the SHA-256 of tenant, channel and normalised address.

    Args:
        owner: id of the tenant.
        channel: a word of `crm.choices.Channel`.
        address: as typed; a number must be in E.164 already.
    """
    normal = address.strip().lower()
    if channel == _EMAIL:
        normal = normalize_email(address) or normal
    return hashlib.sha256(f"{owner}:{channel}:{normal}".encode()).hexdigest()
