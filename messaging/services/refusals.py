"""What the refusals of providers say of addresses and people, beyond the message refused."""

from collections.abc import Sequence

from crm.choices import SuppressionReason
from crm.services.consent import suppress_many
from crm.services.told_consent import Withdrawal, withdraw_many
from kernel import clock
from messaging.channels.base import ChannelRejected
from messaging.types import PendingMessage

METHOD = "provider"
"""How a statement of consent came about that a provider told of."""
_LONGEST = 200


def learn_from_refusals(refusals: Sequence[tuple[PendingMessage, ChannelRejected]]) -> None:
    """Suppress dead addresses, and unsubscribe who told the provider to let nothing through.

    Joins the caller's transaction; a repeat changes nothing.

    Args:
        refusals: messages that were refused for good, and what the provider said.
    """
    dead = [
        (message.channel, message.address, SuppressionReason.INVALID_ADDRESS.value)
        for message, said in refusals
        if said.is_address_dead and message.address
    ]
    if dead:
        suppress_many(dead, detail="The provider says that nobody can be reached there.")
    left = [
        Withdrawal(message.profile.id, message.channel, clock.now(), METHOD, str(said)[:_LONGEST])
        for message, said in refusals
        if said.is_unsubscribed
    ]
    if left:
        withdraw_many(left)
