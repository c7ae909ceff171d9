"""Whether this process is alive, whether it can work, and figures for Prometheus."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from config.queue_scans import AGES, DEFECTS, DEPTHS
from kernel.broker import connect_broker
from kernel.postgres.bootstrap import LEAKPROOF_FUNCTIONS

log = structlog.get_logger(__name__)

SLOW_AFTER = timedelta(minutes=15)
"""Work that has waited longer than this means that the workers do not keep up."""


@never_cache
@transaction.non_atomic_requests
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process runs; asks nothing else."""
    return JsonResponse({"status": "ok"})


@never_cache
@transaction.non_atomic_requests
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say of each thing that work needs whether it is there; 503 when one is not."""
    checks = {name: _run(check) for name, check in CHECKS.items()}
    is_ready = all(check["ok"] for check in checks.values())
    body = {"status": "ok" if is_ready else "not ready", "checks": checks}
    return JsonResponse(body, status=200 if is_ready else 503)


@never_cache
@transaction.non_atomic_requests
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Give depth and age of every queue, over all tenants, in the format of Prometheus."""
    registry = CollectorRegistry()
    depth = Gauge("patron_queue_depth", "Rows that wait", ["kind"], registry=registry)
    age = Gauge(
        "patron_queue_age_seconds", "Age of the oldest waiting row", ["kind"], registry=registry
    )
    for kind, statement in DEPTHS.items():
        depth.labels(kind).set(_scan(statement))
    for kind, statement in AGES.items():
        age.labels(kind).set(_scan(statement))
    defects = Gauge(
        "patron_segment_defects",
        "Memberships that the weekly audit found wrong and repaired, ever",
        registry=registry,
    )
    defects.set(_scan(DEFECTS))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _check_database() -> str:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() != (False,):
            raise RuntimeError("the web log-in may pass by row-level security")
    return "answers, as a role that row-level security holds"


def _check_broker() -> str:
    with connect_broker(settings.REDIS_URL, seconds=2) as client:
        client.ping()
    return "answers"


def _check_migrations() -> str:
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        raise RuntimeError(f"{len(plan)} migrations are not applied")
    return "all applied"


def _check_queue_age() -> str:
    ages = {kind: _scan(statement) for kind, statement in AGES.items()}
    late = {kind: age for kind, age in ages.items() if age > SLOW_AFTER.total_seconds()}
    if late:
        words = ", ".join(f"{kind} for {int(age)} s" for kind, age in late.items())
        raise RuntimeError(f"work waits: {words}")
    return f"oldest row waits {int(max(ages.values(), default=0))} s"


def _check_search() -> str:
    names = [name.partition("(")[0] for name in LEAKPROOF_FUNCTIONS]
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_proc WHERE proname = ANY(%s) AND proleakproof", [names]
        )
        marked = int(cursor.fetchone()[0])
    return "uses its indexes" if marked >= len(names) else "slow: functions are not LEAKPROOF"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _check_database,
    "broker": _check_broker,
    "migrations": _check_migrations,
    "queue_age": _check_queue_age,
    "search": _check_search,
}


def _run(check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"ok": True, "detail": check()}
    except (DatabaseError, redis.RedisError, OSError, RuntimeError) as exc:
        log.warning("not_ready", check=check.__name__, exc_info=exc)
        return {"ok": False, "detail": str(exc).splitlines()[0] if str(exc) else type(exc).__name__}


def _scan(statement: str) -> float:
    with connections["sys"].cursor() as cursor:
        cursor.execute(statement)
        return float(cursor.fetchone()[0] or 0)
