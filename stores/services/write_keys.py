"""Whose a write key is, kept in this process for a moment: the tracking edge asks each time."""

import threading
import time
from typing import NamedTuple

from django.db import close_old_connections, transaction

from crm.services.api_store import ensure_api_store
from kernel.errors import Conflict
from kernel.scope import tenant_scope
from stores.types import WriteKey
from tenants.queries import find_write_key
from tenants.services.keys import touch_key

CACHE_SECONDS = 10.0
UNKNOWN_SECONDS = 1.0
"""A key that nobody has is looked up once a second at most, however often it is sent."""
CACHE_LIMIT = 10_000


class _Kept(NamedTuple):
    key: WriteKey | None
    until: float


_cache: dict[str, _Kept] = {}
_cache_lock = threading.Lock()


def find_key(secret: str) -> WriteKey | None:
    """Return whose a write key is.

    A tenant that is suspended goes on receiving: what arrives is kept until it works again.

    Returns:
        None when nobody has it, or it was revoked more than ten seconds ago.
    """
    kept = _cache.get(secret)
    if kept is None or time.monotonic() >= kept.until:
        kept = _keep(secret, _load(secret))
    return kept.key


def forget_keys() -> None:
    """Forget what this process keeps; others notice within ten seconds."""
    with _cache_lock:
        _cache.clear()


def _keep(secret: str, key: WriteKey | None) -> _Kept:
    seconds = UNKNOWN_SECONDS if key is None else CACHE_SECONDS
    kept = _Kept(key, time.monotonic() + seconds)
    with _cache_lock:
        if len(_cache) >= CACHE_LIMIT:
            _cache.clear()
        _cache[secret] = kept
    return kept


def _load(secret: str) -> WriteKey | None:
    close_old_connections()  # no signal of a request does it on a hot edge
    found = find_write_key(secret)
    if found is None:
        return None
    touch_key(found)
    with tenant_scope(found.tenant_id):
        return WriteKey(found.tenant_id, _ensure_store())


def _ensure_store() -> int:
    try:
        with transaction.atomic():
            return ensure_api_store()
    except Conflict:  # another process has just made it
        with transaction.atomic():
            return ensure_api_store()
