"""Operations: our compilers, and a flush that only the owner may do."""

from collections.abc import Iterable

from django.db import connections
from django.db.backends.postgresql import operations


class DatabaseOperations(operations.DatabaseOperations):
    """PostgreSQL with scoped compilers."""

    compiler_module = "kernel.postgres.compiler"

    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        """Truncate as the owner: the application role may not."""
        owner = connections["owner"]
        with owner.cursor() as cursor:
            for sql in sql_list:
                cursor.execute(sql)
