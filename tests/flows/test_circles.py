"""Flows that set off each other, or themselves."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Profile
from crm.services.reactions import drain_reactions
from crm.services.tags import change_tags
from flows.choices import Refusal
from flows.domain.circles import POINTS, TAGS
from flows.domain.parsing import check_graph
from flows.errors import GraphError
from flows.models import FlowEntry, FlowRun
from kernel.batches import Deadline
from loyalty.queries.ledger import balance_of
from loyalty.services.awards import NewAward, post_awards
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow
from tests.factories.loyalty import make_profile
from tests.flows.nodes import act
from tests.flows.support import advance

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F3")]
MANY = {"policy": "every_time"}


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile()


def settle() -> None:
    """Let everything react to everything, until nothing does any more or it has gone too far."""
    for _ in range(30):
        drain_reactions(Deadline(seconds=None))
        if not advance():
            return
    pytest.fail("flows go round for ever")


def tag_flow(word: str, **change: Any) -> int:
    """Make a flow that changes tags once a tag was given or taken away."""
    where = [{"property": word, "is": "contains", "value": "vip"}]
    trigger = {"event": "Tags Changed", "filter": where}
    return make_flow(definition({"tag": act("tag", **change)}, trigger=trigger), name=word).pk


def entries(flow_id: int) -> list[tuple[str, int]]:
    """Return how often each reason was stored for a flow; none is an entry."""
    reasons = list(FlowEntry.objects.filter(flow_id=flow_id).values_list("reason", flat=True))
    return sorted((reason, reasons.count(reason)) for reason in set(reasons))


def test_flows_that_set_off_each_other_stop_after_ten_times(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    taking, giving = tag_flow("added", remove=["vip"]), tag_flow("removed", add=["vip"])
    change_tags([ada.pk], added=["vip"], removed=[], actor="member@example.com")
    settle()
    assert FlowRun.objects.filter(status="completed").count() == FlowRun.objects.count() == 20
    assert entries(taking) == [("", 10), ("circle", 1), ("trigger_filter", 10)]
    assert entries(giving) == [("", 10), ("trigger_filter", 11)]
    assert Refusal("circle").label == (
        "The profile entered 10 times within a day: flows set each other off"
    )

    noon.shift(timedelta(days=1))
    other = make_profile()
    change_tags([other.pk], added=["vip"], removed=[], actor="member@example.com")
    settle()
    assert FlowRun.objects.filter(profile=ada).count() == 20
    assert FlowRun.objects.filter(profile=other).count() == 20


def test_points_for_points_stop_after_ten_times(ada: Profile) -> None:
    where = [{"property": "balance", "is": ">", "value": 0}]
    trigger = {"event": "Points Earned", "filter": where}
    flow = make_flow(definition({"gift": act("points", points=50)}, trigger=trigger))
    post_awards([NewAward(ada.pk, 1, "first", "", "member@example.com")])
    settle()
    assert entries(flow.pk) == [("", 10), ("circle", 1)]
    assert balance_of(ada.pk) == 501


def test_more_than_ten_times_in_more_than_a_day_are_no_circle(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    flow = tag_flow("added", add=["seen"])
    for at in range(12):
        change_tags([ada.pk], added=[f"vip {at}", "vip"], removed=[], actor="member@example.com")
        change_tags([ada.pk], added=[], removed=["vip"], actor="member@example.com")
        noon.shift(timedelta(hours=3))
        settle()
    assert entries(flow) == [("", 12), ("trigger_filter", 13)]


def faults(event: str, *nodes: dict[str, Any], **other: Any) -> dict[str, str]:
    where = other.pop("where", [])
    steps = {f"n{at}": {**node, "next": f"n{at + 1}"} for at, node in enumerate(nodes)}
    steps[f"n{len(nodes)}"] = {"type": "exit"}
    graph = definition(
        steps, trigger={"event": event, "filter": where}, **{"reentry": MANY, **other}
    )
    graph["nodes"].pop("end")
    try:
        check_graph(graph)
    except GraphError as exc:
        return {problem.path: problem.text for problem in exc.problems}
    return {}


GIFT = act("points", points=50)
TAG, UNTAG = act("tag", add=["vip"]), act("tag", remove=["vip"])


def is_(name: str, operator: str, value: object) -> list[dict[str, object]]:
    return [{"property": name, "is": operator, "value": value}]


@pytest.mark.parametrize(
    ("event", "nodes", "other", "expected"),
    [
        ("Points Earned", [GIFT], {}, {"nodes.n0": POINTS}),
        ("Points Earned", [GIFT], {"where": is_("points", ">", 49)}, {"nodes.n0": POINTS}),
        (
            "Points Earned",
            [GIFT],
            {"reentry": {"policy": "keyed", "property": "balance"}},
            {"nodes.n0": POINTS},
        ),
        ("Points Earned", [GIFT], {"where": is_("points", ">", 50)}, {}),
        ("Points Earned", [GIFT], {"where": is_("kind", "!=", "adjust")}, {}),
        ("Points Earned", [GIFT], {"where": is_("balance", "<", 500)}, {}),
        ("Points Earned", [GIFT], {"reentry": {"policy": "once"}}, {}),
        ("Points Earned", [GIFT], {"reentry": {"policy": "after", "n": 1, "unit": "days"}}, {}),
        ("Order Placed", [GIFT], {}, {}),
        ("Tags Changed", [TAG, UNTAG], {}, {"nodes.n0": TAGS, "nodes.n1": TAGS}),
        ("Tags Changed", [TAG], {}, {}),
        ("Tags Changed", [TAG, UNTAG], {"where": is_("added", "contains", "new")}, {}),
        (
            "Tags Changed",
            [TAG, UNTAG],
            {"where": is_("removed", "contains", "vip")},
            {"nodes.n1": TAGS},
        ),
    ],
)
def test_a_flow_that_certainly_starts_itself_again_is_refused(
    event: str, nodes: list[dict[str, Any]], other: dict[str, Any], expected: dict[str, str]
) -> None:
    assert faults(event, *nodes, **other) == expected
