"""The merchant's accounts at providers, as pages, programs and the sending see them."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from crm.choices import Channel
from crm.domain.channels import CHANNEL_LABELS
from messaging.channels.base import Provider
from messaging.channels.registry import PROVIDERS
from messaging.models import ChannelAccount


class AccountGroup(NamedTuple):
    """The accounts of one channel, the default one first."""

    channel: Channel
    label: str
    accounts: list[ChannelAccount]


class ProviderGroup(NamedTuple):
    """The providers that one channel can be connected to, by name."""

    channel: Channel
    label: str
    providers: list[Provider]


def list_accounts() -> list[AccountGroup]:
    """Return the accounts of the tenant by channel; every channel that has a provider is named."""
    rows = ChannelAccount.objects.filter(removed_at=None).order_by("-is_default", "name", "pk")
    found: dict[str, list[ChannelAccount]] = {}
    for row in rows:
        found.setdefault(row.channel, []).append(row)
    return [
        AccountGroup(group.channel, group.label, found.get(group.channel, []))
        for group in list_choices()
    ]


def list_choices() -> list[ProviderGroup]:
    """Return every provider, by channel."""
    groups = []
    for channel in Channel:
        own = [known for known in PROVIDERS.values() if known.channel == channel]
        if own:
            groups.append(
                ProviderGroup(
                    channel, CHANNEL_LABELS[channel], sorted(own, key=lambda known: known.label)
                )
            )
    return groups


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
