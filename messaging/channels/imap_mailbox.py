"""Reading what came into a mailbox, over IMAP: new mails by UID, and nothing is changed there.

The folder is opened for reading alone, so that whoever else reads it finds it as it was. Of a large
mail the first megabyte is fetched, in which what somebody wrote stands; its attachments are named.
"""

import contextlib
import hashlib
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from kernel import clock
from kernel.batches import Deadline
from kernel.http import AddressForbidden, Watch, connect_open
from messaging.channels.base import ProviderEvent
from messaging.channels.inbound_events import Arrived, event_of
from messaging.channels.raw_mail import parse_mail
from messaging.domain.inbound_mail import header_of, safely

TIMEOUT_SECONDS: Final = 15
"""For each step of a conversation."""
BATCH: Final = 20
"""Mails of one visit."""
PART_BYTES: Final = 1_000_000
VISIT_SECONDS: Final = 60.0
"""For all of a conversation, however slowly it drips; a worker's turn and a lease are longer."""
CHECK_SECONDS: Final = 20.0
"""Likewise, while a page waits."""
VISIT_BYTES: Final = BATCH * PART_BYTES + 5_000_000
"""Of all that a server says in one."""
BROKEN: Final = (imaplib.IMAP4.error, OSError, ValueError, EOFError)
"""What a server that does not answer, or not as it should, comes to."""
_SCHEMES: Final = {"imaps": ("tls", 993), "imap+tls": ("starttls", 143), "imap": ("none", 143)}
_FETCHED: Final = re.compile(rb"UID (\d+)")
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")
_DATE: Final = re.compile(rb'INTERNALDATE "([^"]{20,30})"')


class MailboxUnavailable(Exception):
    """The mailbox cannot be read now, in words for the merchant."""


@dataclass(frozen=True, slots=True)
class ImapPlace:
    """Where a mailbox is.

    Attributes:
        security: ``none``, ``starttls`` or ``tls``.
    """

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a mailbox was read.

    Attributes:
        validity: of the UIDs; another one makes them worthless. 0: it was never read.
        last_uid: of the newest mail that was read.
        since: aware; what came before it is left alone when UIDs became worthless.
    """

    validity: int
    last_uid: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit brought; ``is_more``: there is more than one visit takes."""

    mark: Mark
    events: tuple[ProviderEvent, ...] = ()
    is_more: bool = False


def place_from_url(url: str) -> ImapPlace:
    """Read ``imaps://user:password@host/folder``, ``imap+tls://`` (STARTTLS) or ``imap://``.

    Raises:
        ValueError: another scheme, no host, or no user and password; for people.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError("The address of a mailbox is imaps://user:password@host or imap+tls://.")
    if not parts.username or not parts.password:
        raise ValueError("The address of a mailbox names user and password: user:password@host.")
    security, port = _SCHEMES[parts.scheme]
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if not folder.isascii() or any(letter in folder for letter in '"\\\r\n'):
        raise ValueError("The name of the folder has letters that IMAP does not take.")
    user, password = unquote(parts.username), unquote(parts.password)
    if not (user + password).isprintable():
        raise ValueError("User and password have letters that IMAP does not take.")
    return ImapPlace(parts.hostname, parts.port or port, security, user, password, folder)


def check_mailbox(url: str) -> str:
    """Log in and open the folder; empty when that works, else what is wrong."""
    try:
        with _open(place_from_url(url), CHECK_SECONDS):
            return ""
    except MailboxUnavailable as exc:
        return f"The mailbox for replies cannot be read: {exc}"
    except ValueError as exc:
        return str(exc)


def read_new(url: str, mark: Mark, deadline: Deadline) -> Visit:
    """Return what came into a mailbox since a mark, the oldest first.

    The first visit brings nothing: what lay there before was written to somebody else.

    Args:
        url: see `place_from_url`.
        mark: how far it was read.
        deadline: when to stop fetching; what is left is told by ``is_more``.

    Raises:
        MailboxUnavailable: it cannot be read now; nothing was lost.
    """
    try:
        place = place_from_url(url)
    except ValueError as exc:
        raise MailboxUnavailable(str(exc)) from exc
    with _open(place, VISIT_SECONDS) as (server, heads):
        validity, next_uid = heads["UIDVALIDITY"], heads["UIDNEXT"]
        if mark.validity == 0:
            return Visit(Mark(validity, max(next_uid - 1, 0), mark.since))
        try:
            uids = _find(server, mark, validity)
            return _fetch(server, uids, Mark(validity, 0, mark.since), mark, deadline)
        except BROKEN as exc:
            raise MailboxUnavailable(_words(exc)) from exc


@contextlib.contextmanager
def _open(place: ImapPlace, seconds: float) -> Iterator[tuple[imaplib.IMAP4, dict[str, int]]]:
    """Log in and open the folder for reading alone; after some seconds all of it ends."""
    with Watch(seconds) as watch:
        try:
            with _logged_in(place) as found:
                yield found
        except MailboxUnavailable as exc:
            if watch.is_over:
                raise MailboxUnavailable(f"it takes more than {seconds:.0f} seconds") from exc
            raise


@contextlib.contextmanager
def _logged_in(place: ImapPlace) -> Iterator[tuple[imaplib.IMAP4, dict[str, int]]]:
    try:
        server = _connect(place)
    except (*BROKEN, AddressForbidden) as exc:
        raise MailboxUnavailable(f"it does not answer: {_words(exc)}") from exc
    try:
        yield server, _select(server, place)
    finally:
        with contextlib.suppress(*BROKEN):
            server.logout()
        _close(server)


class _Plain(imaplib.IMAP4):
    """A connection that never leads into a private network, and carries so much and no more."""

    _left = VISIT_BYTES

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return connect_open(self.host, self.port, timeout or TIMEOUT_SECONDS)

    def read(self, size: int) -> bytes:
        """Read some bytes; how many, the server said."""
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        """Read a line, which the library keeps short enough."""
        line = super().readline()
        self._spend(len(line))
        return line

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self.abort("it sends more than it was asked for")


class _Tls(_Plain, imaplib.IMAP4_SSL):
    """Likewise, over TLS, which begins once the address was found good."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        made = super()._create_socket(timeout)
        context: ssl.SSLContext = self.ssl_context
        return context.wrap_socket(made, server_hostname=self.host)


