"""Hands over a claim beside the worker's own thread, where that touches nothing but a server.

What waits for a server and what waits for the database then wait at the same time. A thread of
its own talks to the server and nothing else; whoever began it waits for it in any case.
"""

import functools
import os
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Final

from celery.exceptions import SoftTimeLimitExceeded

from messaging.channels.sets import Answer, ApartChannel

MOST_THREADS: Final = 16
"""That hand over for one process at once."""


class Handing:
    """One hand-over that is under way.

    Attributes:
        limit: the end of the worker's time, where it came while the server was waited for.
        seconds: that it took; known once it has ended.
    """

    def __init__(self, channel: ApartChannel, messages: Sequence[Any], until: float) -> None:
        """Begin.

        Args:
            channel: one that may be used beside the worker's own thread.
            messages: of one claim, as its channel takes them.
            until: by `time.monotonic`; no message is begun after it.
        """
        self.limit: SoftTimeLimitExceeded | None = None
        self.seconds = 0.0
        self._count = len(messages)
        self._future: Future[Sequence[Answer]] = _threads().submit(
            self._hand_over, channel, messages, until
        )

    def wait(self) -> Sequence[Answer]:
        """Return an answer for each message; nobody leaves before the conversation has ended."""
        try:
            wait([self._future])
        except SoftTimeLimitExceeded as exc:
            self.limit = exc
            wait([self._future])
        error = self._future.exception()
        if error is None:
            return self._future.result()
        if isinstance(error, Exception):
            return [error] * self._count  # nobody knows which of them were handed over
        raise error

    def _hand_over(
        self, channel: ApartChannel, messages: Sequence[Any], until: float
    ) -> Sequence[Answer]:
        started = time.monotonic()
        try:
            return channel.send_all(messages, until=until)
        finally:
            self.seconds = time.monotonic() - started


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="handing")


os.register_at_fork(after_in_child=_threads.cache_clear)
