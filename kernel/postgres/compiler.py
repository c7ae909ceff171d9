"""Compilers that add the tenant to every statement on a tenant table, and to each subquery.

Default deny: without a scope they raise. A subquery is compiled by the same classes, so it
cannot be forgotten.
"""

import functools
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models.lookups import Exact
from django.db.models.sql import compiler
from django.db.models.sql.where import AND, WhereNode

from kernel.scope import (
    ALL_TENANTS,
    TenantScopeError,
    current_tenant_id,
    is_tenant_model,
    tenant_column,
)


@functools.cache
def tenant_models() -> dict[str, type[models.Model]]:
    """Return the tenant models by table name."""
    return {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if is_tenant_model(model)
    }


class _Scoped:
    """Mixin: restrict the base table of a query to the active tenant."""

    query: Any
    connection: Any

    def _restrict(self) -> None:
        query = self.query
        if query.model is None or query.combinator or getattr(query, "is_tenant_scoped", False):
            return
        if not query.alias_map:
            query.get_initial_alias()
        alias = next((name for name in query.alias_map if query.alias_refcount[name]), None)
        if alias is None:
            return
        # The table in FROM may differ from query.model (exclude() over a reverse relation).
        model = tenant_models().get(query.alias_map[alias].table_name)
        if model is None:
            return
        tenant_id = current_tenant_id()
        _check_alias(self.connection, tenant_id)
        self.connection.bind_tenant(tenant_id)
        if tenant_id == ALL_TENANTS:
            return
        column = tenant_column(alias, model)
        scoped = query.clone()
        same: Any = Exact(column, tenant_id)  # the stubs want a node where Django takes a lookup
        scoped.where = WhereNode([same, query.where], connector=AND)
        scoped.is_tenant_scoped = True
        self.query = scoped

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        self._restrict()
        return super().as_sql(*args, **kwargs)  # type: ignore[misc] # the compiler beside it


def _check_alias(connection: Any, tenant_id: int) -> None:
    if tenant_id == ALL_TENANTS and connection.alias == "default":
        raise TenantScopeError("across_tenants() works on the connections of patron_sys alone")


class SQLCompiler(_Scoped, compiler.SQLCompiler):
    """SELECT of the active tenant."""


class SQLDeleteCompiler(_Scoped, compiler.SQLDeleteCompiler):
    """DELETE of the active tenant."""

    def _as_sql(self, query: Any) -> Any:
        """Scope the outer query too, which Django makes when a condition follows a relation."""
        if query is not self.query:
            inner, self.query = self.query, query
            self._restrict()
            query, self.query = self.query, inner
        return super()._as_sql(query)  # type: ignore[misc] # not in the stubs


class SQLUpdateCompiler(_Scoped, compiler.SQLUpdateCompiler):
    """UPDATE of the active tenant, which never moves a row to another one."""

    def pre_sql_setup(self, *args: Any, **kwargs: Any) -> Any:
        """Scope again where Django replaced the condition by ids that a sub-select finds."""
        condition = self.query.where
        done = super().pre_sql_setup(*args, **kwargs)
        if self.query.where is not condition:
            self.query.is_tenant_scoped = False
            self._restrict()
        return done

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        if any(
            field.name == "tenant" and is_tenant_model(field.model)
            for field, _, _ in self.query.values
        ):
            raise TenantScopeError("a row never changes its tenant")
        return super().as_sql(*args, **kwargs)


class SQLAggregateCompiler(compiler.SQLAggregateCompiler):
    """Aggregate over an inner query, which is scoped by itself."""


class SQLInsertCompiler(compiler.SQLInsertCompiler):
    """INSERT that stamps the active tenant and refuses another one."""

    connection: Any

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        model = self.query.model
        if model is not None and is_tenant_model(model):
            tenant_id = current_tenant_id()
            for row in self.query.objs:
                _stamp(row, tenant_id)
            self.connection.bind_tenant(tenant_id)
        return super().as_sql(*args, **kwargs)


def _stamp(row: Any, tenant_id: int) -> None:
    if row.tenant_id is None and tenant_id != ALL_TENANTS:
        row.tenant_id = tenant_id
    if row.tenant_id != tenant_id:
        raise TenantScopeError(
            f"{type(row).__name__} of tenant {row.tenant_id} saved in the scope of {tenant_id}"
        )
