"""Reads the mails that the sink filed (`kernel.embedded.mailsink`); never writes."""

import functools
import heapq
import json
import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from itertools import islice
from pathlib import Path

MAIL_SUFFIX = ".eml"
ID = re.compile(r"[0-9A-Za-z-]+")
KEPT_MAILS = 3_000


@dataclass(frozen=True)
class Mail:
    """One mail as it arrived.

    Attributes:
        id: also its place in time, for ids sort by arrival.
        to: every address it was sent to, as the sender's server said it.
        sender: as the sender's server said it; may differ from the header.
        subject: decoded.
        headers: decoded; the values of a repeated header stand in lines.
        html: empty when it has no such part.
        text: likewise.
        received_at: aware UTC.
    """

    id: str
    to: tuple[str, ...]
    sender: str
    subject: str
    headers: dict[str, str]
    html: str
    text: str
    received_at: datetime

    @property
    def sender_name(self) -> str:
        """The name in the header; empty when it names nobody."""
        return parseaddr(self.headers.get("From", ""))[0]


def list_mails(
    folder: Path, *, to: str = "", before: str = "", limit: int | None = None
) -> list[Mail]:
    """Return mails, newest first.

    Args:
        folder: of the sink; one that does not exist is empty.
        to: only mails to addresses that contain this, in any case.
        before: only mails older than the one with this id.
        limit: at most so many; None is all.
    """
    names = (path.stem for path in folder.glob(f"*{MAIL_SUFFIX}"))
    older = [name for name in names if not before or name < before]
    wanted = to.strip().lower()
    newest = heapq.nlargest(limit, older) if limit and not wanted else sorted(older, reverse=True)
    found = (name for name in newest if not wanted or _is_addressed(folder, name, wanted))
    return [_read(folder, name) for name in islice(found, limit)]


def find_mail(folder: Path, mail_id: str) -> Mail | None:
    """Return one mail; None when there is none of this id."""
    if ID.fullmatch(mail_id) and (folder / f"{mail_id}{MAIL_SUFFIX}").is_file():
        return _read(folder, mail_id)
    return None


def read_source(folder: Path, mail_id: str) -> bytes:
    """Return a mail as it came over the wire.

    Raises:
        FileNotFoundError: there is none of this id.
    """
    if not ID.fullmatch(mail_id):
        raise FileNotFoundError(mail_id)
    return (folder / f"{mail_id}{MAIL_SUFFIX}").read_bytes()


def _is_addressed(folder: Path, name: str, wanted: str) -> bool:
    about = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return any(wanted in address.lower() for address in about["to"])


@functools.lru_cache(maxsize=KEPT_MAILS)
def _read(folder: Path, name: str) -> Mail:
    """Read one mail; a filed mail never changes, so the last ones are kept."""
    about = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    message = message_from_bytes(read_source(folder, name))
    headers: dict[str, str] = {}
    for key, value in message.items():
        text = _decode(value)
        headers[key] = f"{headers[key]}\n{text}" if key in headers else text
    return Mail(
        id=name,
        to=tuple(about["to"]),
        sender=about["from"] or "",
        subject=_decode(message.get("Subject", "")),
        headers=headers,
        html=_body(message, "text/html"),
        text=_body(message, "text/plain"),
        received_at=datetime.fromisoformat(about["received_at"]),
    )


def _decode(value: object) -> str:
    """Unfold and decode a header; the simple parser is six times as fast as the strict one."""
    folded = re.sub(r"\r?\n[ \t]+", " ", str(value))
    try:
        return str(make_header(decode_header(folded)))
    except (HeaderParseError, LookupError, UnicodeDecodeError):
        return folded


def _body(message: Message, kind: str) -> str:
    """Return the first part of a kind that is no attachment; empty when there is none."""
    for part in message.walk():
        if part.get_content_type() != kind or part.get_content_disposition() == "attachment":
            continue
        content = part.get_payload(decode=True)
        raw = content if isinstance(content, bytes) else b""
        try:
            return raw.decode(part.get_content_charset("utf-8"), "replace")
        except LookupError:  # a charset that nobody knows
            return raw.decode("utf-8", "replace")
    return ""
