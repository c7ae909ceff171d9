"""E-mail over SMTP: one lasting connection per account and thread of a worker.

MAIL, RCPT and DATA travel in one packet where the server allows it; several mails in
`messaging.channels.smtp_handover`. What matters is where a conversation broke: before the mail's
last line nothing was handed over, after it nobody knows.
"""

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from django.conf import settings

from kernel.http import AddressForbidden, Watch, connect_open
from messaging.channels.base import (
    Account,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    CredentialField,
    CredentialInvalid,
    Handed,
    OutcomeUnknown,
    Provider,
)
from messaging.channels.email_fields import REPLY_ADDRESS
from messaging.channels.imap_mailbox import check_mailbox, place_from_url
from messaging.channels.sets import Answer
from messaging.channels.smtp_handover import (
    BROKEN,
    READY,
    TAKEN,
    Handover,
    Letter,
    Reply,
    find_fault,
    find_refusal,
    finish_empty,
    refusal,
    words_of,
)
from messaging.channels.smtp_pool import SmtpPool
from messaging.domain.dkim import sign_mail
from messaging.domain.mime import build_email
from messaging.types import OutgoingEmail

TIMEOUT_SECONDS = 15
"""For each step of a conversation."""
CONNECT_SECONDS = 60.0
"""For connecting and logging in, however slowly the server answers."""
CHECK_SECONDS = 20.0
"""Likewise, while a page waits."""
IMAP_URL = "imap_url"
"""Credential with the mailbox that replies come into."""
CONNECTIONS = 4
"""Most connections to one account from one thread of a worker."""


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """Where mail is handed over.

    Attributes:
        security: ``none``, ``starttls`` or ``tls``.
        is_own: the installation's, which may stand in its private network; a merchant's may not.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    security: str = "none"
    is_own: bool = False


def account_from_url(url: str) -> SmtpAccount:
    """Read ``smtp://``, ``smtp+tls://`` (STARTTLS) or ``smtps://`` with user and password.

    Raises:
        ValueError: another scheme, or no host.
    """
    parts = urlsplit(url)
    security = {"smtp": "none", "smtp+tls": "starttls", "smtps": "tls", "smtp+ssl": "tls"}
    if parts.scheme not in security or not parts.hostname:
        raise ValueError("the address of a mail server is smtp://, smtp+tls:// or smtps://")
    kind = security[parts.scheme]
    default = {"none": 25, "starttls": 587, "tls": 465}[kind]
    return SmtpAccount(
        parts.hostname,
        parts.port or default,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        kind,
    )


def account_from_settings() -> SmtpAccount:
    """Return the mail server of the installation (``EMAIL_URL``)."""
    security = "starttls" if settings.EMAIL_USE_TLS else "none"
    if settings.EMAIL_USE_SSL:
        security = "tls"
    return SmtpAccount(
        settings.EMAIL_HOST,
        int(settings.EMAIL_PORT or 25),
        settings.EMAIL_HOST_USER or "",
        settings.EMAIL_HOST_PASSWORD or "",
        security,
        is_own=True,
    )


class SmtpChannel:
    """One account, one connection, kept open between mails."""

    def __init__(self, account: SmtpAccount) -> None:
        self._account = account
        self._connection: smtplib.SMTP | None = None
        self.fastest = 0.0

    def send(self, mail: OutgoingEmail) -> Handed:
        """Hand over one mail; see `messaging.channels.base.Channel`."""
        letter = _write(mail, place=0)
        try:
            return self._hand_over(letter)
        except (ChannelRejected, ChannelDeferred, ChannelUnavailable, OutcomeUnknown):
            raise
        except BaseException:  # such as the end of the worker's time: it is in mid-conversation
            self.drop()
            raise

    def _hand_over(self, letter: Letter) -> Handed:
        connection = self._announce(letter)
        try:
            connection.send(letter.content)
            reply = connection.getreply()
        except BROKEN as exc:
            self.drop()
            raise OutcomeUnknown(words_of(exc)) from exc
        if reply[0] != TAKEN:
            self._refuse(connection, reply)
        return Handed()

    def send_all(self, mails: Sequence[OutgoingEmail], *, until: float) -> list[Answer]:
        """Hand over several mails; see `messaging.channels.sets.SetChannel`."""
        answers: list[Answer] = [None] * len(mails)
        if time.monotonic() >= until:
            return answers
        try:
            is_pipelined = self.reach()[0].has_extn("pipelining")
        except ChannelUnavailable as exc:
            return [exc] * len(mails)
        if not is_pipelined:
            return self._send_each(mails, until)
        handover = Handover(self, _write_each(mails, answers), until=until)
        handover.run()
        self.fastest = handover.fastest
        for place, answer in handover.answers.items():
            answers[place] = answer
        return answers

    def close(self) -> None:
        """Say goodbye to the server."""
        if self._connection is not None:
            with contextlib.suppress(*BROKEN):
                self._connection.quit()
            self._connection = None

    def reach(self) -> tuple[smtplib.SMTP, bool]:
        """Return the connection, and whether it was kept from before.

        Raises:
            ChannelUnavailable: there is none to be had.
        """
        is_kept = self._connection is not None
        return self._connection or self._connect(), is_kept

    def drop(self) -> None:
        """Forget the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send_each(self, mails: Sequence[OutgoingEmail], until: float) -> list[Answer]:
        """Hand over one after the other, to a server that wants to be waited for."""
        answers: list[Answer] = []
        for mail in mails:
            if time.monotonic() >= until:
                answers += [None] * (len(mails) - len(answers))
                break
            try:
                answers.append(self.send(mail))
            except ChannelUnavailable as exc:
                answers += [exc] * (len(mails) - len(answers))
                break
            except (ChannelRejected, ChannelDeferred, OutcomeUnknown) as exc:
                answers.append(exc)
        return answers

    def _announce(self, letter: Letter) -> smtplib.SMTP:
        """Say who writes to whom, until the server waits for the mail itself.

        A kept connection may have been closed meanwhile; then a new one is opened, once.
        """
        connection, is_kept = self.reach()
        try:
            replies = _open_mail(connection, letter)
        except BROKEN as exc:
            self.drop()
            if is_kept:
                return self._announce(letter)
            raise ChannelUnavailable(words_of(exc)) from exc
        try:
            no = find_refusal(replies, letter)
        except ChannelUnavailable:
            self.drop()
            raise
        if no is not None:
            if replies[-1][0] == READY:  # nobody to write to, yet the server waits for a mail
                finish_empty(connection)
            self._reset(connection)
            raise no
        return connection

    def _connect(self) -> smtplib.SMTP:
        try:
            with Watch(CONNECT_SECONDS):
                self._connection = _open(self._account)
                _log_in(self._connection, self._account)
        except (smtplib.SMTPAuthenticationError, AddressForbidden) as exc:
            self.drop()
            raise ChannelUnavailable(words_of(exc), is_account_fault=True) from exc
        except BROKEN as exc:
            self.drop()
            raise ChannelUnavailable(words_of(exc)) from exc
        except ValueError as exc:  # a user or password that cannot be written on the wire
            self.drop()
            raise ChannelUnavailable(words_of(exc), is_account_fault=True) from exc
        return self._connection

    def _refuse(self, connection: smtplib.SMTP, reply: Reply) -> NoReturn:
        fault = find_fault(reply)
        if fault is not None:
            self.drop()
            raise fault
        self._reset(connection)
        raise refusal(reply)

    def _reset(self, connection: smtplib.SMTP) -> None:
        """Let the server forget a mail that came to nothing."""
        try:
            connection.rset()
        except BROKEN:
            self.drop()


