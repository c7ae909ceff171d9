"""Reading and checking definitions, deciding, and trigger filters."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from flows.domain.graph import (
    Delay,
    Message,
    Policy,
    Reentry,
    SegmentTrigger,
    has_loop,
)
from flows.domain.layout import Place, lay_out
from flows.domain.node_reading import READERS
from flows.domain.parsing import check_graph, parse_graph
from flows.domain.steps import Decision, decide
from flows.domain.triggers import holds
from flows.domain.values import PropertyCondition
from flows.domain.words import speak_delay, speak_property, speak_reentry
from flows.errors import GraphError
from flows.library.post_purchase import POST_PURCHASE
from flows.library.win_back import build_win_back
from flows.nodes import NODE_TYPES
from tests.factories.flows import definition, message_node

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/London")
NODE_WORDS = (
    "message",
    "delay",
    "wait_until",
    "wait_date",
    "wait_event",
    "wait_stock",
    "split",
    "branches",
    "random",
    "ab_split",
    "channel",
    "discount_guard",
    "update_property",
    "tag",
    "points",
    "coupon",
    "task",
    "alert",
    "webhook",
    "answer_reviews",
    "goto",
    "goal",
    "exit",
)
"""Every type of node that flows are promised; one that is lost is missed here."""


def faults(graph: Any) -> dict[str, str]:
    with pytest.raises(GraphError) as caught:
        check_graph(graph)
    return {problem.path: problem.text for problem in caught.value.problems}


def test_the_library_flows_are_sound() -> None:
    assert parse_graph(POST_PURCHASE).reentry.policy is Policy.EVERY_TIME
    win_back = check_graph(build_win_back("7"))
    assert win_back.trigger == SegmentTrigger(7)
    assert win_back.reentry.gap == timedelta(days=60)
    assert [exit_on.event for exit_on in win_back.exit_on] == ["Order Placed"]
    assert win_back.goal in win_back.exit_on


def test_an_empty_definition_names_what_is_missing() -> None:
    assert faults({}) == {
        "nodes": "must be an object",
        "trigger": "must be an object",
        "trigger.event": "is missing",
        "entry_node": "leads nowhere; name the next node, an exit node at the end",
    }


def test_faults_are_named_with_their_place() -> None:
    graph = definition(
        {
            "a": message_node(template="", then="nowhere", max_lateness={"n": -1, "unit": "hours"}),
            "b": {"type": "delay", "n": "two", "unit": "moons", "next": "a", "timezone": "Mars"},
            "c": {"type": "jump"},
        },
        reentry={"policy": "after", "n": True, "unit": "days"},
        exit_on=[{"segment": 4}],
        colour="red",
    )
    assert set(faults(graph)) == {
        "colour",
        "reentry.n",
        "exit_on.0.segment",
        "nodes.a.template",
        "nodes.a.next",
        "nodes.a.max_lateness.n",
        "nodes.b.n",
        "nodes.b.unit",
        "nodes.b.timezone",
        "nodes.c.type",
    }


def test_a_node_that_cannot_be_reached_is_refused() -> None:
    graph = definition({"a": message_node(), "lost": message_node()})
    assert faults(graph) == {"nodes.lost": "cannot be reached; connect or remove it"}


def test_a_loop_needs_a_delay_of_an_hour() -> None:
    def loop(minutes: int) -> dict[str, Any]:
        return definition(
            {
                "ask": {
                    "type": "split",
                    "condition": {"field": "order_count", "is": ">", "value": 1},
                    "yes": "end",
                    "no": "wait",
                },
                "wait": {"type": "delay", "n": minutes, "unit": "minutes", "next": "ask"},
            }
        )

    assert has_loop(check_graph(loop(60)))
    assert set(faults(loop(59))) == {"nodes.ask", "nodes.wait"}


def test_a_transactional_flow_does_not_promote() -> None:
    graph = definition(
        {"a": message_node(message_class="transactional", then="b"), "b": message_node()}
    )
    assert faults(graph) == {
        "nodes.b.message_class": "a flow with a message about an order must not promote; "
        "put what promotes into a flow of its own",
    }


def test_a_split_asks_only_for_messages_of_the_flow() -> None:
    graph = definition(
        {
            "ask": {
                "type": "split",
                "condition": {"op": "not", "children": [{"message": "gone", "is": "opened"}]},
                "yes": "end",
                "no": "end",
            }
        }
    )
    assert faults(graph) == {
        "nodes.ask.condition": "asks for message 'gone', which is not one",
    }


def test_a_message_may_be_late_as_its_class_allows() -> None:
    nodes = parse_graph(
        definition(
            {
                "promo": message_node(then="own"),
                "own": message_node(then="order", max_lateness={"n": 2, "unit": "hours"}),
                "order": message_node(message_class="transactional"),
            }
        )
    ).nodes
    lateness = [node.max_lateness for node in nodes.values() if isinstance(node, Message)]
    assert lateness == [timedelta(hours=24), timedelta(hours=2), None]


def test_each_node_says_where_to_go() -> None:
    graph = parse_graph(build_win_back("7"))

    def at(key: str, *, is_waiting: bool = False, is_met: bool = False) -> Decision:
        return decide(graph.nodes[key], now=NOW, zone=ZONE, is_waiting=is_waiting, is_met=is_met)

    first = graph.nodes["first"]
    assert isinstance(first, Message)
    assert at("first") == Decision(goto="week", result="queued", message=first)
    assert at("week") == Decision(wake_at=NOW + timedelta(days=7))
    assert at("week", is_waiting=True) == Decision(goto="still_away", result="waited")
    assert at("still_away", is_met=True) == Decision(goto="second", result="yes")
    assert at("still_away") == Decision(goto="read", result="no")
    assert at("reminded") == Decision(result="exit", exit_reason="reminded once")


@pytest.mark.parametrize(
    ("operator", "value", "met"),
    [
        ("=", "59.90", True),
        ("=", "59.9", True),
        ("!=", 59.9, False),
        (">", 50, True),
        (">=", "60", False),
        ("<", "100", True),
        ("<=", "59.90", True),
        ("in", ["59.90"], True),
        ("contains", "9.9", True),
        ("is_set", None, True),
        ("not_set", None, False),
        (">", "much", False),
    ],
)
def test_amounts_in_a_trigger_filter_compare_as_numbers(
    operator: str, value: Any, *, met: bool
) -> None:
    assert holds([PropertyCondition("total", operator, value)], {"total": "59.90"}) is met


def test_a_missing_property_meets_only_not_set() -> None:
    assert not holds([PropertyCondition("total", "!=", 1)], {})
    assert holds([PropertyCondition("total", "not_set", None)], {})


def test_every_node_type_is_described_with_a_schema() -> None:
    described = {node["type"]: node["schema"]["properties"]["type"] for node in NODE_TYPES}
    assert described == {word: {"const": word} for word in NODE_WORDS}
    assert {"message", "delay", "split", "exit", *READERS} == set(NODE_WORDS)


@pytest.mark.parametrize("node", NODE_TYPES, ids=lambda node: str(node["type"]))
def test_each_field_of_a_node_has_words_for_its_form(node: dict[str, Any]) -> None:
    schema = node["schema"]
    Draft202012Validator.check_schema(schema)
    fields = {name: field for name, field in schema["properties"].items() if name != "type"}
    assert set(schema["required"]) <= {"type", *fields}
    if node["type"] != "message":
        assert [name for name, field in fields.items() if not field.get("title")] == []


def test_each_node_is_drawn_once_and_ends_wherever_a_way_ends() -> None:
    graph = check_graph(
        definition(
            {
                "ask": {
                    "type": "split",
                    "condition": {"field": "order_count", "is": ">", "value": 1},
                    "yes": "wait",
                    "no": "note",
                },
                "wait": {"type": "delay", "n": 1, "unit": "hours", "next": "note"},
                "note": message_node(then="ask_again"),
                "ask_again": {
                    "type": "split",
                    "condition": {"message": "note", "is": "opened"},
                    "yes": "end",
                    "no": "end",
                },
            }
        )
    )

    def shape(chain: tuple[Place, ...]) -> list[Any]:
        return [
            f"{place.node.id} again"
            if place.is_repeat
            else [place.node.id, *(shape(branch.chain) for branch in place.branches)]
            for place in chain
        ]

    assert shape(lay_out(graph)) == [
        [
            "ask",
            [["wait"], ["note"], ["ask_again", [["end"]], [["end"]]]],
            ["note again"],
        ]
    ]
    last = lay_out(graph)[0].branches[0].chain[-1]
    assert [branch.chain[0].is_shared for branch in last.branches] == [True, True]


def test_definitions_are_spoken_in_words() -> None:
    graph = parse_graph(
        definition(
            {
                "wait": {
                    "type": "delay",
                    "n": 1,
                    "unit": "weeks",
                    "until_time": "09:00",
                    "weekdays": ["tue", "mon"],
                    "next": "end",
                }
            }
        )
    )
    assert isinstance(graph.nodes["wait"], Delay)
    assert speak_delay(graph.nodes["wait"]) == "Wait 1 week, then until 09:00 on Mon, Tue"
    assert speak_reentry(Reentry(Policy.AFTER, timedelta(hours=36))) == "Again after 36 hours"
    assert speak_reentry(Reentry(Policy.KEYED, key="cart")) == "Once for each cart"
    assert speak_property(PropertyCondition("total", ">=", 50)) == "total is at least 50"
    assert speak_property(PropertyCondition("city", "in", ["Bath", "York"])) == (
        "city is one of Bath, York"
    )
