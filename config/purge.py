"""Removing a tenant with everything it owns: rows, files, and the account itself.

A large tenant takes many turns. Its status says ``purging`` from the first one on, so that nobody
restores half of it, and each turn goes on where rows are left: a crash only costs its batch.
"""

import functools
import shutil
from graphlib import TopologicalSorter
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connections, models, transaction
from psycopg import sql

from kernel import clock
from kernel.batches import Deadline
from kernel.postgres.compiler import tenant_models
from kernel.scope import current_tenant_id
from messaging.services import asset_files
from tenants.choices import TenantStatus
from tenants.models import Tenant

CHUNK = 50_000
"""Rows deleted in one statement and transaction."""

log = structlog.get_logger(__name__)


def purge_due(deadline: Deadline) -> int:
    """Remove more of the active tenant if its time of grace is over.

    Args:
        deadline: when to stop; what is left is rung for again.

    Returns:
        Rows removed, and one more for the account itself; 0 when it may not be removed.
    """
    tenant_id = current_tenant_id()
    if not _begin(tenant_id, is_forced=False):
        return 0
    return _purge(tenant_id, deadline)


def purge_tenant(tenant_id: int) -> int:
    """Remove a tenant with all it owns, whatever its status, until nothing is left.

    Runs as `patron_sys`; people who were its members stay.

    Returns:
        Rows removed.
    """
    _begin(tenant_id, is_forced=True)
    return _purge(tenant_id, Deadline(seconds=None))


@transaction.atomic
def _begin(tenant_id: int, *, is_forced: bool) -> bool:
    """Mark the tenant as being removed, unless an owner restored it meanwhile."""
    tenant = Tenant.objects.select_for_update(no_key=True).filter(pk=tenant_id).first()
    if tenant is None:
        return False
    is_due = tenant.status == TenantStatus.DELETING and (
        tenant.purge_at is not None and tenant.purge_at <= clock.now()
    )
    if not (is_forced or is_due or tenant.status == TenantStatus.PURGING):
        return False
    Tenant.objects.filter(pk=tenant_id).update(status=TenantStatus.PURGING)
    return True


def _purge(tenant_id: int, deadline: Deadline) -> int:
    """Delete rows until none are left; at last files and account."""

    def pass_through() -> int:
        rows = 0
        for table in _tables():
            rows += deadline.repeat(functools.partial(_delete_rows, table, tenant_id))
            if deadline.passed:
                return rows
        # What others wrote meanwhile is found by one more pass.
        return rows or _purge_account(tenant_id)

    return deadline.repeat(pass_through)


def _purge_account(tenant_id: int) -> int:
    asset_files.delete_all(tenant_id)
    shutil.rmtree(Path(settings.MEDIA_ROOT) / str(tenant_id), ignore_errors=True)
    return _delete_account(tenant_id)


def _delete_rows(table: str, tenant_id: int) -> int:
    """Delete a chunk; rows that refer to others of the same table go first."""
    model = tenant_models()[table]
    loops = [sql.Identifier(name) for name in _columns_to(model, model)]
    filters = [sql.SQL(" AND {} IS NOT NULL").format(name) for name in loops]
    for extra in [*filters, sql.SQL("")]:
        delete = sql.SQL(
            "DELETE FROM {table} WHERE tenant_id = %(tenant)s AND ctid IN "
            "(SELECT ctid FROM {table} WHERE tenant_id = %(tenant)s{extra} LIMIT %(chunk)s)"
        ).format(table=sql.Identifier(table), extra=extra)
        with transaction.atomic(using="sys"), connections["sys"].cursor() as cursor:
            cursor.execute(delete, {"tenant": tenant_id, "chunk": CHUNK})
            if cursor.rowcount:
                return int(cursor.rowcount)
    return 0


def _delete_account(tenant_id: int) -> int:
    """Delete what is found without a scope, and the tenant, in one transaction."""
    with transaction.atomic(using="sys"), connections["sys"].cursor() as cursor:
        for table in settings.REFERENCE_TABLES:
            delete = sql.SQL("DELETE FROM {} WHERE tenant_id = %s").format(sql.Identifier(table))
            cursor.execute(delete, [tenant_id])
        cursor.execute("DELETE FROM tenants_tenant WHERE id = %s", [tenant_id])
        is_gone = int(cursor.rowcount)
    if is_gone:
        log.info("tenant_purged", tenant=tenant_id)
    return is_gone


@functools.cache
def _tables() -> tuple[str, ...]:
    """Return the tenant tables, each before those that it refers to."""
    known = tenant_models()
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for table, model in known.items():
        sorter.add(table)
        for other, target in known.items():
            if other != table and _columns_to(model, target):
                sorter.add(other, table)
    return tuple(sorter.static_order())


def _columns_to(model: type[models.Model], target: type[models.Model]) -> list[str]:
    return [
        str(field.column)
        for field in model._meta.concrete_fields
        if field.remote_field is not None and field.related_model is target
    ]