def _write(mail: OutgoingEmail, *, place: int) -> Letter:
    """Return a mail as it goes over the wire.

    Raises:
        ChannelRejected: it cannot be written as one.
    """
    try:
        content = build_email(mail)
        if mail.dkim is not None:
            content = sign_mail(content, mail.dkim, mail.date)
    except ValueError as exc:
        raise ChannelRejected(f"cannot be written as a mail: {exc}") from exc
    sender = mail.return_path or mail.from_address
    return Letter(place, sender, mail.to_address, content + b".\r\n", mail.is_sender_chosen)


def _write_each(mails: Sequence[OutgoingEmail], answers: list[Answer]) -> Iterator[Letter]:
    """Write mails one by one; one that cannot be written has its answer and is passed over."""
    for place, mail in enumerate(mails):
        try:
            letter = _write(mail, place=place)
        except ChannelRejected as exc:
            answers[place] = exc
            continue
        except Exception as exc:
            answers[place] = exc
            raise
        yield letter


class _Guarded(smtplib.SMTP):
    """A connection that never leads into a private network."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect_open(host, port, timeout)


class _GuardedTls(smtplib.SMTP_SSL, _Guarded):
    """Likewise, over TLS, which begins once the address was found good."""


def _open(account: SmtpAccount) -> smtplib.SMTP:
    plain, secure = (smtplib.SMTP, smtplib.SMTP_SSL) if account.is_own else (_Guarded, _GuardedTls)
    if account.security == "tls":
        context = ssl.create_default_context()
        return secure(account.host, account.port, timeout=TIMEOUT_SECONDS, context=context)
    return plain(account.host, account.port, timeout=TIMEOUT_SECONDS)


def _log_in(connection: smtplib.SMTP, account: SmtpAccount) -> None:
    if account.security == "starttls":
        connection.starttls(context=ssl.create_default_context())
    connection.ehlo_or_helo_if_needed()
    if account.user:
        connection.login(account.user, account.password)


def _open_mail(connection: smtplib.SMTP, letter: Letter) -> list[Reply]:
    """Return the answers to MAIL, RCPT and DATA; without pipelining up to the first refusal."""
    if connection.has_extn("pipelining"):
        connection.send(letter.opening)
        return [connection.getreply() for _ in letter.commands]
    replies: list[Reply] = []
    for command in letter.commands:
        replies.append(connection.docmd(command))
        if replies[-1][0] > READY:
            break
    return replies


_local = threading.local()


def channel_for(account: SmtpAccount) -> SmtpPool:
    """Return this thread's channel of an account, its connections still open."""
    channels: dict[SmtpAccount, SmtpPool] = _local.__dict__.setdefault("channels", {})
    if account not in channels:
        channels[account] = SmtpPool(lambda: SmtpChannel(account), connections=CONNECTIONS)
    return channels[account]


