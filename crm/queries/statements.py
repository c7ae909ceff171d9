"""What somebody said of one channel, as far as asking them for a yes depends on it."""

from datetime import datetime

from django.db.models import Q

from crm.choices import Channel, ConsentState
from crm.domain.permission import NEGATIVE
from crm.models import ConsentEvent, Profile
from crm.queries.suppressions import is_suppressed


def can_be_asked(email: str, consent: str, now: datetime) -> bool:
    """Say whether a member may have a mail sent that asks somebody for a yes to marketing.

    Who said no can only come back of their own accord.

    Args:
        email: of the person; empty for none.
        consent: a word of `ConsentState`, of email.
        now: aware; a suppression may have an end.
    """
    is_open = consent in {ConsentState.NEVER, ConsentState.PENDING}
    return bool(email) and is_open and not is_suppressed(Channel.EMAIL, email, now)


def find_last_yes(profile_id: int, channel: str) -> int | None:
    """Return the id of the newest “subscribed” on a channel; None without any."""
    said = ConsentEvent.objects.filter(
        profile_id=profile_id, channel=channel, topic="", state=ConsentState.SUBSCRIBED
    )
    return said.order_by("-recorded_at", "-pk").values_list("pk", flat=True).first()


def wants_back(profile_id: int, channel: str) -> bool:
    """Say whether somebody asked to come back since they last said anything of a whole channel.

    Asked of whose “no” holds: a “yes” that is told after it and does not hold takes nothing back.
    """
    said = ConsentEvent.objects.filter(profile_id=profile_id, channel=channel)
    relevant = said.filter(Q(topic="", state__in=NEGATIVE) | Q(state=ConsentState.PENDING))
    last = relevant.order_by("-recorded_at", "-pk").values_list("topic", flat=True).first()
    return bool(last)


def has_said_no_since(profile_id: int, channel: str, at: datetime) -> bool:
    """Say whether a “no” holds on a channel that was said at a time or later."""
    fields = {f"{channel}_consent__in": NEGATIVE, f"{channel}_consent_at__gte": at}
    return Profile.objects.filter(pk=profile_id, **fields).exists()


def find_said_at(profile_id: int) -> datetime | None:
    """Return from when counts what holds of email."""
    found = Profile.objects.filter(pk=profile_id)
    return found.values_list("email_consent_at", flat=True).first()
