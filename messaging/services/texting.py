"""What people write by SMS and WhatsApp: keywords are obeyed, the rest is a conversation.

STOP holds for the channel, at once, for everybody with that number; a number that nobody has is
suppressed, so that it holds for whoever comes with it later. START counts for the number that
somebody shows, and not over a STOP that was said later, whichever arrives first. Who was erased is
not brought back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from crm.choices import Channel, ConsentState, EventSource, SuppressionReason, SuppressionScope
from crm.domain.identifiers import normalize_phone
from crm.domain.permission import BEGINNING
from crm.queries.lookup import find_owners_of_numbers
from crm.queries.statements import has_said_no_since
from crm.queries.suppressions import is_stopped_since, is_suppressed
from crm.services.api_store import ensure_api_store
from crm.services.consent import lift_suppression, record_consent, suppress
from crm.services.conversations import Incoming, receive_messages
from crm.services.ids import lock_final_profiles
from crm.services.ingest import apply_records
from crm.types import CustomerRecord
from kernel import clock
from kernel.tenancy import current_tenant_id
from messaging.channels.base import ProviderEvent
from messaging.domain.keywords import Keyword, Said, answer_to, languages_of, read_keyword
from messaging.queries.brand import look_of_brand
from messaging.queries.sending import find_recipients
from messaging.services.answers import Answer, queue_answers
from messaging.types import Recipient
from tenants.queries import get_tenant

METHOD = "keyword"
"""How a statement of consent came about that somebody texted."""
_STATES = {
    Keyword.STOP: ConsentState.UNSUBSCRIBED,
    Keyword.START: ConsentState.SUBSCRIBED,
}
_STOPPED = "Answered STOP"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A text that came in over one account.

    Attributes:
        owners: ids of the profiles with that number, the one that it points at first.
        is_shown: it is the number at which the first of them is reached.
    """

    channel: str
    account_id: int
    event: ProviderEvent
    number: str
    owners: tuple[int, ...]
    is_shown: bool
    said: Said | None


@transaction.atomic
def receive_texts(channel: str, account_id: int, events: Sequence[ProviderEvent]) -> dict[str, str]:
    """Take texts that came in over one account; a repeat changes nothing.

    Args:
        channel: ``sms`` or ``whatsapp``.
        account_id: of the channel account.
        events: of kind ``inbound``, any number.

    Returns:
        Why some were ignored, in words, by their dedupe key.
    """
    ignored: dict[str, str] = {}
    arrivals = []
    numbers = {event.dedupe_key: normalize_phone(event.sender, "") for event in events}
    owners = find_owners_of_numbers(set(numbers.values()) - {""})
    people = find_recipients({each for ids in owners.values() for each in ids})
    for event in sorted(events, key=lambda each: _not_later(each.at)):
        number = numbers[event.dedupe_key]
        if not number:
            ignored[event.dedupe_key] = "it names no number that can be answered"
            continue
        ids = tuple(each for each in owners.get(number, ()) if not people[each].is_erased)
        said = _read(event, [people[each] for each in ids])
        is_shown = bool(ids) and people[ids[0]].phone == number
        arrivals.append(Arrival(channel, account_id, event, number, ids, is_shown, said))
    known = _introduce([each for each in arrivals if not each.owners and _introduces(each)])
    answers: list[Answer] = []
    incoming: list[Incoming] = []
    for each in arrivals:
        owner = each.owners[0] if each.owners else known.get(each.number)
        if each.said is not None:
            answers += _obey(each, owner)
        elif owner is None:
            ignored[each.event.dedupe_key] = "the person was erased, and stays so"
        else:
            incoming.append(_incoming(each, owner))
    receive_messages(incoming)
    if answers:
        queue_answers(answers)
    return ignored


def _read(event: ProviderEvent, people: Sequence[Recipient]) -> Said | None:
    """Return the keyword of a text; a provider that answered one itself says which it was."""
    spoken = languages_of(get_tenant(current_tenant_id()).country, [p.locale for p in people])
    if event.code.lower() in set(Keyword):
        return Said(Keyword(event.code.lower()), spoken[0])
    return None if event.media else read_keyword(event.text, spoken)


def _introduces(arrival: Arrival) -> bool:
    """Say whether what a number that nobody has wrote makes somebody of it."""
    word = arrival.said.keyword if arrival.said else None
    if word == Keyword.START:
        return not _is_stopped_since(arrival, _not_later(arrival.event.at))
    return word != Keyword.STOP


