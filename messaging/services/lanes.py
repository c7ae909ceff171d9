"""Over which account the due messages of each channel leave now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from crm.choices import Channel as ChannelName
from messaging.channels.base import Account, Channel, ChannelUnavailable
from messaging.channels.email_smtp import account_from_settings, channel_for
from messaging.channels.registry import find_provider
from messaging.models import ChannelAccount
from messaging.queries.accounts import list_default_accounts
from messaging.queries.messages import list_due_channels
from messaging.services.accounts import as_account


@dataclass(frozen=True, slots=True)
class Lane:
    """One channel with the account that it leaves over.

    Attributes:
        account_id: None for the installation's own mail server, or where no account is set up:
            then the gates stop what is claimed.
        open: returns the account's channel for the running thread; raises `ChannelUnavailable`.
    """

    channel: str
    account_id: int | None
    open: Callable[[], Channel]


@transaction.atomic
def open_lanes(now: datetime) -> list[Lane]:
    """Return the channels with due messages; a channel whose account is paused is left out."""
    due = list_due_channels(now)
    accounts = {row.channel: row for row in list_default_accounts(due)} if due else {}
    return [
        _lane(channel, accounts.get(channel))
        for channel in due
        if not _is_paused(accounts.get(channel), now)
    ]


def _lane(channel: str, row: ChannelAccount | None) -> Lane:
    if row is not None:
        return Lane(channel, row.pk, partial(_open, as_account(row)))
    if channel == ChannelName.EMAIL:
        return Lane(channel, None, partial(channel_for, account_from_settings()))
    return Lane(channel, None, _no_account)


def _open(account: Account) -> Channel:
    provider = find_provider(account.channel, account.provider)
    if provider is None:
        words = f"nothing is known of the provider {account.provider}"
        raise ChannelUnavailable(words, is_account_fault=True)
    return provider.open(account)


def _no_account() -> Channel:
    raise ChannelUnavailable("no account is set up", is_account_fault=True)


def _is_paused(row: ChannelAccount | None, now: datetime) -> bool:
    if row is None or not row.is_paused:
        return False
    return row.paused_until is None or row.paused_until > now
