"""Removing a tenant with everything it owns."""

from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

from kernel.postgres.compiler import tenant_models


def purge_tenant(tenant_id: int) -> None:
    """Delete every row of a tenant, table by table, and the tenant itself, in one transaction.

    Keys between tenant tables are checked when it commits, so the order does not matter. Runs
    as `patron_sys`; people who were its members stay.
    """
    owned = [*tenant_models(), *settings.REFERENCE_TABLES]
    with transaction.atomic(using="sys"), connections["sys"].cursor() as cursor:
        for table in owned:
            delete = sql.SQL("DELETE FROM {} WHERE tenant_id = %s").format(sql.Identifier(table))
            cursor.execute(delete, [tenant_id])
        cursor.execute("DELETE FROM tenants_tenant WHERE id = %s", [tenant_id])
