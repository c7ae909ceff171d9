"""The broker as we ask it ourselves: it answers within a time, or it is down."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TRIES_AGAIN = 1
"""A connection from before the broker was started anew fails; the next one is new."""


def connect_broker(url: str, *, seconds: float) -> "redis.Redis":
    """Return a client that never sleeps between two tries; whoever asks decides what to do next.

    Args:
        url: of the broker.
        seconds: how long it may take to connect, and to answer.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), TRIES_AGAIN),
    )
