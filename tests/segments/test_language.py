"""The language itself: one shape for equal meaning, what is described, what is refused."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from crm.models import Product, Store
from kernel.clock import simulated
from segments.choices import Cause
from segments.domain.canonical import digest, simplify
from segments.domain.comparisons import operators_of
from segments.domain.definitions import LEAVES, Node, parse
from segments.domain.grammar import (
    LEAF_KINDS,
    OPERATORS,
    LeafKind,
    describe_grammar,
    list_leaf_examples,
)
from segments.domain.patterns import check_pattern
from segments.domain.upgrades import upgrade
from segments.domain.written import write
from segments.errors import DefinitionError
from segments.fields import FIELDS
from segments.models import Segment
from segments.queries.listing import describe_segment, list_member_ids
from segments.services.evaluate import matching
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment, delete_segment, update_segment
from tenants.models import Tenant
from tests.factories.segments import make_buyer, make_order, make_segment
from tests.segments.test_dates import CASES as DATES
from tests.segments.test_happenings import CASES as HAPPENINGS
from tests.segments.test_matching import CASES as FIELD_CASES
from tests.segments.test_references import CASES as REFERENCES
from tests.segments.test_sequences import CASES as SEQUENCES
from tests.segments.test_standing import MOVES, REACHABLE

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
EVERY: list[dict[str, Any]] = [
    *list_leaf_examples(),
    *(definition for definition, _ in HAPPENINGS),
    *(definition for definition, _ in FIELD_CASES),
    *(definition for definition, _ in REFERENCES),
    *(definition for definition, _ in SEQUENCES),
    *(definition for definition, _ in MOVES),
    *(definition for _, definition, _ in DATES),
    REACHABLE,
]
ORDERS = {"field": "order_count", "is": ">=", "value": 2}
GB = {"field": "country", "is": "=", "value": "GB"}
TEA = {"bought": {"category": "Tea"}}


def read(definition: object) -> Node:
    return parse(definition, FIELDS)


def _without_places(node: Any) -> Any:
    """Strip places from a tree, so that trees that were read elsewhere compare."""
    if hasattr(node, "children"):
        return (node.op, [_without_places(child) for child in node.children])
    return replace(node, path="")


def test_what_is_written_is_read_as_the_same() -> None:
    for definition in EVERY:
        tree = read(definition)
        again = json.loads(json.dumps(write(tree)))
        assert _without_places(read(again)) == _without_places(tree), definition
        assert digest(read(simplify(tree))) == digest(tree), definition


def both(*children: Mapping[str, Any], op: str = "and") -> dict[str, Any]:
    return {"op": op, "children": list(children)}


SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (both(ORDERS, GB), both(GB, ORDERS)),
    (both(ORDERS, GB), both(GB, both(ORDERS, GB))),
    (both(ORDERS), ORDERS),
    (both(ORDERS, op="or"), ORDERS),
    (both(both(GB, op="not"), op="not"), GB),
    (both(both(GB, ORDERS, op="not"), op="not"), both(GB, ORDERS, op="or")),
    (both(GB, ORDERS, op="not"), both(both(GB, ORDERS, op="or"), op="not")),
    (both(GB, op="not"), {**GB, "is": "!="}),
    (GB, {"field": "country", "is": "in", "value": ["gb", "GB"]}),
    (ORDERS, {**ORDERS, "value": "2.00"}),
    (
        {"field": "last_order_at", "is": "in_the_last", "value": {"weeks": 2}},
        {"field": "last_order_at", "is": "in_the_last", "value": {"days": 14}},
    ),
    (
        {"field": "created_at", "is": "on", "value": "2026-05-31"},
        {"field": "created_at", "is": "on", "value": "20260531"},
    ),
    (
        {"field": "tags", "is": "contains_any", "value": ["b", "a", "b"]},
        {"field": "tags", "is": "contains_any", "value": ["a", "b"]},
    ),
    (
        {"field": "properties.age", "is": ">", "value": 30},
        {"field": "properties.age", "type": "number", "is": ">", "value": "30"},
    ),
    (TEA, {"bought": {"category": ["tea"]}, "count": {"is": ">=", "value": 1}}),
    (
        {"not_bought": {"category": "Tea"}},
        {"bought": {"category": "Tea"}, "count": {"is": "=", "value": 0}},
    ),
    (
        {"event": "X", "count": {"is": "!=", "value": 3}},
        both({"event": "X", "count": {"is": "=", "value": 3}}, op="not"),
    ),
    (
        {
            "event": "X",
            "where": [
                {"property": "b", "is": "=", "value": "Tea"},
                {"property": "a", "is": ">", "value": 1.50},
            ],
        },
        {
            "event": "X",
            "where": [
                {"property": "a", "is": ">", "value": "1.5"},
                {"property": "b", "is": "=", "value": "tea"},
                {"property": "b", "is": "=", "value": "tea"},
            ],
        },
    ),
    (
        {"field": "tags", "is": "not_contains_any", "value": ["a", "b"]},
        both({"field": "tags", "is": "contains_any", "value": ["b", "a"]}, op="not"),
    ),
    (
        {"field": "tags", "is": "contains_text", "value": "VIP"},
        {"field": "tags", "is": "contains_text", "value": "vip"},
    ),
    (
        {"segment": "1", "is": "member", "within": {"weeks": 2}},
        {"segment": 1, "is": "member", "within": {"days": 14}},
    ),
    ({"reachable": "email"}, both({"reachable": "email", "is": False}, op="not")),
    (
        {"funnel": [{"event": "A"}, {"event": "B"}], "complete_in": {"days": 2}},
        {"funnel": [{"event": "A"}, {"event": "B"}], "complete_in": {"hours": 48}},
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_meaning_has_one_digest(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert digest(read(one)) == digest(read(other))


def test_other_meaning_has_another_digest() -> None:
    different = [
        both(ORDERS, GB),
        both(ORDERS, GB, op="or"),
        both(ORDERS, GB, op="not"),
        {"field": "email", "is": "matches", "value": "A"},
        {"field": "email", "is": "matches", "value": "a"},
        {"field": "tags", "is": "contains", "value": "A"},
        {"field": "tags", "is": "contains", "value": "a"},
        {"first_event": "A"},
        {"last_event": "A"},
        {"segment": "1", "is": "member"},
        {"segment": "1", "is": "member", "within": {"hours": 336}},
        {"segment": "1", "is": "member", "within": {"days": 14}},
    ]
    assert len({digest(read(one)) for one in different}) == len(different)


def _known_keys(kind: LeafKind) -> set[str]:
    """Ask the parser which keys it knows, by one that it does not."""
    example = kind.examples[0] if kind.examples else {"segment": "1", "is": "member"}
    if kind.name == "field":
        example = {"field": "properties.x", "is": "exists"}
    with pytest.raises(DefinitionError) as refused:
        read({**example, "!": 1})
    return set(refused.value.reason.partition("known are ")[2].split(", "))


def test_every_condition_operator_and_key_is_described() -> None:
    assert sorted(kind.name for kind in LEAF_KINDS) == sorted(LEAVES)
    for kind in LEAF_KINDS:
        assert {one.name for one in kind.parameters} == _known_keys(kind), kind.name
        assert all(kind.name in example for example in kind.examples)
    offered = {operator for field in FIELDS.values() for operator in operators_of(field)}
    assert set(OPERATORS) == offered
    described = json.loads(json.dumps(describe_grammar()))
    assert described["limits"] == {"conditions": 100, "depth": 12, "tests": 10}


@pytest.mark.django_db
def test_a_definition_of_an_older_version_is_read_in_the_words_of_this_one(tenant: Tenant) -> None:
    old = both({"not_bought": {"category": "Tea"}}, ORDERS)
    new = both({**TEA, "count": {"is": "=", "value": 0}}, ORDERS)
    assert upgrade(old) == new
    assert upgrade(new) == new
    assert upgrade(["not a definition"]) == ["not a definition"]
    ada = make_buyer(orders=2, last_order_at=NOW)
    segment = make_segment(old)
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
    segment.refresh_from_db()
    assert list_member_ids(segment.pk) == [ada]
    assert segment.digest == digest(read(new))
    assert describe_segment(segment) == "Never bought category Tea and orders: at least 2"
    with simulated(NOW), pytest.raises(DefinitionError) as refused:
        create_segment(name="Wrong", definition={"not_bought": {"colour": "red"}})
    assert refused.value.path == "definition.not_bought.colour"


GOOD_PATTERNS = [
    "^ada",
    "[.](edu|ac[.]uk)$",
    "a{2,5}b?",
    "[^a-z0-9_-]+x*",
    r"\d{3}-\w+",
    "(a(b|c)+){3}",
    "[a-]",
    r"\.co\.uk$",
]
BAD_PATTERNS = [
    ("a" * 201, "must have at most 200 characters"),
    ("(a", "character 3 should close a group"),
    ("a)", "character 2 closes a group that was not opened"),
    ("*a", "character 1 stands for itself only behind a backslash"),
    ("a**", "character 3 repeats what is repeated already"),
    ("a|", "character 3 ends a choice or group that is empty"),
    ("|a", "character 1 begins a choice between nothing and something"),
    ("()", "character 2 ends a choice or group that is empty"),
    ("^*", "character 2 repeats a place, not a character"),
    ("(?=a)", "character 2 looks around, which is not offered"),
    (r"(a)\1", "character 4 is a backslash before something that it does not go with"),
    ("a{101}", "character 2 counts from 1 to 100, the lower one first"),
    ("a{3,2}", "character 2 counts from 1 to 100, the lower one first"),
    ("a{,2}", "character 2 should be a count such as {2} or {2,5}"),
    ("((a{50}){50}){50}", "repeats more than 1000 times in all"),
    ("(((((((a+)+)+)+)+)+)+)+", "opens a group inside five others"),
    ("[]", "character 2 closes a class that is empty"),
    ("[z-a]", "character 3 is not a range such as a-z"),
    ("[[:alpha:]]", "character 2 should close a class of characters"),
    ("[a", "character 3 should close a class of characters"),
]


@pytest.mark.parametrize(("pattern", "reason"), BAD_PATTERNS)
def test_an_expression_that_could_explode_is_refused_at_its_character(
    pattern: str, reason: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        read({"field": "email", "is": "matches", "value": pattern})
    assert refused.value.path == "definition.value"
    assert reason in refused.value.reason


@pytest.mark.django_db
def test_an_expression_means_to_the_database_what_it_means_to_python(tenant: Tenant) -> None:
    texts = ["ada", "x-12.co.uk", "aaab", "ABCABCABC", "123-hello", "a-", "me@ox.ac.uk", "zz"]
    people = {make_buyer(city=text): text for text in texts}
    for pattern in GOOD_PATTERNS:
        check_pattern(pattern, "")
        leaf = {"field": "city", "is": "matches", "value": pattern}
        found = {people[key] for key in matching(leaf, list(people), NOW)}
        assert found == {one for one in texts if re.search(pattern, one, re.IGNORECASE)}, pattern
        others = matching({**leaf, "is": "not_matches"}, list(people), NOW)
        assert {people[key] for key in others} == set(texts) - found


PROPERTIES: list[tuple[dict[str, Any], str]] = [
    ({"is": ">", "value": 30}, "old"),
    ({"is": "between", "value": [10, 50]}, "old young"),
    ({"type": "number", "is": "exists"}, "old young"),
    ({"type": "number", "is": "missing"}, "list true word"),
    ({"is": "=", "value": "old"}, ""),
    ({"is": "=", "value": True}, "true"),
    ({"is": "!=", "value": True}, "list old word young"),
    ({"is": "=", "value": False}, ""),
    ({"type": "list", "is": "contains", "value": "tea"}, "list"),
    ({"type": "list", "is": "contains_any", "value": ["tea", "Oolong"]}, "list word"),
    ({"type": "list", "is": "length_is", "value": 2}, "list"),
    ({"type": "list", "is": "length_at_most", "value": 0}, "true young"),
    ({"type": "list", "is": "contains_text", "value": "OO"}, "list word"),
    ({"is": "not_starts_with", "value": "oo"}, "list old true young"),
    ({"is": "contains", "value": "oOl"}, "list word"),
]


@pytest.mark.django_db
def test_properties_are_read_as_every_type(tenant: Tenant) -> None:
    values = {"old": "40", "young": 20.5, "word": "Oolong", "true": True, "list": ["tea", "cool"]}
    people = {make_buyer(properties={"x": value}): name for name, value in values.items()}
    for leaf, names in PROPERTIES:
        found = matching({"field": "properties.x", **leaf}, list(people), NOW)
        assert " ".join(sorted(people[key] for key in found)) == names, leaf


@pytest.mark.django_db
def test_a_product_that_does_not_exist_is_refused_and_a_deleted_one_was_bought_by_nobody(
    tenant: Tenant,
) -> None:
    ada = make_buyer()
    make_order(ada, NOW, 100, "1")
    product = Product.objects.create(store=Store.objects.get(), external_id="p1", title="Soap")
    definition = both(GB, {"bought": {"product": [str(product.pk)]}})
    with simulated(NOW):
        segment = create_segment(name="Soap", definition=definition)
        with pytest.raises(DefinitionError) as refused:
            create_segment(name="None", definition=both(GB, {"bought": {"product": "987654"}}))
    assert refused.value.fields == {
        "definition.children[1].bought.product": "no product has id 987654"
    }
    product.delete()
    assert matching(segment.definition, [ada], NOW) == set()
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
    assert list_member_ids(segment.pk) == []


@pytest.mark.django_db
def test_a_segment_that_is_gone_has_nobody_in_it(tenant: Tenant) -> None:
    ada = make_buyer()
    inner = make_segment(ORDERS, "Inner")
    outer = make_segment({"segment": str(inner.pk), "is": "not_member"}, "Outer")
    Segment.objects.filter(pk=inner.pk).delete()
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
    assert list_member_ids(outer.pk) == [ada]
    assert describe_segment(outer) == f"Not in segment “#{inner.pk} (deleted)”"


@pytest.mark.django_db
def test_a_circle_is_found_through_a_segment_that_is_stopped(tenant: Tenant) -> None:
    one = make_segment(ORDERS, "One")
    two = make_segment({"segment": str(one.pk), "is": "member"}, "Two")
    Segment.objects.filter(pk=two.pk).update(stopped_at=NOW)
    with pytest.raises(DefinitionError, match="refer to each other"):
        update_segment(one.pk, definition={"segment": str(two.pk), "is": "member"})
    with pytest.raises(Exception, match="is used by Two"):
        delete_segment(one.pk)


def test_two_hundred_conditions_and_twenty_levels_are_refused() -> None:
    with pytest.raises(DefinitionError, match="has more than 100 conditions"):
        read(both(*[ORDERS] * 200))
    deep: dict[str, Any] = ORDERS
    for _ in range(20):
        deep = both(deep, op="not")
    with pytest.raises(DefinitionError, match="nested deeper than 12 levels"):
        read(deep)
    read(both(*[ORDERS] * 100))
