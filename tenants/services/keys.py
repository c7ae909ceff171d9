"""API keys: the secret is shown once, its hash is kept."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from kernel import clock
from kernel.errors import Invalid, NotFound
from kernel.scope import current_tenant_id
from kernel.secrets import hash_key
from tenants.choices import KeyKind
from tenants.domain.scopes import EVERYTHING, TRACKING_SCOPES, find_unknown
from tenants.models import ApiKey, User
from tenants.services import audit
from tenants.types import NewKey

PREFIXES = {KeyKind.SECRET: "sk_", KeyKind.WRITE: "wk_"}
KEY_BYTES = 32
TOUCH_AFTER = timedelta(minutes=1)


@transaction.atomic
def create_key(
    *,
    name: str,
    kind: KeyKind,
    scopes: Sequence[str] = (EVERYTHING,),
    created_by: User | None = None,
) -> NewKey:
    """Create a key of the active tenant; the secret in the answer cannot be read again.

    Args:
        name: what people call it.
        kind: a write key can only write events, whatever ``scopes`` says.
        scopes: of `tenants.domain.scopes`; at least one.
        created_by: the member who asked; None for the system.

    Raises:
        Invalid: no name, no scope, or a word that is no scope.
    """
    granted = list(TRACKING_SCOPES if kind == KeyKind.WRITE else scopes)
    _check(name, granted)
    secret = PREFIXES[kind] + secrets.token_urlsafe(KEY_BYTES)
    key = ApiKey.objects.create(
        tenant_id=current_tenant_id(),
        name=name.strip(),
        kind=kind,
        key_hash=hash_key(secret),
        hint=secret if kind == KeyKind.WRITE else f"{secret[:7]}…{secret[-4:]}",
        scopes=granted,
        created_by=created_by,
    )
    audit.record("key.created", "key", key.pk, after=_describe(key), actor=_actor(created_by))
    return NewKey(key=key, secret=secret)


@transaction.atomic
def revoke_key(key_id: int, *, revoked_by: User | None = None) -> ApiKey:
    """Revoke a key of the active tenant at once; a repeat changes nothing.

    Raises:
        NotFound: the tenant has no such key.
    """
    found = ApiKey.objects.select_for_update(no_key=True).filter(
        tenant_id=current_tenant_id(), pk=key_id
    )
    key = found.first()
    if key is None:
        raise NotFound("This key does not exist.")
    if key.revoked_at is None:
        before = _describe(key)
        key.revoked_at = clock.now()
        key.save(update_fields=["revoked_at"])
        audit.record("key.revoked", "key", key.pk, before=before, actor=_actor(revoked_by))
    return key


def touch_key(key: ApiKey) -> None:
    """Remember that a key was used; writes at most once a minute and key."""
    now = clock.now()
    if key.last_used_at is not None and now - key.last_used_at < TOUCH_AFTER:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - TOUCH_AFTER)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _check(name: str, scopes: list[str]) -> None:
    if not name.strip():
        raise Invalid("Give the key a name.", fields={"name": "Give the key a name."})
    if not scopes:
        raise Invalid("Choose at least one scope.", fields={"scopes": "Choose at least one."})
    if unknown := find_unknown(scopes):
        text = f"Not a scope: {', '.join(unknown)}."
        raise Invalid(text, fields={"scopes": text})


def _describe(key: ApiKey) -> dict[str, object]:
    return {"name": key.name, "kind": key.kind, "scopes": key.scopes, "hint": key.hint}


def _actor(person: User | None) -> str:
    return "" if person is None else person.email
