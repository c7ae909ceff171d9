"""Database engine: PostgreSQL in which a tenant scope is open, or the query fails."""
