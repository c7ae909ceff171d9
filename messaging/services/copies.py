"""A copy of everything that is kept of somebody: asked for on their page, sent to their mailbox.

The preference page opens for everybody who holds its link, also whom a mail was forwarded to; the
copy goes to the reader of the mailbox alone.
"""

from typing import Any

from django.db import transaction

from crm.choices import Channel
from crm.services.addresses import address_hash
from kernel import clock
from messaging.choices import MessageClass
from messaging.domain.addresses import to_wire
from messaging.domain.own_templates import YOUR_DATA
from messaging.queries.copies import describe_codes, describe_devices, describe_submissions
from messaging.queries.preferences import describe_wishes
from messaging.queries.sending import find_recipients
from messaging.services.library import ensure_template
from messaging.services.queueing import queue_messages
from messaging.types import MailboxToken, NewMessage, RecipientToken


@transaction.atomic
def ask_copy(token: RecipientToken) -> bool:
    """Send the link to a copy to the address of the recipient of a token, once an hour at most.

    Returns:
        Whether one is on its way by now; not, where there is no address.
    """
    recipient = find_recipients([token.profile_id]).get(token.profile_id)
    if recipient is None or recipient.is_erased or to_wire(recipient.email) is None:
        return False
    now = clock.now()
    message = NewMessage(
        key=f"copy:{recipient.id}:{now:%Y%m%d%H}",
        profile_id=recipient.id,
        channel=Channel.EMAIL.value,
        message_class=MessageClass.SERVICE.value,
        template_id=ensure_template(YOUR_DATA),
        due_at=now,
    )
    queue_messages([message])
    return True


def find_owner(token: MailboxToken) -> int | None:
    """Return whose copy a link leads to; None once they are gone or have another address."""
    recipient = find_recipients([token.profile_id]).get(token.profile_id)
    if recipient is None or recipient.is_erased:
        return None
    is_same = address_hash(Channel.EMAIL.value, recipient.email) == token.digest
    return recipient.id if is_same else None


def describe_rest(profile_id: int) -> dict[str, Any]:
    """Return what messaging keeps of somebody beside what crm does, by name, as plain values."""
    return {
        "preferences": describe_wishes(profile_id),
        "submissions": describe_submissions(profile_id),
        "devices": describe_devices(profile_id),
        "coupon_codes": describe_codes(profile_id),
    }
