"""Mails that came in: answers become conversations, reports become what they tell of a message.

Nothing that comes in by mail is ever answered by itself, so that no two machines can keep each
other busy. A tag whose signature is right says which message is answered or left; who wrote is
whom the From names, and an answer goes to that address alone. What says that somebody wants no
more is obeyed for whom the tag names and for whom the From names, as it can only take away.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from crm.choices import Channel, ConsentState, EventSource, SuppressionReason, SuppressionScope
from crm.domain.identifiers import normalize_email
from crm.domain.permission import BEGINNING
from crm.queries.lookup import find_owners_of_mailboxes
from crm.queries.suppressions import is_stopped_since
from crm.services.api_store import ensure_api_store
from crm.services.consent import record_consent, suppress
from crm.services.conversations import Incoming, receive_messages
from crm.services.ingest import apply_records
from crm.types import CustomerRecord
from kernel import clock
from kernel.tenancy import current_tenant_id
from messaging.channels.base import ProviderEvent
from messaging.choices import CallbackKind
from messaging.domain.keywords import Keyword, languages_of, read_keyword
from messaging.domain.quoting import trim_quoted
from messaging.domain.reply_addresses import ReplyAddress, find_reply_address
from messaging.models import ChannelAccount, Sender
from messaging.queries.sending import find_recipients
from messaging.services.consequences import BY_MAIL
from messaging.services.filing import file_told
from messaging.services.reply_tokens import BOUNCE, LEAVE, ReplyToken, read_tag
from messaging.types import Recipient
from tenants.queries import get_tenant

OFF: Final = "No address for replies is set up for this account"
OTHER_ADDRESS: Final = "It went to {address}, which is not the address for replies"
OWN: Final = "It is one of your own mails, and not answered: that would go round for ever"
SPAM: Final = "The receiving server says that it is spam"
NO_SENDER: Final = "It names no sender who can be answered"
LOST_REPORT: Final = "It reports on a mail that is not one of yours"
NOTICE: Final = "A notice that a machine sent to the envelope of a mail"
ERASED: Final = "the person was erased, and stays so"
_EMAIL: Final = Channel.EMAIL.value
_KEPT: Final = ("original", "attachments", "references", "doubt", "is_text_kept", "is_cut")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that somebody wrote.

    Attributes:
        sender: its From, in lower case.
        token: which message it answers or leaves; None where no tag says so.
        text: what is new in it.
        owners: profiles with that address, the first one first.
    """

    event: ProviderEvent
    sender: str
    token: ReplyToken | None
    text: str
    owners: tuple[int, ...] = ()

    @property
    def at(self) -> datetime:
        """When it was written, never later than now."""
        return min(self.event.at, clock.now())


@transaction.atomic
def receive_mails(channel: str, account_id: int, events: Sequence[ProviderEvent]) -> dict[str, str]:
    """Take mails that came in over one account; a repeat changes nothing.

    Args:
        channel: ``email``.
        account_id: of the channel account.
        events: of kind ``inbound``, any number.

    Returns:
        Why some were ignored, in words, by their dedupe key.
    """
    del channel
    account = ChannelAccount.objects.filter(pk=account_id).first()
    place = find_reply_address(account.options.get("reply_address")) if account else None
    if place is None:
        return {event.dedupe_key: OFF for event in events}
    own = frozenset(map(normalize_email, Sender.objects.values_list("email", flat=True)))
    ignored: dict[str, str] = {}
    told: list[ProviderEvent] = []
    letters: list[Letter] = []
    for event in events:
        tag = _find_tag(place, event)
        token = read_tag(current_tenant_id(), tag) if tag else None
        if event.mail.get("report"):
            found = _read_report(place, event)
            told += [found] if found else []
            ignored |= {} if found else {event.dedupe_key: LOST_REPORT}
        elif token is not None and token.purpose == BOUNCE:
            ignored[event.dedupe_key] = NOTICE
        elif token is not None and token.purpose == LEAVE:
            told.append(_leaving(event, token))
        elif why := _why_not(event, tag, place, own):
            ignored[event.dedupe_key] = why
        else:
            letters.append(_letter(event, token))
    file_told(account_id, told)
    return ignored | _take(account_id, place, letters)


def _why_not(
    event: ProviderEvent, tag: str | None, place: ReplyAddress, own: frozenset[str]
) -> str:
    """Return why nobody reads a mail, in words; empty for one that somebody wrote."""
    sender = normalize_email(event.sender)
    marked = str(event.mail.get("own") or "").startswith(f"{current_tenant_id()}-")
    if marked or sender in own or place.tag_of(sender) is not None:
        return OWN
    if tag is None:
        return OTHER_ADDRESS.format(address=event.recipient[:200] or "nobody")
    if event.mail.get("spam"):
        return SPAM
    automatic = str(event.mail.get("automatic") or "")
    return automatic if automatic or sender else NO_SENDER


def _find_tag(place: ReplyAddress, event: ProviderEvent) -> str | None:
    """Return the tag to which a mail went; None where it did not go to the address for replies."""
    named = [event.recipient, *(str(each) for each in event.mail.get("addresses") or ())]
    tags = [tag for tag in map(place.tag_of, named) if tag is not None]
    return next((tag for tag in tags if tag), "") if tags else None


def _letter(event: ProviderEvent, token: ReplyToken | None) -> Letter:
    whole = event.text or str(event.mail.get("html_text") or "")
    return Letter(event, normalize_email(event.sender), token, trim_quoted(whole))


