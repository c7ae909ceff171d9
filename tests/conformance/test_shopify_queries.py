"""Everything that Shopify is asked, against the schemas that Shopify published."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
    validate,
    visit,
)
from graphql.language import ast

from stores.platforms.shopify import graphql, mutations
from stores.platforms.shopify.webhooks import REGISTERED, spell

VERSIONS = ("2025-10", "2026-07")
TEXTS = {
    "CHECK": graphql.CHECK,
    "COUNT": graphql.COUNT,
    "RUN_BULK": graphql.RUN_BULK,
    "SUBSCRIPTIONS": graphql.SUBSCRIPTIONS,
    "SUBSCRIBE": graphql.SUBSCRIBE,
    "UNSUBSCRIBE": graphql.UNSUBSCRIBE,
    "BULK_STATE": graphql.BULK_STATE,
    "LISTED": graphql.LISTED,
    "BY_ID": graphql.BY_ID,
    "REFUNDS": graphql.REFUNDS,
    "MORE_PAYMENTS": graphql.MORE_PAYMENTS,
    "MORE_REFUNDED": graphql.MORE_REFUNDED,
    "LOOK_TAGS": mutations.LOOK_TAGS,
    "LOOK_CONSENT": mutations.LOOK_CONSENT,
    "SET_METAFIELDS": mutations.SET_METAFIELDS,
    "DELETE_METAFIELDS": mutations.DELETE_METAFIELDS,
    **{f"MANY.{name}": mutations.repeat(name, 2) for name in mutations.MANY},
    **{f"LISTS.{stage}": text for stage, text in graphql.LISTS.items()},
    **{f"MORE.{stage}": text for stage, text in graphql.MORE.items()},
    **{f"BULK.{stage}": text for stage, text in graphql.BULK.items()},
}
OF_PHONES = {f"marketing{name}" for name in ("State", "OptInLevel", "UpdatedAt")}
"""2026-07 leads from the phone to the customer for these, and from there back to the phone."""


@pytest.fixture(scope="module", params=VERSIONS)
def schema(request: pytest.FixtureRequest, conformance_data: Path) -> GraphQLSchema:
    file = conformance_data / "shopify" / "graphql" / f"admin_{request.param}.json.gz"
    published = json.loads(gzip.decompress(file.read_bytes()))["data"]
    # Some fields are deprecated in a type and not in its interface, which GraphQL forbids.
    return build_client_schema(published, assume_valid=True)


def test_every_query_is_valid(schema: GraphQLSchema) -> None:
    found = {
        name: [error.message for error in errors]
        for name, text in TEXTS.items()
        if (errors := validate(schema, parse(text)))
    }
    assert found == {}


def test_every_topic_that_is_registered_exists(schema: GraphQLSchema) -> None:
    known = schema.type_map["WebhookSubscriptionTopic"]
    assert isinstance(known, GraphQLEnumType)
    assert {spell(topic) for topic in REGISTERED} <= known.values.keys()


def test_nothing_is_asked_for_that_is_going_away(schema: GraphQLSchema) -> None:
    found: list[GraphQLError] = []
    for text in TEXTS.values():
        found += validate(schema, parse(text), [NoDeprecatedCustomRule])
    named = {error.message.split(" is deprecated")[0].split(".")[-1] for error in found}
    assert named <= OF_PHONES


def test_bulk_queries_keep_to_the_rules_of_bulk_operations(schema: GraphQLSchema) -> None:
    for text in graphql.BULK.values():
        document, types = parse(text), TypeInfo(schema)
        rules = BulkRules(types)
        visit(document, TypeInfoVisitor(types, rules))
        assert rules.broken == []
        assert 1 <= rules.connections <= 5


class BulkRules(Visitor):
    """At most two connections deep, none in a list, each of nodes, no variables."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.depth = self.lists = self.connections = 0
        self.broken: list[str] = []

    def enter_field(self, node: ast.FieldNode, *_: Any) -> None:
        found = self.types.get_type()
        name = node.name.value
        if _is_connection(found):
            self.connections += 1
            self.depth += 1
            if self.depth > 2:
                self.broken.append(f"{name} is too deep")
            if self.lists:
                self.broken.append(f"{name} is a connection in a list")
            object_type = get_named_type(found).fields["nodes"].type  # type: ignore[union-attr]
            if "Node" not in {each.name for each in get_named_type(object_type).interfaces}:
                self.broken.append(f"{name} is not of nodes")
        elif name != "edges" and is_list_type(get_nullable_type(found)):
            self.lists += 1

    def leave_field(self, node: ast.FieldNode, *_: Any) -> None:
        found = self.types.get_type()
        if _is_connection(found):
            self.depth -= 1
        elif node.name.value != "edges" and is_list_type(get_nullable_type(found)):
            self.lists -= 1

    def enter_variable(self, node: ast.VariableNode, *_: Any) -> None:
        self.broken.append(f"${node.name.value} is a variable")


def _is_connection(found: Any) -> bool:
    return found is not None and get_named_type(found).name.endswith("Connection")
