"""Definitions: what is understood, and how what is not is refused."""

from typing import Any

import pytest

from segments.domain.definitions import LEAVES, Group, leaves, parse
from segments.domain.rfm import GROUP_LABELS
from segments.errors import DefinitionError
from segments.fields import FIELDS, describe_fields

REFUSED: list[tuple[Any, str, str]] = [
    ("x", "definition", "must be an object with “op” or a condition"),
    (
        {},
        "definition",
        f"needs one of: op, {', '.join(LEAVES)}",
    ),
    ({"op": "xor", "children": []}, "definition.op", "must be one of: and, or, not"),
    (
        {"op": "and", "children": []},
        "definition.children",
        "must be a list with at least one condition",
    ),
    (
        {"op": "and", "children": [{"field": "order_count", "is": ">="}]},
        "definition.children[0].value",
        "is missing",
    ),
    ({"field": "orders", "is": "=", "value": 1}, "definition.field", "no field is called 'orders'"),
    (
        {"field": "has_email", "is": ">", "value": True},
        "definition.is",
        "must be one of: =, !=",
    ),
    ({"field": "has_email", "is": "=", "value": 1}, "definition.value", "must be true or false"),
    (
        {"field": "order_count", "is": "=", "value": "two"},
        "definition.value",
        "'two' is not a number",
    ),
    (
        {"field": "order_count", "is": "between", "value": [3, 2]},
        "definition.value",
        "must be two values, the lower one first",
    ),
    (
        {"field": "days_since_last_order", "is": ">=", "value": 1.5},
        "definition.value",
        "must be whole days from 0 to 36500",
    ),
    (
        {"field": "created_at", "is": "before", "value": "31/05/2026"},
        "definition.value",
        "'31/05/2026' is not a date; write 2026-05-31",
    ),
    (
        {"field": "created_at", "is": "in_the_last", "value": {"months": 3}},
        "definition.value",
        'must be {"days": 30} or {"weeks": 4}',
    ),
    (
        {"field": "net_revenue", "is": "top", "value": {"percent": 100}},
        "definition.value.percent",
        "must be above 0 and below 100",
    ),
    (
        {"field": "recency", "is": ">", "value": {"store": "mean"}},
        "definition.value",
        "recency cannot be compared with the whole store",
    ),
    (
        {"field": "rfm_group", "is": "=", "value": "whales"},
        "definition.value",
        f"must be one of: {', '.join(GROUP_LABELS)}",
    ),
    (
        {"consent": "fax", "is": "subscribed"},
        "definition.consent",
        "must be one of: email, sms, whatsapp, push",
    ),
    ({"segment": "abc", "is": "member"}, "definition.segment", "must be the id of a segment"),
    (
        {"field": "order_count", "is": "=", "value": 1, "within": {"days": 3}},
        "definition.within",
        "is not known; known are field, is, value",
    ),
    (
        {"field": "email", "is": "exists", "value": "x"},
        "definition.value",
        "must be left out with this operator",
    ),
]


@pytest.mark.parametrize(("definition", "path", "reason"), REFUSED)
def test_what_is_not_understood_is_refused_at_its_place(
    definition: object, path: str, reason: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(definition, FIELDS)
    assert (refused.value.path, refused.value.reason) == (path, reason)
    assert refused.value.fields == {path: reason}


def test_a_tree_keeps_its_shape() -> None:
    tree = parse(
        {
            "op": "and",
            "children": [
                {"field": "order_count", "is": ">=", "value": 2},
                {"op": "not", "children": [{"consent": "email", "is": "withdrawn"}]},
            ],
        },
        FIELDS,
    )
    assert isinstance(tree, Group)
    assert [leaf.path for leaf in leaves(tree)] == [
        "definition.children[0]",
        "definition.children[1].children[0]",
    ]


def test_nesting_without_end_is_refused() -> None:
    definition: dict[str, Any] = {"field": "order_count", "is": "=", "value": 1}
    for _ in range(12):
        definition = {"op": "not", "children": [definition]}
    with pytest.raises(DefinitionError, match="nested deeper than 12 levels"):
        parse(definition, FIELDS)


def test_a_hundred_conditions_are_enough() -> None:
    one = {"field": "order_count", "is": "=", "value": 1}
    with pytest.raises(DefinitionError, match="more than 100 conditions"):
        parse({"op": "or", "children": [one] * 101}, FIELDS)


def test_every_field_is_described() -> None:
    described = {field["name"]: field for field in describe_fields()}
    assert described["net_revenue"] == {
        "name": "net_revenue",
        "label": "Net revenue",
        "type": "money",
        "unit": "currency",
        "group": "Orders",
        "operators": [
            "=",
            "!=",
            ">",
            ">=",
            "<",
            "<=",
            "between",
            "exists",
            "missing",
            "top",
            "in_quartile",
        ],
        "missing": "",
        "choices": [],
    }
    assert described["days_since_last_order"]["unit"] == "days"
    assert described["rfm_group"]["choices"][0] == {"value": "champions", "label": "Champions"}  # type: ignore[index] # plain values
