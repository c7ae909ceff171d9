"""Whose link domain a request came to, kept in this process for half a minute.

Only hosts that are not the installation's own are looked up; a flood of made-up names empties what
is kept and nothing else.
"""

import threading
import time
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from messaging.queries.link_domains import find_tenant_behind

CACHE_SECONDS: Final = 30.0
CACHE_LIMIT: Final = 5_000
_LONGEST: Final = 253
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "[::1]", ""})


class _Kept(NamedTuple):
    """A tenant, with when it was looked up by `time.monotonic`."""

    tenant_id: int | None
    loaded_at: float


_cache: dict[str, _Kept] = {}
_lock = threading.Lock()


def find_link_tenant(host_header: str) -> int | None:
    """Return whose links lead through a host; None for one of the installation's own.

    Args:
        host_header: as the client sent it, with or without a port.

    Raises:
        DatabaseError: it could not be looked up.
    """
    host = split_domain_port(host_header)[0]
    if _is_own(host):
        return None
    kept = _cache.get(host)
    if kept is None or time.monotonic() - kept.loaded_at >= CACHE_SECONDS:
        kept = _Kept(find_tenant_behind(host), time.monotonic())
        with _lock:
            if len(_cache) >= CACHE_LIMIT:
                _cache.clear()
            _cache[host] = kept
    return kept.tenant_id


def forget_hosts() -> None:
    """Forget what this process keeps; others notice within half a minute."""
    with _lock:
        _cache.clear()


def _is_own(host: str) -> bool:
    named = [allowed for allowed in settings.ALLOWED_HOSTS if allowed != "*"]
    return (
        host in _LOCAL
        or len(host) > _LONGEST
        or host == urlsplit(settings.PUBLIC_URL).hostname
        or validate_host(host, named)
    )
