"""Lets PostgreSQL find rows by their key, even for a tenant that its statistics do not know yet.

By stale statistics a new tenant has one row at most. Every index that starts with the tenant then
costs the same as the key, and of equal indexes the planner takes the newest: a look-up by id, the
check of a foreign key among them, reads all rows of the tenant. So the key must be the newest.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

_OLDER_KEYS = """
SELECT key.indexrelid::regclass::text
FROM pg_index AS key
JOIN pg_class AS t ON t.oid = key.indrelid
WHERE key.indisprimary
  AND t.relkind = 'r'
  AND t.relnamespace = 'public'::regnamespace
  AND EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.contype = 'f' AND c.confrelid = t.oid)
  AND EXISTS (
    SELECT 1
    FROM pg_index AS other
    WHERE other.indrelid = key.indrelid
      AND other.indkey[0] = key.indkey[0]
      AND other.indexrelid > key.indexrelid
  )
ORDER BY 1
"""


def find_older_keys(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the keys of referenced tables that have a newer index with the same first column."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDER_KEYS)
        return [name for (name,) in cursor.fetchall()]


def renew_keys(connection: BaseDatabaseWrapper) -> list[str]:
    """Build the keys that are not the newest index of their table anew, without locking it.

    Args:
        connection: of the owner, outside a transaction.

    Returns:
        Names of the keys that were built.
    """
    older = find_older_keys(connection)
    with connection.cursor() as cursor:
        for name in older:
            cursor.execute(f"REINDEX INDEX CONCURRENTLY {name}")  # a name as the catalog quotes it
    return older
