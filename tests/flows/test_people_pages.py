"""Pages that let people into flows, put flows into states, and show what waits for review."""

import pytest
import time_machine
from django.test import Client

from flows.choices import FlowStatus
from flows.models import Flow, FlowRun, ReviewItem
from flows.services.flows import set_holdout, set_status
from kernel.batches import Deadline
from tenants.models import Tenant
from tenants.services.job_turns import run_jobs
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.factories.tenants import sign_in
from tests.flows.support import advance, happen, make_segment, queued

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    return sign_in(tenant)


def text_of(client: Client, path: str) -> str:
    answer = client.get(f"/t/ada-soap/{path}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def post(client: Client, path: str, **data: object) -> str:
    answer = client.post(f"/t/ada-soap/{path}", data, follow=True)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("manual", "each message waits until somebody looked at it"),
        ("paused", "is paused"),
        ("disabled", "is off"),
    ],
)
def test_a_flow_is_put_into_a_state(owner: Client, state: str, words: str) -> None:
    flow = make_flow(definition())
    assert words in post(owner, f"flows/{flow.pk}/state/", state=state, holdout="0")
    flow.refresh_from_db()
    assert (flow.status, flow.holdout) == (state, 0)


@pytest.mark.parametrize(
    ("typed", "share", "words"),
    [
        ("7.5", 750, "7.5% of those who would enter are held out"),
        ("12,25 %", 1_225, "12.25% of those"),
        ("51", 0, "At most half of the people"),
        ("-1", 0, "At most half of the people"),
        ("many", 0, "At most half of the people"),
        ("1e9", 0, "At most half of the people"),
        ("0.001", 0, "At most half of the people"),
    ],
)
def test_a_share_is_held_out(owner: Client, typed: str, share: int, words: str) -> None:
    flow = make_flow(definition())
    assert words in post(owner, f"flows/{flow.pk}/state/", state="live", holdout=typed)
    flow.refresh_from_db()
    assert (flow.status, flow.holdout) == ("live", share)


def test_a_segment_is_counted_before_its_members_are_put_in(owner: Client) -> None:
    members = (make_profile(), make_profile())
    segment = make_segment(members=members)
    flow = make_flow(definition(trigger={"manual": True}, reentry={"policy": "once"}))
    happen("Order Placed", members[0])
    page = text_of(owner, f"flows/{flow.pk}/enrol/?segment={segment.pk}")
    assert "<dt>Enter now</dt> <dd> <strong>2 people</strong>" in page
    assert not FlowRun.objects.exists()
    post(owner, f"flows/{flow.pk}/enrol/", segment=segment.pk, token="t1")
    run_jobs(Deadline(seconds=None))
    assert FlowRun.objects.count() == 2
    page = text_of(owner, f"flows/{flow.pk}/enrol/?segment={segment.pk}")
    assert "<strong>0 people</strong>" in page
    assert "The profile entered before and may not enter again yet" in page


def test_nobody_is_put_into_a_flow_that_is_off_and_it_says_so(owner: Client) -> None:
    flow = make_flow(definition())
    set_status(flow.pk, FlowStatus.DISABLED)
    assert "This flow is off" in text_of(owner, f"flows/{flow.pk}/enrol/")
    segment = make_segment()
    page = post(owner, f"flows/{flow.pk}/enrol/", segment=segment.pk)
    assert "Switch the flow on first" in page


def test_one_person_is_put_in_from_their_page_and_a_second_click_puts_nobody_in(
    owner: Client,
) -> None:
    flow, person = make_flow(definition(), name="Thanks"), make_profile()
    path = f"profiles/{person.pk}/flows/enrol/"
    assert path in text_of(owner, f"profiles/{person.pk}/flows/")
    assert "Thanks" in text_of(owner, path)
    assert "Put into Thanks." in post(owner, path, flow=flow.pk, token="t1")
    assert "They were put in a moment ago" in post(owner, path, flow=flow.pk, token="t1")
    assert FlowRun.objects.count() == 1
    assert "Choose a flow that is on" in post(owner, path, flow="404")


def test_who_is_held_out_stands_among_those_who_did_not_enter(owner: Client) -> None:
    flow = make_flow(definition(reentry={"policy": "every_time"}))
    set_holdout(flow.pk, 5_000)
    for _ in range(12):
        happen("Order Placed", make_profile())
    page = text_of(owner, f"flows/{flow.pk}/refused/")
    assert "Held out, so that the effect of the flow can be measured" in page


def test_what_waits_is_listed_and_sent_or_cancelled(owner: Client) -> None:
    flow = make_flow(definition({"note": message_node(state="manual")}))
    assert "Nothing waits for review" in text_of(owner, f"flows/{flow.pk}/review/")
    people = [make_profile() for _ in range(3)]
    for person in people:
        happen("Order Placed", person)
    advance()
    page = text_of(owner, f"flows/{flow.pk}/review/")
    assert "3 messages wait." in page
    assert f"?person={people[0].pk}" in page
    items = list(ReviewItem.objects.order_by("pk"))
    address = f"flows/{flow.pk}/review/decide/"
    assert "Choose messages first" in post(owner, address, action="send")
    page = post(owner, address, action="send", ids=[items[0].pk])
    assert "1 message is sent, once it has passed every check. 2 still wait." in page
    assert queued() == [("note", people[0].pk)]
    assert "2 messages are cancelled." in post(owner, address, action="cancel", all="1")
    assert queued() == [("note", people[0].pk)]


def test_who_may_only_look_sees_the_queue_and_changes_nothing(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    flow = make_flow(definition({"note": message_node(state="manual")}))
    person = make_profile()
    happen("Order Placed", person)
    advance()
    analyst = sign_in(tenant, "analyst")
    assert "Send all" not in text_of(analyst, f"flows/{flow.pk}/review/")
    assert "Put into a flow" not in text_of(analyst, f"profiles/{person.pk}/flows/")
    for path in ("state/", "enrol/", "review/decide/"):
        assert analyst.post(f"/t/ada-soap/flows/{flow.pk}/{path}").status_code == 403
    assert Flow.objects.get().status == "live"
    assert queued() == []


def test_the_builder_sets_state_and_share_and_puts_people_in(owner: Client) -> None:
    flow = make_flow(definition())
    base = f"/t/ada-soap/flows/{flow.pk}"
    told = owner.post(f"{base}/settings/", {"state": "manual", "holdout": "2,5"}).json()["flow"]
    assert (told["status"], told["holdout"], told["waiting"]) == ("manual", 2.5, 0)
    refused = owner.post(f"{base}/settings/", {"state": "paused", "holdout": "60"})
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["holdout"])
    flow.refresh_from_db()
    assert (flow.status, flow.holdout) == ("manual", 250)
    set_holdout(flow.pk, 0)
    segment = make_segment("vip", (make_profile(), make_profile()))
    counted = owner.get(f"{base}/put-in/", {"segment": segment.pk}).json()
    assert (counted["asked"], counted["enrolled"], counted["refused"]) == (2, 2, [])
    assert FlowRun.objects.count() == 0
    job = owner.post(f"{base}/put-in/", {"segment": segment.pk, "token": "once"}).json()["job"]
    assert job.startswith("/t/ada-soap/jobs/")
    run_jobs(Deadline(None))
    assert FlowRun.objects.filter(flow=flow).count() == 2
    assert owner.get(f"{base}/put-in/", {"segment": 99}).status_code == 404