def _read_report(place: ReplyAddress, event: ProviderEvent) -> ProviderEvent | None:
    """Return what a report tells of a message; None where no tag of ours shows which.

    Anybody can write that a mail bounced. Only who got the mail, or the servers that it passed,
    know the tag.
    """
    report: Mapping[str, Any] = event.mail["report"]
    tags = [place.tag_of(str(each)) for each in report.get("reply_to") or ()]
    tokens = (read_tag(current_tenant_id(), tag) for tag in tags if tag)
    token = next((each for each in tokens if each is not None), None)
    if token is None:
        return None
    kind = CallbackKind(str(report["kind"]))
    code, detail = str(report.get("code") or ""), str(report.get("detail") or "")
    return _news(event, token, kind, code=code, detail=detail)


def _leaving(event: ProviderEvent, token: ReplyToken) -> ProviderEvent:
    return _news(event, token, CallbackKind.UNSUBSCRIBED, code=BY_MAIL)


def _news(
    event: ProviderEvent, token: ReplyToken, kind: CallbackKind, *, code: str, detail: str = ""
) -> ProviderEvent:
    """Return what a mail tells of one of ours, as if the provider had told it."""
    named = hashlib.sha256(f"{event.dedupe_key}:{token.message_id}".encode()).hexdigest()
    return ProviderEvent(
        kind=kind.value,
        dedupe_key=f"mail:{kind.value}:{named}",
        at=event.at,
        reference=f"{current_tenant_id()}-{token.message_id}",
        code=code,
        detail=detail,
    )


def _take(account_id: int, place: ReplyAddress, letters: Sequence[Letter]) -> dict[str, str]:
    """Obey those that want no more and keep the others; returns why some were ignored."""
    if not letters:
        return {}
    owners = find_owners_of_mailboxes({letter.sender for letter in letters})
    people = find_recipients({each for ids in owners.values() for each in ids})
    letters = [replace(each, owners=_living(owners, people, each)) for each in letters]
    letters.sort(key=lambda each: each.at)
    leaving = [each for each in letters if _leaves(each, people)]
    gone = {each.event.dedupe_key for each in leaving}
    staying = [each for each in letters if each.event.dedupe_key not in gone]
    for letter in leaving:
        _unsubscribe(letter)
    file_told(account_id, [_leaving(each.event, each.token) for each in leaving if each.token])
    known = _introduce([each for each in staying if not each.owners])
    ignored, incoming = {}, []
    for letter in staying:
        owner = letter.owners[0] if letter.owners else known.get(letter.sender)
        if owner is None:
            ignored[letter.event.dedupe_key] = ERASED
        else:
            incoming.append(_incoming(account_id, place.plain, letter, owner))
    receive_messages(incoming)
    return ignored


def _living(
    owners: Mapping[str, list[int]], people: Mapping[int, Recipient], letter: Letter
) -> tuple[int, ...]:
    return tuple(each for each in owners.get(letter.sender, ()) if not people[each].is_erased)


def _leaves(letter: Letter, people: Mapping[int, Recipient]) -> bool:
    """Say whether a mail says nothing but that somebody wants no more."""
    locales = [people[each].locale for each in letter.owners]
    spoken = languages_of(get_tenant(current_tenant_id()).country, locales)
    said = read_keyword(letter.text or letter.event.detail, spoken)
    is_stop = said is not None and said.keyword == Keyword.STOP
    return is_stop and not letter.event.mail.get("attachments")


def _unsubscribe(letter: Letter) -> None:
    """End marketing to everybody with the address; one that nobody has is suppressed."""
    at = letter.at
    if not letter.owners and letter.token is None:
        known = is_stopped_since(_EMAIL, letter.sender, SuppressionReason.MANUAL, BEGINNING)
        if not known:
            suppress(
                _EMAIL,
                letter.sender,
                SuppressionReason.MANUAL,
                SuppressionScope.PROMOTIONAL,
                occurred_at=at,
                detail="Asked by mail for no more",
            )
    for profile_id in letter.owners:
        record_consent(
            profile_id,
            _EMAIL,
            ConsentState.UNSUBSCRIBED.value,
            method=BY_MAIL,
            occurred_at=at,
            detail=(letter.text or letter.event.detail)[:40],
            actor="recipient",
        )


def _introduce(letters: Sequence[Letter]) -> Mapping[str, int]:
    """Make profiles of addresses that nobody has; the digest of who was erased keeps them away."""
    senders = sorted({letter.sender for letter in letters})
    if not senders:
        return {}
    now = clock.now()
    records = [CustomerRecord(external_id="", email=each, version_at=now) for each in senders]
    apply_records(ensure_api_store(), records, source=EventSource.WEBHOOK.value, now=now)
    return {sender: ids[0] for sender, ids in find_owners_of_mailboxes(senders).items() if ids}


def _incoming(account_id: int, own_address: str, letter: Letter, owner: int) -> Incoming:
    event = letter.event
    whole = str(event.mail.get("original") or event.text or event.mail.get("html_text") or "")
    mail = {name: event.mail[name] for name in _KEPT if event.mail.get(name)}
    mail |= {"subject": event.detail, "original": whole if whole.strip() != letter.text else ""}
    if letter.token is not None:
        mail["message_id"] = letter.token.message_id
    return Incoming(
        profile_id=owner,
        channel=_EMAIL,
        account_id=account_id,
        address=letter.sender,
        own_address=own_address,
        text=letter.text or event.detail,
        media=(),
        at=letter.at,
        provider_id=event.provider_id or event.dedupe_key,
        mail={name: value for name, value in mail.items() if value},
    )
