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
from pglast import ast as sql
from pglast.visitors import Visitor

from config.celery import app as celery
from config.event_handlers import EVENT_HANDLERS
from config.work import WORK
from kernel.postgres.compiler import tenant_models

ROOT = Path(settings.BASE_DIR)
APPS = (
    "kernel",
    "tenants",
    "crm",
    "stores",
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
    assert _unbound(_parse(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", list(sources("*.sql", *APPS)), ids=name_of)
def test_every_statement_says_what_it_is_for(path: Path) -> None:
    assert path.read_text("utf-8").startswith(("--", "/*"))


def test_the_fence_finds_a_table_without_its_tenant() -> None:
    joined = "SELECT 1 FROM crm_order AS o JOIN crm_profile AS p ON p.id = o.profile_id "
    assert _unbound(pglast.parse_sql(f"{joined} WHERE o.tenant_id = 1")) == ["p"]
    bound = f"{joined} AND p.tenant_id = o.tenant_id WHERE o.tenant_id = 1"
    assert _unbound(pglast.parse_sql(bound)) == []
    inner = (
        "SELECT 1 FROM crm_order AS o WHERE o.tenant_id = 1 AND EXISTS (SELECT 1 FROM crm_event)"
    )
    assert _unbound(pglast.parse_sql(inner)) == ["crm_event"]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _parse(statement: str) -> Any:
    """Parse a statement; what code puts into its ``{places}`` is looked at where it is made."""
    plain = PARAMETER.sub("NULL", statement).replace("%%", "%")
    plain = re.sub(r"--[^\n]*", "", plain)
    error: Exception | None = None
    for line in ("", "SELECT 1"):
        filled = re.sub(r"^\s*\{\w+\}\s*$", line, plain, flags=re.MULTILINE)
        try:
            return pglast.parse_sql(re.sub(r"\{\w+\}", "NULL", filled))
        except pglast.parser.ParseError as exc:
            error = exc
    raise AssertionError(f"cannot be read: {error}")


class _Tenants(Visitor):
    """Collects aliases of tenant tables, and those whose ``tenant_id`` is compared."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[str | None] = []
        self.bound: set[str | None] = set()
        self.bare = 0

    def visit_RangeVar(self, ancestors: object, node: Any) -> None:  # noqa: N802
        if node.relname in tenant_models():
            self.tables.append(node.alias.aliasname if node.alias else node.relname)

    def visit_A_Expr(self, ancestors: object, node: Any) -> None:  # noqa: N802
        for side in (node.lexpr, node.rexpr):
            if not isinstance(side, sql.ColumnRef):
                continue
            names = [getattr(field, "sval", "*") for field in side.fields or ()]
            if names == ["tenant_id"]:
                self.bare += 1
            elif names[-1] == "tenant_id":
                self.bound.add(names[0])

    def visit_InsertStmt(self, ancestors: object, node: Any) -> None:  # noqa: N802
        columns = [column.name for column in node.cols or ()]
        name = node.relation.alias.aliasname if node.relation.alias else node.relation.relname
        if "tenant_id" in columns:
            self.bound.add(name)

    def visit_JoinExpr(self, ancestors: object, node: Any) -> None:  # noqa: N802
        if any(name.sval == "tenant_id" for name in node.usingClause or ()):
            self.bare += 2


def _unbound(tree: Any) -> list[str | None]:
    """Return the aliases of tenant tables whose tenant is compared with nothing.

    A bare ``tenant_id = …`` binds the one table of a query without aliases: as many of them are
    let pass as such columns were seen.
    """
    found = _Tenants()
    found(tree)
    missing = [alias for alias in found.tables if alias not in found.bound]
    return [] if len(missing) <= found.bare else missing
