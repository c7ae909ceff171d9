"""Double opt-in: who asked for marketing counts as subscribed once their mailbox says yes.

Until then the state is ``pending``: nothing but the mail that asks is sent. Who said no stays so
until then; only they themselves can ask again. A link is good for seven days; who asks again gets
another mail, two more at most until they once say yes. No yes goes over a suppression.
"""

from datetime import datetime, timedelta

from django.db import transaction

from crm.choices import Channel, ConsentState
from crm.domain.permission import NEGATIVE
from crm.queries.statements import find_last_yes, find_said_at, wants_back
from crm.queries.suppressions import is_suppressed
from crm.services.addresses import address_hash
from crm.services.consent import note_wish, record_consent
from crm.services.ids import lock_final_profiles
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from messaging.choices import MessageClass
from messaging.domain.addresses import to_wire
from messaging.domain.own_templates import CONFIRM_SUBSCRIPTION
from messaging.models import Message
from messaging.queries.sending import find_recipients
from messaging.services.library import ensure_template
from messaging.services.queueing import queue_messages
from messaging.services.subscribing import Decision, say
from messaging.types import Hit, MailboxToken, NewMessage, Proof

MOST_MAILS = 3
"""The first mail that asks, and two more."""
ASK_AGAIN = timedelta(minutes=10)
"""How long after a mail the next one may follow."""
METHOD = "double_opt_in"
EMAIL = Channel.EMAIL.value


@transaction.atomic
def ask_to_confirm(profile_id: int, proof: Proof, *, is_own_wish: bool = False) -> bool:
    """Record that somebody asked for marketing by e-mail, and send the mail that asks for a yes.

    Args:
        profile_id: a merged one stands for its winner.
        proof: of the wish.
        is_own_wish: they said it themselves, on a form; somebody else cannot ask for who said no.

    Returns:
        False when nothing is sent: they are subscribed, or a mail left within `ASK_AGAIN`.

    Raises:
        NotFound: no such profile.
        Invalid: there is no address that mail can go to.
        Conflict: the address is suppressed; they said no, and this is not their own later wish;
            or all `MOST_MAILS` were sent, and nobody confirmed.
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
    now = clock.now()
    if is_suppressed(EMAIL, recipient.email, now):
        raise Conflict("This address is suppressed, so nobody can be asked there.")
    if recipient.email_consent in NEGATIVE:
        _ask_back(recipient.id, proof, now, is_own_wish=is_own_wish)
    else:
        record_consent(recipient.id, EMAIL, ConsentState.PENDING.value, **proof._asdict())
    return _send(recipient.id, now)


@transaction.atomic
def confirm(token: MailboxToken, hit: Hit, source_url: str) -> bool:
    """Subscribe whoever read the mail that asked; a repeat changes nothing.

    Returns:
        Whether they are subscribed now: not, when they said no since, have another address, are
        gone, or their address is suppressed.
    """
    lock_final_profiles([token.profile_id])
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
    is_same = address_hash(EMAIL, recipient.email) == token.digest
    if not is_same or is_suppressed(EMAIL, recipient.email, clock.now()):
        return None
    may_say = recipient.email_consent in {ConsentState.PENDING, ConsentState.SUBSCRIBED}
    if recipient.email_consent in NEGATIVE:
        may_say = wants_back(recipient.id, EMAIL)
    return recipient.id if may_say else None


def _ask_back(profile_id: int, proof: Proof, now: datetime, *, is_own_wish: bool) -> None:
    """Keep the wish of somebody who said no; their “no” holds until they press the button."""
    if not is_own_wish:
        raise Conflict("They said no to marketing by email; only they can ask for it again.")
    said_no_at = find_said_at(profile_id)
    wished_at = proof.occurred_at
    if wished_at is not None and said_no_at is not None and wished_at <= said_no_at:
        raise Conflict("They said no to marketing by email since.")
    wish = proof._replace(occurred_at=wished_at or now)
    note_wish(profile_id, EMAIL, **wish._asdict())


def _send(profile_id: int, now: datetime) -> bool:
    """Queue the next mail; neither a “no” nor another wish makes their number begin again."""
    since = find_last_yes(profile_id, EMAIL) or 0
    keys = [f"opt_in:{profile_id}:{since}:{number}" for number in range(1, MOST_MAILS + 1)]
    sent = list(Message.objects.filter(key__in=keys).order_by("pk"))
    if sent and now - sent[-1].created_at < ASK_AGAIN:
        return False
    if len(sent) >= MOST_MAILS:
        raise Conflict(f"{MOST_MAILS} mails asked for a confirmation, and none was confirmed.")
    message = NewMessage(
        key=keys[len(sent)],
        profile_id=profile_id,
        channel=EMAIL,
        message_class=MessageClass.SERVICE.value,
        template_id=ensure_template(CONFIRM_SUBSCRIPTION),
        due_at=now,
    )
    return queue_messages([message]) == 1
