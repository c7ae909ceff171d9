"""Passes to what is not open to everybody yet: signed, so that nobody makes one.

A pass names tenant, list and person; that of person 0 is the list's own address, which a shop asks
for a visitor without a pass.
"""

import functools
from typing import Final, NamedTuple

from django.core.signing import BadSignature, Signer

ANYBODY: Final = 0
PARAMETER: Final = "patron_access"
"""Under which the address of a shop carries a pass."""


class Pass(NamedTuple):
    """Who shows it, and to what."""

    tenant_id: int
    list_id: int
    profile_id: int = ANYBODY


def write_pass(shown: Pass) -> str:
    """Return a pass as it stands in addresses."""
    return _signer().sign(f"{shown.tenant_id}.{shown.list_id}.{shown.profile_id}")


def read_pass(text: str) -> Pass | None:
    """Return what a pass says; None for one that was not made here."""
    try:
        tenant_id, list_id, profile_id = _signer().unsign(text).split(".")
        return Pass(int(tenant_id), int(list_id), int(profile_id))
    except (BadSignature, ValueError):
        return None


def with_pass(url: str, shown: Pass) -> str:
    """Return the address of a shop with a pass in it; a fragment stays at the end."""
    address, mark, fragment = url.partition("#")
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{PARAMETER}={write_pass(shown)}{mark}{fragment}"


@functools.cache
def _signer() -> Signer:
    return Signer(salt="flows.early_access")
