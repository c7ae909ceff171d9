"""Steps that do something: once for each visit, in the transaction that moves the run on."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from analytics.queries.attention import find_item
from crm.models import Event, Profile
from flows.models import FlowRun, RunStep
from flows.services import effects, engine
from flows.services.engine import resume_failed
from kernel import clock
from kernel.errors import Invalid
from loyalty.models import PointsEntry
from loyalty.queries.ledger import balance_of
from loyalty.services import checks as points_checks
from messaging.models import Message
from stores.models import WebhookDelivery, WebhookEndpoint
from tenants.models import Tenant
from tests.factories.coupons import make_pool
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import act, wait
from tests.flows.support import advance, happen

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile(properties={"visits": 2, "old": "x"})


def run_through(nodes: dict[str, Any], *people: Profile, **properties: Any) -> None:
    make_flow(definition(nodes))
    for person in people:
        happen("Order Placed", person, **properties)
    advance()


def results() -> list[tuple[str, str]]:
    return list(RunStep.objects.order_by("id").values_list("node_id", "result"))


def test_properties_are_set_added_to_copied_and_removed(ada: Profile) -> None:
    run_through(
        {
            "a": act("update_property", "b", property="stage", value="loyal"),
            "b": act("update_property", "c", property="visits", how="add", value=1.5),
            "c": act("update_property", "d", property="city_of_order", how="copy", value="city"),
            "d": act("update_property", "e", property="old", how="remove"),
            "e": act("update_property", "end", property="seen", how="now"),
        },
        ada,
        city="Leeds",
    )
    ada.refresh_from_db()
    assert ada.properties == {
        "stage": "loyal",
        "visits": 3.5,
        "city_of_order": "Leeds",
        "seen": "2026-06-01T12:00:00+00:00",
    }
    assert [result for _, result in results()] == ["changed"] * 5 + ["exit"]
    told = Event.objects.filter(name="Profile Updated").order_by("pk")
    flow = FlowRun.objects.get().flow_id
    assert [event.properties for event in told] == [
        {"changed": [name], "by": f"flow:{flow}"}
        for name in ("stage", "visits", "city_of_order", "old", "seen")
    ]


def test_a_property_that_is_set_already_is_no_news(ada: Profile) -> None:
    run_through({"a": act("update_property", property="old", value="x")}, ada)
    assert not Event.objects.filter(name="Profile Updated").exists()


def test_two_runs_of_one_person_add_up(ada: Profile) -> None:
    run_through({"a": act("update_property", property="visits", how="add", value=1)}, ada, ada, ada)
    ada.refresh_from_db()
    assert ada.properties["visits"] == 5


def test_what_follows_sees_what_was_written(ada: Profile) -> None:
    run_through(
        {
            "tag": act("tag", "ask", add=["VIP"], remove=["new"]),
            "ask": {
                "type": "split",
                "condition": {"field": "tags", "is": "contains", "value": "VIP"},
                "yes": "note",
                "no": "end",
            },
            "note": message_node(),
        },
        ada,
    )
    ada.refresh_from_db()
    assert ada.tags == ["VIP"]
    assert results() == [("tag", "tagged"), ("ask", "yes"), ("note", "queued"), ("end", "exit")]


def test_points_are_given_once_for_each_visit(ada: Profile) -> None:
    bob = make_profile()
    run_through({"a": act("points", points=50)}, ada, bob, ada)
    assert (balance_of(ada.pk), balance_of(bob.pk)) == (100, 50)
    entries = PointsEntry.objects.order_by("source_key")
    runs = FlowRun.objects.order_by("pk").values_list("pk", flat=True)
    assert {entry.source_key for entry in entries} == {f"flow:{run}:a:1" for run in runs}
    assert {(entry.kind, entry.note) for entry in entries} == {("adjust", "Flow: Test flow")}
    assert points_checks.find_differences() == []


def make_endpoint() -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(
        url="https://example.com/hook", secret_encrypted="x", types=["order.placed"]
    )


def test_an_endpoint_is_told_who_came(ada: Profile) -> None:
    endpoint = make_endpoint()
    run_through(
        {"a": act("webhook", endpoint=str(endpoint.pk), data={"list": "gold"})}, ada, total="9.90"
    )
    run = FlowRun.objects.get()
    delivery = WebhookDelivery.objects.get()
    body = json.loads(delivery.body)
    assert (delivery.endpoint_id, delivery.profile_id, delivery.type) == (
        endpoint.pk,
        ada.pk,
        "flow.reached",
    )
    assert delivery.message_id == f"msg_{run.tenant_id}_flow:{run.pk}:a:1"
    assert body["type"] == "flow.reached"
    assert body["data"] == {
        "profile": body["data"]["profile"],
        "flow_id": str(run.flow_id),
        "flow": "Test flow",
        "run_id": str(run.pk),
        "node_id": "a",
        "event": "Order Placed",
        "properties": {"total": "9.90"},
        "data": {"list": "gold"},
    }
    assert body["data"]["profile"]["id"] == str(ada.pk)


def test_an_endpoint_that_is_gone_stops_the_run_visibly(
    ada: Profile, noon: time_machine.Traveller
) -> None:
    endpoint = make_endpoint()
    make_flow(
        definition({"w": wait(1, "hours", "a"), "a": act("webhook", endpoint=str(endpoint.pk))})
    )
    happen("Order Placed", ada)
    advance()
    WebhookEndpoint.objects.all().delete()
    noon.shift(3600)
    advance()
    run = FlowRun.objects.get()
    assert (run.status, run.current_node) == ("failed", "a")
    assert run.exit_reason == "the endpoint that it tells does not exist any more"
    assert resume_failed([run.pk]) == 1


def test_a_definition_names_no_endpoint_or_coupon_that_does_not_exist(ada: Profile) -> None:
    nodes = {"a": act("webhook", "b", endpoint="7"), "b": act("coupon", coupon="8")}
    with pytest.raises(Invalid) as caught:
        make_flow(definition(nodes))
    assert caught.value.fields == {
        "nodes.a.endpoint": "endpoint 7 does not exist",
        "nodes.b.coupon": "coupon 8 does not exist",
    }


def test_messages_after_a_coupon_was_chosen_carry_its_code(ada: Profile) -> None:
    ten, twenty = make_pool(), make_pool()
    run_through(
        {
            "before": message_node(then="ten"),
            "ten": act("coupon", "first", coupon=str(ten.pk)),
            "first": message_node(then="twenty"),
            "twenty": act("coupon", "second", coupon=str(twenty.pk)),
            "second": message_node(),
        },
        ada,
    )
    contexts = Message.objects.order_by("id").values_list("context", flat=True)
    assert [context.get("coupon") for context in contexts] == [None, ten.pk, twenty.pk]


@pytest.mark.covers("F21")
def test_the_team_is_told_who_came(ada: Profile, noon: time_machine.Traveller) -> None:
    run_through({"a": act("alert", text="Call them today")}, ada, make_profile())
    assert results()[:2] == [("a", "alerted"), ("a", "alerted")]
    flow = FlowRun.objects.all()[0].flow_id
    notice = find_item(f"flow.alert:{flow}:a")
    assert notice is not None
    assert (notice.title, notice.id) == ("Call them today", flow)
    assert notice.text == "Test flow: 2 people came to this step within 7 days."
    noon.shift(timedelta(days=7, seconds=1))
    assert find_item(notice.key) is None


def test_what_breaks_takes_back_everything_of_its_batch_and_nothing_is_done_twice(
    ada: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = make_profile()
    make_flow(definition({"tag": act("tag", "pay", add=["paid"]), "pay": act("points", points=5)}))
    happen("Order Placed", ada)
    happen("Order Placed", bob)
    real = effects.carry_out

    def break_for_bob(dues: Any, now: Any) -> None:
        real(dues, now)
        if any(due.node == "pay" and due.walker.profile_id == bob.pk for due in dues):
            raise ValueError("the ledger is closed")

    monkeypatch.setattr(engine, "carry_out", break_for_bob)
    advance()
    assert (balance_of(ada.pk), balance_of(bob.pk)) == (5, 0)
    failed = FlowRun.objects.get(profile=bob)
    assert (failed.status, failed.current_node, failed.exit_reason) == (
        "failed",
        "pay",
        "ValueError: the ledger is closed",
    )
    monkeypatch.setattr(engine, "carry_out", real)
    resume_failed([failed.pk])
    advance()
    assert (balance_of(ada.pk), balance_of(bob.pk)) == (5, 5)
    assert FlowRun.objects.filter(status="completed", finished_at=clock.now()).count() == 2
