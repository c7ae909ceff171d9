"""Codes of short links: few letters that carry the tenant and cannot be guessed. Pure.

A code is the length of the tenant's number, that number, and ten letters of a digest of the link:
the same link of the same message always gets the same code, so writing a message again makes no
second one.
"""

import hmac

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE = len(_DIGITS)
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_LENGTH = 10
"""So many letters keep a hundred million links of a tenant apart."""


def make_code(tenant_id: int, message_id: int, place: int, key: bytes) -> str:
    """Return the code of one link.

    Args:
        tenant_id: from 1.
        message_id: that says it.
        place: of the link in the message, from 0.
        key: secret of the installation.
    """
    tenant = _spell(tenant_id)
    said = f"short-link.{tenant_id}.{message_id}.{place}".encode()
    number = int.from_bytes(hmac.digest(key, said, "sha256")) % _BASE**_LENGTH
    return f"{_DIGITS[len(tenant)]}{tenant}{_spell(number).rjust(_LENGTH, _DIGITS[0])}"


def tenant_of(code: str) -> int | None:
    """Return the tenant that a code names; None for letters that are no code."""
    if not code or any(letter not in _VALUES for letter in code):
        return None
    size = _VALUES[code[0]]
    tenant = code[1 : 1 + size]
    is_whole = len(code) == 1 + size + _LENGTH and tenant.lstrip(_DIGITS[0]) == tenant
    return _read(tenant) if tenant and is_whole and size <= _LENGTH else None


def _spell(number: int) -> str:
    text = ""
    while number:
        number, value = divmod(number, _BASE)
        text = _DIGITS[value] + text
    return text


def _read(text: str) -> int:
    number = 0
    for letter in text:
        number = number * _BASE + _VALUES[letter]
    return number
