"""Whether every tenant table of a statement is bound to one tenant, read from its parse tree.

A table is bound when its ``tenant_id`` equals a parameter or a constant, or that of a table
that is bound, in a condition that must hold (AND, WHERE, ON, USING). What comes out of a CTE
or a sub-select is bound because its inside is checked likewise.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pglast import ast, enums, parse_sql
from pglast.parser import ParseError

CONSTANT = 0
COLUMN = "tenant_id"


@dataclass(slots=True)
class _Level:
    """The aliases of one query level: node of a tenant table, or CONSTANT, or None."""

    parent: "_Level | None" = None
    nodes: dict[str, int | None] = field(default_factory=dict)

    def find(self, alias: str) -> int | None:
        level: _Level | None = self
        while level is not None:
            if alias in level.nodes:
                return level.nodes[alias]
            level = level.parent
        return None

    def only(self) -> int | None:
        found = [node for node in self.nodes.values() if node is not None]
        return found[0] if len(found) == 1 else None


class _Checker:
    def __init__(self, tables: Collection[str]) -> None:
        self.tables = set(tables)
        self.names: dict[int, str] = {}
        self.leader: dict[int, int] = {CONSTANT: CONSTANT}

    def root(self, node: int) -> int:
        while self.leader[node] != node:
            node = self.leader[node]
        return node

    def unite(self, one: int, other: int) -> None:
        self.leader[max(self.root(one), self.root(other))] = min(self.root(one), self.root(other))

    def unbound(self) -> list[str]:
        return [name for node, name in self.names.items() if self.root(node) != CONSTANT]

    def visit(self, node: Any, level: _Level) -> None:
        """Walk any part of the tree; a statement opens a level of its own."""
        if isinstance(node, tuple | list):
            for each in node:
                self.visit(each, level)
        elif isinstance(node, ast.SelectStmt | ast.UpdateStmt | ast.DeleteStmt | ast.InsertStmt):
            self.statement(node, _Level(level))
        elif isinstance(node, ast.Node):
            for name in node:
                self.visit(getattr(node, name), level)

    def statement(self, node: Any, level: _Level) -> None:
        for cte in getattr(node.withClause, "ctes", None) or ():
            level.nodes[cte.ctename] = CONSTANT
        if not isinstance(node, ast.InsertStmt):
            for part in (getattr(node, "relation", None), *_sources(node)):
                self.add_source(part, level)
            for condition in _conditions(node):
                self.bind(condition, level)
        for name in node:
            if name != "relation":
                self.visit(getattr(node, name), level)

    def add_source(self, part: Any, level: _Level) -> None:
        if isinstance(part, ast.RangeVar):
            name = str(part.relname)
            alias = str(part.alias.aliasname) if part.alias else name
            if name in self.tables and level.find(name) is None:
                node = len(self.leader)
                self.leader[node] = node
                self.names[node] = f"{name} AS {alias}"
                level.nodes[alias] = node
            else:
                level.nodes[alias] = CONSTANT
        elif isinstance(part, ast.RangeSubselect | ast.RangeFunction) and part.alias:
            level.nodes[str(part.alias.aliasname)] = CONSTANT
        elif isinstance(part, ast.JoinExpr):
            self.add_source(part.larg, level)
            self.add_source(part.rarg, level)

    def bind(self, condition: Any, level: _Level) -> None:
        for one, other in _equalities(condition):
            left, right = self.value(one, level), self.value(other, level)
            if left is not None and right is not None:
                self.unite(left, right)

    def value(self, side: Any, level: _Level) -> int | None:
        if isinstance(side, ast.TypeCast):
            return self.value(side.arg, level)
        if isinstance(side, ast.ParamRef | ast.A_Const):
            return CONSTANT
        if not isinstance(side, ast.ColumnRef):
            return None
        words = [_name(word) for word in side.fields or ()]
        if words[-1] != COLUMN:
            return None
        return level.only() if len(words) == 1 else level.find(words[-2])


def find_unbound(tree: Sequence[Any], tables: Collection[str]) -> list[str]:
    """Return the tenant tables of parsed SQL that no condition binds to one tenant.

    Args:
        tree: what pglast read.
        tables: names of the tenant tables.
    """
    found: list[str] = []
    for raw in tree:
        checker = _Checker(tables)
        checker.visit(raw.stmt, _Level())
        found += checker.unbound()
    return found


def find_unbound_at_run_time(statement: str, tables: Collection[str]) -> list[str]:
    """Return the same of a statement as it was sent, with psycopg's places for values.

    What PostgreSQL's own parser does not read (it was wrong on purpose) has no tables.
    """
    numbered = re.sub(r"%\(\w+\)s|%s", "$1", statement).replace("%%", "%")
    try:
        return find_unbound(parse_sql(numbered), tables)
    except ParseError:
        return []


def _sources(node: Any) -> tuple[Any, ...]:
    parts = getattr(node, "fromClause", None) or getattr(node, "usingClause", None)
    return tuple(parts or ())


def _conditions(node: Any) -> Iterator[Any]:
    yield getattr(node, "whereClause", None)
    for part in _sources(node):
        yield from _joined(part)


def _joined(part: Any) -> Iterator[Any]:
    if isinstance(part, ast.JoinExpr):
        yield part.quals
        yield from _joined(part.larg)
        yield from _joined(part.rarg)


def _equalities(condition: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(condition, ast.BoolExpr) and condition.boolop == enums.BoolExprType.AND_EXPR:
        for each in condition.args or ():
            yield from _equalities(each)
    elif (
        isinstance(condition, ast.A_Expr)
        and condition.kind == enums.A_Expr_Kind.AEXPR_OP
        and [_name(word) for word in condition.name or ()] == ["="]
    ):
        yield condition.lexpr, condition.rexpr


def _name(part: Any) -> str:
    return str(getattr(part, "sval", ""))
