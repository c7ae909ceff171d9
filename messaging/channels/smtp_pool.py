"""As many connections to one mail server as its distance makes worthwhile.

Beside a server one connection is enough: the next mail waits for nothing. Far from it each mail
costs a round trip, which several connections share. Used by one thread at a time; whoever comes
while another one talks, such as one that was left alone when its worker's time was up, waits.
"""

import functools
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final, Protocol

from messaging.channels.base import ChannelUnavailable, Handed
from messaging.channels.sets import Answer
from messaging.types import OutgoingEmail

FAR_SECONDS: Final = 0.012
"""A server whose quickest answer takes longer gets several connections."""
CAPPED_SECONDS: Final = 60.0
"""A server that would not have so many connections is not asked for more for so long."""
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

    is_apart = True

    def __init__(self, make: Callable[[], MailLine], *, connections: int) -> None:
        """Open nothing yet.

        Args:
            make: returns a line that is not open yet.
            connections: the most at once.
        """
        self._lines = [make() for _ in range(max(connections, 1))]
        self._is_far = False
        self._most = len(self._lines)
        self._capped_until = 0.0
        self._lock = threading.Lock()

    def send(self, mail: OutgoingEmail) -> Handed:
        """Hand over one mail; see `messaging.channels.base.Channel`."""
        with self._lock:
            return self._lines[0].send(mail)

    def send_all(self, mails: Sequence[OutgoingEmail], *, until: float) -> list[Answer]:
        """Hand over several mails; see `messaging.channels.sets.SetChannel`."""
        with self._lock:
            return self._send_all(mails, until)

    def _send_all(self, mails: Sequence[OutgoingEmail], until: float) -> list[Answer]:
        if time.monotonic() >= self._capped_until:
            self._most = len(self._lines)
        most = min(len(mails), self._most)
        lines = self._lines[:most] if self._is_far else self._lines[:1]
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
        working: list[MailLine] = []
        try:
            wait(parts)
        except BaseException:  # such as the end of the worker's time
            wait(parts)  # nobody else may use a line that its thread still talks on
            raise
        for place, part in enumerate(parts):
            answers[place::count] = part.result()
            if not any(isinstance(answer, ChannelUnavailable) for answer in answers[place::count]):
                working.append(lines[place])
        if working and len(working) < count:
            self._do_with(working, mails, answers, until)
        return answers

    def _do_with(
        self,
        working: Sequence[MailLine],
        mails: Sequence[OutgoingEmail],
        answers: list[Answer],
        until: float,
    ) -> None:
        """Hand over on one line what others could not, and open no more than work for a while.

        Servers allow so many connections at once. What a line could not be had for was certainly
        not handed over.
        """
        for line in self._lines:
            if line not in working:
                line.close()
        self._lines.sort(key=lambda line: line not in working)
        self._most = len(working)
        self._capped_until = time.monotonic() + CAPPED_SECONDS
        left = [place for place, said in enumerate(answers) if isinstance(said, ChannelUnavailable)]
        again = working[0].send_all([mails[place] for place in left], until=until)
        for place, answer in zip(left, again, strict=True):
            answers[place] = answer


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="smtp")


os.register_at_fork(after_in_child=_threads.cache_clear)
