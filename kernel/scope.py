"""The tenant scope itself, free of models so that the database engine may import it.

The scope is opened in five places only: middleware, API authentication, webhook/tracking/token
views, `TenantTask`, and the test fixture.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from django.conf import settings
from django.db.models import BigIntegerField, Model
from django.db.models.expressions import Col

ALL_TENANTS: Final = -1
"""Scope value of `kernel.scan.across_tenants`; no tenant has this id."""

_tenant_id: ContextVar[int | None] = ContextVar("tenant_id", default=None)


class TenantScopeError(RuntimeError):
    """A tenant table was touched without a scope, or with the scope of another tenant."""


def find_tenant_id() -> int | None:
    """Return the tenant of the active scope, or None."""
    return _tenant_id.get()


def current_tenant_id() -> int:
    """Return the tenant of the active scope.

    Raises:
        TenantScopeError: no scope is active.
    """
    tenant_id = _tenant_id.get()
    if tenant_id is None:
        raise TenantScopeError("no tenant scope is active; enter tenant_scope(tenant_id) first")
    return tenant_id


@contextmanager
def tenant_scope(tenant_id: int) -> Iterator[None]:
    """Act for ``tenant_id`` inside the block; scopes nest and restore."""
    token = _tenant_id.set(tenant_id)
    try:
        yield
    finally:
        _tenant_id.reset(token)


def is_tenant_model(model: type[Model]) -> bool:
    """Say whether rows of a model belong to one tenant and are therefore scoped.

    Reads the fields and not the base class, so that it holds for the historical models of
    migrations. Reference tables (member, key, token) name their tenant too, but must be found
    before a scope is known; ``settings.REFERENCE_TABLES`` lists them with the reason.
    """
    if model._meta.db_table in settings.REFERENCE_TABLES:
        return False
    return any(field.name == "tenant" for field in model._meta.local_fields)


def tenant_column(alias: str, model: type[Model]) -> Col:
    """Return the tenant column of a table in a query, as a bare number."""
    field: Any = model._meta.get_field("tenant")
    return Col(alias, field, output_field=BigIntegerField())