def open_account(account: Account) -> SmtpPool:
    """Return this thread's channel of a merchant's account, or of the installation's own."""
    url = account.credentials.get("url", "")
    return channel_for(account_from_url(url) if url else account_from_settings())


def check_account(account: Account) -> str:
    """Log in once; empty when that works, else what the server or the network said."""
    try:
        found = account_from_url(account.credentials.get("url", ""))
    except ValueError as exc:
        return f"{exc}."
    with Watch(CHECK_SECONDS):
        return _try(found)


def _try(account: SmtpAccount) -> str:
    try:
        connection = _open(account)
    except (OSError, smtplib.SMTPException, AddressForbidden) as exc:
        return f"The mail server does not answer: {words_of(exc)}"
    except ValueError as exc:
        return f"{exc}."
    try:
        _log_in(connection, account)
    except (smtplib.SMTPAuthenticationError, ValueError):  # beyond ASCII it cannot be written
        return "The mail server does not take this user and password."
    except (OSError, smtplib.SMTPException) as exc:
        return f"The mail server refuses the log-in: {words_of(exc)}"
    finally:
        connection.close()
    return ""


def _check(account: Account) -> str:
    """Log in to the server, and to the mailbox for replies where one is set up."""
    mailbox = account.credentials.get(IMAP_URL, "")
    return check_account(account) or (check_mailbox(mailbox) if mailbox else "")


def _parse(credentials: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse an address that cannot be read; nothing is kept beside it."""
    try:
        account_from_url(credentials["url"])
    except ValueError as exc:
        raise CredentialInvalid("url", f"{exc}.".capitalize()) from exc
    try:
        if credentials.get(IMAP_URL):
            place_from_url(credentials[IMAP_URL])
    except ValueError as exc:
        raise CredentialInvalid(IMAP_URL, str(exc)) from exc
    return {}


PROVIDER = Provider(
    channel="email",
    name="smtp",
    label="Mail server (SMTP)",
    credentials=(
        CredentialField(
            "url",
            "Address of the server",
            "smtps://user:password@mail.example.com, or smtp+tls:// for STARTTLS.",
        ),
        CredentialField(
            IMAP_URL,
            "Mailbox for replies",
            "Optional, as imaps://user:password@imap.example.com/INBOX: it is read every minute, "
            "and nothing in it is changed. A @ in the user is written %40.",
            is_required=False,
        ),
    ),
    options=(REPLY_ADDRESS,),
    open=open_account,
    check=_check,
    complete=_parse,
)
