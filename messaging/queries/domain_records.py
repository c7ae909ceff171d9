"""What is to be entered for a sending domain and for the domain of links, and how it was found."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from messaging.domain.dns_records import dkim_record
from messaging.models import LinkDomain, SendingDomain

DMARC: Final = "v=DMARC1; p=none"
OWN_PATH: Final = (
    "Bounces come back to the sender itself. Providers use an address of theirs; over a mail "
    "server of your own you can name one."
)
_STEPS: Final = (("owner", "Yours"), ("alias", "Leads here"), ("answer", "Answers"))


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a domain.

    Attributes:
        why: what it is for.
        name: where it is entered; empty for one that others enter.
        text: what is entered there.
        kind: type of the record.
        state: how it was found: ``good``, ``missing``, ``wrong``, ``unknown``; ``none`` where
            there need be none; empty before the first check.
        words: the same for people.
    """

    key: str
    label: str
    why: str
    name: str
    text: str
    kind: str = "TXT"
    state: str = ""
    words: str = ""


def list_records(found: SendingDomain) -> list[Record]:
    """Return what is to be entered for a domain, as it was found last."""
    rows = [
        (
            "dkim",
            "DKIM",
            "proves that your mails are yours",
            f"{found.selector}._domainkey.{found.domain}",
            dkim_record(found.dkim_public),
        ),
        (
            "dmarc",
            "DMARC",
            "says what becomes of mails that only pretend to be yours",
            f"_dmarc.{found.domain}",
            DMARC,
        ),
        ("spf", "SPF", "names the mail server that sends for you", *_spf(found.domain)),
        ("return_path", "Return path", "says where bounces go", *_return_path(found)),
    ]
    return [_record(found, *row) for row in rows]


def list_steps(found: LinkDomain) -> list[tuple[str, str, str]]:
    """Return label, state and words of each step that a domain of links takes."""
    said = found.findings
    return [
        (label, said[name]["state"], said[name]["words"]) for name, label in _STEPS if name in said
    ]


def _record(found: SendingDomain, key: str, label: str, why: str, name: str, text: str) -> Record:
    said = found.findings.get(key, {})
    state, words = str(said.get("state", "")), str(said.get("words", ""))
    if key == "return_path" and not found.return_path:
        state, words = "none", OWN_PATH
    return Record(key, label, why, name, text, state=state, words=words)


def _spf(domain: str) -> tuple[str, str]:
    include = settings.SPF_INCLUDE
    return (domain, f"v=spf1 {include} ~all") if include else ("", "")


def _return_path(found: SendingDomain) -> tuple[str, str]:
    host = found.return_path.rpartition("@")[2]
    return _spf(host) if host and host != found.domain else ("", "")
