"""Rules of the house that no linter knows."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pglast
import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from config.celery import app as celery
from config.event_handlers import EVENT_HANDLERS
from config.work import WORK
from kernel.postgres.compiler import tenant_models
from tests.support.sqlshape import find_unbound

ROOT = Path(settings.BASE_DIR)
APPS = (
    "kernel",
    "tenants",
    "crm",
    "stores",
    "imports",
    "messaging",
    "segments",
    "loyalty",
    "flows",
    "analytics",
    "config",
)
FROZEN = {"kernel.migrations", "kernel.tenancy"}
"""Operations, and the reference field: their meaning never changes."""
MAX_LINES = 500
MAX_SQL_LINES = 150
PARAMETER = re.compile(r"%\((\w+)\)s")


def sources(pattern: str, *folders: str) -> Iterator[Path]:
    for folder in folders or (*APPS, "tests"):
        yield from sorted((ROOT / folder).rglob(pattern))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def count_lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_no_module_is_longer_than_500_lines() -> None:
    found = [path for path in sources("*.py") if "migrations" not in path.parts]
    assert [name_of(path) for path in found if count_lines(path) > MAX_LINES] == []


def test_no_statement_is_longer_than_150_lines() -> None:
    assert [name_of(path) for path in sources("*.sql") if count_lines(path) > MAX_SQL_LINES] == []


def test_migrations_import_no_code_of_the_product_but_the_operations() -> None:
    found = [
        f"{name_of(path)}: {name}"
        for path in sources("*.py", *APPS)
        if "migrations" in path.parts
        for name in _imports(path)
        if name.split(".")[0] in APPS and name not in FROZEN
    ]
    assert found == []


def test_every_task_is_named_after_its_path() -> None:
    for app in APPS:
        if (ROOT / app / "tasks.py").exists():
            import_module(f"{app}.tasks")
    ours = {name: task for name, task in celery.tasks.items() if name.split(".")[0] in APPS}
    wrong = [
        name for name, task in ours.items() if name != f"{task.run.__module__}.{task.run.__name__}"
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", WORK)
def test_every_kind_of_work_has_its_task_and_its_service(kind: str) -> None:
    work = WORK[kind]
    assert callable(import_string(work.service))
    import_module(work.task.rpartition(".")[0])
    assert work.task in celery.tasks


@pytest.mark.parametrize(
    "path", sorted({path for paths in EVENT_HANDLERS.values() for path in paths})
)
def test_every_event_handler_exists(path: str) -> None:
    assert callable(import_string(path))


@pytest.mark.parametrize("path", list(sources("*.sql", *APPS)), ids=name_of)
def test_every_statement_binds_the_tenant_wherever_a_tenant_table_is_read(path: Path) -> None:
    assert find_unbound(_parse(path.read_text("utf-8")), tenant_models()) == []


@pytest.mark.parametrize("path", list(sources("*.sql", *APPS)), ids=name_of)
def test_every_statement_says_what_it_is_for(path: Path) -> None:
    assert path.read_text("utf-8").startswith(("--", "/*"))


@pytest.mark.parametrize(
    ("statement", "unbound"),
    [
        ("SELECT 1 FROM crm_order AS o WHERE o.tenant_id = 1", []),
        ("SELECT 1 FROM crm_order WHERE tenant_id = 1 OR id = 2", ["crm_order AS crm_order"]),
        (
            (
                "SELECT 1 FROM crm_order AS o JOIN crm_profile AS p ON p.id = o.profile_id"
                " WHERE o.tenant_id = 1"
            ),
            ["crm_profile AS p"],
        ),
        (
            (
                "SELECT 1 FROM crm_order AS o JOIN crm_profile AS p"
                " ON p.id = o.profile_id AND p.tenant_id = o.tenant_id WHERE o.tenant_id = 1"
            ),
            [],
        ),
        (
            (
                "SELECT 1 FROM crm_order AS o WHERE o.tenant_id = 1"
                " AND EXISTS (SELECT 1 FROM crm_event WHERE profile_id = o.profile_id)"
            ),
            ["crm_event AS crm_event"],
        ),
        (
            (
                "WITH o AS (SELECT * FROM crm_order WHERE tenant_id = 1)"
                " UPDATE crm_profile AS p SET city = '' FROM o WHERE p.id = o.profile_id"
            ),
            ["crm_profile AS p"],
        ),
        ("DELETE FROM crm_event WHERE id = 1", ["crm_event AS crm_event"]),
    ],
)
def test_the_fence_finds_a_table_without_its_tenant(statement: str, unbound: list[str]) -> None:
    assert find_unbound(pglast.parse_sql(statement), tenant_models()) == unbound


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _parse(statement: str) -> Any:
    """Parse a statement; what is put into its ``{places}`` is looked at where it stands."""
    plain = PARAMETER.sub("NULL", statement).replace("%%", "%")
    plain = re.sub(r"--[^\n]*", "", plain)
    error: Exception | None = None
    for line in ("", "SELECT 1"):
        filled = re.sub(r"^\s*\{[\w.]+\}\s*$", line, plain, flags=re.MULTILINE)
        try:
            return pglast.parse_sql(re.sub(r"\{[\w.]+\}", "NULL", filled))
        except pglast.parser.ParseError as exc:
            error = exc
    raise AssertionError(f"cannot be read: {error}")
