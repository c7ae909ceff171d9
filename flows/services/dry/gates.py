"""Which messages of a dry walk would not have left, by what history tells: address, consent."""

from collections.abc import Sequence
from datetime import datetime

from crm.choices import ConsentState
from flows.queries.dry import list_consents
from flows.queries.reach import MARKETING
from flows.services.dry.passage import Passage
from messaging.choices import SkipReason
from messaging.types import NewMessage

_UNKNOWN = (True, "")
"""Of a channel of which nothing is kept: it reaches them, and they never agreed to marketing."""


def find_stopped(passages: Sequence[Passage]) -> dict[str, str]:
    """Return why messages would not have left, by key; one statement for any number.

    Consent is that of the moment of each message; addresses are those of today.
    """
    sending = [passage for passage in passages if passage.messages]
    if not sending:
        return {}
    consents = list_consents({passage.person.id for passage in sending})
    missing, refused = SkipReason.ADDRESS_MISSING.value, SkipReason.NO_CONSENT.value
    stopped = {}
    for passage in sending:
        reach = passage.person.reach
        for message in passage.messages:
            has_address, state = reach.get(message.channel, _UNKNOWN)
            if not has_address:
                stopped[message.key] = missing
            elif message.message_class in MARKETING and not _is_allowed(message, consents, state):
                stopped[message.key] = refused
    return stopped


def _is_allowed(
    message: NewMessage,
    consents: dict[tuple[int, str], list[tuple[datetime, str]]],
    today: str,
) -> bool:
    """Say whether somebody had agreed by the moment of a message; as today if nothing is kept."""
    said = consents.get((message.profile_id, message.channel))
    if said is None:
        return today == ConsentState.SUBSCRIBED
    before = [state for at, state in said if at <= message.due_at]
    return bool(before) and before[-1] == ConsentState.SUBSCRIBED
