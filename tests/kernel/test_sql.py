import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps as apps_of_django
from django.conf import settings
from django.db import NotSupportedError, connection, transaction

from kernel.arrays import array
from kernel.kept import MOST, kept_cursor
from kernel.sql import execute, execute_kept, load_sql, run_kept, whole_tenant
from kernel.tenancy import tenant_scope
from tenants.models import Tenant
from tests.factories.messaging import make_recipient

pytestmark = pytest.mark.django_db


def nested_loops() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_nestloop")
        return str(cursor.fetchone()[0])


def test_statements_for_a_whole_tenant_take_no_loop_of_look_ups(tenant: Tenant) -> None:
    explained = (
        "EXPLAIN (COSTS off) SELECT 1 FROM crm_profile AS p "
        "JOIN crm_profilefacts AS f ON f.tenant_id = p.tenant_id AND f.profile_id = p.id "
        "WHERE p.tenant_id = %(tenant_id)s AND f.tenant_id = %(tenant_id)s"
    )

    with whole_tenant():
        rows = execute(explained)

    assert [row[0] for row in rows if "Nested Loop" in row[0]] == []
    assert nested_loops() == "on"


def test_a_statement_takes_in_the_one_it_names() -> None:
    rule = load_sql("crm.figures_of_products")

    for name in ("crm.count_products", "crm.check_products"):
        assert rule in load_sql(name)
        assert "{crm." not in load_sql(name)
    noted = load_sql("crm.note_reactions")
    for name in ("crm.add_reactions", "crm.append_events"):
        assert noted in load_sql(name)
        assert load_sql(name).count("INTO crm_reaction") == 1


def test_what_a_file_says_of_itself_is_not_sent_along() -> None:
    text = load_sql("messaging.claim_ready")

    assert text.startswith("WITH said")
    assert "-- out:" not in load_sql("messaging.find_rivals")


def kept_runs() -> dict[str, int]:
    """Return how often each statement that the server keeps for this connection was run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements")
        return dict(cursor.fetchall())


def test_a_kept_statement_is_kept_once_and_answers_each_tenant_alone(
    tenant: Tenant, other_tenant: Tenant, settings: Any
) -> None:
    ids = [make_recipient().pk for _ in range(3)]
    before = sum(kept_runs().values())

    answers = []
    for scope in (tenant, tenant, other_tenant):
        with tenant_scope(scope.pk):
            answers.append([row.id for row in _lock(ids)])
    known = kept_runs()
    settings.DATABASE_POOLED = True
    answers.append([row.id for row in _lock(ids)])

    assert answers == [ids, ids, [], ids]
    assert sum(known.values()) == before + 3
    assert kept_runs() == known


def test_the_statements_that_ran_last_are_kept_and_no_more_than_so_many(tenant: Tenant) -> None:
    texts = [f"SELECT {number}::int AS number" for number in range(MOST + 5)]

    assert [execute_kept(text)[0].number for text in texts] == list(range(MOST + 5))

    known = kept_runs()
    assert len(known) == MOST
    assert {*texts[5:]} == known.keys()


def test_what_a_kept_statement_did_is_taken_back_with_its_block(tenant: Tenant) -> None:
    person = make_recipient()
    statement = "UPDATE crm_profile SET city = %s WHERE tenant_id = %s AND id = %s"

    with transaction.atomic(), kept_cursor() as cursor:
        cursor.execute(statement, ["Bath", tenant.pk, person.pk])
        assert cursor.rowcount == 1
        transaction.set_rollback(True)

    person.refresh_from_db()
    assert person.city != "Bath"


def list_kept() -> list[str]:
    """Return the names of all statements that are kept, as the code calls them."""
    called = re.compile(r'run_kept\(\s*"([\w.]+)"')
    files = [
        file
        for app in apps_of_django.get_app_configs()
        if Path(app.path).parent == Path(settings.BASE_DIR)
        for file in Path(app.path).rglob("*.py")
    ]
    return sorted({name for file in files for name in called.findall(file.read_text("utf-8"))})


def test_kept_statements_find_rows_by_their_keys_also_where_nothing_is_counted_yet(
    tenant: Tenant,
) -> None:
    names = list_kept()
    assert len(names) >= 6
    scans: list[str] = []
    for name in names:
        found: list[str] = []

        def number(param: re.Match[str], found: list[str] = found) -> str:
            found += [param[1]] if param[1] not in found else []
            cast = "::bigint" if param[1] == "tenant_id" else ""
            return f"${found.index(param[1]) + 1}{cast}"

        text = re.sub(r"%\((\w+)\)s", number, load_sql(name)).replace("%%", "%")
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (GENERIC_PLAN) {text.rstrip().rstrip(';')}")
            scans += [f"{name}: {row[0]}" for row in cursor.fetchall() if "Seq Scan" in row[0]]
    assert scans == []


def ends_at() -> Any:
    """Return from when on the connection is closed instead of used again; None for never."""
    return connection.close_at


def test_a_connection_ends_that_keeps_a_statement_whose_columns_changed(tenant: Tenant) -> None:
    columns = "SELECT size FROM kept_probe"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE kept_probe (size integer) ON COMMIT DROP")
    with kept_cursor() as kept:
        kept.execute(columns)
    assert ends_at() is None
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE kept_probe ALTER COLUMN size TYPE text")

    with (
        pytest.raises(NotSupportedError, match="cached plan must not change result type"),
        transaction.atomic(),
        kept_cursor() as kept,
    ):
        kept.execute(columns)

    # As Django asks at the end of a request, and the worker at that of a task.
    assert ends_at() <= time.monotonic()
    connection.close_at = None


def read_after_a_change(columns: str) -> list[Any]:
    """Keep a statement, change its column, and run it in two more transactions of this thread."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE kept_probe AS SELECT 1 AS size")
        with transaction.atomic(), kept_cursor() as kept:
            kept.execute(columns)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE kept_probe ALTER COLUMN size TYPE text")
        with pytest.raises(NotSupportedError), transaction.atomic(), kept_cursor() as kept:
            kept.execute(columns)
        with transaction.atomic(), kept_cursor() as kept:
            kept.execute(columns)
            return list(kept.fetchall())
    finally:
        connection.close()


def test_the_next_transaction_of_a_task_has_it_planned_anew(tenant: Tenant) -> None:
    with ThreadPoolExecutor(1) as pool:  # it commits, on a connection of its own
        assert pool.submit(read_after_a_change, "SELECT size FROM kept_probe").result() == [("1",)]


def _lock(ids: list[int]) -> list[Any]:
    return run_kept("crm.lock_final_profiles", ids=array(ids))
