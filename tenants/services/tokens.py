"""Tokens in public addresses: found before their tenant is known."""

from dataclasses import dataclass

from django.utils import timezone

from kernel.secrets import new_token
from tenants.choices import TenantStatus, TokenKind
from tenants.models import AccessToken


@dataclass(frozen=True, slots=True)
class TokenTarget:
    """What a token opens."""

    tenant_id: int
    object_id: int


def create_token(*, tenant_id: int, kind: TokenKind, object_id: int) -> str:
    """Make a token for one object of a tenant and return it."""
    token = new_token()
    AccessToken.objects.create(tenant_id=tenant_id, kind=kind, token=token, object_id=object_id)
    return token


def find_token(kind: TokenKind, token: str) -> TokenTarget | None:
    """Return what a live token opens; None if unknown or revoked.

    A tenant that is suspended, or could still be restored, goes on receiving: what arrives is
    kept until it works again.
    """
    found = (
        AccessToken.objects.filter(kind=kind, token=token, revoked_at=None)
        .exclude(tenant__status=TenantStatus.PURGING)
        .values_list("tenant_id", "object_id")
        .first()
    )
    return None if found is None else TokenTarget(*found)


def revoke_tokens(*, tenant_id: int, kind: TokenKind, object_id: int) -> int:
    """Make the tokens of one object worthless; returns how many there were."""
    live = AccessToken.objects.filter(
        tenant_id=tenant_id, kind=kind, object_id=object_id, revoked_at=None
    )
    return live.update(revoked_at=timezone.now())
