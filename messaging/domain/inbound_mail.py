"""What headers and parts of a mail say that came in. Pure.

Who made it, what it answers, what is attached, and whether it tells of a mail of ours. Mails are
made by anybody: nothing here raises for one that is malformed, and what cannot be read is left out.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.utils import getaddresses
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar

from messaging.choices import CallbackKind
from messaging.domain.quoting import MOST_READ, text_of_html

Kept = TypeVar("Kept")
OWN_HEADER: Final = "X-Patron-Message"
MOST_REFERENCES: Final = 20
MOST_ATTACHMENTS: Final = 50
MOST_ADDRESSES: Final = 50
MOST_PARTS: Final = 100
MOST_WORDS: Final = 500
STUMBLES: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MessageError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What the parser raises for what is malformed; that a worker's time is over is none of it."""
_ID: Final = re.compile(r"<[^<>\s]{1,250}>")
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_ROBOTS: Final = frozenset({"mailer-daemon", "postmaster", "no-reply", "noreply", "donotreply"})
_AWAY: Final = re.compile(
    r"(out of (the )?office|automatic reply|auto(matic)?[- ]?reply|autoresponse|"
    r"automatische antwort|abwesenheit(snotiz)?|nicht im büro|réponse automatique|"
    r"absence du bureau|respuesta automática|fuera de la oficina|risposta automatica|"
    r"fuori sede|automatisch antwoord|afwezig)\b",
    re.IGNORECASE,
)
_ADDRESSED: Final = frozenset(
    {"to", "cc", "delivered-to", "x-original-to", "x-forwarded-to", "envelope-to"}
)
_DEAD: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Status codes (RFC 3463) that say that nobody is reached there, now or later."""
_REFUSED: Final = ("5.7.", "5.3.4", "5.6.")
"""Beginnings of those that are about what was written or who wrote it."""


class Report(NamedTuple):
    """What a report says became of a mail of ours.

    Attributes:
        kind: a `CallbackKind` word.
        code, detail: why, in the words of the other side.
        reply_to: addresses in which the tag of the mail may stand that did not arrive.
    """

    kind: str
    code: str
    detail: str
    reply_to: tuple[str, ...]


def describe_mail(mail: EmailMessage, *, envelope_sender: str | None) -> dict[str, Any]:
    """Return what is kept of a mail beside sender, subject and text, as JSON.

    Args:
        mail: parsed, however malformed.
        envelope_sender: who the servers say sent it; empty for a report, None where nobody says.
    """
    report = read_report(mail)
    said = {
        "addresses": addresses_of(mail),
        "references": references_of(mail),
        "attachments": list(attachments_of(mail)),
        "own": header_of(mail, OWN_HEADER)[:80],
        "automatic": "" if report else find_robot(mail, envelope_sender),
        "doubt": find_doubt(mail),
        "report": report._asdict() if report else None,
        "html_text": _read_html(mail),
    }
    kept: dict[str, Any] = storable({name: value for name, value in said.items() if value})
    return kept


def storable(said: Any) -> Any:
    """Return what JSON of the database takes: no zero letters, no halves of letters."""
    if isinstance(said, str):
        return said.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(said, list | tuple):
        return [storable(each) for each in said]
    if isinstance(said, dict):
        return {name: storable(value) for name, value in said.items()}
    return said


def header_of(mail: Message, name: str) -> str:
    """Return the first header of a name on one line, empty where there is none."""
    wanted = name.lower()
    for known, value in mail.raw_items():
        if known.lower() == wanted:
            return " ".join(str(storable(str(value))).split())
    return ""


def references_of(mail: Message) -> list[str]:
    """Return the Message-IDs that a mail answers, the nearest last."""
    found = _ID.findall(f"{header_of(mail, 'References')} {header_of(mail, 'In-Reply-To')}")
    ascii_only = [each for each in found if each.isascii()]
    return list(dict.fromkeys(reversed(ascii_only)))[:MOST_REFERENCES][::-1]


def addresses_of(mail: Message) -> list[str]:
    """Return everybody a mail was addressed or delivered to, in lower case."""
    said = [str(value) for name, value in mail.raw_items() if name.lower() in _ADDRESSED]
    return _mailboxes(said)[:MOST_ADDRESSES]


def attachments_of(mail: Message) -> Iterator[dict[str, Any]]:
    """Yield name, type and size in bytes of what is attached; 0 where its size is not known."""
    found = 0
    for part in parts_of(mail):
        name = safely(part.get_filename, None) or ""
        kind = safely(part.get_content_type, "application/octet-stream")
        how = safely(part.get_content_disposition, None)
        is_text = kind in ("text/plain", "text/html") and how != "attachment" and not name
        if part.is_multipart() or is_text or kind.startswith(("multipart/", "message/delivery")):
            continue
        found += 1
        if found > MOST_ATTACHMENTS:
            return
        size = len(content_of(part))
        yield {"name": " ".join(name.split())[:200], "type": kind[:100], "size": size}


def find_robot(mail: Message, envelope_sender: str | None) -> str:
    """Return why nobody wrote a mail, in words; empty for one that somebody wrote."""
    automatic = header_of(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    marks = (header_of(mail, "X-Autoreply"), header_of(mail, "X-Autorespond"))
    if automatic not in ("", "no") or any(marks) or _AWAY.match(_subject(mail)):
        return "An automatic reply"
    if header_of(mail, "Precedence").lower() in _BULK or header_of(mail, "List-Id"):
        return "A mailing to many"
    sender = next(iter(_mailboxes([header_of(mail, "From")])), "")
    is_robot = sender.partition("@")[0] in _ROBOTS
    is_bounce = envelope_sender == "" or header_of(mail, "Return-Path") == "<>"
    return "A notice that a machine sent" if is_robot or is_bounce else ""


def find_doubt(mail: Message) -> str:
    """Return why a mail may not be of who it says, as the receiving server found."""
    said = header_of(mail, "Authentication-Results").lower()
    return "DMARC failed" if "dmarc=fail" in said else ""


def read_report(mail: Message) -> Report | None:
    """Return what a bounce or a complaint says; None for any other mail."""
    kind = safely(lambda: str(mail.get_param("report-type") or "").lower(), "")
    if safely(mail.get_content_type, "") != "multipart/report":
        return None
    parts = parts_of(mail)
    places = tuple(dict.fromkeys((*addresses_of(mail), *_returned(parts))))
    if kind == "feedback-report":
        return Report(CallbackKind.COMPLAINED.value, "feedback-report", "", places)
    fields = _fields(parts)
    action, status = fields.get("action", ""), fields.get("status", "").partition(" ")[0]
    meaning = _meaning(action, status)
    if meaning is None:
        return None
    words = fields.get("diagnostic-code", "").removeprefix("smtp;").strip()
    return Report(meaning, status[:100], words[:MOST_WORDS], places)


def safely(read: Callable[[], Kept], instead: Kept) -> Kept:
    """Return what is read, or something else where a malformed mail makes the library stumble."""
    try:
        return read()
    except STUMBLES:
        return instead


def parts_of(mail: Message) -> list[Message]:
    """Return a mail and its parts, in order, the first `MOST_PARTS`."""
    try:
        return list(islice(mail.walk(), MOST_PARTS))
    except STUMBLES:
        return []


def content_of(part: Message) -> bytes:
    """Return what a part holds, decoded; nothing for one that holds others."""
    try:
        found = part.get_payload(decode=True)
    except STUMBLES:
        return b""
    return found if isinstance(found, bytes) else b""


def _meaning(action: str, status: str) -> str | None:
    """Return the `CallbackKind` word of a delivery report; None for one of success."""
    if action == "delayed":
        return CallbackKind.DEFERRED.value
    if action != "failed":
        return None
    if status in _DEAD:
        return CallbackKind.BOUNCED_HARD.value
    if status.startswith(_REFUSED):
        return CallbackKind.BLOCKED.value
    return CallbackKind.BOUNCED_SOFT.value


def _fields(parts: list[Message]) -> dict[str, str]:
    """Return the fields of a delivery report, of its first recipient."""
    found: dict[str, str] = {}
    for part in parts:
        if safely(part.get_content_type, "") == "message/delivery-status":
            blocks = part.get_payload()
            for block in blocks if isinstance(blocks, list) else []:
                for name, value in block.raw_items() if isinstance(block, Message) else ():
                    found.setdefault(name.lower(), " ".join(str(value).split()))
    if "action" in found:
        found["action"] = found["action"].lower()
    return found


def _returned(parts: list[Message]) -> Iterator[str]:
    """Yield the addresses for replies of the mail that came back."""
    for part in parts:
        kind = safely(part.get_content_type, "")
        if kind == "message/rfc822":
            inner = part.get_payload()
            for each in inner if isinstance(inner, list) else []:
                if isinstance(each, Message):
                    yield from _mailboxes([header_of(each, "Reply-To")])
        elif kind == "text/rfc822-headers":
            text = content_of(part)[:MOST_READ]
            for found in re.findall(rb"(?im)^reply-to:[ \t]*(.{1,300})$", text):
                yield from _mailboxes([found.decode("utf-8", "replace")])


def _mailboxes(said: list[str]) -> list[str]:
    """Return the addresses that headers name, in lower case."""
    try:
        found = getaddresses(said)
    except STUMBLES:
        return []
    return [address.lower()[:254] for _, address in found if "@" in address]


def _read_html(mail: EmailMessage) -> str:
    """Return the words of the HTML part where a mail has no text part."""
    kinds: dict[str, Message] = {}
    for part in parts_of(mail):
        if safely(part.get_content_disposition, None) != "attachment":
            kinds.setdefault(safely(part.get_content_type, ""), part)
    text = decode_text(kinds["text/plain"]) if "text/plain" in kinds else ""
    if text.strip() or "text/html" not in kinds:
        return ""
    return safely(lambda: text_of_html(decode_text(kinds["text/html"])), "")[:MOST_READ]


def decode_text(part: Message) -> str:
    """Return the text of a part, whatever its charset is said to be."""
    content = content_of(part)
    charset = safely(lambda: part.get_content_charset("utf-8"), "utf-8") or "utf-8"
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def subject_for_answer(subject: str) -> str:
    """Return the subject of an answer."""
    said = " ".join(subject.split())
    if not said:
        return ""
    is_answer = re.match(r"(re|aw|sv|antw|rv|r)\s?:", said, re.IGNORECASE)
    return said if is_answer else f"Re: {said}"


def read_thread(said: Mapping[str, Any], message_id: str) -> tuple[str, ...]:
    """Return what an answer refers to: the chain of a mail, and the mail itself last."""
    chain = [str(each) for each in said.get("references") or () if _ID.fullmatch(str(each))]
    own = [message_id] if _ID.fullmatch(message_id) and message_id.isascii() else []
    return tuple(dict.fromkeys((*chain, *own)))[-MOST_REFERENCES:]


def _subject(mail: Message) -> str:
    return safely(lambda: str(mail.get("Subject") or ""), header_of(mail, "Subject")).strip()
