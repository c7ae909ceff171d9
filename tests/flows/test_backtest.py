"""A flow replayed over stored events agrees with what the engine really did."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

import pytest
import time_machine
from django.db.models import F, Min
from django.test import Client

from crm.models import ConsentEvent, Event, Profile
from crm.types import OrderRecord
from flows.domain.parsing import parse_graph
from flows.models import Flow, FlowEntry, FlowRun, RunStep
from flows.services.drafts import save_draft
from flows.services.dry.backtests import backtest_batch, replay, start_backtest
from flows.services.dry.gates import find_stopped
from flows.services.dry.passage import Passage
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid
from messaging.models import Message, Template
from stores.simulator.catalogue import JUNIPER
from stores.simulator.history import Year
from tenants.models import Job, Tenant
from tenants.services.job_turns import run_jobs
from tenants.types import JobTurn
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.factories.tenants import sign_in
from tests.flows.conftest import NOON
from tests.flows.nodes import act, shares, wait, wait_event
from tests.flows.support import advance, count_changes, happen

pytestmark = pytest.mark.usefixtures("noon")

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Happening = tuple[timedelta, str, int, dict[str, Any]]
"""After how long, what, to whom by place, and what it says."""


def live(
    noon: time_machine.Traveller, people: list[Profile], story: list[Happening], end: timedelta
) -> None:
    """Let a story happen with the engine at work all the time."""
    for after, name, place, said in story:
        _work_until(noon, NOON + after)
        happen(name, people[place], **said)
        _work()
    _work_until(noon, NOON + end)


def _work_until(noon: time_machine.Traveller, moment: datetime) -> None:
    while True:
        due = FlowRun.objects.filter(status="active").aggregate(at=Min("wake_at"))["at"]
        if due is None or due > moment:
            noon.move_to(moment)
            return
        noon.move_to(due)
        _work()


def _work() -> None:
    """Let the engine do what is due, and every message leave at once."""
    advance()
    Message.objects.filter(sent_at=None).update(status="sent", sent_at=F("due_at"))


CART = {
    "trigger": {"event": "Cart Abandoned"},
    "reentry": {"policy": "keyed", "property": "cart_id"},
}
FLOWS: dict[str, Callable[[], dict[str, Any]]] = {
    "cart recovery": lambda: definition(
        {
            "hour": wait(1, "hours", "note"),
            "note": message_node(then="day"),
            "day": wait(24, "hours", "uk"),
            "uk": {
                "type": "split",
                "condition": {"field": "country", "is": "=", "value": "GB"},
                "yes": "again",
                "no": "end",
            },
            "again": message_node(then="end"),
        },
        **CART,
        exit_on=[{"event": "Order Placed"}],
    ),
    "cart recovery by two channels": lambda: definition(
        {
            "hour": wait(1, "hours", "note"),
            "note": message_node(then="opened"),
            "opened": wait_event({"message": "note", "is": "opened"}, on_timeout="text"),
            "text": message_node("text", channel="sms"),
        },
        **CART,
        exit_on=[{"event": "Order Placed"}],
    ),
    "waits and lots": lambda: definition(
        {
            "wait": wait_event(
                {"event": "Cart Abandoned", "where": [{"property": "n", "is": ">", "value": 1}]},
                on_event="lot",
                on_timeout="morning",
                timeout={"n": 30, "unit": "hours"},
            ),
            "lot": shares("ab_split", ("A", 50, "note"), ("B", 50, "tag")),
            "tag": act("tag", "note", add=["VIP"]),
            "morning": {
                "type": "delay",
                "n": 1,
                "unit": "days",
                "until_time": "09:00",
                "next": "note",
            },
            "note": message_node(then="loop"),
            "loop": {"type": "goto", "target": "morning", "max_visits": 2, "otherwise": "split"},
            "split": {
                "type": "split",
                "condition": {
                    "op": "and",
                    "children": [
                        {"message": "note", "is": "sent"},
                        {"trigger": "n", "is": ">", "value": 0},
                    ],
                },
                "yes": "end",
                "no": "won",
            },
            "won": {"type": "goal", "name": "Done"},
        },
        reentry={"policy": "after", "n": 3, "unit": "days"},
    ),
    "who may enter": lambda: definition(
        {"note": message_node(then="end")},
        trigger={
            "event": "Order Placed",
            "filter": [{"property": "n", "is": ">", "value": 0}],
        },
        entry_filter={"field": "country", "is": "=", "value": "GB"},
        reentry={"policy": "once"},
    ),
    "one at a time": lambda: definition(
        {"hours": wait(4, "hours", "note"), "note": message_node(then="end")},
        reentry={"policy": "every_time", "max_at_once": 1},
    ),
}
STORY: list[Happening] = [
    (0 * HOUR, "Cart Abandoned", 0, {"cart_id": "a", "n": 1}),
    (0.5 * HOUR, "Cart Abandoned", 0, {"cart_id": "a", "n": 1}),
    (2 * HOUR, "Order Placed", 1, {"n": 1}),
    (3 * HOUR, "Cart Abandoned", 1, {"cart_id": "b", "n": 5}),
    (3.5 * HOUR, "Order Placed", 1, {"n": 2}),
    (5 * HOUR, "Order Placed", 2, {"n": 0}),
    (6 * HOUR, "Order Placed", 2, {"n": 3}),
    (7 * HOUR, "Cart Abandoned", 2, {"cart_id": "c", "n": 0}),
    (30 * HOUR, "Cart Abandoned", 2, {"cart_id": "d", "n": 9}),
    (31 * HOUR, "Order Placed", 0, {"n": 7}),
    (4 * DAY, "Order Placed", 1, {"n": 4, "is_backfill": True}),
    (5 * DAY, "Order Placed", 1, {"n": 4}),
    (5 * DAY + HOUR, "Cart Abandoned", 3, {"cart_id": "e", "n": 2}),
]


def make_text() -> None:
    Template.objects.create(
        key="text", name="text", channel="sms", message_class="promotional", text="Hello"
    )


def make_people() -> list[Profile]:
    return [
        make_profile(country="GB", timezone="Europe/London"),
        make_profile(country="US", timezone="America/New_York"),
        make_profile(country="GB"),
        make_profile(country="GB", is_anonymous=True),
    ]


@pytest.mark.covers("X1")
@pytest.mark.parametrize("name", FLOWS)
def test_a_backtest_agrees_message_by_message_with_what_the_engine_did(
    tenant: Tenant, noon: time_machine.Traveller, name: str
) -> None:
    raw = FLOWS[name]()
    make_text()
    flow = make_flow(raw)
    people = make_people()
    live(noon, people, STORY, 12 * DAY)
    ids = [person.pk for person in people]
    passages = replay(flow.pk, parse_graph(raw), ids, since=NOON, until=clock.now())

    assert dry(passages) == really()
    assert really()
    entries = FlowEntry.objects.values_list("event_id", "reason")
    assert sorted(
        (entry.event_id, entry.reason) for each in passages for entry in each.entries
    ) == (sorted(entries))
    steps = RunStep.objects.values_list("run__profile_id", "node_id", "visit", "result", "at")
    went = [
        (passage.person.id, step.node, step.visit, step.result, step.at)
        for passage in passages
        for step in passage.went
    ]
    assert sorted(went) == sorted(steps)
    ended = FlowRun.objects.values_list("profile_id", "status", "exit_reason", "current_node")
    assert sorted(
        (run.profile_id, run.status, run.reason, run.node) for each in passages for run in each.runs
    ) == sorted(ended)


def dry(passages: list[Passage]) -> list[tuple[int, str, datetime]]:
    """Return whom a replay sends which message, and when."""
    return sorted(
        (message.profile_id, message.node_id, message.due_at)
        for passage in passages
        for message in passage.messages
    )


def really() -> list[tuple[int, str, datetime]]:
    """Return whom the engine sent which message, and when."""
    return sorted(Message.objects.values_list("profile_id", "node_id", "due_at"))


def tell_of_carts() -> tuple[list[str], list[Happening]]:
    """Return who bought in the last days of a demo shop, and when they left carts and bought."""
    days = list(Year(JUNIPER, until=NOON + 8 * DAY, seed=20).tell())[-4:]
    orders = [each for day in days for each in day.records if isinstance(each, OrderRecord)]
    emails = sorted({order.email for order in orders})
    gaps = cycle((HOUR / 3, 1.5 * HOUR, 5 * HOUR, 30 * HOUR, 3 * DAY))
    story: list[Happening] = []
    for order, gap in zip(orders, gaps, strict=False):
        after, place = order.ordered_at - NOON, emails.index(order.email)
        cart = {"cart_id": order.external_id}
        story.append((after - gap, "Cart Abandoned", place, cart))
        story.append((after, "Order Placed", place, {}))
        if gap > 5 * HOUR:
            left = {"cart_id": f"{order.external_id}-left"}
            story.append((after + 2 * HOUR, "Cart Abandoned", place, left))
    return emails, sorted(story, key=lambda each: each[0])


def test_of_a_demo_shop_the_replay_of_cart_recovery_sends_what_was_really_sent(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    make_text()
    raw = FLOWS["cart recovery by two channels"]()
    flow = make_flow(raw)
    emails, story = tell_of_carts()
    people = [make_profile(timezone="Europe/London") for _ in emails]
    live(noon, people, story, 12 * DAY)
    ids = [person.pk for person in people]
    passages = replay(flow.pk, parse_graph(raw), ids, since=NOON, until=clock.now())
    assert dry(passages) == really()
    counted = Counter(node for _, node, _ in really())
    assert (counted["note"], counted["text"]) == (24, 16)


def test_messages_without_address_or_consent_of_the_moment_would_not_have_left(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    raw = definition({"note": message_node(then="end")})
    ada, bob, cyd = make_profile(), make_profile(email_consent="subscribed"), make_profile()
    Profile.objects.filter(pk=cyd.pk).update(email="")
    for state, at in (("subscribed", NOON - DAY), ("unsubscribed", NOON + 2 * DAY)):
        ConsentEvent.objects.create(profile=ada, channel="email", state=state, occurred_at=at)
    for day in (0, 3):
        noon.move_to(NOON + day * DAY)
        for person in (ada, bob, cyd):
            happen("Order Placed", person)
    ids = [ada.pk, bob.pk, cyd.pk]
    passages = replay(1, parse_graph(raw), ids, since=NOON - DAY, until=clock.now())
    stopped = find_stopped(passages)
    found = {
        (message.profile_id, message.due_at.day): stopped.get(message.key, "due")
        for passage in passages
        for message in passage.messages
    }
    assert found == {
        (ada.pk, 1): "due",
        (ada.pk, 4): "no_consent",
        (bob.pk, 1): "due",
        (bob.pk, 4): "due",
        (cyd.pk, 1): "address_missing",
        (cyd.pk, 4): "address_missing",
    }


def work_off(job: Job) -> dict[str, Any]:
    """Work a backtest off, and return its result."""
    cursor, done = None, 0
    while True:
        turn = JobTurn(job.pk, job.params, cursor, done, job.total, job.actor, None)
        step = backtest_batch(turn)
        cursor, done = step.cursor, done + step.rows
        if cursor is None:
            found: dict[str, Any] = json.loads(step.output)
            return found
        cursor = json.loads(json.dumps(cursor))


def test_a_job_adds_everybody_up_in_batches_and_writes_nothing(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = FLOWS["cart recovery"]()
    flow = make_flow(raw)
    people = make_people()
    live(noon, people, STORY, 12 * DAY)
    monkeypatch.setattr("flows.services.dry.backtests.BATCH", 2)
    Profile.objects.filter(pk=people[0].pk).update(email_consent="subscribed")
    job = start_backtest(flow, actor="ada@example.com")
    before = count_changes()
    result = work_off(job)
    assert count_changes() == before
    assert job.total == 4
    assert (result["entered"], result["people"]) == (FlowRun.objects.count(), 3)
    assert result["refused"] == {"frequency": 1}
    due = {
        node: sum(sum(outcomes.values()) for outcomes in days.values())
        for node, days in result["messages"].items()
    }
    assert sum(due.values()) == Message.objects.count()
    assert (result["really_sent"], result["overlap"]) == (Message.objects.count(), 2)
    assert any("as they are today" in words for words in result["approximations"])


def test_a_draft_is_tried_with_the_definition_that_is_sent(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    ada = make_profile()
    happen("Order Placed", ada)
    noon.shift(DAY)
    idea = Flow.objects.create(name="Idea")
    with pytest.raises(Conflict):
        start_backtest(idea, actor="ada@example.com")
    with pytest.raises(Invalid):
        start_backtest(idea, actor="ada@example.com", graph={"trigger": {}})
    with pytest.raises(Invalid):
        start_backtest(idea, actor="ada@example.com", graph=definition(), days=0)
    save_draft(idea.pk, definition(), revision=None, actor="ada@example.com")
    result = work_off(start_backtest(idea, actor="ada@example.com"))
    assert result["entered"] == 1
    result = work_off(start_backtest(idea, actor="ada@example.com", graph=definition()))
    assert (result["entered"], FlowRun.objects.count()) == (1, 0)
    assert Event.objects.count() == 1


def test_the_statements_do_not_grow_with_the_people(
    tenant: Tenant, noon: time_machine.Traveller, django_assert_num_queries: Any
) -> None:
    raw = FLOWS["cart recovery"]()
    people = [make_profile(country="GB") for _ in range(12)]
    for place, person in enumerate(people):
        happen("Cart Abandoned", person, cart_id=str(place))
    noon.shift(10 * DAY)
    graph = parse_graph(raw)
    for some in (people[:1], people):
        with django_assert_num_queries(7):
            replay(1, graph, [each.pk for each in some], since=NOON - DAY, until=clock.now())


def test_the_page_starts_a_replay_and_shows_what_it_found(
    tenant: Tenant, noon: time_machine.Traveller, broker: object
) -> None:
    raw = FLOWS["cart recovery"]()
    flow = make_flow(raw)
    live(noon, make_people(), STORY, 12 * DAY)
    owner, address = sign_in(tenant), f"/t/ada-soap/flows/{flow.pk}/backtest/"
    assert "What would it have done?" in owner.get(address).content.decode()
    assert owner.post(f"{address}begin/", {"days": "5"}).status_code == 422
    assert owner.post(f"{address}begin/", {"days": "90"}).status_code == 302
    assert "The progress" in owner.get(address).content.decode()
    run_jobs(Deadline(seconds=None))
    page = owner.get(address).content.decode()
    for words in ("Would have entered", "By message", "No marketing consent on this channel"):
        assert words in page, words


def test_the_api_starts_a_replay_and_reads_it(
    tenant: Tenant, noon: time_machine.Traveller, api: Client
) -> None:
    flow = make_flow(definition())
    happen("Order Placed", make_profile(email_consent="subscribed"))
    noon.shift(DAY)
    address = f"/api/v1/flows/{flow.pk}/backtest/"
    assert api.get(address).status_code == 404
    bad = api.post(address, {"days": 0}, content_type="application/json")
    assert (bad.status_code, list(bad.json()["fields"])) == (400, ["days"])
    begun = api.post(address, {"days": 30}, content_type="application/json").json()
    assert (begun["status"], begun["total"], begun["result"]) == ("queued", 1, None)
    run_jobs(Deadline(seconds=None))
    body = api.get(f"{address}?job={begun['id']}").json()
    assert (body["status"], body["done"]) == ("done", 1)
    assert body["result"]["messages"] == {"note": {"2026-06-01": {"due": 1}}}
    assert api.get(f"{address}?job=x").status_code == 404
