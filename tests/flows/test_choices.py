"""Runs at nodes with several ways: branches, lots, A/B splits, channels, jumps and goals."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Profile
from flows.domain.lots import draw_bucket
from flows.models import Flow, FlowRun, RunStep
from flows.services.drafts import look_at
from flows.services.flows import publish
from kernel import clock
from kernel.errors import Invalid
from kernel.tenancy import current_tenant_id
from messaging.models import Message
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.factories.messaging import make_account
from tests.flows.nodes import shares, wait
from tests.flows.support import advance, happen, make_segment, queued

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]


NUMBER = "+447700900123"


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile(first_name="Ada")


def ways(node: str) -> dict[int, str]:
    rows = RunStep.objects.filter(node_id=node).order_by("id")
    return dict(rows.values_list("run__profile_id", "result"))


def named(name: str) -> dict[str, Any]:
    return {"field": "first_name", "is": "=", "value": name}


def test_the_first_branch_that_holds_is_taken(ada: Profile) -> None:
    people = [ada, make_profile(first_name="Bob"), make_profile(first_name="Eve")]
    vip = make_segment("vip", (people[1],))
    make_flow(
        definition(
            {
                "ask": {
                    "type": "branches",
                    "branches": [
                        {
                            "name": "VIP",
                            "condition": {"segment": str(vip.pk), "is": "member"},
                            "next": "note",
                        },
                        {
                            "name": "A or B",
                            "condition": {"op": "or", "children": [named("Ada"), named("Bob")]},
                            "next": "end",
                        },
                    ],
                    "otherwise": "note",
                },
                "note": message_node(),
            }
        )
    )
    for person in people:
        happen("Order Placed", person)
    advance()
    assert ways("ask") == {
        people[0].pk: "way: A or B",
        people[1].pk: "way: VIP",
        people[2].pk: "otherwise",
    }
    assert queued() == [("note", people[1].pk), ("note", people[2].pk)]


def test_a_way_may_ask_what_the_event_says_that_started_the_run(ada: Profile) -> None:
    """Of this very event, whatever else happened to the person."""
    large = {"trigger": "total", "is": ">=", "value": 50}
    ask = {
        "type": "branches",
        "branches": [
            {
                "name": "Large, Ada",
                "condition": {"op": "and", "children": [large, named("Ada")]},
                "next": "end",
            },
            {"name": "Large", "condition": large, "next": "end"},
        ],
        "otherwise": "small",
    }
    small = {
        "type": "split",
        "condition": {"op": "not", "children": [{**large, "is": "<", "value": 20}]},
        "yes": "end",
        "no": "end",
    }
    graph = definition({"ask": ask, "small": small})
    flow = make_flow(graph)
    bob = make_profile(first_name="Bob")
    for person, total in ((ada, 60), (ada, 30), (bob, "50.00"), (bob, 10)):
        happen("Order Placed", person, total=total)
    advance()
    taken = RunStep.objects.exclude(node_id="end").order_by("run_id", "id")
    assert list(taken.values_list("result", flat=True)) == [
        "way: Large, Ada",
        "otherwise",
        "yes",
        "way: Large",
        "otherwise",
        "no",
    ]
    assert (
        look_at(graph)["nodes"]["small"]["text"] == "Not (what started it: total is less than 20)"
    )
    for wrong in ({**large, "is": "near"}, {**large, "trigger": ""}, {**large, "value": None}):
        with pytest.raises(Invalid):
            publish(flow.pk, definition({"ask": {**small, "condition": wrong}}))
    with pytest.raises(Invalid):
        publish(flow.pk, definition(entry_filter=large))


def test_nodes_ask_in_sets_however_many_runs_there_are(ada: Profile) -> None:
    def statements(count: int) -> int:
        for _ in range(count):
            happen("Order Placed", make_profile())
        with CaptureQueriesContext(connection) as found:
            advance()
        return len(found)

    make_flow(
        definition(
            {
                "ask": {
                    "type": "branches",
                    "branches": [{"name": "A", "condition": named("Ada"), "next": "lot"}],
                    "otherwise": "lot",
                },
                "lot": shares("ab_split", ("A", 50, "channel"), ("B", 50, "channel")),
                "channel": {
                    "type": "channel",
                    "branches": [{"channel": "email", "next": "tag"}],
                    "pick": "history",
                    "otherwise": "tag",
                },
                "tag": {"type": "tag", "add": ["seen"], "next": "end"},
            }
        )
    )
    statements(1)
    assert statements(2) == statements(9)


def split_flow(*parts: tuple[str, float, str], **other: Any) -> dict[str, Any]:
    return definition({"ab": shares("ab_split", *parts, **other), "note": message_node()})


def expected(flow: Flow, person: Profile, share: int) -> str:
    bucket = draw_bucket(current_tenant_id(), flow.pk, "ab", person.pk)
    return "way: A" if bucket < share else "way: B"


@pytest.mark.covers("F5")
def test_a_person_takes_the_same_way_for_ever(ada: Profile) -> None:
    people = [make_profile() for _ in range(12)]
    flow = make_flow(split_flow(("A", 50, "note"), ("B", 50, "end")))
    for person in people:
        happen("Order Placed", person)
    advance()
    before = ways("ab")
    assert before == {person.pk: expected(flow, person, 5_000) for person in people}
    assert set(before.values()) == {"way: A", "way: B"}

    publish(flow.pk, split_flow(("A", 1, "note"), ("B", 99, "end")))
    late = [make_profile() for _ in range(6)]
    for person in [*people, *late]:
        happen("Order Placed", person)
    advance()
    assert ways("ab") == {
        **before,
        **{person.pk: expected(flow, person, 100) for person in late},
    }


def test_with_a_winner_newcomers_take_its_way(ada: Profile) -> None:
    people = [make_profile() for _ in range(8)]
    flow = make_flow(split_flow(("A", 50, "note"), ("B", 50, "end")))
    for person in people[:4]:
        happen("Order Placed", person)
    advance()
    before = ways("ab")
    publish(flow.pk, split_flow(("A", 50, "note"), ("B", 50, "end"), winner="B"))
    for person in people:
        happen("Order Placed", person)
    advance()
    assert ways("ab") == {**dict.fromkeys([each.pk for each in people[4:]], "way: B"), **before}


def test_a_way_that_is_gone_is_drawn_anew(ada: Profile) -> None:
    flow = make_flow(split_flow(("A", 0, "note"), ("Old", 100, "end")))
    happen("Order Placed", ada)
    advance()
    assert ways("ab") == {ada.pk: "way: Old"}
    publish(flow.pk, split_flow(("A", 100, "note"), ("New", 0, "end")))
    happen("Order Placed", ada)
    advance()
    assert ways("ab") == {ada.pk: "way: A"}


def test_a_random_share_is_drawn_anew_at_each_visit(ada: Profile) -> None:
    flow = make_flow(
        definition(
            {
                "lot": shares("random", ("A", 50, "note"), ("B", 50, "end")),
                "note": message_node(),
            }
        )
    )
    for _ in range(16):
        happen("Order Placed", ada)
    advance()
    runs = FlowRun.objects.order_by("id").values_list("pk", flat=True)
    drawn = {run: draw_bucket("share", current_tenant_id(), flow.pk, "lot", run, 1) for run in runs}
    found = dict(RunStep.objects.filter(node_id="lot").values_list("run_id", "result"))
    assert found == {run: "way: A" if bucket < 5_000 else "way: B" for run, bucket in drawn.items()}
    assert set(found.values()) == {"way: A", "way: B"}


def channel_flow(**other: Any) -> dict[str, Any]:
    return definition(
        {
            "pick": {
                "type": "channel",
                "branches": [
                    {"channel": "email", "next": "note"},
                    {"channel": "sms", "next": "end"},
                    {"channel": "whatsapp", "next": "end"},
                ],
                "otherwise": "end",
                **other,
            },
            "note": message_node(),
        }
    )


def serve(*channels: str) -> None:
    """Connect an account for each of some channels."""
    for channel in channels:
        make_account(channel, channel)


@pytest.mark.covers("F19")
@pytest.mark.parametrize(
    ("fields", "message_class", "way"),
    [
        ({"email_consent": "subscribed"}, "promotional", "way: email"),
        (
            {"email_consent": "unsubscribed", "sms_consent": "subscribed"},
            "promotional",
            "otherwise",
        ),
        ({"sms_consent": "subscribed", "phone": NUMBER}, "promotional", "way: sms"),
        ({"email_consent": "never"}, "transactional", "way: email"),
        (
            {"email": "", "phone": NUMBER, "whatsapp_consent": "subscribed"},
            "behavioural",
            "way: whatsapp",
        ),
        ({"email": ""}, "transactional", "otherwise"),
    ],
)
def test_a_channel_is_chosen_that_reaches_the_person(
    ada: Profile, fields: dict[str, str], message_class: str, way: str
) -> None:
    Profile.objects.filter(pk=ada.pk).update(email="ada@example.com")
    Profile.objects.filter(pk=ada.pk).update(**fields)
    serve("sms", "whatsapp")
    make_flow(channel_flow(message_class=message_class))
    happen("Order Placed", ada)
    advance()
    assert ways("pick") == {ada.pk: way}


@pytest.mark.covers("F19")
def test_a_channel_without_an_account_reaches_nobody(ada: Profile) -> None:
    Profile.objects.filter(pk=ada.pk).update(
        email="", phone=NUMBER, sms_consent="subscribed", whatsapp_consent="subscribed"
    )
    serve("whatsapp")
    make_flow(channel_flow(message_class="promotional"))
    happen("Order Placed", ada)
    advance()
    assert ways("pick") == {ada.pk: "way: whatsapp"}


@pytest.mark.covers("F19")
def test_the_channel_that_somebody_answers_to_goes_first(ada: Profile) -> None:
    Profile.objects.filter(pk=ada.pk).update(
        email="ada@example.com",
        email_consent="subscribed",
        phone=NUMBER,
        sms_consent="subscribed",
    )
    make_flow(definition({"note": message_node()}), name="Earlier")
    happen("Order Placed", ada)
    advance()
    Message.objects.update(channel="sms", clicked_at=clock.now() - timedelta(days=10))
    Flow.objects.update(status="disabled")
    serve("sms")
    make_flow(channel_flow(pick="history"))
    happen("Order Placed", ada)
    advance()
    assert ways("pick") == {ada.pk: "way: sms"}


def test_a_jump_goes_back_so_often_and_then_on(ada: Profile, noon: time_machine.Traveller) -> None:
    make_flow(
        definition(
            {
                "hour": wait(1, "hours", "note"),
                "note": message_node(then="back"),
                "back": {"type": "goto", "target": "hour", "max_visits": 2, "otherwise": "end"},
            }
        )
    )
    happen("Order Placed", ada)
    for _ in range(4):
        advance()
        noon.shift(timedelta(hours=1))
    visits = RunStep.objects.filter(node_id="back").order_by("id")
    assert list(visits.values_list("visit", "result")) == [
        (1, "again"),
        (2, "again"),
        (3, "otherwise"),
    ]
    assert queued() == [("note", ada.pk)] * 3
    assert FlowRun.objects.get().status == "completed"


def test_a_goal_ends_a_run_as_a_success(ada: Profile) -> None:
    won = {"won": {"type": "goal", "name": "Left a review"}}
    make_flow({**definition(won), "nodes": won})
    happen("Order Placed", ada)
    advance()
    run = FlowRun.objects.get()
    assert (run.status, run.exit_reason) == ("completed", "goal: Left a review")
    assert ways("won") == {ada.pk: "goal"}
