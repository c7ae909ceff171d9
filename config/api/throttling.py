"""One rate per key, counted in Redis by the minute; a broker that is down lets calls through."""

import functools
import time
from typing import TYPE_CHECKING, Any

import redis
import structlog
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from kernel.broker import connect_broker

if TYPE_CHECKING:  # the framework reads this module while it loads its views
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 60


class KeyThrottle(BaseThrottle):
    """Refuses a key's calls beyond ``PATRON_API_RATE_PER_MINUTE`` until the minute is over."""

    def __init__(self) -> None:
        self._reset_seconds = WINDOW_SECONDS

    def allow_request(self, request: Request, view: "APIView") -> bool:
        key = getattr(request, "api_key", None)
        if key is None:
            return True
        second = int(time.time())
        self._reset_seconds = WINDOW_SECONDS - second % WINDOW_SECONDS
        limit: int = settings.API_RATE_PER_MINUTE
        count = _count(f"api-rate:{key.pk}:{second // WINDOW_SECONDS}")
        plain: Any = request._request  # noqa: SLF001 the framework has no public name for it
        plain.rate_headers = {
            "RateLimit-Limit": str(limit),
            "RateLimit-Remaining": str(max(limit - count, 0)),
            "RateLimit-Reset": str(self._reset_seconds),
        }
        return count <= limit

    def wait(self) -> float:
        return self._reset_seconds


def _count(name: str) -> int:
    try:
        with _broker().pipeline(transaction=False) as pipe:
            pipe.incr(name)
            pipe.expire(name, WINDOW_SECONDS * 2)
            return int(pipe.execute()[0])
    except (redis.RedisError, OSError):
        log.warning("rate_not_counted")
        return 0


@functools.cache
def _broker() -> "redis.Redis":
    return connect_broker(settings.REDIS_URL, seconds=1)
