"""What a flow's report counts, and which orders it credits."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from crm.models import Profile
from flows.domain.reports import Days, choose_days
from flows.models import Flow
from flows.queries.reports import report_flow
from kernel import clock
from messaging.models import Message, Touch
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_order, make_profile, make_refund
from tests.factories.tenants import sign_in
from tests.flows.conftest import NOON
from tests.flows.nodes import wait
from tests.flows.support import advance, happen

pytestmark = pytest.mark.usefixtures("noon")

HOUR = timedelta(hours=1)
DAYS = Days(NOON.date(), (NOON + timedelta(days=9)).date())


def send(flow: Flow, profile: Profile) -> Message:
    """Let somebody enter a flow and its message leave."""
    happen("Order Placed", profile)
    advance()
    message = Message.objects.get(flow_id=flow.pk, profile=profile)
    message.status, message.sent_at = "sent", clock.now()
    message.save(update_fields=["status", "sent_at"])
    return message


def touch(message: Message, kind: str, after: timedelta, *, is_bot: bool = False) -> None:
    at = NOON + after
    Touch.objects.create(message=message, profile=message.profile, kind=kind, at=at, is_bot=is_bot)
    if kind in {"opened", "clicked"} and not is_bot:
        Message.objects.filter(pk=message.pk).update(**{f"{kind}_at": at})


@pytest.fixture
def flow(tenant: Tenant) -> Flow:
    raw = definition(
        {
            "note": message_node(then="wait"),
            "wait": wait(1, "days", "won"),
            "won": {"type": "goal", "name": "Thanked"},
        }
    )
    del raw["nodes"]["end"]
    return make_flow(raw, name="Thanks")


def test_an_order_is_credited_to_the_last_click_alone_and_refunds_come_off(
    flow: Flow, noon: time_machine.Traveller
) -> None:
    other = make_flow(definition(trigger={"event": "Cart Abandoned"}), name="Other")
    ada, bob, cyd, dan = (make_profile() for _ in range(4))
    sent = {person: send(flow, person) for person in (ada, bob, cyd, dan)}
    happen("Cart Abandoned", cyd)
    advance()
    later = Message.objects.get(flow_id=other.pk)
    Message.objects.filter(pk=later.pk).update(status="sent", sent_at=NOON)
    touch(sent[ada], "clicked", HOUR)
    touch(sent[ada], "clicked", 2 * HOUR)
    touch(sent[bob], "clicked", HOUR, is_bot=True)
    touch(sent[bob], "opened", HOUR)
    touch(sent[cyd], "clicked", HOUR)
    touch(later, "clicked", 2 * HOUR)
    touch(sent[dan], "clicked", HOUR)
    make_refund(make_order(ada, 10_000, ordered_at=NOON + timedelta(days=2)), 2_500)
    make_order(ada, 500, ordered_at=NOON)
    make_order(ada, 700, ordered_at=NOON + timedelta(days=3), is_counted=False)
    make_order(bob, 2_000, ordered_at=NOON + 2 * HOUR)
    make_order(cyd, 3_000, ordered_at=NOON + 3 * HOUR)
    make_order(dan, 4_000, ordered_at=NOON + HOUR + timedelta(days=5))
    noon.shift(timedelta(days=9))
    total = report_flow(flow.pk, DAYS, zone="UTC").total
    assert (total.orders, total.gross_minor, total.net_minor) == (1, 10_000, 7_500)
    theirs = report_flow(other.pk, DAYS, zone="UTC").total
    assert (theirs.orders, theirs.net_minor) == (1, 3_000)


def test_messages_entries_and_refusals_are_counted_by_day_in_the_tenants_zone(
    flow: Flow, noon: time_machine.Traveller
) -> None:
    ada, bob = make_profile(), make_profile()
    touch(send(flow, ada), "opened", HOUR)
    noon.shift(timedelta(hours=11, minutes=30))
    message = send(flow, bob)
    touch(message, "clicked", 12 * HOUR)
    touch(message, "unsubscribed", 12 * HOUR)
    cyd = make_profile()
    happen("Order Placed", cyd)
    advance()
    Message.objects.filter(profile=cyd).update(status="skipped", reason="no_consent")
    happen("Order Placed", make_profile(), at=NOON - timedelta(days=30))
    noon.move_to(NOON + timedelta(days=1))
    advance()
    report = report_flow(flow.pk, DAYS, zone="Europe/London")
    assert [(each.day.day, each.entered, each.converted) for each in report.days[:3]] == [
        (1, 1, 1),
        (2, 2, 0),
        (3, 0, 0),
    ]
    assert [each.figures.sent for each in report.days[:3]] == [1, 1, 0]
    total = report.total
    assert (total.sent, total.opened, total.clicked, total.unsubscribed) == (2, 1, 1, 1)
    assert (total.skipped, report.skips, report.refused) == (
        1,
        {"no_consent": 1},
        {"event_too_old": 1},
    )
    assert (report.entered, report.converted, report.waiting) == (3, 1, 2)
    assert {each.node: (each.passed, each.waiting) for each in report.steps} == {
        "note": (3, 0),
        "wait": (1, 2),
        "won": (1, 0),
    }


def test_the_page_and_its_files_show_the_same(
    flow: Flow, tenant: Tenant, noon: time_machine.Traveller
) -> None:
    owner = sign_in(tenant)
    message = send(flow, make_profile())
    touch(message, "clicked", HOUR)
    make_order(message.profile, 123_456, ordered_at=NOON + 2 * HOUR)
    noon.shift(timedelta(days=1))
    page = owner.get(f"/t/ada-soap/flows/{flow.pk}/report/?period=7").content.decode()
    said = "Not measured: nobody is held out of this flow"
    for words in ("£1,234.56", "By message", "report-revenue", "Reached the goal", said):
        assert words in page, words
    steps = page[page.index("By step") :]
    assert steps.index("#node-note") < steps.index("#node-wait")
    query = "period=custom&from=2026-06-01&to=2026-06-02"
    address = f"/t/ada-soap/flows/{flow.pk}/report.csv?{query}"
    lines = owner.get(address).content.decode().splitlines()
    assert lines[1].startswith("note,")
    assert lines[1].endswith(",email,1,0,0,1,0,0,0,0,0,1,1234.56,0.00,1234.56,GBP")
    daily = owner.get(f"{address}&by=day").content.decode().splitlines()
    assert [line.split(",")[:4] for line in daily[1:]] == [
        ["2026-06-01", "1", "0", "1"],
        ["2026-06-02", "0", "0", "0"],
    ]


def test_a_time_in_which_nothing_happened_says_so(flow: Flow, tenant: Tenant) -> None:
    page = sign_in(tenant).get(f"/t/ada-soap/flows/{flow.pk}/report/").content.decode()
    assert "Nothing happened in this time" in page


@pytest.mark.parametrize("group", ["message", "channel", "node", "day"])
def test_the_api_answers_by_message_channel_node_and_day(
    flow: Flow, api: Client, group: str
) -> None:
    message = send(flow, make_profile())
    touch(message, "clicked", HOUR)
    make_order(message.profile, 5_000, ordered_at=NOON + 2 * HOUR)
    address = f"/api/v1/flows/{flow.pk}/report/?from=2026-06-01&to=2026-06-01&group_by={group}"
    body = api.get(address).json()
    assert (body["entered"], body["totals"]["orders"], body["totals"]["revenue"]) == (1, 1, "50.00")
    first = body["results"][0]
    expected: dict[str, Callable[[], object]] = {
        "message": lambda: (first["node"], first["channel"], first["revenue"]),
        "channel": lambda: (first["channel"], first["clicked"], first["revenue"]),
        "node": lambda: (first["node"], first["passed"], first["waiting"]),
        "day": lambda: (first["day"], first["entered"], first["revenue"]),
    }
    assert (
        expected[group]()
        == {
            "message": ("note", "email", "50.00"),
            "channel": ("email", 1, "50.00"),
            "node": ("note", 1, 0),
            "day": ("2026-06-01", 1, "50.00"),
        }[group]
    )
    csv = api.get(f"{address}&format=csv").content.decode().splitlines()
    assert csv[0].split(",") == list(first)


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=soon", "from"), ("from=2026-06-02&to=2026-06-01", "from"), ("group_by=x", "group_by")],
)
def test_a_report_of_no_days_is_refused(flow: Flow, api: Client, query: str, field: str) -> None:
    answer = api.get(f"/api/v1/flows/{flow.pk}/report/?{query}")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_days_that_a_page_asks_for_are_put_right() -> None:
    today = NOON.date()
    assert choose_days(None, None, today) == Days(today - timedelta(days=29), today)
    assert choose_days(today + timedelta(days=3), None, today) == Days(today, today)
    assert len(choose_days(today - timedelta(days=9_999), None, today).each) == 732
