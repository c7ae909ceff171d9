"""Publishing, switching, and the flows every tenant starts with."""

from typing import Any

import pytest

from flows.choices import FlowStatus
from flows.models import Flow, FlowVersion
from flows.services.flows import create_flow, publish, set_status
from flows.services.library import install_flows
from kernel.errors import Conflict, Invalid, NotFound
from segments.queries.listing import get_segment
from segments.queries.users import find_users
from segments.services.segments import delete_segment
from tests.factories.flows import definition, message_node
from tests.flows.support import make_segment, make_template

pytestmark = pytest.mark.usefixtures("noon")


def faults(graph: dict[str, Any]) -> dict[str, str]:
    flow = create_flow(name="Faulty")
    with pytest.raises(Invalid) as caught:
        publish(flow.pk, graph)
    assert not FlowVersion.objects.exists()
    return caught.value.fields


def test_a_version_is_frozen_and_the_same_text_makes_no_second_one() -> None:
    flow = create_flow(name="Thanks")
    first = publish(flow.pk, definition(), actor="ada@example.com")
    again = publish(flow.pk, definition())
    second = publish(flow.pk, definition({"a": message_node("order_note")}))
    assert (first.number, again.pk, second.number) == (1, first.pk, 2)
    assert first.created_by == "ada@example.com"
    assert first.checksum != second.checksum
    assert Flow.objects.get().version_number == 2
    assert FlowVersion.objects.get(number=1).graph == definition()


def test_a_flow_without_a_version_cannot_go_live() -> None:
    flow = create_flow(name="Empty")
    with pytest.raises(Conflict):
        set_status(flow.pk, FlowStatus.LIVE)
    assert Flow.objects.get().status == "draft"


def test_names_are_unique_and_unknown_flows_are_said_to_be() -> None:
    create_flow(name="Thanks")
    with pytest.raises(Conflict):
        create_flow(name="Thanks")
    with pytest.raises(NotFound):
        publish(404, definition())


def test_an_event_that_sets_off_nothing_is_refused() -> None:
    graph = definition(trigger={"event": "Note Added"}, exit_on=[{"event": "Price Dropped"}])
    assert set(faults(graph)) == {"trigger.event", "exit_on.0"}


def test_segments_templates_and_conditions_must_exist() -> None:
    graph = definition(
        {"a": message_node("no_such")},
        trigger={"segment": "404"},
        exit_on=[{"segment": "405"}],
    )
    assert faults(graph) == {
        "exit_on.0": "segment 405 does not exist",
        "trigger.segment": "segment 404 does not exist",
        "nodes.a.template": "'no_such' does not exist",
    }


def test_a_condition_that_cannot_be_asked_is_refused_with_its_place() -> None:
    graph = definition(entry_filter={"field": "shoe_size", "is": ">", "value": 1})
    assert list(faults(graph)) == ["entry_filter.definition.field"]


def test_the_library_is_installed_once_and_live() -> None:
    with pytest.raises(NotFound):
        install_flows()
    segment = make_segment("at_risk")
    make_template("post_purchase", "transactional")
    make_template("win_back")
    make_template("win_back_reminder")
    install_flows()
    install_flows()

    flows = Flow.objects.order_by("id").values_list("key", "name", "status", "version_number")
    assert list(flows) == [
        ("post_purchase", "Post-purchase confirmation", "live", 1),
        ("win_back", "Win-back", "live", 1),
    ]
    graph = FlowVersion.objects.get(flow__key="win_back").graph
    assert graph["trigger"] == {"segment": str(segment.pk)}


def test_a_segment_that_a_flow_names_says_so_and_cannot_be_deleted() -> None:
    segment, other = make_segment("at_risk"), make_segment()
    flow = create_flow(name="Come back")
    publish(flow.pk, definition(trigger={"segment": str(segment.pk)}))
    [user] = find_users()[segment.pk]
    assert (user.kind, user.name, user.route, user.object_id) == (
        "Flow",
        "Come back",
        "flows:detail",
        flow.pk,
    )
    assert not user.starts_on_entry
    set_status(flow.pk, FlowStatus.LIVE)
    assert [user.starts_on_entry for user in find_users()[segment.pk]] == [True]
    assert other.pk not in find_users()
    with pytest.raises(Conflict, match="at_risk is used by Come back"):
        delete_segment(segment.pk)
    assert get_segment(segment.pk) == segment
