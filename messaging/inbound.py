"""Who takes what people write back on a channel, such as an answer to an SMS.

Filled when an app starts. The functions run inside the transaction that applies callbacks; one that
raises leaves its callbacks to be tried again, each alone.
"""

from collections.abc import Callable, Mapping, Sequence

from messaging.channels.base import ProviderEvent

TakeIn = Callable[[str, int, Sequence[ProviderEvent]], Mapping[str, str]]
"""Takes channel, id of the account and events of kind ``inbound``, of the active tenant.

Answers why some were ignored, in words for the merchant, by their dedupe key. A repeat changes
nothing."""

NOBODY = "Nobody takes what comes in on this channel"

_takers: dict[str, TakeIn] = {}


def fill_inbound(channel: str, take: TakeIn) -> None:
    """Say who takes what comes in on a channel; a later call takes its place."""
    _takers[channel] = take


def hand_over(channel: str, account_id: int, events: Sequence[ProviderEvent]) -> dict[str, str]:
    """Hand over what came in at one account; returns why some were ignored, by dedupe key."""
    take = _takers.get(channel)
    if take is None:
        return {event.dedupe_key: NOBODY for event in events}
    return dict(take(channel, account_id, events))
