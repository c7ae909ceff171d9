"""A real SMTP server on loopback that keeps what it gets and answers as it is told."""

import email
import email.policy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class SmtpServer:
    """What the server got, and what it answers.

    Attributes:
        raw: bytes of each mail it took, in order.
        senders: to whom bounces of each go.
        answers: answer to RCPT by address, such as ``550 No such user``.
        sender_answer: answer to MAIL.
        sender_answers: the same by address.
        is_deaf_after_data: takes the mail, then hangs up without an answer.
        pipelining: whether it says that it allows pipelining.
    """

    port: int = 0
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    data_answer: str = "250 OK"
    sender_answer: str = "250 OK"
    sender_answers: dict[str, str] = field(default_factory=dict)
    is_deaf_after_data: bool = False
    pipelining: bool = True
    _controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def mails(self) -> list[EmailMessage]:
        return [_parse(content) for content in self.raw]

    @property
    def received(self) -> Counter[str]:
        """How many mails each address got."""
        return Counter(self.recipients)

    def start(self) -> None:
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        server: Any = self._controller.server
        self.port = server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        more = ["250-PIPELINING"] if self.pipelining else []
        return [*responses[:-1], *more, responses[-1]]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        answer = self.sender_answers.get(address, self.sender_answer)
        if answer.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.data_answer.startswith("250"):
            content = envelope.original_content or b""
            self.raw.append(content)
            self.recipients += envelope.rcpt_tos
            self.senders.append(envelope.mail_from or "")
        if self.is_deaf_after_data:
            transport: Any = server.transport
            transport.abort()
        return self.data_answer


class _Controller(Controller):
    """Learns its port from the system, and knocks there."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        trigger: Callable[[], None] = super()._trigger_server
        trigger()


def _parse(content: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    return parsed
