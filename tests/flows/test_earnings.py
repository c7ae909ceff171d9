"""What flows add beyond what people buy anyway: in their list, their report and the REST API."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from crm.models import Order, Profile
from flows.domain.reports import Days
from flows.models import Flow, FlowRun, FlowVersion, HeldOut
from flows.services.earnings import measure_flows
from flows.services.flows import set_holdout
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow
from tests.factories.loyalty import make_order, make_profile
from tests.factories.tenants import sign_in
from tests.flows.conftest import NOON

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
    made = make_flow(definition(), name="Thanks")
    set_holdout(made.pk, 5_000)
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
