"""Whether people can be contacted on each channel, and why not, for many at once."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db.models import Q

from crm.choices import Channel, ConsentState, SuppressionReason, SuppressionScope
from crm.domain.channels import CHANNEL_LABELS
from crm.domain.digests import digest_address
from crm.models import Suppression
from kernel.scope import current_tenant_id

_CONSENT_WORDS = {
    ConsentState.SUBSCRIBED: "subscribed",
    ConsentState.PENDING: "not confirmed yet",
    ConsentState.UNSUBSCRIBED: "unsubscribed",
    ConsentState.NEVER: "never gave consent",
    ConsentState.WITHDRAWN: "consent withdrawn",
}
_SUPPRESSION_WORDS = {
    SuppressionReason.HARD_BOUNCE: "the address bounced",
    SuppressionReason.SPAM_COMPLAINT: "complained about spam",
    SuppressionReason.INVALID_ADDRESS: "the address is not valid",
    SuppressionReason.MANUAL: "suppressed by hand",
    SuppressionReason.ERASED: "the address was erased",
}


class Reachable(Protocol):
    """What is asked of a person; a row of the list or a whole profile."""

    @property
    def email(self) -> str: ...

    @property
    def phone(self) -> str: ...

    @property
    def email_consent(self) -> str: ...

    @property
    def sms_consent(self) -> str: ...

    @property
    def whatsapp_consent(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether one person may get promotional messages on one channel.

    Attributes:
        words: ``subscribed``, or what is in the way.
        level: ``yes``; ``partly`` where only messages about orders may go; ``no``.
        is_missing: there is no address to send to.
    """

    channel: str
    label: str
    words: str
    level: str
    is_missing: bool = False


def find_reach(people: Collection[Reachable], now: datetime) -> list[list[Reach]]:
    """Return the reach of some people on each channel, in the order given; one statement.

    Args:
        people: profiles or rows that carry their addresses and permissions.
        now: aware; a suppression may have an end.
    """
    suppressed = _find_suppressed(people, now)
    return [
        [
            _judge(Channel.EMAIL, person.email, person.email_consent, suppressed),
            _judge(Channel.SMS, person.phone, person.sms_consent, suppressed),
            *_judge_whatsapp(person, suppressed),
        ]
        for person in people
    ]


_Found = dict[str, tuple[str, str]]


def _find_suppressed(people: Iterable[Reachable], now: datetime) -> _Found:
    """Return scope and reason of the suppressions in force by digest; the widest wins."""
    owner = current_tenant_id()
    digests = {
        digest_address(owner, channel, address)
        for person in people
        for channel, address in (
            (Channel.EMAIL, person.email),
            (Channel.SMS, person.phone),
            (Channel.WHATSAPP, person.phone if _uses_whatsapp(person) else ""),
        )
        if address
    }
    rows = Suppression.objects.filter(
        Q(until=None) | Q(until__gt=now),
        channel__in=[Channel.EMAIL, Channel.SMS, Channel.WHATSAPP],
        address_hash__in=digests,
    ).values_list("address_hash", "scope", "reason")
    found: _Found = {}
    for digest, scope, reason in rows:
        if digest not in found or scope == SuppressionScope.ALL:
            found[digest] = (scope, reason)
    return found


def _uses_whatsapp(person: Reachable) -> bool:
    """Say whether anything is known of a person there; many shops never use it."""
    return person.whatsapp_consent != ConsentState.NEVER


def _judge_whatsapp(person: Reachable, suppressed: _Found) -> list[Reach]:
    if not _uses_whatsapp(person):
        return []
    said = person.whatsapp_consent
    return [_judge(Channel.WHATSAPP, person.phone, said, suppressed)]


def _judge(channel: Channel, address: str, consent: str, suppressed: _Found) -> Reach:
    label = CHANNEL_LABELS[channel]
    if not address:
        missing = "no address" if channel == Channel.EMAIL else "no number"
        return Reach(channel, label, missing, "no", is_missing=True)
    found = suppressed.get(digest_address(current_tenant_id(), channel, address))
    if found:
        scope, reason = found
        words = _SUPPRESSION_WORDS[SuppressionReason(reason)]
        return Reach(channel, label, words, "no" if scope == SuppressionScope.ALL else "partly")
    words = _CONSENT_WORDS[ConsentState(consent)]
    return Reach(channel, label, words, "yes" if consent == ConsentState.SUBSCRIBED else "partly")
