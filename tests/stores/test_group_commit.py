"""Deliveries that come together share a commit; each is answered after it, or fails alone."""

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction

from config.wsgi import application
from kernel import clock
from kernel.postgres import edge, groups
from kernel.postgres.edge import EdgeUnavailable
from kernel.postgres.groups import write_together
from kernel.sql import load_sql
from kernel.tenancy import tenant_scope
from stores.models import InboxDelivery
from tenants.models import Tenant
from tests.support.shopify import FakeShop, sign

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

CALLERS = 8
PATIENCE = 60


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let nobody give up because the machine is slow; connections keep what they began with."""
    monkeypatch.setattr(groups, "PATIENCE_SECONDS", PATIENCE)
    monkeypatch.setattr(edge, "STATEMENT_MS", PATIENCE * 1_000)
    monkeypatch.setattr(edge, "CONNECT_SECONDS", PATIENCE)
    edge.close_connections()
    yield
    edge.close_connections()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2 * CALLERS) as found:
        yield found


def superuser() -> "psycopg.Connection[Any]":
    name = connections["default"].settings_dict["NAME"]
    return psycopg.connect(os.environ["PATRON_SUPERUSER_URL"], dbname=name, autocommit=True)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until
        threading.Event().wait(0.005)


@contextmanager
def held_inbox() -> Iterator["psycopg.Connection[Any]"]:
    """Let nobody write to the inbox meanwhile."""
    with superuser() as holder, superuser() as other, holder.transaction():
        holder.execute("LOCK TABLE stores_inboxdelivery IN EXCLUSIVE MODE")
        yield other


def row(shop: FakeShop, delivery_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "store_id": shop.store.store_id,
        "delivery_id": delivery_id,
        "topic": "orders/create",
        "source": "webhook",
        "headers": "{}",
        "body": b'{"id": 1}',
        "triggered_at": None,
        "received_at": clock.now(),
        **changes,
    }


def file_row(tenant_id: int, values: dict[str, Any]) -> None:
    write_together(load_sql("stores.file_delivery"), values, tenant_id=tenant_id)


def line_up(
    pool: ThreadPoolExecutor, tenant: Tenant, rows: list[dict[str, Any]]
) -> "list[Future[None]]":
    """Start one caller that leads and, once it does, the others, which wait in line behind it."""
    key = (tenant.pk, load_sql("stores.file_delivery"))
    calls = [pool.submit(file_row, tenant.pk, rows[0])]
    wait_until(lambda: key in groups._lines)
    calls += [pool.submit(file_row, tenant.pk, values) for values in rows[1:]]
    wait_until(lambda: len(groups._lines[key]) == len(rows) - 1)
    return calls


@transaction.atomic
def filed() -> set[str]:
    return set(InboxDelivery.objects.values_list("delivery_id", flat=True))


def transactions() -> dict[str, str]:
    """Return the transaction that wrote each delivery."""
    with superuser() as connection:
        found = connection.execute("SELECT delivery_id, xmin::text FROM stores_inboxdelivery")
        return dict(found.fetchall())


def test_those_who_wait_share_the_next_commit_and_none_returns_before_it(
    pool: ThreadPoolExecutor, shop: FakeShop, tenant: Tenant
) -> None:
    with held_inbox():
        calls = line_up(pool, tenant, [row(shop, f"d-{n}") for n in range(CALLERS)])
        assert [call for call in calls if call.done()] == []

    for call in calls:
        call.result(PATIENCE)
    written = transactions()
    assert set(written) == {f"d-{n}" for n in range(CALLERS)}
    assert len({written[f"d-{n}"] for n in range(1, CALLERS)}) == 1
    assert written["d-0"] != written["d-1"]
    assert groups._lines == {}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"store_id": 0}, psycopg.errors.ForeignKeyViolation),
        ({"headers": "{broken"}, psycopg.errors.InvalidTextRepresentation),
        ({"topic": "a\0b"}, psycopg.DataError),
        ({"topic": "\udcff"}, UnicodeEncodeError),
    ],
    ids=["unknown store", "refused by PostgreSQL", "zero byte", "not Unicode"],
)
@pytest.mark.parametrize("place", [0, 3])
def test_one_bad_row_fails_its_own_caller_alone(
    pool: ThreadPoolExecutor,
    shop: FakeShop,
    tenant: Tenant,
    fault: dict[str, Any],
    error: type[Exception],
    place: int,
) -> None:
    rows = [row(shop, f"d-{n}") for n in range(CALLERS)]
    rows[place + 1].update(fault)
    with held_inbox():
        calls = line_up(pool, tenant, rows)

    with pytest.raises(error):
        calls[place + 1].result(PATIENCE)
    for call in calls[: place + 1] + calls[place + 2 :]:
        call.result(PATIENCE)
    assert filed() == {f"d-{n}" for n in range(CALLERS)} - {f"d-{place + 1}"}
    assert groups._lines == {}


def test_tenants_share_no_transaction_and_see_only_their_own(
    pool: ThreadPoolExecutor, shop: FakeShop, tenant: Tenant, other_tenant: Tenant
) -> None:
    with held_inbox():
        calls = line_up(pool, tenant, [row(shop, f"d-{n}") for n in range(3)])
        stranger = pool.submit(file_row, other_tenant.pk, row(shop, "foreign"))

    for call in calls:
        call.result(PATIENCE)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        stranger.result(PATIENCE)
    assert filed() == {"d-0", "d-1", "d-2"}
    with tenant_scope(other_tenant.pk):
        assert filed() == set()


def test_row_level_security_holds_inside_a_group(
    pool: ThreadPoolExecutor, shop: FakeShop, tenant: Tenant, other_tenant: Tenant
) -> None:
    smuggled = load_sql("stores.file_delivery").replace("%(tenant_id)s", str(other_tenant.pk))

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        write_together(smuggled, row(shop, "d-0"), tenant_id=tenant.pk)

    assert transactions() == {}


def test_a_backend_that_dies_under_a_group_loses_nothing(
    pool: ThreadPoolExecutor, shop: FakeShop, tenant: Tenant
) -> None:
    blocked = (
        "SELECT pid FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with held_inbox() as other:
        calls = line_up(pool, tenant, [row(shop, f"d-{n}") for n in range(CALLERS)])
        wait_until(lambda: other.execute(blocked).fetchone() is not None)
        other.execute(end)

    for call in calls:
        call.result(PATIENCE)
    assert filed() == {f"d-{n}" for n in range(CALLERS)}


def test_whoever_waits_too_long_asks_for_a_repeat_and_blocks_nobody_after(
    pool: ThreadPoolExecutor, shop: FakeShop, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, held_inbox():
        patch.setattr(groups, "PATIENCE_SECONDS", 0.5)
        calls = [pool.submit(file_row, tenant.pk, row(shop, f"late-{n}")) for n in range(CALLERS)]
        for call in calls:
            with pytest.raises(EdgeUnavailable):
                call.result(PATIENCE)
        assert groups._lines == {}

    file_row(tenant.pk, row(shop, "after"))
    assert "after" in filed()


def test_a_deadlock_of_two_groups_ends_with_every_row_written(
    shop: FakeShop,
    pool: ThreadPoolExecutor,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_rows = edge.write_rows

    def lose_every_group(statement: str, rows: list[Any], **options: Any) -> None:
        if len(rows) > 1:
            raise psycopg.errors.DeadlockDetected
        write_rows(statement, rows, **options)

    monkeypatch.setattr(groups, "write_rows", lose_every_group)
    with held_inbox():
        calls = line_up(pool, tenant, [row(shop, f"d-{n}") for n in range(CALLERS)])

    for call in calls:
        call.result(PATIENCE)
    assert filed() == {f"d-{n}" for n in range(CALLERS)}


def test_threads_that_post_over_wsgi_find_their_delivery_at_the_answer(
    pool: ThreadPoolExecutor, shop: FakeShop
) -> None:
    def post(caller: int) -> list[str]:
        missing = []
        with superuser() as connection:
            for number in range(20):
                name = f"{caller}-{number}"
                assert call_wsgi(shop, name) == "200 OK"
                found = connection.execute(
                    "SELECT count(*) FROM stores_inboxdelivery WHERE delivery_id = %s", [name]
                ).fetchone()
                missing += [] if found == (1,) else [name]
        connections.close_all()
        return missing

    assert list(pool.map(post, range(CALLERS))) == [[]] * CALLERS
    assert len(filed()) == CALLERS * 20
    assert groups._lines == {}


def call_wsgi(shop: FakeShop, name: str) -> str:
    body, seen = name.encode(), list[str]()
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": shop.path,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_SHOPIFY_HMAC_SHA256": sign(shop.store.secret, body),
        "HTTP_X_SHOPIFY_WEBHOOK_ID": name,
        "wsgi.input": io.BytesIO(body),
    }
    list(application(environ, lambda status, headers: seen.append(status)))
    return seen[0]
