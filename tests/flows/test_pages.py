"""The pages of flows, seen by members of the tenant."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from crm.models import Profile
from flows.models import Flow, FlowRun
from flows.services.library import install_flows
from kernel import clock
from messaging.models import Message, Template
from messaging.services.library import install_templates
from segments.services.library import install_core_segments
from tenants.models import Tenant
from tests.factories.coupons import make_pool
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.factories.tenants import sign_in
from tests.flows.nodes import act, shares, wait_event, wait_stock
from tests.flows.support import advance, happen

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def library(tenant: Tenant) -> dict[str, Flow]:
    install_core_segments()
    install_templates()
    install_flows()
    Flow.objects.update(holdout=0)
    return {flow.key: flow for flow in Flow.objects.all()}


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    return sign_in(tenant)


def text_of(client: Client, path: str) -> str:
    response = client.get(f"/t/ada-soap/{path}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def enter_win_back(flow: Flow, profile: Profile) -> FlowRun:
    segment = int(flow.versions.get().graph["trigger"]["segment"])
    happen("Segment Entered", profile, object_id=segment)
    advance()
    return FlowRun.objects.get(flow=flow, profile=profile)


def test_an_empty_tenant_is_told_what_flows_are(owner: Client) -> None:
    assert "No flows yet" in text_of(owner, "flows/")


def test_the_list_shows_figures_of_each_flow(owner: Client, library: dict[str, Flow]) -> None:
    enter_win_back(library["win_back"], make_profile())
    Message.objects.update(status="sent", sent_at=clock.now(), created_at=clock.now())
    page = text_of(owner, "flows/")
    assert "Post-purchase confirmation" in page
    assert "Enters At risk" in page
    assert page.index('data-label="On the way">1<') < page.index('data-label="Sent">1<')


def test_a_flow_is_drawn_with_its_counts(
    owner: Client, library: dict[str, Flow], noon: time_machine.Traveller
) -> None:
    flow = library["win_back"]
    enter_win_back(flow, make_profile())
    Message.objects.update(status="skipped", reason="no_consent")
    page = text_of(owner, f"flows/{flow.pk}/")
    for words in (
        "Enters At risk",
        "Again after 60 days",
        "Order Placed (goal)",
        "Wait 7 days",
        "1 not sent: No marketing consent on this channel",
        "In segment “At risk” and not (“Win-back” was opened)",
        "Win-back, reminder",
    ):
        assert words in page, words


def test_runs_are_listed_and_told_step_by_step(
    owner: Client, library: dict[str, Flow], noon: time_machine.Traveller
) -> None:
    flow = library["win_back"]
    run = enter_win_back(flow, make_profile(first_name="Ada"))
    Message.objects.update(
        status="skipped",
        reason="no_consent",
        gates=[{"gate": "consent", "passed": False, "detail": "never asked"}],
    )
    assert "Ada" in text_of(owner, f"flows/{flow.pk}/runs/?status=active")
    assert "No run matches" in text_of(owner, f"flows/{flow.pk}/runs/?status=failed")
    page = text_of(owner, f"flows/{flow.pk}/runs/{run.pk}/")
    for words in ("Entered the flow", "Message queued", "never asked", "Waits here until then"):
        assert words in page, words
    noon.shift(timedelta(days=7))
    happen("Order Placed", run.profile)
    page = text_of(owner, f"flows/{flow.pk}/runs/{run.pk}/")
    assert "Reached the goal here: Order Placed" in page
    assert "Still to leave" not in page
    Message.objects.update(status="pending", reason="quiet_hours")
    page = text_of(owner, f"flows/{flow.pk}/runs/{run.pk}/")
    assert "Still to leave</dt> <dd> 1 message </dd>" in page, "what is held has told nobody"


def test_who_was_turned_away_is_listed_with_the_reason(owner: Client) -> None:
    flow = make_flow(definition(reentry={"policy": "once"}))
    ada = make_profile(first_name="Ada")
    happen("Order Placed", ada)
    happen("Order Placed", ada)
    assert "entered before and may not enter again yet" in text_of(
        owner, f"flows/{flow.pk}/refused/"
    )


def test_versions_are_listed_and_older_ones_drawn(owner: Client, library: dict[str, Flow]) -> None:
    flow = library["post_purchase"]
    assert "Version 1" in text_of(owner, f"flows/{flow.pk}/versions/")
    assert "Order confirmation" in text_of(owner, f"flows/{flow.pk}/?version=1")
    assert owner.get(f"/t/ada-soap/flows/{flow.pk}/?version=2").status_code == 404


def test_an_unpublished_flow_says_so(owner: Client, tenant: Tenant) -> None:
    flow = Flow.objects.create(name="Idea")
    assert "Not published yet" in text_of(owner, f"flows/{flow.pk}/")


def test_long_lists_go_page_by_page(owner: Client) -> None:
    flow = make_flow(definition())
    people = [make_profile() for _ in range(60)]
    for person in people:
        happen("Order Placed", person)
    runs = list(FlowRun.objects.order_by("-id"))
    first = text_of(owner, f"flows/{flow.pk}/runs/")
    assert f"after={runs[49].pk}" in first
    second = text_of(owner, f"flows/{flow.pk}/runs/?after={runs[49].pk}")
    assert second.count("/runs/") - first.count("/runs/") == -40
    assert f"before={runs[50].pk}" in second
    assert text_of(owner, f"flows/{flow.pk}/runs/?before={runs[50].pk}").count(
        "row-link"
    ) == first.count("row-link")


def test_a_flow_is_switched_off_and_on(owner: Client, library: dict[str, Flow]) -> None:
    flow = library["win_back"]
    run = enter_win_back(flow, make_profile())
    address = f"/t/ada-soap/flows/{flow.pk}/status/"
    assert owner.post(address).status_code == 302
    flow.refresh_from_db()
    run.refresh_from_db()
    assert (flow.status, run.status) == ("disabled", "exited")
    owner.post(address, {"on": "1"})
    flow.refresh_from_db()
    assert flow.status == "live"


def test_failed_runs_are_resumed(owner: Client) -> None:
    flow = make_flow(definition())
    happen("Order Placed", make_profile())
    Template.objects.filter(key="note").update(key="gone")
    advance()
    assert "Try 1 failed again" in text_of(owner, f"flows/{flow.pk}/runs/")
    Template.objects.filter(key="gone").update(key="note")
    owner.post(f"/t/ada-soap/flows/{flow.pk}/resume/")
    advance()
    assert FlowRun.objects.get().status == "completed"


def test_who_may_only_look_changes_nothing(tenant: Tenant, library: dict[str, Flow]) -> None:
    flow = library["win_back"]
    analyst = sign_in(tenant, "analyst")
    assert "Switch off" not in text_of(analyst, f"flows/{flow.pk}/")
    assert analyst.post(f"/t/ada-soap/flows/{flow.pk}/status/").status_code == 403
    assert analyst.post(f"/t/ada-soap/flows/{flow.pk}/resume/").status_code == 403
    flow.refresh_from_db()
    assert flow.status == "live"


def test_another_tenants_flow_is_not_there(
    owner: Client, other_tenant: Tenant, library: dict[str, Flow]
) -> None:
    stranger = sign_in(other_tenant)
    flow = library["win_back"]
    for path in ("", "runs/", "refused/", "versions/", "runs/1/"):
        assert stranger.get(f"/t/basho-tea/flows/{flow.pk}/{path}").status_code == 404
    assert stranger.post(f"/t/basho-tea/flows/{flow.pk}/status/").status_code == 404


def test_every_node_is_drawn_in_words_and_each_way_says_who_went_it(owner: Client) -> None:
    ada = make_profile()
    pool = make_pool(name="Ten off")
    nodes = {
        "w": {"type": "wait_until", "until_time": "12:00", "timezone": "UTC", "next": "lot"},
        "lot": shares("ab_split", ("Plain", 33.4, "tag"), ("Grid", 66.6, "tag"), winner="Plain"),
        "tag": act("tag", "set", add=["VIP"], remove=["New"]),
        "set": act("update_property", "pay", property="visit_count", how="add", value=2),
        "pay": act("points", "tell", points=1),
        "tell": act("alert", "ten", text="Call them today"),
        "ten": act("coupon", "note", coupon=str(pool.pk)),
        "note": message_node(then="read"),
        "read": wait_event(
            {"message": "note", "is": "opened"},
            {"event": "Order Placed", "same": ["cart_id"]},
            on_timeout="pick",
        ),
        "pick": {
            "type": "channel",
            "branches": [{"channel": "sms", "next": "day"}, {"channel": "push", "next": "day"}],
            "otherwise": "won",
        },
        "day": {
            "type": "wait_date",
            "date": {"profile": "birthday"},
            "offset": {"n": 3, "unit": "days", "direction": "before"},
            "next": "back",
        },
        "back": wait_stock(on_stock="hour", on_timeout="won"),
        "hour": {"type": "delay", "n": 1, "unit": "hours", "next": "again"},
        "again": {"type": "goto", "target": "hour", "max_visits": 2, "otherwise": "won"},
        "won": {"type": "goal", "name": "Bought once more"},
    }
    flow = make_flow(definition(nodes))
    happen("Order Placed", ada)
    for _ in range(9):
        advance()
    page = text_of(owner, f"flows/{flow.pk}/")
    for words in (
        "Wait until 12:00",
        "Winner: Plain",
        "Plain, 33.4%",
        "Grid, 66.6%",
        "Add VIP, remove New",
        "Add 2 to visit count",
        "Give 1 point",
        "Call them today",
        "Ten off",
        "is opened or Order Placed of the same cart",
        "At the longest 24 hours",
        "It happens",
        "Time is over",
        "SMS",
        "Otherwise",
        "Wait until 3 days before birthday",
        "Back in stock",
        "Goes on at",
        "Bought once more",
    ):
        assert words in page, words
    assert page.count("1 went this way") == 1
    run = text_of(owner, f"flows/{flow.pk}/runs/{FlowRun.objects.get().pk}/")
    for words in ("Went the way of Plain", "Tags changed", "Points given", "Your team was told"):
        assert words in run, words
