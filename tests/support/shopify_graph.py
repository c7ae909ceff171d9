"""Answers GraphQL from plain objects: what is asked for and nothing else, and what it may cost.

A connection is a list of the object; a field that an object lacks fails the query, so that a test
notices what the stand-in does not know.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import parse, value_from_ast_untyped
from graphql.language import ast

Node = Mapping[str, Any]
Resolver = Callable[[dict[str, Any]], Any]


class NotKnown(Exception):
    """The stand-in lacks what is asked for."""


class Listed(NamedTuple):
    """A root connection: objects in order, each found again by its cursor."""

    objects: Sequence[Node]
    cursor: Callable[[Node], str]


class Query:
    """One request."""

    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        document = parse(text, no_location=True)
        (definition,) = document.definitions
        assert isinstance(definition, ast.OperationDefinitionNode)
        self.operation = definition.operation.value
        self.selections = definition.selection_set.selections
        self.variables = variables
        self.objects = 0

    def cost(self) -> int:
        """Return the points that it may cost at most."""
        return sum(self._cost(field) for field in self.selections) or 1

    def answer(self, roots: Mapping[str, Resolver]) -> dict[str, Any]:
        """Return the data."""
        found = {}
        for field in self.selections:
            assert isinstance(field, ast.FieldNode)
            value = roots[field.name.value](self.arguments(field))
            found[_alias(field)] = self._project(value, field)
        return found

    def arguments(self, field: ast.FieldNode) -> dict[str, Any]:
        """Return what a field was asked with."""
        return {
            each.name.value: value_from_ast_untyped(each.value, dict(self.variables))
            for each in field.arguments or ()
        }

    def _cost(self, field: ast.SelectionNode) -> int:
        if isinstance(field, ast.InlineFragmentNode):
            return sum(self._cost(each) for each in field.selection_set.selections)
        assert isinstance(field, ast.FieldNode)
        if field.selection_set is None:
            return 0
        arguments = self.arguments(field)
        if inner := _node_field(field):
            return 2 + (arguments.get("first") or 0) * (1 + self._cost_of(inner))
        if "ids" in arguments:
            return len(arguments["ids"]) * (1 + self._cost_of(field))
        mutation = 10 if self.operation == "mutation" else 1
        return mutation + self._cost_of(field)

    def _cost_of(self, field: ast.FieldNode) -> int:
        assert field.selection_set is not None
        return sum(self._cost(each) for each in field.selection_set.selections)

    def _project(self, value: Any, field: ast.FieldNode) -> Any:
        if field.selection_set is None or value is None:
            return value
        if isinstance(value, Listed) or (isinstance(value, Sequence) and _node_field(field)):
            return self._connect(value, field)
        if isinstance(value, Sequence):
            return [self._project(each, field) for each in value]
        self.objects += 1
        return self.select(value, field.selection_set.selections)

    def select(self, node: Node, selections: Sequence[ast.SelectionNode]) -> dict[str, Any]:
        """Return the fields of an object that are asked for."""
        found: dict[str, Any] = {}
        for each in selections:
            if isinstance(each, ast.InlineFragmentNode):
                assert each.type_condition is not None
                if f"/{each.type_condition.name.value}/" in str(node.get("id")):
                    found |= self.select(node, each.selection_set.selections)
                continue
            assert isinstance(each, ast.FieldNode)
            if each.name.value not in node:
                raise NotKnown(f"the stand-in knows no {each.name.value} of {node.get('id')}")
            found[_alias(each)] = self._project(node[each.name.value], each)
        return found

    def _connect(self, value: Any, field: ast.FieldNode) -> dict[str, Any]:
        arguments = self.arguments(field)
        objects = value.objects if isinstance(value, Listed) else value
        places = {id(each): str(place) for place, each in enumerate(objects)}
        cursor = value.cursor if isinstance(value, Listed) else lambda each: places[id(each)]
        start = 0
        if after := arguments.get("after"):
            start = _behind(objects, cursor, after)
        page = objects[start : start + arguments["first"]]
        inner = _node_field(field)
        assert inner is not None
        return {
            "nodes": [self._project(each, inner) for each in page],
            "pageInfo": {
                "hasNextPage": start + len(page) < len(objects),
                "endCursor": cursor(page[-1]) if page else None,
            },
        }


def _behind(objects: Sequence[Node], cursor: Callable[[Node], str], after: str) -> int:
    """A cursor stands for a place in the order, whether or not its object is there still."""
    if after.isdecimal():
        return int(after) + 1
    return next((at for at, each in enumerate(objects) if cursor(each) > after), len(objects))


def _alias(field: ast.FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value


def _node_field(field: ast.FieldNode) -> ast.FieldNode | None:
    """Return the field that stands for each object of a connection; None for what is none."""
    for each in field.selection_set.selections if field.selection_set else ():
        if isinstance(each, ast.FieldNode) and each.name.value == "nodes":
            return each
        if isinstance(each, ast.FieldNode) and each.name.value == "edges":
            assert each.selection_set is not None
            (node,) = each.selection_set.selections
            assert isinstance(node, ast.FieldNode)
            return node
    return None


def split_bulk(query: Query) -> tuple[str, Sequence[ast.SelectionNode], list[ast.FieldNode]]:
    """Return the root connection of a bulk query, the fields of its objects, what is inside."""
    (root,) = query.selections
    assert isinstance(root, ast.FieldNode)
    node = _node_field(root)
    assert node is not None
    assert node.selection_set is not None
    fields = node.selection_set.selections
    inside = [each for each in fields if isinstance(each, ast.FieldNode) and _node_field(each)]
    return root.name.value, [each for each in fields if each not in inside], inside


def inner_fields(field: ast.FieldNode) -> Sequence[ast.SelectionNode]:
    """Return what is asked of each object of a connection."""
    node = _node_field(field)
    assert node is not None
    assert node.selection_set is not None
    return node.selection_set.selections
