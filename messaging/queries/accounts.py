"""The merchant's accounts at providers, as pages, programs and the sending see them."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from messaging.models import ChannelAccount


def list_accounts() -> list[ChannelAccount]:
    """Return the accounts of the tenant by channel, the default one of each first."""
    rows = ChannelAccount.objects.filter(removed_at=None)
    return list(rows.order_by("channel", "-is_default", "name", "pk"))


def find_account(account_id: int) -> ChannelAccount | None:
    """Return an account that was not removed, or None."""
    return ChannelAccount.objects.filter(pk=account_id, removed_at=None).first()


def list_default_accounts(channels: Collection[str]) -> list[ChannelAccount]:
    """Return the account over which each of some channels leaves, where it has one."""
    return list(ChannelAccount.objects.filter(channel__in=channels, is_default=True))


def find_served_channels() -> frozenset[str]:
    """Return the channels that have an account."""
    rows = ChannelAccount.objects.filter(is_default=True)
    return frozenset(rows.values_list("channel", flat=True))


def list_paused_channels(now: datetime) -> list[ChannelAccount]:
    """Return the accounts that send nothing now, by channel."""
    rows = ChannelAccount.objects.filter(
        Q(paused_until=None) | Q(paused_until__gt=now), is_paused=True, removed_at=None
    )
    return list(rows.order_by("channel"))
