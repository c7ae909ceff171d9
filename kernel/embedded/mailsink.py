"""The mail server of embedded mode: takes every mail and files it for `/mailbox/`.

A mail is on disk under its final name before the sender hears 250, so that a mail that was
accepted is never lost. Names sort by time of arrival.
"""

import asyncio
import itertools
import json
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session

from kernel.clock import now
from kernel.embedded.children import Program
from kernel.embedded.environment import python
from kernel.embedded.ports import LOOPBACK

MAX_MESSAGE_BYTES = 25 * 1024 * 1024
MAX_WAITING_CONNECTIONS = 512


@dataclass(frozen=True)
class Filed:
    """Names one filed mail."""

    id: str


class Filing:
    """Writes mails into a folder, each as ``ID.eml`` with an ``ID.json`` beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, envelope: Envelope) -> Filed:
        """Put a mail on disk under its final name.

        The mail itself comes last: whoever sees ``ID.eml`` finds both complete.
        """
        received_at = now()
        name = f"{received_at:%Y%m%dT%H%M%S%fZ}-{next(self._numbers):06d}-{secrets.token_hex(4)}"
        about = {
            "received_at": received_at.isoformat(),
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
        }
        self._put(f"{name}.json", json.dumps(about).encode())
        self._put(f"{name}.eml", envelope.original_content or b"")
        return Filed(name)

    def _put(self, name: str, content: bytes) -> None:
        temporary = self._folder / f".{name}.new"
        temporary.write_bytes(content)
        temporary.rename(self._folder / name)


class Handler:
    """What aiosmtpd calls at each step of a conversation."""

    def __init__(self, filing: Filing) -> None:
        self._filing = filing

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Announce that commands may be sent without waiting for each answer."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """File the mail, then accept it."""
        filed = self._filing.file(envelope)
        return f"250 OK filed as {filed.id}"


def sink_program(env: Mapping[str, str], log: Path | None = None) -> Program:
    """Return how to run the sink for the environment of an instance.

    Args:
        env: names the address (``EMAIL_URL``) and the folder (``PATRON_MAILBOX_DIR``).
        log: file for its messages.
    """
    return Program(
        name="mail sink",
        command=python("-m", "kernel.embedded.mailsink"),
        env=env,
        log=log or Path(env["PATRON_DATA_DIR"]) / "logs" / "mail.log",
    )


async def serve(folder: Path, host: str, port: int) -> None:
    """Take mail until SIGTERM or SIGINT."""
    handler = Handler(Filing(folder))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, data_size_limit=MAX_MESSAGE_BYTES, enable_SMTPUTF8=True, loop=loop),
        host=host,
        port=port,
        backlog=MAX_WAITING_CONNECTIONS,
    )
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with server:
        await stopped.wait()


def main() -> int:
    """Run the sink that the environment describes."""
    address = urlsplit(os.environ["EMAIL_URL"])
    if address.port is None:
        raise ValueError("EMAIL_URL names no port")
    folder = Path(os.environ["PATRON_MAILBOX_DIR"])
    asyncio.run(serve(folder, address.hostname or LOOPBACK, address.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
