"""Why somebody got what a flow sends, or did not."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import Profile
from flows.models import Flow
from flows.services.why import Why, explain
from kernel import clock
from messaging.models import Message
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.factories.tenants import sign_in
from tests.flows.nodes import wait
from tests.flows.support import advance, happen

pytestmark = pytest.mark.usefixtures("noon")

GATES = [
    {"gate": "exit_condition", "passed": True, "detail": ""},
    {"gate": "consent", "passed": False, "detail": "never"},
]


@pytest.fixture
def flow(tenant: Tenant) -> Flow:
    return make_flow(
        definition(
            {"note": message_node(then="wait"), "wait": wait(3, "days", "end")},
            reentry={"policy": "after", "n": 7, "unit": "days"},
            entry_filter={"field": "country", "is": "=", "value": "GB"},
        )
    )


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile(first_name="Ada", country="GB", email_norm="ada@x.example")


def found(why: Why) -> dict[str, bool | None]:
    return {check.key: check.passed for check in why.checks}


@pytest.mark.covers("X2")
def test_every_attempt_is_told_with_its_steps_messages_and_gates(
    flow: Flow, ada: Profile, noon: time_machine.Traveller
) -> None:
    happen("Order Placed", ada)
    advance()
    Message.objects.update(status="skipped", reason="no_consent", gates=GATES)
    noon.shift(timedelta(days=1))
    happen("Order Placed", ada)
    noon.shift(timedelta(days=2))
    advance()
    why = explain(flow, ada.pk, clock.now())
    refused, entered = why.attempts
    assert refused.reason == "The profile entered before and may not enter again yet"
    assert (refused.run, list(refused.told)) == (None, [])
    assert entered.run is not None
    assert [(line.words, line.message and line.message["reason"]) for line in entered.told] == [
        ("Entered the flow", None),
        ("Message queued", "no_consent"),
        ("Waited", None),
        ("The flow ended", None),
    ]
    told = entered.told[1].message
    assert told is not None
    assert [gate["gate"] for gate in told["gates"]] == ["exit_condition", "consent"]
    assert found(why) == {
        "live": True,
        "trigger": True,
        "entry_filter": True,
        "frequency": False,
        "reach_email_marketing": False,
    }


def test_who_never_tried_is_told_what_is_missing(flow: Flow) -> None:
    bob = make_profile(country="US", email_consent="subscribed")
    why = explain(flow, bob.pk, clock.now())
    assert list(why.attempts) == []
    assert found(why) == {
        "live": True,
        "trigger": False,
        "entry_filter": False,
        "frequency": True,
        "reach_email_marketing": True,
    }


def test_a_flow_that_is_not_published_says_so(tenant: Tenant, ada: Profile) -> None:
    idea = Flow.objects.create(name="Idea")
    assert found(explain(idea, ada.pk, clock.now())) == {"live": False, "version": False}


def test_the_cost_does_not_grow_with_the_runs(
    ada: Profile, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    often = make_flow(definition())
    for _ in range(8):
        happen("Order Placed", ada)
        advance()
    with django_assert_max_num_queries(17):
        why = explain(often, ada.pk, clock.now())
    assert why.entered == 8


def test_the_pages_find_a_person_and_show_everything(
    flow: Flow, ada: Profile, tenant: Tenant
) -> None:
    owner = sign_in(tenant)
    happen("Order Placed", ada)
    advance()
    Message.objects.update(status="skipped", reason="no_consent", gates=GATES)
    people = f"/t/ada-soap/flows/{flow.pk}/people/"
    search = owner.get(f"{people}?q=ada@x", headers={"HX-Request": "true"}).content.decode()
    assert f"{people}{ada.pk}/" in search
    assert "<h1" not in search
    assert "Nobody found" in owner.get(f"{people}?q=Zoe").content.decode()
    page = owner.get(f"{people}{ada.pk}/").content.decode()
    for words in ("Would they get in today?", "There is consent on this channel", "Open the run"):
        assert words in page, words
    mine = owner.get(f"/t/ada-soap/profiles/{ada.pk}/flows/").content.decode()
    assert f"{people}{ada.pk}/" in mine


def test_the_api_tells_the_same(flow: Flow, ada: Profile, api: Client) -> None:
    happen("Order Placed", ada)
    advance()
    Message.objects.update(status="skipped", reason="no_consent", gates=GATES)
    body = api.get(f"/api/v1/flows/{flow.pk}/people/{ada.pk}/").json()
    [attempt] = body["attempts"]
    assert (attempt["outcome"], attempt["status"]) == ("enrolled", "active")
    queued = attempt["steps"][1]["message"]
    assert (queued["reason"], len(queued["gates"])) == ("no_consent", 2)
    assert body["checks"][0]["key"] == "live"
    assert api.get(f"/api/v1/flows/{flow.pk}/people/999999/").status_code == 404
