"""Reading nodes: what is right, and faults that point at their place."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.domain.delays import date_due, shift
from flows.domain.graph import Delay
from flows.domain.lots import draw_bucket, pick_way
from flows.domain.nodes import DateWait, ShareWay
from flows.domain.parsing import check_graph
from flows.domain.steps import Asked, Decision, decide
from flows.domain.values import Duration
from flows.domain.words import speak_delay, speak_share
from flows.errors import GraphError
from tests.factories.flows import definition, message_node
from tests.flows.nodes import act, shares, wait, wait_event, wait_stock

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
NOBODY = {"field": "order_count", "is": ">", "value": 99}


def faults(*nodes: dict[str, Any]) -> dict[str, str]:
    graph = definition({f"n{at}": node for at, node in enumerate(nodes)})
    graph["nodes"]["note"] = message_node()
    with pytest.raises(GraphError) as caught:
        check_graph(graph)
    return {
        problem.path.removeprefix("nodes.n0."): problem.text for problem in caught.value.problems
    }


@pytest.mark.parametrize(
    ("node", "places"),
    [
        ({"type": "wait_until", "next": "note"}, {"until_time"}),
        ({"type": "wait_until", "until_time": "25:00", "next": "note"}, {"until_time"}),
        (
            {"type": "wait_date", "date": {}, "offset": {"n": 1, "unit": "days"}, "next": "note"},
            {"date.profile", "offset.direction"},
        ),
        (wait_event(), {"any_of"}),
        (wait_event({"event": "Order Placed"}, timeout=None), {"timeout"}),
        (wait_event({"event": "Order Placed"}, timeout={"n": 0, "unit": "days"}), {"timeout.n"}),
        (wait_event({"message": "note", "is": "read"}), {"any_of.0.is"}),
        (wait_event({"event": "X", "same": [{"property": "a"}]}), {"any_of.0.same.0.trigger"}),
        (wait_event({"event": "X"}, since="ever", on_timeout="gone"), {"since", "on_timeout"}),
        (wait_stock(min_units=0, tranche="3", first="last"), {"min_units", "tranche", "first"}),
        ({"type": "branches", "branches": [], "otherwise": "note"}, {"branches"}),
        (
            {"type": "branches", "branches": [{"name": " ", "next": "end"}], "otherwise": "note"},
            {"branches.0.name", "branches.0.condition"},
        ),
        (shares("random", ("A", 50, "note"), ("B", 49, "end")), {"branches"}),
        (shares("random", ("A", 50, "note"), ("A", 50, "end")), {"branches.1"}),
        (
            shares("ab_split", ("A", 33.333, "note"), ("B", 66.67, "end")),
            {"branches.0.share", "branches"},
        ),
        (shares("ab_split", ("A", 50, "note"), ("B", 50, "end"), winner="C"), {"winner"}),
        (
            {
                "type": "channel",
                "branches": [{"channel": "fax", "next": "note"}],
                "otherwise": "end",
            },
            {"branches.0.channel"},
        ),
        (
            {"type": "goto", "target": "gone", "max_visits": 10, "otherwise": "note"},
            {"max_visits", "target"},
        ),
        ({"type": "goal", "name": "x" * 61}, {"name"}),
        (act("update_property", "note", property="", value={}), {"property", "value"}),
        (act("update_property", "note", property="a", how="add", value="1"), {"value"}),
        (act("update_property", "note", property="a", how="copy"), {"value"}),
        (act("tag", "note"), {"add"}),
        (act("points", "note", points=0), {"points"}),
        (act("alert", "note"), {"text"}),
        (act("webhook", "note", endpoint=7), {"endpoint"}),
        (act("coupon", "note", coupon="ten"), {"coupon"}),
    ],
)
def test_faults_of_a_node_name_their_place(node: dict[str, Any], places: set[str]) -> None:
    assert set(faults(node)) == places


def test_a_wait_for_an_event_breaks_no_loop_because_it_may_be_over_at_once() -> None:
    back = {"type": "goto", "target": "n0", "otherwise": "end"}
    found = faults(wait_event({"event": "Order Placed"}, on_event="n1", on_timeout="n1"), back)
    assert {key for key, text in found.items() if "1 hour" in text} == {"nodes.n0", "nodes.n1"}


def test_what_a_branch_or_wait_asks_of_a_message_must_be_one() -> None:
    ways = [{"name": "Read", "condition": {"message": "n1", "is": "opened"}, "next": "n1"}]
    found = faults(
        {"type": "branches", "branches": ways, "otherwise": "n1"},
        wait_event({"message": "n0", "is": "opened"}),
    )
    assert found == {
        "branches.0.condition": "asks for message 'n1', which is not one",
        "nodes.n1.any_of.0": "asks for message 'n0', which is not one",
    }


def test_a_wait_until_a_time_is_a_delay_of_no_length() -> None:
    graph = check_graph(
        definition(
            {"w": {"type": "wait_until", "until_time": "09:00", "weekdays": ["mon"], "next": "end"}}
        )
    )
    node = graph.nodes["w"]
    assert isinstance(node, Delay)
    assert speak_delay(node) == "Wait until 09:00 on Mon"
    sunday = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    decision = decide(node, now=sunday, zone=LONDON, is_waiting=False, is_met=False)
    assert decision == Decision(wake_at=datetime(2026, 10, 26, 9, tzinfo=UTC))


def test_the_zone_of_a_wait_goes_before_that_of_the_person() -> None:
    node = Delay("w", Duration(1, "days"), time(9), frozenset(), "America/New_York", "end")
    decision = decide(node, now=NOON, zone=LONDON, is_waiting=False, is_met=False)
    assert decision.wake_at == datetime(2026, 6, 2, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "n", "unit", "is_before", "due"),
    [
        ("2026-06-20", 0, "days", False, "2026-06-20T08:00:00"),
        ("2026-06-20", 3, "days", True, "2026-06-17T08:00:00"),
        ("2026-06-20", 2, "weeks", False, "2026-07-04T08:00:00"),
        # Over the change of clocks the time of day stays; hours are exact.
        ("2026-03-30", 2, "days", True, "2026-03-28T09:00:00"),
        ("2026-03-30", 48, "hours", True, "2026-03-28T08:00:00"),
        ("2028-02-29", 1, "days", False, "2028-03-01T09:00:00"),
        # 02:30 was skipped there that night.
        ("2026-03-29T01:30:00", 0, "days", False, "2026-03-29T01:00:00"),
        ("2026-06-20T12:00:00+02:00", 1, "hours", False, "2026-06-20T11:00:00"),
        ("2026-06-20T12:00:00", 0, "days", False, "2026-06-20T11:00:00"),
    ],
)
def test_a_date_is_due_by_the_persons_clock(
    said: str, n: int, unit: str, *, is_before: bool, due: str
) -> None:
    node = DateWait("d", "profile", "day", Duration(n, unit), is_before, time(9), "", "a", "b")
    assert date_due(node, said, LONDON) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize("said", ["", "soon", "2027-02-29", 17, True, ["2026-01-01"], "9999-99-99"])
def test_what_is_no_date_is_none(said: object) -> None:
    node = DateWait("d", "profile", "day", Duration(1, "days"), True, time(9), "", "a", "b")
    assert date_due(node, said, LONDON) is None


def test_a_date_that_has_passed_goes_its_own_way() -> None:
    node = DateWait("d", "profile", "day", Duration(0, "days"), False, time(9), "", "next", "past")

    def at(moment: datetime | None, *, is_waiting: bool = False) -> Decision:
        asked = Asked(at=moment)
        return decide(node, now=NOON, zone=LONDON, is_waiting=is_waiting, is_met=True, asked=asked)

    later = NOON + timedelta(days=1)
    assert at(later) == Decision(wake_at=later)
    assert at(later, is_waiting=True) == Decision(goto="next", result="reached")
    assert at(NOON) == Decision(goto="next", result="reached")
    assert at(NOON - timedelta(seconds=1)) == Decision(goto="past", result="past")
    assert at(None) == Decision(goto="past", result="past")


def test_days_shift_by_the_calendar_in_both_directions() -> None:
    spring = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert shift(spring, Duration(1, "days"), LONDON, back=True) == datetime(
        2026, 3, 28, 13, tzinfo=UTC
    )
    assert shift(spring, Duration(24, "hours"), LONDON, back=True) == datetime(
        2026, 3, 28, 12, tzinfo=UTC
    )


def test_lots_are_the_same_on_every_machine_and_share_out_evenly() -> None:
    assert draw_bucket(1, 2, "ab", 3) == draw_bucket(1, 2, "ab", 3)
    assert (draw_bucket(1, 2, "ab", 3), draw_bucket(1, 2, "ab", 4)) == (6292, 6367)
    ways = [ShareWay("A", "a", 2_000), ShareWay("B", "b", 8_000)]
    drawn = [pick_way(ways, draw_bucket(1, 2, "ab", profile)).name for profile in range(5_000)]
    assert 900 < drawn.count("A") < 1_100
    assert [pick_way(ways, bucket).name for bucket in (0, 1_999, 2_000, 9_999)] == [
        "A",
        "A",
        "B",
        "B",
    ]


@pytest.mark.parametrize(("share", "words"), [(5_000, "50%"), (3_340, "33.4%"), (5, "0.05%")])
def test_shares_are_said_in_percent(share: int, words: str) -> None:
    assert speak_share(share) == words


def test_a_way_back_is_allowed_through_a_delay() -> None:
    graph = check_graph(
        definition(
            {
                "wait": wait(1, "hours", "back"),
                "back": {"type": "goto", "target": "wait", "max_visits": 3, "otherwise": "end"},
            }
        )
    )
    back = graph.nodes["back"]

    def at(visit: int) -> Decision:
        asked = Asked(visit=visit)
        return decide(back, now=NOON, zone=LONDON, is_waiting=False, is_met=True, asked=asked)

    assert at(3) == Decision(goto="wait", result="again")
    assert at(4) == Decision(goto="end", result="otherwise")
