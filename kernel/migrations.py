"""Migration operations whose meaning never changes."""

from datetime import UTC, date, datetime
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class CreatePartitionedModel(migrations.CreateModel):
    """CreateModel for a table that is partitioned by range of a time column.

    The key becomes (tenant_id, <time column>, id). A default partition, which must stay
    empty, and one partition per year are made with it.
    """

    def __init__(self, *args: Any, partition_by: str, years: tuple[int, int], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.partition_by = partition_by
        self.years = years

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        name, args, kwargs = super().deconstruct()
        return name, args, {**kwargs, "partition_by": self.partition_by, "years": self.years}

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        schema_editor.partition_by = self.partition_by  # type: ignore[attr-defined] # ours
        schema_editor.create_model(model)
        schema_editor.partition_by = None  # type: ignore[attr-defined] # ours
        table = model._meta.db_table
        schema_editor.execute(f'CREATE TABLE "{table}_default" PARTITION OF "{table}" DEFAULT')
        for year in range(*self.years):
            schema_editor.execute(partition_sql(table, date(year, 1, 1), date(year + 1, 1, 1)))


def partition_sql(table: str, first: date, until: date) -> str:
    """Return the statement that makes one partition, from ``first`` to before ``until``."""
    bounds = [
        datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat() for day in (first, until)
    ]
    name = f"{table}_{first:%Y%m}" if (until - first).days < 300 else f"{table}_{first:%Y}"  # noqa: PLR2004
    return (
        f'CREATE TABLE IF NOT EXISTS "{name}" PARTITION OF "{table}" '
        f"FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')"
    )
