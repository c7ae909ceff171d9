"""As many connections to one mail server as its distance makes worthwhile.

Beside a server one connection is enough: the next mail waits for nothing. Far from it each mail
costs a round trip, which several connections share. Used by one thread of a worker at a time.
"""

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from messaging.channels.base import Handed
from messaging.channels.sets import Answer
from messaging.types import OutgoingEmail

FAR_SECONDS: Final = 0.012
"""A server whose quickest answer takes longer gets several connections."""
MOST_THREADS: Final = 16
"""That hand over for one process at once."""


class MailLine(Protocol):
    """One connection to a mail server.

    Attributes:
        fastest: seconds that the quickest mail of the last hand-over took.
    """

    fastest: float

    def send(self, mail: OutgoingEmail) -> Handed:
        """Hand over one mail; see `messaging.channels.base.Channel`."""
        ...

    def send_all(self, mails: Sequence[OutgoingEmail], *, until: float) -> list[Answer]:
        """Hand over several mails; see `messaging.channels.sets.SetChannel`."""
        ...

    def close(self) -> None:
        """Say goodbye to the server."""
        ...


class SmtpPool:
    """One account; its connections stay open between mails."""

    def __init__(self, make: Callable[[], MailLine], *, connections: int) -> None:
        """Open nothing yet.

        Args:
            make: returns a line that is not open yet.
            connections: the most at once.
        """
        self._lines = [make() for _ in range(max(connections, 1))]
        self._is_far = False

    def send(self, mail: OutgoingEmail) -> Handed:
        """Hand over one mail; see `messaging.channels.base.Channel`."""
        return self._lines[0].send(mail)

    def send_all(self, mails: Sequence[OutgoingEmail], *, until: float) -> list[Answer]:
        """Hand over several mails; see `messaging.channels.sets.SetChannel`."""
        lines = self._lines[: len(mails)] if self._is_far else self._lines[:1]
        if len(lines) == 1:
            answers = lines[0].send_all(mails, until=until)
        else:
            answers = self._share(lines, mails, until)
        self._is_far = min(line.fastest for line in lines) > FAR_SECONDS
        return answers

    def close(self) -> None:
        """Say goodbye to the server on every connection."""
        for line in self._lines:
            line.close()

    def _share(
        self, lines: Sequence[MailLine], mails: Sequence[OutgoingEmail], until: float
    ) -> list[Answer]:
        """Deal the mails out to the lines, as cards are."""
        count = len(lines)
        parts = [
            _threads().submit(line.send_all, mails[place::count], until=until)
            for place, line in enumerate(lines)
        ]
        answers: list[Answer] = [None] * len(mails)
        for place, part in enumerate(parts):
            answers[place::count] = part.result()
        return answers


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="smtp")


os.register_at_fork(after_in_child=_threads.cache_clear)
