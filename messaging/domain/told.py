"""What providers told of one message, put together so that the order of arrival plays no part.

Pure. An arrival and a failure are kept apart with their times; which of them holds is decided where
the message stands, as more may be known there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from messaging.choices import CallbackKind, FailReason, TouchKind

REASONS: Final[dict[str, FailReason]] = {
    CallbackKind.BOUNCED_HARD: FailReason.BOUNCED_HARD,
    CallbackKind.BOUNCED_SOFT: FailReason.BOUNCED_SOFT,
    CallbackKind.BLOCKED: FailReason.BLOCKED,
    CallbackKind.FAILED: FailReason.UNDELIVERED,
}
"""Ways in which a message did not arrive."""
TOUCHES: Final[dict[str, TouchKind]] = {
    CallbackKind.DELIVERED: TouchKind.DELIVERED,
    CallbackKind.READ: TouchKind.OPENED,
    CallbackKind.OPENED: TouchKind.OPENED,
    CallbackKind.CLICKED: TouchKind.CLICKED,
    CallbackKind.COMPLAINED: TouchKind.COMPLAINED,
    CallbackKind.UNSUBSCRIBED: TouchKind.UNSUBSCRIBED,
    **dict.fromkeys(REASONS, TouchKind.BOUNCED),
}
_ARRIVED: Final = frozenset(
    {CallbackKind.DELIVERED, CallbackKind.READ, CallbackKind.COMPLAINED, CallbackKind.UNSUBSCRIBED}
)
"""What is only said of a message that had arrived; openings count where a person made them."""


class Said(NamedTuple):
    """One thing that was told of a message.

    Attributes:
        is_machine: an opening or a click that no person made.
    """

    kind: str
    at: datetime
    code: str = ""
    detail: str = ""
    provider_id: str = ""
    is_machine: bool = False


@dataclass(slots=True)
class Fate:
    """What was told of one message, all together.

    Attributes:
        delivered, opened, clicked, complained: the earliest time of each.
        arrival, failure: the latest time at which it had, and had not, arrived.
        reason, detail: of that failure.
        put_off: why it was put off.
        taken: the earliest time at which the provider had it for certain.
    """

    provider_id: str = ""
    delivered: datetime | None = None
    opened: datetime | None = None
    clicked: datetime | None = None
    complained: datetime | None = None
    arrival: datetime | None = None
    failure: datetime | None = None
    reason: str = ""
    detail: str = ""
    put_off: str = ""
    taken: datetime | None = None


def sum_up(said: Iterable[Said]) -> Fate:
    """Put together what was told of one message, in any order."""
    fate = Fate()
    for each in sorted(said, key=lambda each: each.at):
        fate.provider_id = fate.provider_id or each.provider_id
        fate.taken = fate.taken or each.at
        if each.kind in REASONS:
            fate.failure = each.at
            fate.reason = REASONS[each.kind].value
            fate.detail = words_of(each)
        elif each.kind == CallbackKind.DEFERRED:
            fate.put_off = words_of(each)
        elif not each.is_machine:
            _note_good(fate, each)
    return fate


def words_of(said: Said) -> str:
    """Return why, in the provider's own words."""
    return ": ".join(filter(None, (said.code, said.detail)))[:500]


def _note_good(fate: Fate, said: Said) -> None:
    if said.kind in _ARRIVED or said.kind in (CallbackKind.OPENED, CallbackKind.CLICKED):
        fate.arrival = said.at
    match said.kind:
        case CallbackKind.DELIVERED:
            fate.delivered = fate.delivered or said.at
        case CallbackKind.READ:
            fate.delivered = fate.delivered or said.at
            fate.opened = fate.opened or said.at
        case CallbackKind.OPENED:
            fate.opened = fate.opened or said.at
        case CallbackKind.CLICKED:
            fate.clicked = fate.clicked or said.at
        case CallbackKind.COMPLAINED:
            fate.complained = fate.complained or said.at
        case _:
            pass
