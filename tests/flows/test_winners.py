"""Finding the winner of an A/B split, and who takes it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Profile
from flows.choices import FlowStatus
from flows.domain.parsing import check_graph
from flows.domain.winning import Measured, find_winner, win_chances
from flows.errors import GraphError
from flows.models import ABTest, FlowRun, RunStep
from flows.queries.ab_tests import measure_ways
from flows.services.ab_tests import measure_due
from flows.services.flows import publish, set_status
from kernel import clock
from kernel.batches import Deadline
from messaging.models import Message
from tenants.models import AuditEntry, Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_order, make_profile
from tests.flows.nodes import shares
from tests.flows.support import advance, happen

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]


def yes(recipients: int, total: int) -> Measured:
    return Measured(recipients, total, total)


def test_the_chances_of_all_ways_add_up_and_equal_ones_are_equal() -> None:
    chances = win_chances({"A": yes(1_000, 200), "B": yes(1_000, 200), "C": yes(1_000, 200)})
    assert sum(chances.values()) == pytest.approx(1)
    assert chances["A"] == pytest.approx(1 / 3, abs=0.001)
    assert win_chances({"A": yes(10, 3)}) == {"A": 1.0}


def test_the_chance_is_that_of_two_normal_means() -> None:
    # Shares of 202/1002 and 232/1002 differ by 1.62 standard errors: 0.947 of a normal curve.
    chances = win_chances({"A": yes(1_000, 201), "B": yes(1_000, 231)})
    assert chances["B"] == pytest.approx(0.947, abs=0.002)


@pytest.mark.parametrize(
    ("ways", "winner"),
    [
        ({"A": yes(500, 100), "B": yes(500, 140)}, "B"),
        ({"A": yes(499, 100), "B": yes(5_000, 4_000)}, ""),
        ({"A": yes(500, 100), "B": yes(500, 110)}, ""),
        ({"A": yes(500, 0), "B": yes(500, 0)}, ""),
        ({"A": Measured(600, 0, 0), "B": Measured(600, 90_000, 90_000_000)}, "B"),
        ({"A": yes(500, 400)}, ""),
        ({}, ""),
    ],
    ids=["sure", "too few", "not sure", "nothing", "revenue", "alone", "none"],
)
def test_a_winner_needs_people_and_certainty(ways: dict[str, Measured], winner: str) -> None:
    assert find_winner(ways) == winner


def test_by_what_it_is_found_is_one_of_three() -> None:
    split = shares("ab_split", ("A", 50, "note"), ("B", 50, "note"), find_winner="luck")
    with pytest.raises(GraphError) as caught:
        check_graph(definition({"ab": split, "note": message_node()}))
    assert [problem.path for problem in caught.value.problems] == ["nodes.ab.find_winner"]


def split_flow(metric: str) -> dict[str, object]:
    split = shares("ab_split", ("A", 50, "note"), ("B", 50, "order"), find_winner=metric)
    nodes = {"ab": split, "note": message_node(), "order": message_node("order_note")}
    return definition(nodes)


def take(way: str, people: list[Profile]) -> None:
    """Send people one way, whatever lots they drew."""
    steps = RunStep.objects.filter(node_id="ab", run__profile__in=people)
    steps.update(result=f"way: {way}")


@pytest.mark.parametrize("metric", ["opens", "clicks", "revenue"])
def test_new_people_take_the_winner_and_the_others_keep_theirs(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, metric: str
) -> None:
    monkeypatch.setattr("flows.domain.winning.LEAST", 6)
    make_flow(split_flow(metric))
    people = [make_profile() for _ in range(12)]
    for person in people:
        happen("Order Placed", person)
    advance()
    take("A", people[:6])
    take("B", people[6:])
    noon.shift(60)
    Message.objects.update(status="sent", sent_at=clock.now())
    noon.shift(60)
    if metric == "opens":
        Message.objects.filter(profile__in=people[6:]).update(opened_at=clock.now())
    if metric == "clicks":
        Message.objects.filter(profile__in=people[6:]).update(clicked_at=clock.now())
    for at, person in enumerate(people[6:] if metric == "revenue" else []):
        make_order(person, 1_000 + at, base_gross_minor=1_000 + at, ordered_at=clock.now())
    noon.shift(4 * 24 * 3600)
    assert measure_due(Deadline(seconds=None)) == 1
    assert ABTest.objects.get().winner == ""
    noon.shift(24 * 3600)
    assert measure_due(Deadline(seconds=None)) == 1
    test = ABTest.objects.get()
    assert (test.winner, test.recipients, test.due_at) == ("B", {"A": 6, "B": 6}, None)
    assert test.chances["B"] > 0.9
    told = AuditEntry.objects.get(action="flow.winner_found").after or {}
    assert (told["winner"], measure_due(Deadline(seconds=None))) == ("B", 0)

    newcomers = [make_profile() for _ in range(5)]
    for person in [*newcomers, people[0]]:
        happen("Order Placed", person)
    advance()
    ways = RunStep.objects.filter(node_id="ab").order_by("pk").values_list("result", flat=True)
    assert list(ways)[-6:] == ["way: B"] * 5 + ["way: A"]


def measurable(noon: time_machine.Traveller, people: list[Profile]) -> None:
    """Let people come to a split of opens, half of them each way, and their time be over."""
    for person in people:
        happen("Order Placed", person)
    advance()
    half = len(people) // 2
    take("A", people[:half])
    take("B", people[half:])
    Message.objects.update(status="sent", sent_at=clock.now())
    noon.shift(5 * 24 * 3600)


def test_the_newest_are_measured_and_many_of_them_less_often(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flow(split_flow("opens"))
    measurable(noon, [make_profile() for _ in range(8)])
    monkeypatch.setattr("flows.queries.ab_tests.MOST", 6)
    assert measure_due(Deadline(seconds=None)) == 1
    test = ABTest.objects.get()
    assert test.recipients == {"A": 2, "B": 4}
    assert test.due_at == clock.now() + timedelta(hours=1)
    rarer = ((7, timedelta(days=1)), (6, timedelta(hours=6)))
    monkeypatch.setattr("flows.services.ab_tests.RARER", rarer)
    noon.shift(3600)
    assert measure_due(Deadline(seconds=None)) == 1
    assert ABTest.objects.get().due_at == clock.now() + timedelta(hours=6)


def test_a_split_that_cannot_be_measured_stops_no_other(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = make_flow(split_flow("opens"), name="Broken")
    make_flow(split_flow("opens"))
    measurable(noon, [make_profile() for _ in range(2)])

    def measure(flow_id: int, *asked: str, **how: Any) -> Mapping[str, Measured]:
        if flow_id == broken.pk:
            raise ValueError("no number")
        return measure_ways(flow_id, *asked, **how)

    monkeypatch.setattr("flows.services.ab_tests.measure_ways", measure)
    assert measure_due(Deadline(seconds=None)) == 2
    hour = clock.now() + timedelta(hours=1)
    tests = ABTest.objects.order_by("pk").values_list("recipients", "due_at")
    assert list(tests) == [({}, hour), ({"A": 1, "B": 1}, hour)]


def test_a_split_is_measured_while_it_is_live_and_asked_for(tenant: Tenant) -> None:
    flow = make_flow(split_flow("opens"))
    assert ABTest.objects.get().due_at == clock.now() + timedelta(hours=1)
    set_status(flow.pk, FlowStatus.PAUSED)
    assert ABTest.objects.get().due_at is None
    set_status(flow.pk, FlowStatus.LIVE)
    ABTest.objects.update(winner="A", due_at=None)
    publish(flow.pk, {**split_flow("opens"), "max_event_age": {"n": 1, "unit": "days"}})
    assert ABTest.objects.get().winner == "A"
    publish(flow.pk, split_flow("clicks"))
    assert (ABTest.objects.get().winner, ABTest.objects.get().metric) == ("", "clicks")
    publish(flow.pk, definition())
    assert not ABTest.objects.exists()
    assert not FlowRun.objects.exists()
