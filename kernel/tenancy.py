"""The base of every row that belongs to one tenant, and references between such rows.

A query on a tenant table without an open scope raises in the database engine
(`kernel.postgres`), and once more in PostgreSQL (row-level security).
"""

from typing import Any

from django.db import models
from django.db.models.lookups import Exact
from django.db.models.sql.where import AND, WhereNode

from kernel.scope import (
    TenantScopeError,
    current_tenant_id,
    find_tenant_id,
    tenant_column,
    tenant_scope,
)

__all__ = [
    "TenantForeignKey",
    "TenantModel",
    "TenantScopeError",
    "current_tenant_id",
    "find_tenant_id",
    "tenant_scope",
]


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A reference between two tenant tables.

    In SQL each join also compares the tenants; in the database the key has two columns,
    ``(tenant_id, x_id)`` to ``(tenant_id, id)``, so that PostgreSQL refuses a row that points
    into another tenant. No index is made: declare ``(tenant, x)`` where the reverse is used.
    """

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)

    def get_extra_descriptor_filter(self, instance: models.Model) -> dict[str, Any]:
        return {"tenant_id": getattr(instance, "tenant_id")}  # noqa: B009 the stubs know no tenant

    def get_extra_restriction(
        self, alias: str | None, related_alias: str | None
    ) -> WhereNode | None:
        if alias is None or related_alias is None:  # Query.trim_start asks without aliases
            return None
        ours = tenant_column(related_alias, self.model)
        theirs = tenant_column(alias, self.remote_field.model)
        same: Any = Exact(theirs, ours)  # the stubs want a node where Django takes a lookup
        return WhereNode([same], connector=AND)


class TenantModel(models.Model):
    """Base of every row that belongs to one tenant.

    Neither the filter nor the stamp is here: the database engine adds the tenant to every
    SELECT, UPDATE, DELETE and INSERT of such a table, so that reverse managers, cascades and
    prefetches cannot forget it either.
    """

    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        abstract = True

    def _do_update(self, base_qs: Any, using: Any, pk_val: Any, values: Any, *rest: Any) -> Any:
        """Update by key and never SET the tenant, which a cluster refuses."""
        kept = [value for value in values if value[0].name != "tenant"]
        return super()._do_update(base_qs, using, pk_val, kept, *rest)
