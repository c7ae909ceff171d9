"""The simulated shopper walks a flow as the engine would take them, and nothing happens."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from flows.domain.parsing import parse_graph
from flows.domain.wishes import list_controls
from flows.models import Flow
from flows.services.drafts import save_draft
from flows.services.dry.facts import Choice
from flows.services.dry.shopper import Walked, Wishes, walk_shopper
from kernel import clock
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.factories.tenants import sign_in
from tests.flows.conftest import NOON
from tests.flows.nodes import shares, wait, wait_event
from tests.flows.support import count_changes

pytestmark = pytest.mark.usefixtures("noon")

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def recovery() -> dict[str, Any]:
    """Return a cart recovery: a mail, a second one to who did not open it, and a split."""
    return definition(
        {
            "hour": wait(1, "hours", "note"),
            "note": message_node(then="read"),
            "read": wait_event(
                {"message": "note", "is": "opened"}, on_event="uk", on_timeout="again"
            ),
            "again": message_node(then="uk"),
            "uk": {
                "type": "split",
                "condition": {"field": "country", "is": "=", "value": "GB"},
                "yes": "nine",
                "no": "end",
            },
            "nine": wait(1, "days", "last", until_time="09:00"),
            "last": message_node(),
        },
        trigger={
            "event": "Cart Abandoned",
            "filter": [{"property": "total", "is": ">", "value": 10}],
        },
        entry_filter={"field": "country", "is": "=", "value": "GB"},
        exit_on=[{"event": "Order Placed"}],
    )


def walk(raw: dict[str, Any], **wishes: Any) -> Walked:
    said = {"profile_id": 0, "starts_at": NOON, "properties": {"total": 12}, **wishes}
    walked = walk_shopper(1, parse_graph(raw), Wishes(**said), now=clock.now())
    assert walked is not None
    return walked


def mails(walked: Walked) -> list[tuple[str, timedelta]]:
    return [(stop.node, stop.at - NOON) for stop in walked.stops if stop.template]


def test_who_never_opens_gets_everything_at_its_local_time(tenant: Tenant) -> None:
    walked = walk(recovery(), zone="Asia/Tokyo")
    assert mails(walked) == [
        ("note", HOUR),
        ("again", 25 * HOUR),
        # A day after 22:00 in Tokyo, and then nine in the morning there, which is midnight UTC.
        ("last", datetime(2026, 6, 4, 0, tzinfo=UTC) - NOON),
    ]
    assert (walked.status, walked.refused, walked.zone) == ("completed", "", "Asia/Tokyo")


def test_choices_are_what_happens_at_the_waits_and_splits(tenant: Tenant) -> None:
    opened = walk(recovery(), choices={"read": Choice(after=2 * HOUR), "uk": Choice(way="no")})
    assert mails(opened) == [("note", HOUR)]
    assert [(stop.node, stop.result, stop.at - NOON) for stop in opened.stops] == [
        ("hour", "waited", HOUR),
        ("note", "queued", HOUR),
        ("read", "happened", 3 * HOUR),
        ("uk", "no", 3 * HOUR),
        ("end", "exit", 3 * HOUR),
    ]


def test_an_exit_condition_ends_the_walk_when_it_is_to_be_met(tenant: Tenant) -> None:
    walked = walk(recovery(), exit_after={0: 2 * HOUR})
    assert mails(walked) == [("note", HOUR)]
    assert (walked.status, walked.reason) == ("exited", "Order Placed")
    assert walked.stops[-1].result == "exited: Order Placed"


def test_who_does_not_get_in_is_told_why(tenant: Tenant) -> None:
    small = walk(recovery(), properties={"total": 3})
    assert (small.stops, small.refused) == ([], "The event does not match the trigger filter")
    abroad = walk(recovery(), profile_id=make_profile(country="US").pk)
    assert abroad.refused == "The profile does not match the entry filter"
    keyed = definition({"note": message_node()}, reentry={"policy": "keyed", "property": "cart_id"})
    assert walk(keyed).refused == "The event lacks the property that tells runs apart"
    assert mails(walk(keyed, properties={})) == [("note", timedelta(0))]
    nobody = Wishes(profile_id=999_999, starts_at=NOON)
    assert walk_shopper(1, parse_graph(recovery()), nobody, now=clock.now()) is None


def test_a_lot_can_be_chosen_or_drawn(tenant: Tenant) -> None:
    raw = definition(
        {
            "lot": shares("ab_split", ("A", 50, "a"), ("B", 50, "b")),
            "a": message_node(),
            "b": message_node(),
        }
    )
    for way in "AB":
        assert mails(walk(raw, choices={"lot": Choice(way=f"way: {way}")})) == [
            (way.lower(), timedelta(0))
        ]
    assert len(mails(walk(raw))) == 1


def test_a_walk_writes_nothing(tenant: Tenant, noon: time_machine.Traveller) -> None:
    ada = make_profile(country="GB", timezone="Europe/London")
    owner = sign_in(tenant)
    flow = make_flow(recovery())
    address = f"/t/ada-soap/flows/{flow.pk}/try/?who={ada.pk}&says=%7B%22total%22%3A20%7D"
    owner.get(address)
    before = count_changes()
    page = owner.get(address).content.decode()
    assert count_changes() == before
    assert page.count("/try/message/?template=note&amp;person=") == 3
    walked = walk(recovery(), profile_id=ada.pk)
    assert len(mails(walked)) == 3
    assert count_changes() == before


@pytest.fixture
def flow(tenant: Tenant) -> Flow:
    return make_flow(recovery())


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    return sign_in(tenant)


def test_each_message_is_shown_as_it_would_arrive(flow: Flow, owner: Client) -> None:
    address = f"/t/ada-soap/flows/{flow.pk}/try/message/"
    part = owner.get(f"{address}?template=note&person=").content.decode()
    for words in ("Hello", "Show it as it would arrive", "/frame/?person="):
        assert words in part, words
    assert "does not exist any more" in owner.get(f"{address}?template=gone").content.decode()


def test_a_draft_is_walked_before_what_runs_and_says_what_it_lacks(
    flow: Flow, owner: Client
) -> None:
    address = f"/t/ada-soap/flows/{flow.pk}/try/?says=%7B%22total%22%3A20%7D"
    save_draft(flow.pk, definition(), revision=None, actor="ada@example.com")
    assert owner.get(address).content.decode().count("/try/message/?") == 1
    assert owner.get(f"{address}&what=live").content.decode().count("/try/message/?") == 3
    save_draft(flow.pk, {"trigger": {}}, revision=None, actor="ada@example.com")
    assert "What is missing" in owner.get(address).content.decode()
    idea = Flow.objects.create(name="Idea")
    page = owner.get(f"/t/ada-soap/flows/{idea.pk}/try/").content.decode()
    assert "Nothing was made of this flow yet" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("says=%7B%22total%22%3A20%7D&at.read=after:60&exit.0=after:1440", "Over: Order Placed"),
        ("", "The event does not match the trigger filter"),
        ("says=[1]", "must be a JSON object"),
        ("q=zoe@nowhere.example", "Nobody is found"),
        ("says=%7B%22total%22%3A20%7D&starts=2026-07-01T10:00", "Wed 1 Jul 2026, 11:00"),
        ("starts=soon&at.read=nonsense", "Happens after 2 days"),
    ],
)
def test_the_page_walks_as_it_is_asked(flow: Flow, owner: Client, query: str, words: str) -> None:
    page = owner.get(f"/t/ada-soap/flows/{flow.pk}/try/?{query}").content.decode()
    assert words in page


def test_everything_that_can_be_chosen_stands_in_the_order_of_the_flow(tenant: Tenant) -> None:
    controls = list_controls(parse_graph(recovery()))
    assert [control.node for control in controls] == ["read", "uk"]
    assert dict(controls[1].options) == {
        "": "As the person’s figures say",
        "yes": "Yes",
        "no": "No",
    }
