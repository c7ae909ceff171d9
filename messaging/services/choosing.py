"""Gives messages their sender, by the rules of the tenant, before anything is asked of them."""

from collections.abc import Sequence

from messaging.queries.sender_rules import choose_senders
from messaging.queries.traits import Written
from messaging.types import PendingMessage


def with_senders(messages: Sequence[PendingMessage]) -> list[PendingMessage]:
    """Return mails with who they are from; without a sender they stay without one."""
    written = {each.id: Written(each.profile, each.order_id, each.template_id) for each in messages}
    senders = choose_senders(written)
    return [each._replace(sender=senders.get(each.id)) for each in messages]
