"""The connection: remembers which tenant it last told PostgreSQL about."""

from datetime import UTC
from typing import Any

from django.db.backends.postgresql import base, features
from django.db.models import Model
from psycopg import adapters
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.postgres import types
from psycopg.pq import Format

from kernel.postgres.operations import DatabaseOperations
from kernel.postgres.schema import DatabaseSchemaEditor
from kernel.scope import ALL_TENANTS, TenantScopeError

APP_ALIAS = "default"
"""Only connections of this alias run as `patron_app` and are bound to a tenant."""


_TIMESTAMPTZ = types["timestamptz"].oid


class UtcLoader(Loader):
    """Reads times in the driver's compiled code; Django's own loader does it in Python.

    Our connections speak UTC, so what the driver reads is in UTC already. With this a time costs
    a tenth, and every batch of rows holds thousands.
    """

    timezone = UTC
    """Django asks its loaders for it."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        compiled: Any = adapters.get_loader(_TIMESTAMPTZ, Format.TEXT)
        self._load = compiled(oid, context).load

    def load(self, data: Buffer) -> Any:
        """Read one time."""
        return self._load(data)


class DatabaseFeatures(features.DatabaseFeatures):
    """What this engine can do, less one thing."""

    def allows_group_by_selected_pks_on_model(self, model: type[Model]) -> bool:
        """Refuse: the key of a tenant table is (tenant_id, id), not id alone."""
        return False


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection, which binds the tenant of each transaction before it is used."""

    features_class = DatabaseFeatures
    ops_class = DatabaseOperations
    SchemaEditorClass = DatabaseSchemaEditor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bound_tenant: int | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if self.timezone is UTC:
            connection.adapters.register_loader("timestamptz", UtcLoader)
        return connection

    def bind_tenant(self, tenant_id: int) -> None:
        """Tell PostgreSQL the tenant of this transaction, once per transaction and scope.

        A savepoint that rolls back takes the setting with it, so the memory is dropped there
        too: otherwise the Python filter says A, the policy B, and the answer is silently empty.

        Raises:
            TenantScopeError: no transaction is open; SET LOCAL would be lost at once.
        """
        if self.alias != APP_ALIAS or tenant_id in (self._bound_tenant, ALL_TENANTS):
            return
        if not self.in_atomic_block:
            raise TenantScopeError("tenant tables are read and written inside transaction.atomic()")
        with self.cursor() as cursor:
            cursor.execute(f"SET LOCAL app.tenant_id = {int(tenant_id)}")
        self._bound_tenant = tenant_id

    def _commit(self) -> None:
        self._bound_tenant = None
        super()._commit()  # type: ignore[misc] # not in the stubs

    def _rollback(self) -> None:
        self._bound_tenant = None
        super()._rollback()  # type: ignore[misc] # not in the stubs

    def _savepoint_rollback(self, sid: str) -> None:
        self._bound_tenant = None
        super()._savepoint_rollback(sid)  # type: ignore[misc] # not in the stubs

    def _close(self) -> None:
        self._bound_tenant = None
        super()._close()  # type: ignore[misc] # not in the stubs