def _introduce(arrivals: Sequence[Arrival]) -> Mapping[str, int]:
    """Make profiles of numbers that nobody has; returns whose they are now.

    The digest of who was erased keeps them away.
    """
    if not arrivals:
        return {}
    records = [
        CustomerRecord(external_id="", phone=number, version_at=clock.now())
        for number in sorted({each.number for each in arrivals})
    ]
    apply_records(ensure_api_store(), records, source=EventSource.WEBHOOK.value, now=clock.now())
    found = find_owners_of_numbers({each.number for each in arrivals})
    return {number: ids[0] for number, ids in found.items() if ids}


def _obey(arrival: Arrival, owner: int | None) -> list[Answer]:
    """Do what a keyword asks for; returns what is answered."""
    said, event = arrival.said, arrival.event
    if said is None:
        return []
    is_new = True
    if said.keyword == Keyword.START and not _may_start(arrival, owner):
        return []
    if said.keyword in _STATES:
        is_new = _say(arrival, said, owner)
    if owner is None or event.code or (said.keyword == Keyword.STOP and not is_new):
        return []  # nobody to answer, the provider did, or they were told before
    return [
        Answer(
            key=_answer_key(arrival, said, owner),
            profile_id=owner,
            channel=arrival.channel,
            address=arrival.number,
            own_address=event.recipient,
            text=_words(said),
        )
    ]


def _may_start(arrival: Arrival, owner: int | None) -> bool:
    """Say whether a START holds: who has the number shows it, and said no STOP since."""
    at = _not_later(arrival.event.at)
    if owner is None or (arrival.owners and not arrival.is_shown):
        return False
    if _is_stopped_since(arrival, at):
        return False
    lock_final_profiles([owner])
    return not has_said_no_since(owner, arrival.channel, at)


def _is_stopped_since(arrival: Arrival, at: datetime) -> bool:
    return is_stopped_since(arrival.channel, arrival.number, SuppressionReason.MANUAL, at)


def _say(arrival: Arrival, said: Said, owner: int | None) -> bool:
    """Record what a number said for everybody who has it; returns whether it changed anything."""
    channel, event = arrival.channel, arrival.event
    if said.keyword == Keyword.START:
        lift_suppression(channel, arrival.number, SuppressionReason.MANUAL)
    elif owner is None and (_is_stopped_since(arrival, BEGINNING) or not _is_kept_out(arrival)):
        suppress(
            channel,
            arrival.number,
            SuppressionReason.MANUAL,
            SuppressionScope.PROMOTIONAL,
            occurred_at=_not_later(event.at),
            detail=_STOPPED,
        )
    everybody = arrival.owners or ((owner,) if owner is not None else ())
    changed = [
        record_consent(
            profile_id,
            channel,
            _STATES[said.keyword].value,
            method=METHOD,
            occurred_at=_not_later(event.at),
            detail=f"{event.text.strip()[:40] or said.keyword} to {event.recipient}",
            actor="recipient",
        )
        for profile_id in everybody
    ]
    return any(changed)


def _is_kept_out(arrival: Arrival) -> bool:
    """Say whether nothing goes to a number anyway, such as of somebody who was erased."""
    return any(
        is_suppressed(channel, arrival.number, clock.now())
        for channel in (arrival.channel, Channel.SMS.value)
    )


def _answer_key(arrival: Arrival, said: Said, owner: int) -> str:
    """Help is given once an hour at most, so that two machines do not keep each other busy."""
    if said.keyword == Keyword.STOP:
        return f"keyword:{arrival.account_id}:{arrival.event.provider_id}"
    hour = f"{clock.now():%Y%m%d%H}"
    return f"keyword:{arrival.channel}:{owner}:{said.keyword}:{hour}"


def _words(said: Said) -> str:
    look = look_of_brand()
    contact = look.support_email or look.website
    return answer_to(said, name=look.name, contact=contact)


def _incoming(arrival: Arrival, owner: int) -> Incoming:
    event = arrival.event
    return Incoming(
        profile_id=owner,
        channel=arrival.channel,
        account_id=arrival.account_id,
        address=arrival.number,
        own_address=event.recipient,
        text=event.text,
        media=event.media,
        at=_not_later(event.at),
        provider_id=event.provider_id,
    )


def _not_later(at: datetime) -> datetime:
    """A provider whose clock is ahead wrote nothing that has not happened."""
    return min(at, clock.now())
