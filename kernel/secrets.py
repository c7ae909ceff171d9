"""Secrets at rest, hashes of keys, and signed tokens."""

import functools
import hashlib
import secrets

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

TOKEN_BYTES = 24


def encrypt(text: str) -> str:
    """Encrypt with the newest key of ``PATRON_ENCRYPTION_KEYS``; empty stays empty."""
    return _cipher().encrypt(text.encode()).decode() if text else ""


def decrypt(text: str) -> str:
    """Decrypt with whichever key fits.

    Raises:
        cryptography.fernet.InvalidToken: no key of the list made it.
    """
    return _cipher().decrypt(text.encode()).decode() if text else ""


def rotate(text: str) -> str:
    """Encrypt anew with the newest key what any listed key can read."""
    return _cipher().rotate(text.encode()).decode() if text else ""


def new_token() -> str:
    """Return a random token for an address, 32 URL-safe letters."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_key(key: str) -> str:
    """Return the SHA-256 of a random key; random keys need no salt and no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()


@functools.cache
def _cipher() -> MultiFernet:
    if not settings.ENCRYPTION_KEYS:
        raise ImproperlyConfigured("PATRON_ENCRYPTION_KEYS is empty")
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])
