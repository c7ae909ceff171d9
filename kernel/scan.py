"""The one way around the tenant scope: read-only scans for tenants that have work.

Work across tenants is two steps: a scan here that returns tenant ids, then one scoped
transaction per tenant. Runs on connections of `patron_sys`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connections

from kernel.scope import ALL_TENANTS, tenant_scope


@contextmanager
def across_tenants() -> Iterator[None]:
    """Read rows of all tenants through the ``sys`` alias inside the block."""
    with tenant_scope(ALL_TENANTS):
        yield


def list_tenants_due(statement: str, params: Sequence[str] = ()) -> list[int]:
    """Return the ids that a scan finds.

    Args:
        statement: selects one column of tenant ids.
        params: of its places, where it has some.
    """
    with connections["sys"].cursor() as cursor:
        cursor.execute(statement, params or None)
        return [int(row[0]) for row in cursor.fetchall()]
