"""Technical ground: tenant scope, database engine, outbox, batches, SQL, clock, money, HTTP."""
