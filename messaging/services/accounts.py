"""Connecting accounts of providers, checking them, and holding back what leaves over them."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.secrets import decrypt, encrypt
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.channels.base import Account, CredentialInvalid, Provider
from messaging.channels.email_smtp import IMAP_URL
from messaging.channels.registry import find_provider
from messaging.domain.reply_addresses import parse_reply_address
from messaging.models import AccountHealth, ChannelAccount
from messaging.services import tokens
from messaging.services.reply_rows import keep_mailbox
from messaging.types import AccountData
from tenants.services import audit


def as_account(row: ChannelAccount) -> Account:
    """Return an account as its provider's module gets it, its credentials readable."""
    return Account(
        id=row.pk,
        tenant_id=current_tenant_id(),
        channel=row.channel,
        provider=row.provider,
        name=row.name,
        credentials=_read(row),
        options=row.options,
        callback_url=callback_url(row),
    )


def callback_url(row: ChannelAccount) -> str:
    """Return where a provider tells what became of the messages of an account."""
    return tokens.callback_url(row.channel, row.provider, current_tenant_id(), row.pk)


@transaction.atomic
def connect_account(data: AccountData, *, actor: str) -> ChannelAccount:
    """Connect an account; the first one of its channel becomes the default.

    Raises:
        Invalid: an unknown provider, no name, or something that it needs is missing; ``fields``
            says which.
    """
    provider = _provider(data.channel, data.provider)
    credentials = _checked(provider, data, kept={})
    is_first = not ChannelAccount.objects.filter(channel=data.channel, is_default=True).exists()
    row = ChannelAccount.objects.create(
        channel=data.channel,
        provider=data.provider,
        name=data.name.strip(),
        credentials_encrypted=encrypt(json.dumps(credentials)),
        options=dict(data.options),
        is_default=is_first,
    )
    keep_mailbox(row.pk, is_read=_has_mailbox(credentials, data.options))
    audit.record("channel.connected", "channel", row.pk, after=_shown(row), actor=actor)
    ring("messages", current_tenant_id())
    return row


@transaction.atomic
def update_account(account_id: int, data: AccountData, *, actor: str) -> None:
    """Change name, options and credentials; a secret that is left empty stays as it is.

    Raises:
        NotFound: the tenant has no such account.
        Invalid: something that the provider needs is missing.
    """
    row = _lock(account_id)
    provider = _provider(row.channel, row.provider)
    kept = _read(row)
    credentials = _checked(provider, data, kept=kept)
    before = _shown(row)
    row.name = data.name.strip()
    row.options = dict(data.options)
    if credentials != kept and row.paused_until is not None:  # it was left alone for the old ones
        row.is_paused, row.paused_reason, row.paused_until = False, "", None
    if credentials != kept:
        row.credentials_encrypted = encrypt(json.dumps(credentials))
    row.save()
    keep_mailbox(row.pk, is_read=_has_mailbox(credentials, row.options))
    if credentials != kept:
        AccountHealth.objects.filter(channel=row.channel, account_id=row.pk).delete()
        ring("messages", current_tenant_id())
    after = {**_shown(row), "credentials": "changed" if credentials != kept else "kept"}
    audit.record("channel.changed", "channel", row.pk, before=before, after=after, actor=actor)


@transaction.atomic
def make_default(account_id: int, *, actor: str) -> None:
    """Let the messages of its channel leave over an account.

    Raises:
        NotFound: the tenant has no such account.
    """
    row = _lock(account_id)
    if row.is_default:
        return
    ChannelAccount.objects.filter(channel=row.channel, is_default=True).update(is_default=False)
    ChannelAccount.objects.filter(pk=row.pk).update(is_default=True)
    after = {"is_default": True}
    audit.record("channel.made_default", "channel", row.pk, after=after, actor=actor)
    ring("messages", current_tenant_id())


@transaction.atomic
def pause_account(
    account_id: int, reason: str, *, actor: str, until: datetime | None = None
) -> None:
    """Let nothing leave over an account; what is due waits.

    Args:
        account_id: of the account.
        reason: for the merchant; may be empty.
        actor: who pauses it.
        until: aware; then it is tried again by itself. None: when somebody resumes it.

    Raises:
        NotFound: the tenant has no such account.
    """
    row = _lock(account_id)
    ChannelAccount.objects.filter(pk=row.pk).update(
        is_paused=True, paused_reason=reason[:500], paused_until=until
    )
    after = {
        "is_paused": True,
        "paused_reason": reason[:500],
        "paused_until": until.isoformat() if until else None,
    }
    audit.record("channel.paused", "channel", row.pk, after=after, actor=actor)


