"""Connecting a store, its secrets, and finding it again by the token in its webhook address."""

import json
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from django.db import close_old_connections, transaction

from crm.choices import StoreStatus
from crm.services.stores import StoreData, create_store, move_store, set_store_status
from kernel import clock
from kernel.errors import NotFound
from kernel.scope import current_tenant_id, tenant_scope
from kernel.secrets import decrypt, encrypt
from kernel.work import ring
from stores.models import Connection
from stores.platforms import KEEPERS, PLATFORMS
from stores.queries import webhook_url
from stores.services.lanes import rest_lanes, wake_lanes
from stores.services.registering import ask_for_registration
from stores.services.syncing import cancel_syncs
from stores.types import ConnectedStore, EdgeConnection
from tenants.choices import TokenKind
from tenants.services import audit
from tenants.services.tokens import create_token, find_token, revoke_tokens

CACHE_SECONDS = 10.0
RENEW_SECONDS = 1.0
CACHE_LIMIT = 10_000
OLD_SECRET_HOURS = 1
"""A storefront may sign with the secret before last for an hour after it was changed."""
SECRET_BYTES = 32
NO_ADDRESS = "This store has no webhook address"


class _Kept(NamedTuple):
    """A connection with when it was loaded and until when it holds, by `time.monotonic`."""

    connection: EdgeConnection
    loaded_at: float
    until: float


_cache: dict[str, _Kept] = {}
_cache_lock = threading.Lock()


def connect_store(
    data: StoreData,
    *,
    secret: str = "",
    credentials: Mapping[str, str] | None = None,
    actor: str = audit.SYSTEM,
) -> ConnectedStore:
    """Create a store of the active tenant with its webhook address.

    Args:
        data: the store.
        secret: what the storefront signs with; empty: one is made.
        credentials: of its API, kept encrypted.
        actor: e-mail address of the member.

    Raises:
        Invalid: a value breaks a rule.
        Conflict: the tenant has a store of this name.
    """
    tenant_id = current_tenant_id()
    secret = secret or make_secret(data.platform)
    with transaction.atomic():
        store = create_store(data)
        token = create_token(tenant_id=tenant_id, kind=TokenKind.STORE_WEBHOOK, object_id=store.pk)
        Connection.objects.create(
            store_id=store.pk,
            token=token,
            secret_encrypted=encrypt(secret),
            credentials_encrypted=encrypt(json.dumps(dict(credentials))) if credentials else "",
        )
        made = {"name": store.name, "platform": store.platform, "url": store.url}
        audit.record("store.connected", "store", store.pk, after=made, actor=actor)
        ask_for_registration(store.pk)
    return ConnectedStore(store.pk, webhook_url(store.platform, token), secret)


def disconnect_store(store_id: int, *, actor: str) -> bool:
    """Cut a store off: its webhook address answers 404, what it brought stays.

    Deliveries that were filed before are still read. Other processes notice within 30 seconds.

    Args:
        store_id: a connected store of the active tenant.
        actor: e-mail address of the member.

    Returns:
        False when it was cut off already.

    Raises:
        NotFound: the tenant has no such store.
    """
    tenant_id = current_tenant_id()
    with transaction.atomic():
        is_new = set_store_status(store_id, StoreStatus.DISCONNECTED, actor=actor)
        cancel_syncs(store_id)
        Connection.objects.filter(store_id=store_id).update(
            pull_due_at=None, previous_secret_encrypted="", rotated_at=None
        )
        rest_lanes(store_id)
        kind = TokenKind.STORE_WEBHOOK
        revoke_tokens(tenant_id=tenant_id, kind=kind, object_id=store_id)
        ask_for_registration(store_id)
    forget_connections()
    return is_new


def reconnect_store(store_id: int, *, actor: str) -> str:
    """Connect a store again that was cut off or whose app was removed; its secret stays.

    It may follow at once on a disconnect whose work is still under way: what the platform still
    sends to the address before is refused, and it is told to send it no more.

    Args:
        store_id: a store of the active tenant that has a secret.
        actor: e-mail address of the member.

    Returns:
        Its new webhook address; the one it has when it is connected.

    Raises:
        NotFound: the tenant has no such connected store.
    """
    tenant_id = current_tenant_id()
    with transaction.atomic():
        found = (
            Connection.objects.select_for_update(no_key=True, of=("self",))
            .select_related("store")
            .filter(store_id=store_id)
            .first()
        )
        if found is None:
            raise NotFound(NO_ADDRESS)
        token = found.token
        if set_store_status(store_id, StoreStatus.CONNECTED, actor=actor):
            kind = TokenKind.STORE_WEBHOOK
            revoke_tokens(tenant_id=tenant_id, kind=kind, object_id=store_id)
            token = create_token(tenant_id=tenant_id, kind=kind, object_id=store_id)
            strays = [*found.stray_tokens, found.token] if found.store.platform in KEEPERS else []
            Connection.objects.filter(pk=found.pk).update(token=token, stray_tokens=strays)
            ask_for_registration(store_id)
            wake_lanes(store_id, is_back=True)
    forget_connections()
    return webhook_url(found.store.platform, token)


