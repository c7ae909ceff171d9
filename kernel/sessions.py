"""Sessions in the database with a short-lived copy in the cache."""

from typing import Any

from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore

COPY_SECONDS = 60
"""How long a copy is believed. A session that was ended while Redis was away, so that its copy
could not be thrown away, is dead at the latest after this time."""


class _Copies:
    """The cache, which forgets each copy soon."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def __contains__(self, key: str) -> bool:
        return key in self._cache

    def set(self, key: str, value: Any, timeout: float) -> None:
        self._cache.set(key, value, min(timeout, COPY_SECONDS))


class SessionStore(CachedStore):
    """What `SESSION_ENGINE` names."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache: Any = _Copies(self._cache)
