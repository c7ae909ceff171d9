"""A stored definition that cannot be read, beside others that can."""

from datetime import timedelta

import pytest
import time_machine

from crm.models import Profile
from flows.models import Flow, FlowRun, FlowVersion
from flows.queries import versions
from flows.services.gating import ask_exit_condition, ask_flow_filter
from kernel import clock
from messaging.types import Verdict
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import act, wait
from tests.flows.support import advance, happen, pending

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F3")]


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile()


def spoil(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store of a flow what no reader takes; its checksum, by which it is kept, is another one."""
    monkeypatch.setattr(versions, "_graphs", {})
    version = FlowVersion.objects.get(flow=flow)
    nodes = {key: {**node, "type": "unheard of"} for key, node in version.graph["nodes"].items()}
    FlowVersion.objects.filter(pk=version.pk).update(
        graph={**version.graph, "nodes": nodes}, checksum="spoilt"
    )


def runs_of(flow: Flow) -> list[tuple[str, str]]:
    runs = FlowRun.objects.filter(flow=flow).order_by("pk")
    return list(runs.values_list("status", "exit_reason"))


def test_a_definition_that_cannot_be_read_stops_no_other_flow(
    ada: Profile, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = {"day": wait(1, "days", "tell"), "tell": act("alert", text="Call them")}
    exits = [{"event": "Order Cancelled"}]
    spoilt = make_flow(definition(nodes, exit_on=exits), name="Spoilt")
    sound = make_flow(definition(nodes, exit_on=exits), name="Sound")
    happen("Order Placed", ada)
    advance()
    spoil(spoilt, monkeypatch)

    noon.shift(timedelta(hours=1))
    happen("Order Placed", ada)
    assert (runs_of(spoilt), runs_of(sound)) == ([("active", "")], [("active", "")] * 2)
    noon.shift(timedelta(hours=1))
    happen("Order Cancelled", ada)
    assert runs_of(spoilt) == [("active", "")]
    assert runs_of(sound) == [("exited", "Order Cancelled")] * 2

    happen("Order Placed", ada)
    advance()
    noon.shift(timedelta(days=1))
    advance()
    assert [status for status, _ in runs_of(spoilt)] == ["failed"]
    assert runs_of(spoilt)[0][1].startswith("GraphError: ")
    assert runs_of(sound)[2] == ("completed", "")


def test_a_message_of_a_definition_that_cannot_be_read_is_stopped(
    ada: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = make_flow(definition({"note": message_node()}))
    happen("Order Placed", ada)
    advance()
    message = pending()
    assert ask_exit_condition([message], clock.now())[message.id] == Verdict(passed=True)
    spoil(flow, monkeypatch)
    said = ask_exit_condition([message], clock.now())[message.id]
    assert said == Verdict(passed=False, detail="the definition of the flow cannot be read")
    assert ask_flow_filter([message], clock.now()) == {}
