"""Digests of addresses for the active tenant."""

from crm.domain.digests import digest_address, normal_address
from kernel.scope import current_tenant_id

__all__ = ["address_hash", "normal_address"]


def address_hash(channel: str, address: str, *, tenant_id: int | None = None) -> str:
    """Return the SHA-256 of tenant, channel and normalised address.

    Args:
        channel: a word of `Channel`; WhatsApp addresses are numbers like those of SMS.
        address: as typed; an e-mail address is trimmed and put in lower case, a number must be
            in E.164 already.
        tenant_id: the active tenant by default.
    """
    owner = current_tenant_id() if tenant_id is None else tenant_id
    return digest_address(owner, channel, address)
