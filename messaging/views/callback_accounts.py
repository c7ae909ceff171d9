"""Whose account a callback is for, kept in this process for some seconds.

The token in its address names tenant and account; the scope of the tenant is opened here.
"""

import threading
import time
from typing import Final, NamedTuple

from django.db import close_old_connections, transaction

from kernel.scope import tenant_scope
from messaging.channels.base import Account
from messaging.errors import TokenInvalid
from messaging.queries.accounts import find_account as find_row
from messaging.services.accounts import as_account
from messaging.services.tokens import read_account_token
from messaging.types import AccountToken

CACHE_SECONDS: Final = 10.0
RENEW_SECONDS: Final = 1.0
CACHE_LIMIT: Final = 10_000


class _Kept(NamedTuple):
    """An account with when it was loaded, by `time.monotonic`."""

    account: Account | None
    loaded_at: float


_cache: dict[str, _Kept] = {}
_lock = threading.Lock()


def find_account(channel: str, provider: str, token: str) -> Account | None:
    """Return the account behind a token, kept in this process for ten seconds.

    Returns:
        None when the token was not made here, or its account is gone or of another provider.
    """
    kept = _cache.get(token)
    if kept is None or time.monotonic() - kept.loaded_at >= CACHE_SECONDS:
        kept = _load(token)
    return _of(channel, provider, kept.account)


def renew_account(channel: str, provider: str, token: str) -> Account | None:
    """Look an account up again, for a signature that what is kept does not explain.

    Returns:
        None when it was looked up within the last second: nobody makes the database work by
        posting wrong signatures.
    """
    kept = _cache.get(token)
    if kept is not None and time.monotonic() - kept.loaded_at < RENEW_SECONDS:
        return None
    return _of(channel, provider, _load(token).account)


def forget_accounts() -> None:
    """Forget what this process keeps; others notice within ten seconds."""
    with _lock:
        _cache.clear()


def _of(channel: str, provider: str, found: Account | None) -> Account | None:
    is_his = found is not None and (found.channel, found.provider) == (channel, provider)
    return found if is_his else None


def _load(token: str) -> _Kept:
    """Look an account up; a token that was not made here asks no database."""
    try:
        named = read_account_token(token)
    except TokenInvalid:
        return _Kept(None, time.monotonic())
    close_old_connections()  # no signal of a request does it on a hot edge
    kept = _Kept(_read(named), time.monotonic())
    with _lock:
        if len(_cache) >= CACHE_LIMIT:
            _cache.clear()
        _cache[token] = kept
    return kept


def _read(named: AccountToken) -> Account | None:
    with tenant_scope(named.tenant_id), transaction.atomic():
        row = find_row(named.account_id)
        return as_account(row) if row is not None else None
