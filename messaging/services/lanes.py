"""Over which account the due messages of each channel leave now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from crm.choices import Channel as ChannelName
from messaging.channels.base import Account, Channel, ChannelUnavailable
from messaging.channels.email_smtp import account_from_settings, channel_for
from messaging.channels.registry import find_provider
from messaging.domain.breaker import Health
from messaging.domain.server_limits import NONE, LimitName, limits_of_server
from messaging.models import ChannelAccount
from messaging.queries.accounts import list_default_accounts
from messaging.queries.messages import list_due_channels
from messaging.services.accounts import as_account
from messaging.services.breaking import find_health


@dataclass(frozen=True, slots=True)
class Lane:
    """One channel with the account that it leaves over.

    Attributes:
        account_id: None for the installation's own mail server, or where no account is set up:
            then the gates stop what is claimed.
        open: returns the account's channel for the running thread; raises `ChannelUnavailable`.
        limits: mails a minute where nobody said otherwise.
        health: how the account has fared; while it is left alone one message is tried.
        together: how many messages its provider takes in one request.
    """

    channel: str
    account_id: int | None
    open: Callable[[], Channel]
    limits: Mapping[LimitName, int] = field(default_factory=lambda: NONE)
    health: Health = field(default_factory=Health)
    together: int = 1


@transaction.atomic
def open_lanes(now: datetime) -> list[Lane]:
    """Return the channels with due messages.

    A channel is left out while its account is paused, by somebody or because nothing gets through.
    """
    due = list_due_channels(now)
    if not due:
        return []
    accounts = {row.channel: row for row in list_default_accounts(due)}
    health = find_health(due)
    lanes = []
    for channel in due:
        row = accounts.get(channel)
        lane = _lane(channel, row, health.get((channel, row.pk if row else 0), Health()))
        open_until = lane.health.open_until
        if not _is_paused(row, now) and (open_until is None or open_until <= now):
            lanes.append(lane)
    return lanes


def _lane(channel: str, row: ChannelAccount | None, health: Health) -> Lane:
    if row is not None:
        account = as_account(row)
        provider = find_provider(account.channel, account.provider)
        together = provider.together if provider is not None else 1
        open_ = partial(_open, account)
        return Lane(channel, row.pk, open_, _limits(account), health, together)
    if channel == ChannelName.EMAIL:
        limits = limits_of_server(settings.EMAIL_HOST)
        return Lane(channel, None, partial(channel_for, account_from_settings()), limits, health)
    return Lane(channel, None, _no_account)


def _limits(account: Account) -> Mapping[LimitName, int]:
    """Return the limits of a mail server of one's own; providers say themselves when to wait."""
    if account.provider != "smtp":
        return NONE
    return limits_of_server(urlsplit(account.credentials.get("url", "")).hostname or "")


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
