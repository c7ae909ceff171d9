"""Reads of merchants, members and keys. Reference tables: no scope is needed."""

from kernel.secrets import hash_key
from tenants.choices import TenantStatus
from tenants.models import ApiKey, Member, Tenant


def find_membership(*, user_id: int, slug: str) -> Member | None:
    """Return a person's membership of the tenant with a slug, tenant loaded; else None."""
    return (
        Member.objects.select_related("tenant").filter(user_id=user_id, tenant__slug=slug).first()
    )


def list_memberships(user_id: int) -> list[Member]:
    """Return a person's memberships by name of the tenant, tenants loaded."""
    found = Member.objects.select_related("tenant").filter(user_id=user_id)
    return list(found.order_by("tenant__name"))


def find_api_key(secret: str) -> ApiKey | None:
    """Return the live key of an active tenant, tenant loaded; None if unknown or revoked."""
    return (
        ApiKey.objects.select_related("tenant")
        .filter(key_hash=hash_key(secret), revoked_at=None, tenant__status=TenantStatus.ACTIVE)
        .first()
    )


def get_tenant(tenant_id: int) -> Tenant:
    """Return one tenant.

    Raises:
        Tenant.DoesNotExist: no tenant has this id.
    """
    return Tenant.objects.get(pk=tenant_id)


def find_tenant(slug: str) -> Tenant | None:
    """Return the tenant with a slug, or None."""
    return Tenant.objects.filter(slug=slug).first()