def _connect(place: ImapPlace) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if place.security == "tls":
        return _Tls(place.host, place.port, ssl_context=context, timeout=TIMEOUT_SECONDS)
    server = _Plain(place.host, place.port, timeout=TIMEOUT_SECONDS)
    try:
        if place.security == "starttls":
            server.starttls(context)
    except BaseException:
        _close(server)
        raise
    return server


def _close(server: imaplib.IMAP4) -> None:
    with contextlib.suppress(OSError):
        server.shutdown()


def _select(server: imaplib.IMAP4, place: ImapPlace) -> dict[str, int]:
    try:
        server.login(place.user, place.password)
    except BROKEN as exc:
        raise MailboxUnavailable(f"it refuses user and password: {_words(exc)}") from exc
    try:
        status, said = server.select(f'"{place.folder}"', readonly=True)
        if status != "OK":
            raise MailboxUnavailable(f"there is no folder {place.folder}: {_text(said)}")
        heads = {}
        for name in ("UIDVALIDITY", "UIDNEXT"):
            _, found = server.response(name)
            heads[name] = int(found[0] or 0) if found else 0
    except BROKEN as exc:
        raise MailboxUnavailable(_words(exc)) from exc
    if not heads["UIDVALIDITY"] or not heads["UIDNEXT"]:
        raise MailboxUnavailable("the server does not say how it numbers mails")
    return heads


def _find(server: imaplib.IMAP4, mark: Mark, validity: int) -> list[int]:
    """Return the UIDs of what is new, ascending."""
    if validity == mark.validity:
        found = _search(server, "UID", f"{mark.last_uid + 1}:*")
        return [uid for uid in found if uid > mark.last_uid]  # "*" is the last one, however old
    day = mark.since.astimezone(UTC) - timedelta(days=1)
    return _search(server, "SINCE", f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}")


def _search(server: imaplib.IMAP4, *asked: str) -> list[int]:
    status, said = server.uid("SEARCH", *asked)
    if status != "OK":
        raise MailboxUnavailable(f"it cannot be searched: {_text(said)}")
    return sorted(int(uid) for line in said if line for uid in line.split())


def _fetch(
    server: imaplib.IMAP4, uids: Sequence[int], fresh: Mark, before: Mark, deadline: Deadline
) -> Visit:
    events: list[ProviderEvent] = []
    done = 0
    for uid in uids[:BATCH]:
        if done and deadline.passed:
            break
        done += 1
        if (event := _read(server, uid)) is not None:
            events.append(event)
    kept = before.last_uid if fresh.validity == before.validity else 0
    last = uids[done - 1] if done else kept
    return Visit(Mark(fresh.validity, last, fresh.since), tuple(events), done < len(uids))


def _read(server: imaplib.IMAP4, uid: int) -> ProviderEvent | None:
    """Return one mail; None for one that was deleted meanwhile."""
    asked = f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.{PART_BYTES}>)"
    status, said = server.uid("FETCH", str(uid), asked)
    if status != "OK":
        raise MailboxUnavailable(f"mail {uid} cannot be fetched: {_text(said)}")
    for answer in said:
        found = _FETCHED.search(answer[0]) if isinstance(answer, tuple) else None
        if found is not None and int(found[1]) == uid:
            return _event(cast("tuple[bytes, bytes]", answer))
    return None


def _event(answer: tuple[bytes, bytes]) -> ProviderEvent:
    head, raw = answer
    mail = parse_mail(raw)
    sender = header_of(mail, "Return-Path")
    event = event_of(
        Arrived(
            mail,
            _when(head),
            digest=hashlib.sha256(raw).hexdigest(),
            sender=sender.strip("<>") if sender else None,
            is_spam=header_of(mail, "X-Spam-Flag").lower() == "yes",
        )
    )
    size = _SIZE.search(head)
    return _without_size(event) if size and int(size[1]) > len(raw) else event


def _without_size(event: ProviderEvent) -> ProviderEvent:
    """Leave out how large the attachment is in which the fetched part ends."""
    said: dict[str, Any] = dict(event.mail)
    attached: list[Mapping[str, Any]] = list(said.get("attachments", ()))
    if attached:
        said["attachments"] = [*attached[:-1], {**attached[-1], "size": 0}]
    return ProviderEvent(
        **{name: getattr(event, name) for name in event.__slots__ if name != "mail"},
        mail={**said, "is_cut": True},
    )


def _when(head: bytes) -> datetime:
    """Return when the server took a mail, never later than now."""
    now = clock.now()
    found = _DATE.search(head)
    if found is None:
        return now
    text = found[1].decode("ascii", "replace").strip()
    at = safely(lambda: datetime.strptime(text, "%d-%b-%Y %H:%M:%S %z"), now)
    return min(at.astimezone(UTC), now)


def _words(exc: BaseException) -> str:
    said = getattr(exc, "strerror", None) or str(exc)
    return " ".join(said.split())[:200] or type(exc).__name__


def _text(said: Sequence[Any]) -> str:
    parts = [each.decode("utf-8", "replace") for each in said if isinstance(each, bytes)]
    return " ".join(" ".join(parts).split())[:200]


_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
