"""The connection: remembers which tenant it last told PostgreSQL about."""

from typing import Any

from django.db.backends.postgresql import base, features
from django.db.models import Model

from kernel.postgres.operations import DatabaseOperations
from kernel.postgres.schema import DatabaseSchemaEditor
from kernel.scope import ALL_TENANTS, TenantScopeError

APP_ALIAS = "default"
"""Only connections of this alias run as `patron_app` and are bound to a tenant."""


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
