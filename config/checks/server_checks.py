"""Checks that ask the servers: `manage.py check --database default`, and before each migration."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.db import DatabaseError, OperationalError, connections
from django.utils import timezone

from config.checks.report import error, warning
from kernel.broker import connect_broker
from kernel.postgres.bootstrap import LEAKPROOF_FUNCTIONS
from kernel.postgres.compiler import tenant_models
from kernel.rotation import count_secrets

OLDEST_POSTGRES = 15
SKEW_SECONDS = 5
_ROLE = "SELECT rolsuper, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
_UNFENCED = """
SELECT c.relname
FROM pg_class AS c
WHERE c.relname = ANY(%s) AND c.relnamespace = 'public'::regnamespace
  AND (NOT c.relrowsecurity
       OR NOT EXISTS (SELECT 1 FROM pg_policy AS p WHERE p.polrelid = c.oid))
ORDER BY 1
"""
_MARKED = "SELECT count(*) FROM pg_proc WHERE proname = ANY(%s) AND proleakproof"


@register(Tags.database)
def check_database(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """E101 to W105: PostgreSQL, its roles, and the fences in it."""
    if not databases:
        return []
    try:
        return [*_check_server(), *_check_roles(), *_check_fences(), *_check_clock()]
    except (OperationalError, DatabaseError) as exc:
        return [_silent("DATABASE_URL", 101, exc)]


@register(Tags.database)
def check_stored_secrets(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> Iterator[CheckMessage]:
    """E107 and W108: the keys against what was encrypted with them."""
    if not databases or not settings.ENCRYPTION_KEYS:
        return
    try:
        counts = count_secrets()
    except (DatabaseError, ValueError):  # no tables yet, or E008
        return
    if counts.unreadable:
        yield error(
            107,
            "PATRON_ENCRYPTION_KEYS",
            f"no key opens {counts.unreadable} stored secrets",
            hint="Add the key they were made with at the end of the list.",
        )
    elif counts.unused_keys:
        yield warning(
            108,
            "PATRON_ENCRYPTION_KEYS",
            f"{counts.unused_keys} old keys open nothing any more",
            hint="Take them out of the list, once no backup needs them.",
        )


@register(Tags.database)
def check_redis(app_configs: Any, databases: Any = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """E109 and E110: the broker answers and drops nothing."""
    if not databases:
        return
    try:
        with connect_broker(settings.REDIS_URL, seconds=3) as client:
            policy = str(client.info("memory").get("maxmemory_policy", "noeviction"))
    except (redis.RedisError, OSError) as exc:
        yield _silent("REDIS_URL", 109, exc)
        return
    if policy != "noeviction":
        yield error(
            110,
            "REDIS_URL",
            f"the server drops keys when it is full (maxmemory-policy {policy})",
            hint="Set maxmemory-policy noeviction: queued tasks must not vanish.",
        )


def _check_server() -> Iterator[CheckMessage]:
    version = _ask("default", "SELECT current_setting('server_version_num')::int / 10000")[0]
    if version < OLDEST_POSTGRES:
        yield error(
            102,
            "DATABASE_URL",
            f"the server is PostgreSQL {version}",
            hint=f"Use PostgreSQL {OLDEST_POSTGRES} or newer.",
        )


def _check_roles() -> Iterator[CheckMessage]:
    is_owner_super = _ask("owner", _ROLE)[0]
    passes_by = _ask("default", _ROLE)[1]
    if is_owner_super or passes_by:
        yield error(
            103,
            "DATABASE_URL",
            "its log-in is a superuser or passes by row-level security",
            hint="Name an ordinary log-in; a superuser belongs in PATRON_SUPERUSER_URL alone.",
        )


def _check_fences() -> Iterator[CheckMessage]:
    open_tables = [row[0] for row in _ask_all("owner", _UNFENCED, [list(tenant_models())])]
    if open_tables:
        yield error(
            104,
            "DATABASE_URL",
            f"tables without row-level security: {', '.join(open_tables)}",
            hint="Restore the database with `bin/manage restore`, which brings the policies.",
        )
    names = [name.partition("(")[0] for name in LEAKPROOF_FUNCTIONS]
    if _ask("default", _MARKED, [names])[0] < len(names):
        yield warning(
            105,
            "PATRON_SUPERUSER_URL",
            "functions are not marked LEAKPROOF, so that searches are slow",
            hint="Set it once and run `python -m kernel.postgres.bootstrap`.",
        )


def _check_clock() -> Iterator[CheckMessage]:
    there: datetime = _ask("default", "SELECT clock_timestamp()")[0]
    skew = (timezone.now() - there.astimezone(UTC)).total_seconds()
    if abs(skew) > SKEW_SECONDS:
        yield error(
            106,
            "DATABASE_URL",
            f"the clocks of application and database differ by {abs(skew):.0f} s",
            hint="Let both machines follow a time server (NTP).",
        )


def _ask(alias: str, statement: str, params: list[Any] | None = None) -> tuple[Any, ...]:
    return _ask_all(alias, statement, params)[0]


def _ask_all(alias: str, statement: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())


def _silent(setting: str, number: int, exc: Exception) -> CheckMessage:
    """Return that a server does not answer; its reason may hold no password."""
    reason = str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__
    return error(number, setting, reason, hint="See that the server runs and the address is right.")
