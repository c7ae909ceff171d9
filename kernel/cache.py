"""The cache in Redis, and what happens while Redis is away."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import redis
import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

log = structlog.get_logger(__name__)

AWAY = (redis.ConnectionError, redis.TimeoutError)


MAX_ENTRIES = 100_000
"""Kept by a process while Redis is away; fewer would let a flood push the counters out."""


def _or_here(name: str) -> Callable[..., Any]:
    method = getattr(RedisCache, name)

    @wraps(method)
    def call(self: "SturdyRedisCache", *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except AWAY as exc:
            log.warning("cache.away", call=name, error=str(exc))
            return getattr(self.here, name)(*args, **kwargs)

    return call


class SturdyRedisCache(RedisCache):
    """Redis; while it is away each process remembers for itself.

    So nobody is locked out by an outage, sessions are read from the database, and attempts to
    log in are still counted, for each process by itself: the limits become looser by the number
    of processes, they do not fall away.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        options = {"MAX_ENTRIES": MAX_ENTRIES}
        self.here = LocMemCache(f"beside {server}", {**params, "OPTIONS": options})

    get = _or_here("get")
    set = _or_here("set")
    add = _or_here("add")
    touch = _or_here("touch")
    delete = _or_here("delete")
    incr = _or_here("incr")
    has_key = _or_here("has_key")
    get_many = _or_here("get_many")
    set_many = _or_here("set_many")
    delete_many = _or_here("delete_many")