@transaction.atomic
def resume_account(account_id: int, *, actor: str) -> None:
    """Let messages leave over an account again.

    Raises:
        NotFound: the tenant has no such account.
    """
    row = _lock(account_id)
    if not row.is_paused:
        return
    ChannelAccount.objects.filter(pk=row.pk).update(
        is_paused=False, paused_reason="", paused_until=None
    )
    AccountHealth.objects.filter(channel=row.channel, account_id=row.pk).delete()
    before = {"is_paused": True, "paused_reason": row.paused_reason}
    after = {"is_paused": False}
    audit.record("channel.resumed", "channel", row.pk, before=before, after=after, actor=actor)
    ring("messages", current_tenant_id())


@transaction.atomic
def remove_account(account_id: int, *, actor: str) -> None:
    """Forget the credentials of an account; the messages that left over it keep its name.

    Raises:
        NotFound: the tenant has no such account.
        Conflict: it is the default one, and its channel has others.
    """
    row = _lock(account_id)
    others = ChannelAccount.objects.filter(channel=row.channel, removed_at=None).exclude(pk=row.pk)
    if row.is_default and others.exists():
        raise Conflict("Make another account the default first; messages leave over this one.")
    ChannelAccount.objects.filter(pk=row.pk).update(
        removed_at=clock.now(), is_default=False, is_paused=False, credentials_encrypted=""
    )
    keep_mailbox(row.pk, is_read=False)
    audit.record("channel.removed", "channel", row.pk, before=_shown(row), actor=actor)


def check_account(account_id: int) -> str:
    """Ask the provider whether an account works, with no transaction open.

    Returns:
        Empty when it does, else what is wrong in words for the merchant.

    Raises:
        NotFound: the tenant has no such account.
    """
    with transaction.atomic():
        row = ChannelAccount.objects.filter(pk=account_id, removed_at=None).first()
        if row is None:
            raise NotFound("There is no such account.")
        account = as_account(row)
    return _provider(account.channel, account.provider).check(account)


def _read(row: ChannelAccount) -> dict[str, str]:
    found: dict[str, str] = json.loads(decrypt(row.credentials_encrypted) or "{}")
    return found


def _check_replies(options: Mapping[str, Any]) -> None:
    """Check the address for replies, where one is set up.

    Raises:
        Invalid: no mail can come in at it.
    """
    try:
        if options.get("reply_address"):
            parse_reply_address(str(options["reply_address"]))
    except ValueError as exc:
        raise Invalid(str(exc), fields={"reply_address": str(exc)}) from exc


def _has_mailbox(credentials: Mapping[str, str], options: Mapping[str, Any]) -> bool:
    return bool(credentials.get(IMAP_URL) and options.get("reply_address"))


def _lock(account_id: int) -> ChannelAccount:
    rows = ChannelAccount.objects.select_for_update(no_key=True)
    found = rows.filter(pk=account_id, removed_at=None).first()
    if found is None:
        raise NotFound("There is no such account.")
    return found


def _provider(channel: str, name: str) -> Provider:
    found = find_provider(channel, name)
    if found is None:
        raise Invalid("There is no such provider.", fields={"provider": "Choose one of the list."})
    return found


def _checked(provider: Provider, data: AccountData, *, kept: Mapping[str, str]) -> dict[str, str]:
    """Return the credentials to keep: what was told, and for empty ones what was kept."""
    faults = {} if data.name.strip() else {"name": "Give it a name."}
    credentials: dict[str, str] = {}
    for asked in provider.credentials:
        value = data.credentials.get(asked.name, "").strip() or kept.get(asked.name, "")
        if value:
            credentials[asked.name] = value
        elif asked.is_required:
            faults[asked.name] = "This is needed."
    for option in provider.options:
        if option.is_required and not str(data.options.get(option.name, "")).strip():
            faults[option.name] = "This is needed."
    if faults:
        raise Invalid("Something is missing.", fields=faults)
    _check_replies(data.options)
    try:
        made = provider.complete(credentials) if provider.complete else {}
    except CredentialInvalid as exc:
        raise Invalid(str(exc), fields={exc.name: str(exc)}) from exc
    return {**credentials, **made}


def _shown(row: ChannelAccount) -> dict[str, Any]:
    return {
        "channel": row.channel,
        "provider": row.provider,
        "name": row.name,
        "options": row.options,
    }
