"""E-mail over SMTP: one lasting connection per account and thread of a worker.

MAIL, RCPT and DATA travel in one packet where the server allows it. What matters is where a
conversation broke: before the mail's last line nothing was handed over, after it nobody knows.
"""

import contextlib
import smtplib
import ssl
import threading
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from django.conf import settings

from messaging.channels.base import (
    Account,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    CredentialField,
    Handed,
    OutcomeUnknown,
    Provider,
)
from messaging.domain.dkim import sign_mail
from messaging.domain.mime import build_email
from messaging.types import OutgoingEmail

TIMEOUT_SECONDS = 15
"""For each step of a conversation."""
_READY = 354
_TAKEN = 250
_PERMANENT = 500
_CLOSING = 421

Reply = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """Where mail is handed over.

    Attributes:
        security: ``none``, ``starttls`` or ``tls``.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    security: str = "none"


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
    )


class SmtpChannel:
    """One account, one connection, kept open between mails."""

    def __init__(self, account: SmtpAccount) -> None:
        self._account = account
        self._connection: smtplib.SMTP | None = None

    def send(self, mail: OutgoingEmail) -> Handed:
        """Hand over one mail; see `messaging.channels.base.Channel`."""
        try:
            content = build_email(mail)
            if mail.dkim is not None:
                content = sign_mail(content, mail.dkim, mail.date)
        except ValueError as exc:
            raise ChannelRejected(f"cannot be written as a mail: {exc}") from exc
        envelope = (mail.from_address, mail.to_address)
        connection = self._announce(envelope)
        try:
            connection.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            reply = connection.getreply()
        except (OSError, smtplib.SMTPException) as exc:
            self._drop()
            raise OutcomeUnknown(_words(exc)) from exc
        if reply[0] != _TAKEN:
            self._refuse(connection, reply)
        return Handed()

    def close(self) -> None:
        """Say goodbye to the server."""
        if self._connection is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._connection.quit()
            self._connection = None

    def _announce(self, envelope: tuple[str, str]) -> smtplib.SMTP:
        """Say who writes to whom, until the server waits for the mail itself.

        A kept connection may have been closed meanwhile; then a new one is opened, once.
        """
        is_kept = self._connection is not None
        connection = self._connection or self._connect()
        try:
            replies = _open_mail(connection, *envelope)
        except (OSError, smtplib.SMTPException) as exc:
            self._drop()
            if is_kept:
                return self._announce(envelope)
            raise ChannelUnavailable(_words(exc)) from exc
        bad = next((reply for reply in replies if reply[0] > _READY), None)
        if bad is not None:
            if replies[-1][0] == _READY:  # nobody to write to, yet the server waits for a mail
                self._finish_empty(connection)
            self._refuse(connection, bad)
        return connection

    def _connect(self) -> smtplib.SMTP:
        try:
            self._connection = _open(self._account)
            _log_in(self._connection, self._account)
        except (OSError, smtplib.SMTPException) as exc:
            self._drop()
            raise ChannelUnavailable(_words(exc)) from exc
        return self._connection

    def _refuse(self, connection: smtplib.SMTP, reply: Reply) -> NoReturn:
        code, text = reply
        words = f"{code} {text.decode('utf-8', 'replace')}"
        if code == _CLOSING:
            self._drop()
            raise ChannelUnavailable(words)
        try:
            connection.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()
        raise ChannelRejected(words) if code >= _PERMANENT else ChannelDeferred(words)

    def _finish_empty(self, connection: smtplib.SMTP) -> None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            connection.send(b".\r\n")
            connection.getreply()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _open(account: SmtpAccount) -> smtplib.SMTP:
    if account.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(
            account.host, account.port, timeout=TIMEOUT_SECONDS, context=context
        )
    return smtplib.SMTP(account.host, account.port, timeout=TIMEOUT_SECONDS)


def _log_in(connection: smtplib.SMTP, account: SmtpAccount) -> None:
    if account.security == "starttls":
        connection.starttls(context=ssl.create_default_context())
    connection.ehlo_or_helo_if_needed()
    if account.user:
        connection.login(account.user, account.password)


def _open_mail(connection: smtplib.SMTP, sender: str, recipient: str) -> list[Reply]:
    """Return the answers to MAIL, RCPT and DATA; without pipelining up to the first refusal."""
    commands = [f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"]
    if connection.has_extn("pipelining"):
        connection.send("".join(f"{command}\r\n" for command in commands))
        return [connection.getreply() for _ in commands]
    replies: list[Reply] = []
    for command in commands:
        replies.append(connection.docmd(command))
        if replies[-1][0] > _READY:
            break
    return replies


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


_local = threading.local()


def channel_for(account: SmtpAccount) -> SmtpChannel:
    """Return this thread's channel of an account, its connection still open."""
    channels: dict[SmtpAccount, SmtpChannel] = _local.__dict__.setdefault("channels", {})
    return channels.setdefault(account, SmtpChannel(account))


def open_account(account: Account) -> SmtpChannel:
    """Return this thread's channel of a merchant's account, or of the installation's own."""
    url = account.credentials.get("url", "")
    return channel_for(account_from_url(url) if url else account_from_settings())


def check_account(account: Account) -> str:
    """Log in once; empty when that works, else what the server or the network said."""
    try:
        connection = _open(account_from_url(account.credentials.get("url", "")))
    except (OSError, smtplib.SMTPException) as exc:
        return f"The mail server does not answer: {_words(exc)}"
    except ValueError as exc:
        return f"{exc}."
    try:
        _log_in(connection, account_from_url(account.credentials["url"]))
    except smtplib.SMTPAuthenticationError:
        return "The mail server does not take this user and password."
    except (OSError, smtplib.SMTPException) as exc:
        return f"The mail server refuses the log-in: {_words(exc)}"
    finally:
        connection.close()
    return ""


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
    ),
    open=open_account,
    check=check_account,
)
