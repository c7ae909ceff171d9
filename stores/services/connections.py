"""Connecting a store, its secrets, and finding it again by the token in its webhook address."""

import json
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction

from crm.services.stores import StoreData, create_store
from kernel import clock
from kernel.errors import NotFound
from kernel.scope import current_tenant_id, tenant_scope
from kernel.secrets import decrypt, encrypt
from stores.models import Connection
from stores.queries import webhook_url
from stores.types import ConnectedStore, EdgeConnection
from tenants.choices import TokenKind
from tenants.services.tokens import create_token, find_token

CACHE_SECONDS = 30
CACHE_LIMIT = 10_000
OLD_SECRET_HOURS = 1
"""A storefront may sign with the secret before last for an hour after it was changed."""
SECRET_BYTES = 32

_cache: dict[str, tuple[float, EdgeConnection]] = {}
_cache_lock = threading.Lock()


def connect_store(
    data: StoreData, *, secret: str = "", credentials: Mapping[str, str] | None = None
) -> ConnectedStore:
    """Create a store of the active tenant with its webhook address.

    Args:
        data: the store.
        secret: what the storefront signs with; empty: one is made.
        credentials: of its API, kept encrypted.

    Raises:
        Invalid: a value breaks a rule.
        Conflict: the tenant has a store of this name.
    """
    tenant_id = current_tenant_id()
    secret = secret or secrets.token_hex(SECRET_BYTES)
    with transaction.atomic():
        store = create_store(data)
        token = create_token(tenant_id=tenant_id, kind=TokenKind.STORE_WEBHOOK, object_id=store.pk)
        Connection.objects.create(
            store_id=store.pk,
            token=token,
            secret_encrypted=encrypt(secret),
            credentials_encrypted=encrypt(json.dumps(dict(credentials))) if credentials else "",
        )
    return ConnectedStore(store.pk, webhook_url(store.platform, token), secret)


def rotate_secret(store_id: int, *, secret: str = "") -> str:
    """Give a store a new signing secret; the one before is accepted for one more hour.

    Args:
        store_id: a connected store of the active tenant.
        secret: empty: one is made.

    Returns:
        The new secret.

    Raises:
        NotFound: the tenant has no such connected store.
    """
    secret = secret or secrets.token_hex(SECRET_BYTES)
    with transaction.atomic():
        found = Connection.objects.select_for_update(no_key=True).filter(store_id=store_id).first()
        if found is None:
            raise NotFound("This store has no webhook address")
        Connection.objects.filter(pk=found.pk).update(
            secret_encrypted=encrypt(secret),
            previous_secret_encrypted=found.secret_encrypted,
            rotated_at=clock.now(),
        )
    forget_connections()
    return secret


@transaction.atomic
def read_secret(store_id: int) -> str:
    """Return the signing secret of a store of the active tenant, in the clear.

    Raises:
        NotFound: the store has none.
    """
    found = Connection.objects.filter(store_id=store_id).values_list("secret_encrypted", flat=True)
    for secret in found:
        return decrypt(secret)
    raise NotFound("This store has no webhook address")


def find_connection(platform: str, token: str) -> EdgeConnection | None:
    """Return the store behind a token, kept in this process for 30 seconds.

    Returns:
        None when the token is unknown or revoked, or belongs to another platform.
    """
    kept = _cache.get(token)
    if kept is None or time.monotonic() >= kept[0]:
        found = _load(token)
        if found is None:
            return None
        kept = (time.monotonic() + CACHE_SECONDS, found)
        with _cache_lock:
            if len(_cache) >= CACHE_LIMIT:
                _cache.clear()
            _cache[token] = kept
    return kept[1] if kept[1].platform == platform else None


def forget_connections() -> None:
    """Forget what this process keeps; others notice within 30 seconds."""
    with _cache_lock:
        _cache.clear()


def _load(token: str) -> EdgeConnection | None:
    target = find_token(TokenKind.STORE_WEBHOOK, token)
    if target is None:
        return None
    with tenant_scope(target.tenant_id), transaction.atomic():
        found = Connection.objects.select_related("store").filter(store_id=target.object_id).first()
        if found is None:
            return None
        return EdgeConnection(
            tenant_id=target.tenant_id,
            store_id=target.object_id,
            platform=found.store.platform,
            secrets=_live_secrets(found),
        )


def _live_secrets(found: Connection) -> tuple[str, ...]:
    kept = [found.secret_encrypted]
    until = found.rotated_at and found.rotated_at + timedelta(hours=OLD_SECRET_HOURS)
    if until and clock.now() < until:
        kept.append(found.previous_secret_encrypted)
    return tuple(decrypt(secret) for secret in kept if secret)
