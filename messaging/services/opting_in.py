"""Double opt-in: who asked for marketing counts as subscribed once their mailbox says yes.

Until then the state is ``pending``: nothing but the mail that asks is sent. A link is good for
seven days; who asks again gets another mail, two more at most.
"""

from datetime import datetime, timedelta

from django.db import transaction

from crm.choices import Channel, ConsentState
from crm.queries.person import find_last_statement
from crm.services.addresses import address_hash
from crm.services.consent import record_consent
from crm.services.ids import lock_final_profiles
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from messaging.choices import MessageClass
from messaging.domain.addresses import to_wire
from messaging.models import Message
from messaging.queries.sending import find_recipients
from messaging.services.library import CONFIRM_SUBSCRIPTION, ensure_template
from messaging.services.queueing import queue_messages
from messaging.services.subscribing import Decision, say
from messaging.types import Hit, MailboxToken, NewMessage, Proof

MOST_MAILS = 3
"""The first mail that asks, and two more."""
ASK_AGAIN = timedelta(minutes=10)
"""How long after a mail the next one may follow."""
METHOD = "double_opt_in"


@transaction.atomic
def ask_to_confirm(profile_id: int, proof: Proof) -> bool:
    """Record that somebody asked for marketing by e-mail, and send the mail that asks for a yes.

    Args:
        profile_id: a merged one stands for its winner.
        proof: of the wish.

    Returns:
        False when nothing is sent: they are subscribed, or a mail left within `ASK_AGAIN`.

    Raises:
        NotFound: no such profile.
        Invalid: there is no address that mail can go to.
        Conflict: all `MOST_MAILS` were sent, and nobody confirmed.
    """
    final = lock_final_profiles([profile_id]).get(profile_id)
    recipient = find_recipients([final]).get(final) if final is not None else None
    if recipient is None or recipient.is_erased:
        raise NotFound(f"no profile {profile_id}")
    if to_wire(recipient.email) is None:
        text = "There is no email address that a confirmation can be sent to."
        raise Invalid(text, fields={"email": text})
    if recipient.email_consent == ConsentState.SUBSCRIBED:
        return False
    channel, pending = Channel.EMAIL.value, ConsentState.PENDING.value
    record_consent(recipient.id, channel, pending, **proof._asdict())
    return _send(recipient.id, clock.now())


@transaction.atomic
def confirm(token: MailboxToken, hit: Hit, source_url: str) -> bool:
    """Subscribe whoever read the mail that asked; a repeat changes nothing.

    Returns:
        Whether they are subscribed now: not, when they said no since, have another address, or
        are gone.
    """
    found = find_asked(token)
    if found is None:
        return False
    decision = Decision(METHOD, source_url, hit)
    say(found, Channel.EMAIL, ConsentState.SUBSCRIBED, decision)
    return True


def find_asked(token: MailboxToken) -> int | None:
    """Return whom a link is for, if they may still say yes or have said so."""
    recipient = find_recipients([token.profile_id]).get(token.profile_id)
    if recipient is None or recipient.is_erased:
        return None
    is_same = address_hash(Channel.EMAIL.value, recipient.email) == token.digest
    may_say = recipient.email_consent in {ConsentState.PENDING, ConsentState.SUBSCRIBED}
    return recipient.id if is_same and may_say else None


def _send(profile_id: int, now: datetime) -> bool:
    asked = find_last_statement(profile_id, Channel.EMAIL.value)
    keys = [f"opt_in:{asked}:{number}" for number in range(1, MOST_MAILS + 1)]
    sent = list(Message.objects.filter(key__in=keys).order_by("pk"))
    if sent and now - sent[-1].created_at < ASK_AGAIN:
        return False
    if len(sent) >= MOST_MAILS:
        raise Conflict(f"{MOST_MAILS} mails asked for a confirmation, and none was confirmed.")
    message = NewMessage(
        key=keys[len(sent)],
        profile_id=profile_id,
        channel=Channel.EMAIL.value,
        message_class=MessageClass.SERVICE.value,
        template_id=ensure_template(CONFIRM_SUBSCRIPTION),
        due_at=now,
    )
    return queue_messages([message]) == 1
