"""Suspending, resuming, deleting and restoring a merchant. Each is audited, and may be repeated.

A suspended tenant receives and does nothing: deliveries are filed, but nothing is read, computed
or sent. One that is being deleted is suspended for `GRACE`, in which an owner can restore it;
then `config.purge` removes all of it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, Invalid
from kernel.scope import current_tenant_id
from kernel.work import ring, work_kinds
from tenants.choices import TenantStatus
from tenants.models import Tenant
from tenants.services import audit

GRACE = timedelta(days=7)
"""How long a tenant that was asked to be deleted can be restored."""


@transaction.atomic
def suspend_tenant(*, actor: str) -> bool:
    """Suspend the active tenant; what is being sent this moment still leaves.

    Args:
        actor: e-mail address of the owner.

    Returns:
        False when it was not at work.
    """
    return _move(
        [TenantStatus.ACTIVE],
        TenantStatus.SUSPENDED,
        action="tenant.suspended",
        actor=actor,
        status_at=clock.now(),
    )


@transaction.atomic
def resume_tenant(*, actor: str) -> bool:
    """Let a suspended tenant work again, and begin with what waits.

    Args:
        actor: e-mail address of the owner.

    Returns:
        False when it was not suspended.
    """
    return _wake([TenantStatus.SUSPENDED], action="tenant.resumed", actor=actor)


@transaction.atomic
def request_deletion(typed_name: str, *, actor: str) -> datetime:
    """Suspend the active tenant and have it removed for good once the time of grace is over.

    Args:
        typed_name: the tenant's name as the owner typed it, to show that they mean this one.
        actor: e-mail address of the owner.

    Returns:
        When it is removed; a repeat does not move it.

    Raises:
        Invalid: the name is another one.
        Conflict: it is being removed already.
    """
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    if _folded(typed_name) != _folded(tenant.name):
        text = f"You typed another name than {tenant.name}. Nothing was changed."
        raise Invalid(text, fields={"name": text})
    if tenant.status == TenantStatus.PURGING:
        raise Conflict("This shop is being removed already.")
    if tenant.purge_at is not None:
        return tenant.purge_at
    now = clock.now()
    purge_at = now + GRACE
    _move(
        [TenantStatus.ACTIVE, TenantStatus.SUSPENDED],
        TenantStatus.DELETING,
        action="tenant.deletion_requested",
        actor=actor,
        status_at=now,
        purge_at=purge_at,
    )
    return purge_at


@transaction.atomic
def restore_tenant(*, actor: str) -> bool:
    """Take a deletion back within the time of grace; the tenant works again.

    Args:
        actor: e-mail address of the owner.

    Returns:
        False when it is not being deleted, or its removal has begun.
    """
    return _wake([TenantStatus.DELETING], action="tenant.restored", actor=actor)


def _wake(before: Collection[TenantStatus], *, action: str, actor: str) -> bool:
    is_awake = _move(
        before, TenantStatus.ACTIVE, action=action, actor=actor, status_at=None, purge_at=None
    )
    if is_awake:
        for kind in work_kinds():
            ring(kind, current_tenant_id())
    return is_awake


def _move(
    before: Collection[TenantStatus],
    after: TenantStatus,
    *,
    action: str,
    actor: str,
    **fields: Any,
) -> bool:
    """Change the status of the locked row; False when it was none of ``before``."""
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    if tenant.status not in before:
        return False
    Tenant.objects.filter(pk=tenant.pk).update(status=after, **fields)
    audit.record(
        action,
        "tenant",
        tenant.pk,
        before={"status": tenant.status},
        after={"status": after.value, "name": tenant.name},
        actor=actor,
    )
    return True


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
