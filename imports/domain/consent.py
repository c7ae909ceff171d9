"""Statements of consent out of rows: who said what about which channel, when and where. Pure."""

from collections.abc import Sequence

from crm.choices import Channel
from crm.types import ConsentRecord, Record
from imports.domain.customers import METHOD, default_time
from imports.domain.people import read_person
from imports.domain.stops import has_left
from imports.domain.values import read_state, read_time
from imports.types import Options, Refused, Row

_CHANNELS = {
    "": Channel.EMAIL,
    "email": Channel.EMAIL,
    "e-mail": Channel.EMAIL,
    "sms": Channel.SMS,
    "text": Channel.SMS,
    "whatsapp": Channel.WHATSAPP,
    "push": Channel.PUSH,
}


def read_consent(row: Row, options: Options) -> Sequence[Record]:
    """Turn a row into a statement; one that says nothing makes no record.

    Raises:
        Refused: nobody is named, a word is not known, or consent is claimed without a time.
    """
    person = read_person(row, options)
    channel = _CHANNELS.get(row.get("channel").lower())
    if channel is None:
        raise Refused(
            f"Channel “{row.get('channel')[:40]}” is not known; write email, sms, whatsapp or push."
        )
    state = read_state(row.get("state") or _left(row) or options.state, "Consent")
    if not state:
        return []
    said_at = read_time(row.get("occurred_at"), "Time", options)
    return [
        ConsentRecord(
            channel=channel,
            state=state,
            external_id=person.external_id,
            email=person.email,
            phone=person.phone,
            occurred_at=said_at or default_time(state, "Consent", options),
            method=METHOD,
            detail=row.get("source") or options.consent_source,
        )
    ]


def _left(row: Row) -> str:
    return "unsubscribed" if has_left(row) else ""


def consent_keys(row: Row) -> list[str]:
    """Return what makes two rows be about the same channel of the same person."""
    who = row.get("email").lower() or row.get("customer_id") or row.get("phone")
    return [f"{row.get('channel').lower() or 'email'}:{who}"] if who else []
