"""Several mails over one SMTP connection, one round trip each.

The announcement of the next mail travels in one packet with the end of the one before it (RFC
2920, 3.1: the transfer of a mail may be the first command of a group). What matters is where a
conversation broke: before a mail's last line nothing of it was handed over, after it nobody knows.
"""

import contextlib
import re
import smtplib
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from messaging.channels.base import (
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
    SenderRefused,
)
from messaging.channels.sets import Answer

READY = 354
TAKEN = 250
PERMANENT = 500
CLOSING = 421
NOT_LOGGED_IN = (530, 535)
"""The server wants a log-in, or does not take it any more, whatever the mail."""
_QUOTA = re.compile(rb"5\.4\.5\b")
"""RFC 3463: the system is congested; what servers say once a quota of their user is used up."""
MOST_LOST = 2
"""Mails whose answer was lost, after which a server gets no other one for now."""
BROKEN = (OSError, smtplib.SMTPException)

Reply = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as it goes over the wire.

    Attributes:
        place: among those that are handed over together.
        content: no line of it begins with a dot but the last, which ends it.
        is_sender_chosen: whether a rule chose who writes, rather than it being the default.
    """

    place: int
    sender: str
    recipient: str
    content: bytes
    is_sender_chosen: bool = False

    @property
    def commands(self) -> tuple[str, str, str]:
        """Who writes to whom, up to the question whether the mail itself may come."""
        return f"MAIL FROM:<{self.sender}>", f"RCPT TO:<{self.recipient}>", "DATA"

    @property
    def opening(self) -> bytes:
        """The commands in one packet."""
        return "".join(f"{command}\r\n" for command in self.commands).encode("ascii")


class Letters:
    """Letters in their order, each written when it is needed or while the server is busy."""

    def __init__(self, written: Iterable[Letter]) -> None:
        """Write none yet."""
        self._source = iter(written)
        self._ready: deque[Letter] = deque()

    def __bool__(self) -> bool:
        """Whether one is left."""
        self.write_ahead(1)
        return bool(self._ready)

    @property
    def first(self) -> Letter:
        """The next one."""
        self.write_ahead(1)
        return self._ready[0]

    def take(self) -> Letter:
        """Return the next one, and forget it."""
        self.write_ahead(1)
        return self._ready.popleft()

    def write_ahead(self, count: int) -> None:
        """Have so many ready, as far as there are any."""
        while len(self._ready) < count:
            letter = next(self._source, None)
            if letter is None:
                return
            self._ready.append(letter)


class Line(Protocol):
    """A connection to one server that can be had anew."""

    def reach(self) -> tuple[smtplib.SMTP, bool]:
        """Return the connection, and whether it was kept from before.

        Raises:
            ChannelUnavailable: there is none to be had.
        """
        ...

    def drop(self) -> None:
        """Forget the connection."""
        ...


class Handover:
    """Hands letters over, and keeps one answer for each."""

    def __init__(self, line: Line, letters: Iterable[Letter], *, until: float) -> None:
        self._line = line
        self._waiting = Letters(letters)
        self._until = until
        self._lost = 0
        self._was_taken = False
        self._current: Letter | None = None
        self.answers: dict[int, Answer] = {}
        self.fastest = float("inf")
        """Seconds that the quickest of the mails took."""

    def run(self) -> None:
        """Hand over what can be; whoever is left without an answer was not begun."""
        goes_on = True
        while goes_on:
            try:
                goes_on = self._try()
            except Exception as exc:  # noqa: BLE001 such as the end of the worker's time
                self._line.drop()  # what it still answers would be taken for an answer to others
                self._note_interruption(exc)
                return

    def _try(self) -> bool:
        """Hand over on one connection; returns whether there is a point in going on on another."""
        if not self._waiting or self._is_late:
            return False
        try:
            connection, is_kept = self._line.reach()
        except ChannelUnavailable as exc:
            self._give_up(exc)
            return False
        try:
            self._converse(connection)
        except BROKEN as exc:
            self._line.drop()
            if not (is_kept or self._was_taken) or self._lost >= MOST_LOST:
                self._give_up(ChannelUnavailable(words_of(exc)))
        except ChannelUnavailable as exc:
            self._line.drop()
            if not is_kept or self._was_taken or exc.is_account_fault:
                self._give_up(exc)
        return True

    @property
    def _is_late(self) -> bool:
        return time.monotonic() >= self._until

    def _give_up(self, why: ChannelUnavailable) -> None:
        """Answer for everything that was certainly not handed over."""
        while self._waiting:
            self.answers[self._waiting.take().place] = why

    def _note_interruption(self, why: Exception) -> None:
        """Answer for the mail that may have been handed over; those behind it were not begun."""
        if self._current is None and self._waiting:
            self._current = self._waiting.take()
        if self._current is not None:
            self.answers[self._current.place] = why

    def _converse(self, connection: smtplib.SMTP) -> None:
        """Hand over letters until none is left or time is up.

        Raises:
            OSError, SMTPException: the connection broke.
            ChannelUnavailable: the server says that it closes.
        """
        connection.send(self._waiting.first.opening)
        started = time.monotonic()
        while self._waiting:
            replies = [connection.getreply() for _ in range(3)]
            no = find_refusal(replies, self._waiting.first)
            if no is None:
                is_open = self._transfer(connection)
            else:
                is_open = self._pass_over(connection, no, is_ready=replies[-1][0] == READY)
            now = time.monotonic()
            self.fastest, started = min(self.fastest, now - started), now
            if not is_open:
                return

    def _transfer(self, connection: smtplib.SMTP) -> bool:
        """Send the mail itself and announce the next; returns whether one was announced."""
        letter = self._current = self._waiting.take()
        is_next = bool(self._waiting) and not self._is_late
        following = self._waiting.first.opening if is_next else b""
        try:
            connection.send(letter.content + following)
            self._waiting.write_ahead(2)  # the one behind that which was announced
            reply = connection.getreply()
        except BROKEN as exc:
            self.answers[letter.place] = OutcomeUnknown(words_of(exc))
            self._lost += 1
            self._was_taken = True
            self._current = None
            raise
        fault = find_fault(reply)
        if fault is not None:
            self.answers[letter.place] = fault
            self._current = None
            raise fault
        self._lost = 0
        self._was_taken = True
        self.answers[letter.place] = Handed() if reply[0] == TAKEN else refusal(reply)
        self._current = None
        return is_next

    def _pass_over(self, connection: smtplib.SMTP, no: Answer, *, is_ready: bool) -> bool:
        """Note a refusal and announce the next mail; returns whether one was announced."""
        if is_ready:  # nobody to write to, yet the server waits for a mail
            finish_empty(connection)
        self.answers[self._waiting.take().place] = no
        is_next = bool(self._waiting) and not self._is_late
        connection.send(b"RSET\r\n" + (self._waiting.first.opening if is_next else b""))
        connection.getreply()
        return is_next


def find_refusal(
    replies: Sequence[Reply], letter: Letter
) -> ChannelRejected | ChannelDeferred | None:
    """Return the first no to MAIL, RCPT and DATA that concerns this mail; None for a yes.

    Raises:
        ChannelUnavailable: it says no to every mail: the server closes, or does not take the
            sender, as once a quota is used up. The recipient has not even been named then. A
            sender that a rule chose is not that of every mail.
    """
    if max(replies)[0] <= READY:
        return None
    place = next(place for place, reply in enumerate(replies) if reply[0] > READY)
    fault = find_fault(replies[place], is_sender=place == 0)
    if fault is None:
        return refusal(replies[place])
    if fault.is_sender_fault and letter.is_sender_chosen:
        return SenderRefused(str(fault))
    raise fault


def find_fault(reply: Reply, *, is_sender: bool = False) -> ChannelUnavailable | None:
    """Return what an answer means for all mail; None where it concerns one mail alone.

    Args:
        reply: to a command, or to a mail that was handed over.
        is_sender: whether it is the answer to MAIL.
    """
    if reply[0] <= READY:
        return None
    words = words_of_reply(reply)
    if reply[0] == CLOSING:
        return ChannelUnavailable(words)
    is_quota = reply[0] >= PERMANENT and _QUOTA.match(reply[1]) is not None
    if is_quota or reply[0] in NOT_LOGGED_IN:
        return ChannelUnavailable(words, is_account_fault=True)
    if is_sender:
        is_known = reply[0] < PERMANENT
        return ChannelUnavailable(
            words, is_account_fault=not is_known, is_sender_fault=not is_known
        )
    return None


def refusal(reply: Reply) -> ChannelRejected | ChannelDeferred:
    """Return what an answer above 354 means for its mail."""
    words = words_of_reply(reply)
    return ChannelRejected(words) if reply[0] >= PERMANENT else ChannelDeferred(words)


def finish_empty(connection: smtplib.SMTP) -> None:
    """End a mail that nobody gets."""
    with contextlib.suppress(*BROKEN):
        connection.send(b".\r\n")
        connection.getreply()


def words_of_reply(reply: Reply) -> str:
    """Return an answer as people read it."""
    code, text = reply
    return f"{code} {text.decode('utf-8', 'replace')}"


def words_of(error: Exception) -> str:
    """Return what broke a conversation."""
    return f"{type(error).__name__}: {error}"[:500]
