"""Over which account the due messages of each channel leave now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from crm.choices import Channel as ChannelName
from kernel.tenancy import current_tenant_id
from messaging.channels.base import Account, Channel, ChannelUnavailable
from messaging.channels.registry import PROVIDERS
from messaging.models import ChannelAccount
from messaging.queries.accounts import list_default_accounts
from messaging.queries.messages import list_due_channels
from messaging.services.accounts import as_account


@dataclass(frozen=True, slots=True)
class Lane:
    """One channel with the account that it leaves over.

    Attributes:
        account: None where none is set up; then the gates stop what is claimed.
    """

    channel: str
    account: Account | None

    @property
    def account_id(self) -> int | None:
        """Id of the tenant's own account; None for the installation's mail server."""
        return self.account.id or None if self.account else None

    def open(self) -> Channel:
        """Return the account's channel for the running thread.

        Raises:
            ChannelUnavailable: the account is gone since, or its provider.
        """
        account = self.account
        provider = PROVIDERS.get((account.channel, account.provider)) if account else None
        if account is None or provider is None:
            raise ChannelUnavailable("no account is set up", is_account_fault=True)
        return provider.open(account)


@transaction.atomic
def open_lanes(now: datetime) -> Sequence[Lane]:
    """Return the channels with due messages; a channel whose account is paused is left out."""
    due = list_due_channels(now)
    accounts = {row.channel: row for row in list_default_accounts(due)} if due else {}
    return [
        Lane(channel, _account(channel, accounts.get(channel)))
        for channel in due
        if not _is_paused(accounts.get(channel), now)
    ]


def _is_paused(row: ChannelAccount | None, now: datetime) -> bool:
    if row is None or not row.is_paused:
        return False
    return row.paused_until is None or row.paused_until > now


def _account(channel: str, row: ChannelAccount | None) -> Account | None:
    if row is not None:
        return as_account(row)
    if channel != ChannelName.EMAIL:
        return None
    return Account(
        id=0,
        tenant_id=current_tenant_id(),
        channel=channel,
        provider="smtp",
        name=settings.EMAIL_HOST,
        credentials={},
    )
