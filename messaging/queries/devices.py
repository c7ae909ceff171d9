"""Browsers and apps of people, as the sending and the gates see them."""

from collections.abc import Mapping
from typing import Final

from django.db.models import Q

from crm.choices import Channel
from messaging.models import ChannelAccount, PushToken
from messaging.types import Device, Recipient

MOST: Final = 10
"""Of one person: the ones that were seen last."""
REACHED: Final = Q(is_proven=True) | Q(profile__is_anonymous=True)
"""Tokens that get messages of their profile: who merely typed an address gets nobody's."""


def with_devices(recipients: Mapping[int, Recipient]) -> dict[int, Recipient]:
    """Return recipients with their live browsers and apps, in one statement."""
    ids = {recipient.id for recipient in recipients.values()}
    tokens = PushToken.objects.filter(
        REACHED, profile_id__in=ids, gone_at=None, account__removed_at=None
    ).order_by("-last_seen_at", "-pk")
    devices: dict[int, list[Device]] = {}
    for token in tokens:
        own = devices.setdefault(token.profile_id, [])
        if len(own) < MOST:
            own.append(Device(token.pk, token.account_id, token.digest, token.target))
    return {
        asked: recipient._replace(devices=tuple(devices.get(recipient.id, ())))
        for asked, recipient in recipients.items()
    }


def list_push_accounts() -> list[ChannelAccount]:
    """Return the accounts over which push messages may leave now."""
    found = ChannelAccount.objects.filter(channel=Channel.PUSH, removed_at=None, is_paused=False)
    return list(found.order_by("pk"))
