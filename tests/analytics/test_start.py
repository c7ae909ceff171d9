"""Get started: steps tick themselves, and the plan shows what is so. Home: today so far."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from analytics.queries.present import find_queues, measure_today
from analytics.queries.start import find_plan, find_start
from analytics.services.rollups import rebuild_rollups
from crm.models import Profile, Store
from flows.choices import FlowStatus
from flows.models import Campaign, Flow
from kernel import clock
from segments.models import Segment
from tenants.choices import Role
from tenants.models import Tenant
from tests.analytics.test_kpis import at, buyer, click, order, refund
from tests.factories.tenants import sign_in

HOME = "/t/ada-soap/"
URL = f"{HOME}get-started/"


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return " ".join(answer.content.decode().split())


def done() -> set[str]:
    return {step.key for step in find_start(1).steps if step.is_done}


def make_shop() -> Store:
    return Store.objects.create(name="Shop", platform="custom", currency="GBP", timezone="UTC")


def test_each_step_ticks_itself_from_what_is_there(tenant: Tenant) -> None:
    assert done() == set()
    store = make_shop()
    assert done() == {"connect"}
    person = buyer()
    order(store, person, "2026-05-01", 100)
    assert done() == {"connect", "import"}
    Profile.objects.filter(pk=person.pk).update(email_consent="subscribed")
    assert "consent" in done()
    core = Segment.objects.create(key="new", name="New", definition={})
    assert "segments" not in done()
    Segment.objects.filter(pk=core.pk).update(refreshed_at=clock.now())
    assert "segments" in done()
    Flow.objects.create(name="Welcome", status=FlowStatus.LIVE)
    Flow.objects.create(name="Win-back")
    assert "flows" not in done()
    Flow.objects.update(status=FlowStatus.LIVE)
    assert "flows" in done()
    campaign = Campaign.objects.create(name="News")
    assert "campaign" not in done()
    Campaign.objects.filter(pk=campaign.pk).update(state="sent")
    assert "campaign" in done()
    Flow.objects.create(name="Win-back again", key="win_back")
    assert "library" not in done()
    Flow.objects.create(name="Carts", key="cart_recovery")
    assert "library" in done()


def test_a_new_tenant_sees_the_steps_and_nobody_a_button_in_vain(tenant: Tenant) -> None:
    text = read(sign_in(tenant), URL)
    assert "Connect a store" in text
    assert f"{HOME}stores/connect/" in text
    assert "An owner or admin can do this" in read(sign_in(tenant, Role.ANALYST), URL)


def test_home_shows_what_is_left_until_it_is_hidden(tenant: Tenant) -> None:
    client = sign_in(tenant)
    assert "Connect a store" in read(client, HOME)
    make_shop()
    text = read(client, HOME)
    assert "Connect a store" not in text
    assert "Bring in your orders" in text
    assert client.post(f"{URL}hide/").status_code == 302
    assert "Bring in your orders" not in read(client, HOME)
    assert "Show on Home" in read(client, URL)
    client.post(f"{URL}hide/", {"back": "1"})
    assert "Bring in your orders" in read(client, HOME)


def test_a_home_without_figures_and_steps_still_says_where_to_go(tenant: Tenant) -> None:
    client = sign_in(tenant)
    client.post(f"{URL}hide/")
    assert "Nothing has come in yet" in read(client, HOME)


def test_hiding_it_hides_it_for_one_member_alone(tenant: Tenant) -> None:
    sign_in(tenant).post(f"{URL}hide/")
    assert "Connect a store" in read(sign_in(tenant, Role.ADMIN), HOME)


@pytest.mark.parametrize(
    ("today", "week", "current"),
    [
        ("2026-05-01T12:00", 1, 0),
        ("2026-05-28T12:00", 4, 0),
        ("2026-05-29T12:00", 5, 1),
        ("2026-07-23T12:00", 12, 2),
        ("2027-07-23T12:00", 13, None),
    ],
)
def test_the_plan_knows_its_week(
    tenant: Tenant, today: str, week: int, current: int | None
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(created_at=at("2026-05-01T08:00"))
    with time_machine.travel(at(today), tick=False):
        plan = find_plan()
    assert plan.week == week
    assert [stage.is_current for stage in plan.stages] == [place == current for place in range(3)]
    assert [(stage.weeks, stage.first) for stage in plan.stages] == [
        ("Weeks 1–4", date(2026, 5, 1)),
        ("Weeks 5–8", date(2026, 5, 29)),
        ("Weeks 9–12", date(2026, 6, 26)),
    ]


def test_the_plan_shows_real_progress_and_figures_beside_targets(tenant: Tenant) -> None:
    store = make_shop()
    ada, bea = buyer(), buyer()
    now = clock.now()
    for days in (100, 20):
        order(store, ada, f"{(now - timedelta(days=days)):%Y-%m-%dT12:00}", 1000)
    order(store, bea, f"{(now - timedelta(days=10)):%Y-%m-%dT12:00}", 1000)
    rebuild_rollups()
    plan = find_plan()
    assert [task.is_done for task in plan.stages[0].tasks] == [True, True, False, False]
    assert [task.is_done for task in plan.stages[2].tasks] == [True, False, True]
    text = read(sign_in(tenant), URL)
    assert "Target 25–40%" in text
    assert "50% in the last 30 days." in text


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-25T14:05", "2026-11-18T14:05"),
        ("2026-03-31T13:05", "2026-03-24T14:05"),  # clocks went forward between them
        ("2026-10-27T14:05", "2026-10-20T13:05"),  # and back
    ],
)
def test_today_stands_beside_last_week_up_to_the_same_time(now: str, then: str) -> None:
    store = make_shop()
    ada, bea = buyer(), buyer()
    order(store, ada, then, 9999)  # at the very minute: not before it
    early = at(then) - timedelta(hours=2)
    bought = order(store, ada, f"{early:%Y-%m-%dT%H:%M}", 1000)
    refund(bought, f"{early:%Y-%m-%dT%H:%M}", 300)
    today = at(now) - timedelta(hours=1)
    click(bea, f"{(today - timedelta(hours=1)):%Y-%m-%dT%H:%M}")
    order(store, bea, f"{today:%Y-%m-%dT%H:%M}", 4000)
    order(store, ada, f"{today:%Y-%m-%dT%H:%M}", 1000)
    rebuild_rollups()
    with time_machine.travel(at(now), tick=False):
        present = measure_today()
    assert present.then == at(then)
    found: dict[str, Any] = {kpi.key: (kpi.value, kpi.previous) for kpi in present.figures}
    assert found == {
        "today_revenue": (5000, 700),
        "today_orders": (2, 1),
        "today_new": (1, 1),
        "today_returning": (1, 0),
        "today_email": (0.8, 0.0),
    }


def test_whoever_orders_twice_today_is_one_buyer(tenant: Tenant) -> None:
    store = make_shop()
    ada, bea = buyer(), buyer()
    order(store, ada, "2026-11-20T09:00", 1000)
    for person in (ada, ada, bea, bea, bea):
        order(store, person, "2026-11-25T09:00", 1000)
    order(store, None, "2026-11-25T10:00", 1000)
    rebuild_rollups()
    with time_machine.travel(at("2026-11-25T14:05"), tick=False):
        found = {kpi.key: kpi.value for kpi in measure_today().figures}
    assert (found["today_orders"], found["today_new"], found["today_returning"]) == (6, 1, 1)


def test_what_waits_right_now_is_said(tenant: Tenant) -> None:
    rebuild_rollups()
    client = sign_in(tenant)
    assert "No store yet" in read(client, f"{HOME}home/today/")
    make_shop()
    text = read(client, f"{HOME}home/today/")
    assert "Deliveries: in step" in text
    assert "Figures: up to date" in text
    assert (find_queues().due, find_queues().sent) == (0, 0)
