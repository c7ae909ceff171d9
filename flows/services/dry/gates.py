"""Which messages of a dry walk would not have left, by what history tells: address, consent."""

from collections.abc import Sequence
from datetime import datetime

from crm.choices import ConsentState
from flows.queries.dry import list_consents, list_reachable
from flows.queries.reach import MARKETING
from flows.services.dry.passage import Passage
from messaging.choices import SkipReason
from messaging.types import NewMessage


def find_stopped(passages: Sequence[Passage]) -> dict[str, str]:
    """Return why messages would not have left, by key; two statements for any number.

    Consent is that of the moment of each message; addresses are those of today.
    """
    messages = [message for passage in passages for message in passage.messages]
    if not messages:
        return {}
    profile_ids = {message.profile_id for message in messages}
    reachable = list_reachable(profile_ids)
    consents = list_consents(profile_ids)
    stopped = {}
    for message in messages:
        has_address, state = reachable.get((message.profile_id, message.channel), (True, ""))
        if not has_address:
            stopped[message.key] = SkipReason.ADDRESS_MISSING.value
        elif message.message_class in MARKETING and not _is_allowed(message, consents, state):
            stopped[message.key] = SkipReason.NO_CONSENT.value
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
