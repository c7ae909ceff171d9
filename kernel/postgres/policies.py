"""Row-level security and grants of one table, as statements.

ENABLE and not FORCE: with FORCE an online shard move never finishes, and the owner only
migrates. The policy has no ``missing_ok``: without a scope the answer is an error, never empty.
"""

APP_ROLE = "patron_app"
SYS_ROLE = "patron_sys"
OWNER_ROLE = "patron_owner"


def grant_statements(table: str) -> list[str]:
    """Return the grants of one table; partitions get none, only their parent."""
    return [
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {APP_ROLE}',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {SYS_ROLE}',
    ]


def policy_statements(table: str) -> list[str]:
    """Return what makes PostgreSQL itself keep the tenants of one table apart."""
    own = "tenant_id = current_setting('app.tenant_id')::bigint"
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'CREATE POLICY tenant ON "{table}" TO {APP_ROLE} USING ({own}) WITH CHECK ({own})',
    ]
