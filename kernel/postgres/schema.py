"""Schema editor: two-column keys, a policy and grants for every table it creates."""

from typing import Any

from django.db.backends.ddl_references import Columns
from django.db.backends.postgresql.schema import DatabaseSchemaEditor as Base
from django.db.models import ForeignKey, Model

from kernel.postgres.policies import grant_statements, policy_statements
from kernel.scope import is_tenant_model


class DatabaseSchemaEditor(Base):
    """Makes tables that keep tenants apart by themselves."""

    # AddField of a foreign key: by a separate ALTER TABLE, through _create_fk_sql.
    sql_create_column_inline_fk = None  # type: ignore[assignment] # Django reads None as: never
    partition_by: str | None = None
    """Time column of the table being created, set by `kernel.migrations`."""

    def table_sql(self, model: type[Model]) -> tuple[str, list[Any]]:
        """Make ``PRIMARY KEY (tenant_id, id)`` of a tenant table with an id of its own."""
        sql, params = super().table_sql(model)
        key = model._meta.pk.column
        if key is None or key == "tenant_id" or not is_tenant_model(model):
            return sql, params
        head, tail = sql.rsplit(")", 1)
        head = head.replace(" PRIMARY KEY", "", 1)
        columns = ["tenant_id", *filter(None, [self.partition_by]), key]
        primary = ", ".join(self.quote_name(column) for column in columns)
        if self.partition_by:
            tail = f" PARTITION BY RANGE ({self.quote_name(self.partition_by)}){tail}"
        return f"{head}, PRIMARY KEY ({primary})){tail}", params

    def _create_fk_sql(self, model: type[Model], field: "ForeignKey[Any, Any]", suffix: str) -> Any:
        statement = super()._create_fk_sql(  # type: ignore[misc] # not in the stubs
            model, field, suffix
        )
        target = field.target_field.model
        if field.name != "tenant" and is_tenant_model(model) and is_tenant_model(target):
            statement.parts["column"] = Columns(
                model._meta.db_table, ["tenant_id", field.column], self.quote_name
            )
            statement.parts["to_column"] = Columns(
                target._meta.db_table,
                ["tenant_id", str(field.target_field.column)],
                self.quote_name,
            )
        return statement

    def create_model(self, model: type[Model]) -> None:
        super().create_model(model)
        table = model._meta.db_table
        for statement in grant_statements(table):
            self.execute(statement)
        if is_tenant_model(model):
            for statement in policy_statements(table):
                self.execute(statement)
