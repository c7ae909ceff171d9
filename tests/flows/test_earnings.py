"""What flows add beyond what people buy anyway: in their list, their report and the REST API."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from crm.models import Order, Profile
from flows.domain.lots import is_held_out_of_everything
from flows.domain.reports import Days
from flows.models import Flow, FlowRun, FlowVersion, HeldOut, Recipient
from flows.queries.campaigns.counting import compare_groups
from flows.services.campaigns.rehearsing import rehearse
from flows.services.campaigns.scheduling import schedule_campaign
from flows.services.earnings import measure_flows
from flows.services.flows import set_holdout
from kernel import clock
from messaging.models import Message, Template
from messaging.services.senders import ensure_default_sender
from tenants.models import Tenant
from tests.factories.campaigns import make_audience, make_campaign, reached, run
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_order, make_profile
from tests.factories.tenants import sign_in
from tests.flows.conftest import NOON
from tests.flows.support import happen

pytestmark = pytest.mark.usefixtures("noon")

DAY = timedelta(days=1)
DAYS = Days(NOON.date(), (NOON + 9 * DAY).date())
EACH = 35


def let_in(flow: Flow, person: Profile, at: datetime) -> None:
    version = FlowVersion.objects.get(flow=flow)
    FlowRun.objects.create(
        flow=flow, version=version, profile=person, run_key=str(at), started_at=at
    )


def hold(flow: Flow, person: Profile, at: datetime) -> None:
    version = FlowVersion.objects.get(flow=flow)
    HeldOut.objects.create(flow=flow, version=version, profile=person, run_key="once", at=at)


@pytest.fixture
def flow(tenant: Tenant) -> Flow:
    """A flow that let 35 people in and held 35 out at the same time; the first ones bought."""
    made = set_holdout(make_flow(definition(), name="Thanks").pk, 5_000)
    make_flow(definition(), name="Everybody")
    for place in range(EACH):
        held, person = make_profile(), make_profile()
        hold(made, held, NOON)
        let_in(made, person, NOON)
        let_in(made, person, NOON + DAY)
        make_order(person, 1_000 + 1_000 * (place % 2), ordered_at=NOON + DAY)
    early = make_profile()
    let_in(made, early, NOON - timedelta(hours=1))
    make_order(early, 99_000, ordered_at=NOON + DAY)
    return made


@pytest.mark.covers("X4")
def test_who_entered_is_compared_with_who_was_held_out(
    flow: Flow, tenant: Tenant, api: Client, noon: time_machine.Traveller
) -> None:
    buyer = Order.objects.order_by("pk")[0].profile
    make_order(buyer, 70_000, ordered_at=NOON - timedelta(minutes=1))
    make_order(buyer, 70_000, ordered_at=NOON + 30 * DAY)
    noon.shift(40 * DAY)
    lift = measure_flows(list(Flow.objects.all()), DAYS, zone="UTC")
    assert list(lift) == [flow.pk]
    assert (lift[flow.pk].revenue_minor, lift[flow.pk].is_known) == (52_000, True)
    query = f"from={DAYS.first}&to={DAYS.last}"
    body = api.get(f"/api/v1/flows/{flow.pk}/report/?{query}").json()
    incremental = body["incremental"]
    assert (incremental["revenue"], incremental["missing"]) == ("520.00", 0)
    owner = sign_in(tenant)
    page = owner.get(f"/t/ada-soap/flows/{flow.pk}/report/?period=custom&{query}").content.decode()
    assert "What it adds" in page
    assert "£520.00" in page
    noon.move_to(NOON + 5 * DAY)
    cells = owner.get("/t/ada-soap/flows/earnings/").content.decode()
    assert cells.count("£520.00") == 1
    assert cells.count("This flow holds nobody out.") == 1


@pytest.mark.covers("X4")
def test_too_few_who_were_held_out_say_how_many_are_missing(flow: Flow, tenant: Tenant) -> None:
    HeldOut.objects.filter(pk__gt=HeldOut.objects.order_by("pk")[9].pk).delete()
    assert measure_flows([flow], DAYS, zone="UTC")[flow.pk].missing == 20
    HeldOut.objects.all().delete()
    lift = measure_flows([flow], DAYS, zone="UTC")[flow.pk]
    assert (lift.is_known, lift.missing) == (False, 30)
    cells = sign_in(tenant).get("/t/ada-soap/flows/earnings/").content.decode()
    assert "30 more needed" in cells


@pytest.mark.covers("X4")
def test_who_is_held_out_of_everything_gets_no_flow_and_no_campaign(
    flow: Flow, tenant: Tenant, api: Client
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(holdout=20)
    ensure_default_sender()
    people = [make_profile() for _ in range(40)]
    chosen = {each.pk for each in people if is_held_out_of_everything(20, tenant.pk, each.pk)}
    assert 0 < len(chosen) < 20
    everybody = Flow.objects.get(name="Everybody")
    receipts = make_flow(
        definition({"note": message_node("order_note", message_class="transactional")}),
        name="Receipts",
    )
    for person in people:
        happen("Order Placed", person)
    held = HeldOut.objects.filter(flow=everybody)
    assert {row.profile_id for row in held} == chosen
    assert all(row.decision["everything"] for row in held)
    assert FlowRun.objects.filter(flow=receipts).count() == 40
    assert list(measure_flows([everybody], DAYS, zone="UTC")) == []
    campaign = make_campaign(make_audience(people), [Template.objects.get(key="note").pk])
    assert rehearse(campaign).held_out == len(chosen)
    schedule_campaign(campaign.pk)
    run()
    campaign.refresh_from_db()
    assert campaign.held_out_count == len(chosen)
    assert set(reached()) == {each.pk for each in people} - chosen
    held_out = Recipient.objects.filter(profile_id__in=chosen)
    reasons = held_out.values_list("decision__reason", flat=True)
    assert set(reasons) == {"no_consent"}
    Message.objects.update(status="sent", sent_at=clock.now())
    make_order(next(each for each in people if each.pk not in chosen), 12_000_000)
    assert compare_groups(campaign) == {}
    assert api.get(f"/api/v1/campaigns/{campaign.pk}/report/").json()["incremental"] is None
