"""A backtest of somebody with many runs, each of which asks what was so at its own moment."""

from datetime import timedelta
from itertools import accumulate, cycle, islice
from typing import Any

import pytest
import time_machine

from flows.domain.parsing import parse_graph
from flows.services.dry import backtests
from flows.services.dry.backtests import replay, start_backtest
from kernel import clock
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.conftest import NOON
from tests.flows.nodes import wait
from tests.flows.test_backtest import DAY, dry, live, really, work_off

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("X1")]

RUNS = 24
GAPS = (61, 67, 127, 541, 1_561)
"""Minutes between two orders of somebody who orders all the time."""


def ask(count: int, hours: int, *, yes: str, no: str) -> dict[str, Any]:
    """Return a split by how many orders there were of late."""
    within = {"hours": hours}
    often = {"event": "Order Placed", "count": {"is": ">=", "value": count}, "within": within}
    return {"type": "split", "condition": often, "yes": yes, "no": no}


def test_many_runs_of_one_person_are_asked_about_together(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = definition(
        {
            "hour": wait(1, "hours", "often"),
            "often": ask(3, 6, yes="day", no="note"),
            "day": wait(1, "days", "still"),
            "still": ask(2, 24, yes="end", no="thanks"),
            "note": message_node(then="week"),
            "week": wait(7, "days", "later"),
            "later": ask(1, 48, yes="end", no="thanks"),
            "thanks": message_node(),
        },
        reentry={"policy": "every_time"},
    )
    flow, ada, zoe = make_flow(raw), make_profile(), make_profile()
    times = list(accumulate(islice(cycle(GAPS), RUNS)))
    story: list[Any] = [(timedelta(minutes=at), "Order Placed", 0, {}) for at in times]
    story.append((timedelta(minutes=times[-1] + 1), "Order Placed", 1, {}))
    live(noon, [ada, zoe], story, 30 * DAY)

    # More than 50 questions, each at a moment of its own, behind at most two others.
    monkeypatch.setattr(backtests, "MOST_ROUNDS", 7)
    people = [ada.pk, zoe.pk]
    passages = replay(flow.pk, parse_graph(raw), people, since=NOON, until=clock.now())
    assert dry(passages) == really()
    assert [len(each.runs) for each in passages] == [RUNS, 1]
    assert {each.is_lost for each in passages} == {False}
    facts = passages[0].facts
    runs = {run.run_id for each in passages for run in each.runs}
    assert {run_id for run_id, _ in facts.sent} <= runs
    assert {run_id for run_id, _ in facts.visits} <= runs

    # Who cannot be told in that many rounds is counted nowhere, and the result says so.
    monkeypatch.setattr(backtests, "MOST_ROUNDS", 4)
    result = work_off(start_backtest(flow, actor="ada@example.com"))
    assert (result["lost"], result["people"], result["entered"]) == (1, 1, 1)