def rotate_secret(store_id: int, *, secret: str = "", actor: str = audit.SYSTEM) -> str:
    """Give a store a new signing secret; the one before is accepted for one more hour.

    Args:
        store_id: a connected store of the active tenant.
        secret: empty: one is made.
        actor: e-mail address of the member.

    Returns:
        The new secret.

    Raises:
        NotFound: the tenant has no such connected store.
    """
    with transaction.atomic():
        found = (
            Connection.objects.select_for_update(no_key=True, of=("self",))
            .select_related("store")
            .filter(store_id=store_id)
            .first()
        )
        if found is None:
            raise NotFound(NO_ADDRESS)
        secret = secret or make_secret(found.store.platform)
        Connection.objects.filter(pk=found.pk).update(
            secret_encrypted=encrypt(secret),
            previous_secret_encrypted=found.secret_encrypted,
            rotated_at=clock.now(),
        )
        audit.record("store.secret_changed", "store", store_id, actor=actor)
    forget_connections()
    return secret


@transaction.atomic
def save_credentials(
    store_id: int, *, url: str, credentials: Mapping[str, str], actor: str
) -> None:
    """Keep the address and the API credentials of a store; they are never shown again.

    Args:
        store_id: a connected store of the active tenant.
        url: of the shop.
        credentials: by name.
        actor: e-mail address of the member.

    Raises:
        NotFound: the tenant has no such connected store.
    """
    found = Connection.objects.select_for_update(no_key=True).filter(store_id=store_id).first()
    if found is None:
        raise NotFound(NO_ADDRESS)
    move_store(store_id, url)
    Connection.objects.filter(pk=found.pk).update(
        credentials_encrypted=encrypt(json.dumps(dict(credentials))),
        fetch_at=None,
        fetch_tries=0,
        fetch_detail="",
    )
    ring("inbox", current_tenant_id())
    after = {"url": url, "credentials": sorted(credentials)}
    audit.record("store.credentials_changed", "store", store_id, after=after, actor=actor)
    ask_for_registration(store_id)
    wake_lanes(store_id)
    forget_connections()


def make_secret(platform: str) -> str:
    """Return a new signing secret, in the form of a platform."""
    known = PLATFORMS.get(platform)
    return known.make_secret() if known else secrets.token_hex(SECRET_BYTES)


@transaction.atomic
def read_secret(store_id: int) -> str:
    """Return the signing secret of a store of the active tenant, in the clear.

    Raises:
        NotFound: the store has none.
    """
    found = Connection.objects.filter(store_id=store_id).values_list("secret_encrypted", flat=True)
    for secret in found:
        return decrypt(secret)
    raise NotFound(NO_ADDRESS)


def find_connection(platform: str, token: str) -> EdgeConnection | None:
    """Return the store behind a token, kept in this process for ten seconds.

    Returns:
        None when the token is unknown or revoked, or belongs to another platform.
    """
    kept = _cache.get(token)
    if kept is None or time.monotonic() >= kept.until:
        return _of_platform(platform, _renew(token, kept))
    return _of_platform(platform, kept.connection)


def renew_connection(platform: str, token: str) -> EdgeConnection | None:
    """Look the store behind a token up again, for a signature that what is kept does not explain.

    Returns:
        None when the token is worthless by now, or was looked up within the last second: nobody
        makes the database work by posting wrong signatures.
    """
    kept = _cache.get(token)
    if kept is not None and time.monotonic() < kept.loaded_at + RENEW_SECONDS:
        return None
    return _of_platform(platform, _renew(token, kept))


def forget_connections() -> None:
    """Forget what this process keeps; others notice within ten seconds."""
    with _cache_lock:
        _cache.clear()


def _of_platform(platform: str, found: EdgeConnection | None) -> EdgeConnection | None:
    return found if found is not None and found.platform == platform else None


def _renew(token: str, kept: _Kept | None) -> EdgeConnection | None:
    now = time.monotonic()
    if kept is not None:
        # One request looks up; the others go on with what is kept meanwhile.
        _keep(token, kept._replace(loaded_at=now, until=now + RENEW_SECONDS))
    close_old_connections()  # no signal of a request does it on a hot edge
    found = _load(token)
    if found is not None:
        _keep(token, _Kept(found, now, now + CACHE_SECONDS))
    elif kept is not None:
        with _cache_lock:
            _cache.pop(token, None)
    return found


def _keep(token: str, kept: _Kept) -> None:
    with _cache_lock:
        if len(_cache) >= CACHE_LIMIT:
            _cache.clear()
        _cache[token] = kept


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
    live = [decrypt(secret) for secret in kept if secret]
    return tuple(filter(None, [*live, _secret_of_app(found)]))


def _secret_of_app(found: Connection) -> str:
    """Return what the platform signs webhooks with that it was told of by Patron."""
    keeper = KEEPERS.get(found.store.platform)
    if keeper is None or not found.credentials_encrypted:
        return ""
    return keeper.signs_with(json.loads(decrypt(found.credentials_encrypted)))
