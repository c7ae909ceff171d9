"""Analytics, overview: tiles, charts and files of any days."""

import csv
import io
import json
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from analytics.queries.charts import CHARTS
from analytics.queries.kpis import count_buyers, count_churn, list_kpis
from analytics.queries.parts import measure_parts
from analytics.services.rollups import rebuild_rollups
from analytics.types import Period
from crm.choices import StoreStatus
from crm.models import Store
from tenants.models import Tenant
from tests.analytics.test_kpis import at, buyer, order, refund
from tests.factories.tenants import sign_in

URL = "/t/ada-soap/analytics/"
DAY = timedelta(days=1)


@pytest.fixture
def store(tenant: Tenant) -> Store:
    return Store.objects.create(name="Shop", platform="custom", currency="GBP", timezone="UTC")


@pytest.fixture
def today() -> Any:
    with time_machine.travel(at("2026-05-30T15:00"), tick=False):
        yield


@pytest.fixture
def sales(store: Store, today: None) -> None:
    """Two people: one bought in April and twice in May, the other today."""
    ada, bea = buyer(), buyer()
    order(store, ada, "2026-04-20T12:00", 1000)
    order(store, ada, "2026-05-04T12:00", 2000)
    bought = order(store, ada, "2026-05-06T12:00", 3000)
    refund(bought, "2026-05-07T12:00", 500)
    order(store, bea, "2026-05-30T12:00", 4050)
    rebuild_rollups()


def read(client: Client, path: str) -> Any:
    answer = client.get(f"{URL}{path}")
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_an_empty_tenant_is_told_what_will_be_here(tenant: Tenant) -> None:
    text = read(sign_in(tenant), "")
    assert "No orders yet" in text
    assert "Connect a store" in text
    assert "data-chart-url" not in text


@pytest.mark.parametrize(
    ("path", "nothing"),
    [
        ("analytics/", "no order"),
        ("orders/", "no order"),
        ("profiles/", "nobody"),
        ("catalog/", "no product"),
    ],
)
def test_an_empty_page_says_that_a_store_is_connected(
    tenant: Tenant, store: Store, path: str, nothing: str
) -> None:
    client = sign_in(tenant)

    def look() -> str:
        return str(client.get(f"/t/ada-soap/{path}").content.decode())

    text = look()
    assert f"Shop is connected, and {nothing} has come from it yet." in text
    assert f'href="/t/ada-soap/stores/{store.pk}/">See its deliveries</a>' in text
    assert "Connect a store" not in text

    Store.objects.create(name="Stall", platform="custom", currency="GBP", timezone="UTC")
    text = look()
    assert f"Your stores are connected, and {nothing} has come from them yet." in text
    assert 'href="/t/ada-soap/stores/">See your stores</a>' in text

    Store.objects.update(status=StoreStatus.DISCONNECTED)
    assert "Connect a store" in look()


def test_the_page_says_which_days_stand_beside_which(tenant: Tenant, sales: None) -> None:
    text = " ".join(read(sign_in(tenant), "?period=month").split())
    assert "1 May – 30 May 2026, beside 1 Apr – 30 Apr 2026. Today is not over yet." in text
    assert text.count("data-chart-url") == len(CHARTS)
    assert "analytics/chart.csv?chart=churn&amp;period=month&amp;compare=previous" in text


def test_nonsense_in_the_address_is_the_default(tenant: Tenant, sales: None) -> None:
    text = " ".join(read(sign_in(tenant), "?period=x&compare=y&from=z").split())
    assert "1 May – 30 May 2026, beside 1 Apr – 30 Apr 2026" in text


def test_tiles_stand_beside_the_days_asked_for(tenant: Tenant, sales: None) -> None:
    client = sign_in(tenant)
    text = read(client, "figures/?period=month&compare=previous")
    assert "£85.50" in text
    assert "from £10.00" in text
    assert "from £" not in read(client, "figures/?period=month&compare=none")


def test_a_chart_holds_each_day_and_the_days_before(tenant: Tenant, sales: None) -> None:
    data = json.loads(read(sign_in(tenant), "chart.json?chart=revenue&period=30"))
    assert (data["type"], data["unit"], data["currency"]) == ("area", "money", "GBP")
    assert (data["x"][0], data["x"][-1], data["isUnfinished"]) == ("2026-05-01", "2026-05-30", True)
    now, before = data["series"]
    assert (now["values"][3], now["values"][6], now["values"][-1]) == (2000, -500, 4050)
    assert before["role"] == "past"
    assert before["values"][19] == 1000  # 20 April stands beside 20 May


def test_longer_days_are_cut_into_weeks_and_months(tenant: Tenant, sales: None) -> None:
    client = sign_in(tenant)
    weeks = json.loads(read(client, "chart.json?chart=buyers&period=90"))
    assert weeks["axis"] == "Week from"
    new, returning = [series["values"] for series in weeks["series"]]
    place = weeks["x"].index("2026-05-04")
    assert (new[place], returning[place]) == (0, 1)  # twice in the week, one person
    months = json.loads(read(client, "chart.json?chart=orders&period=custom&from=2025-11-20"))
    assert months["x"][0::6] == ["2025-11", "2026-05"]
    assert months["series"][0]["values"] == [0, 0, 0, 0, 0, 1, 3]


def test_a_share_of_nothing_is_nothing_and_targets_are_lines(tenant: Tenant, sales: None) -> None:
    client = sign_in(tenant)
    data = json.loads(read(client, "chart.json?chart=repeat-rate&period=7&compare=none"))
    assert data["series"][0]["values"] == [1.0] * 6 + [0.5]
    assert [series["role"] for series in data["series"][1:]] == ["target", "target"]
    assert data["series"][1]["values"][0] == 0.25
    early = "chart.json?chart=repeat-rate&period=custom&from=2020-01-01&to=2020-01-03&compare=none"
    assert json.loads(read(client, early))["series"][0]["values"] == [None] * 3


def test_the_file_is_exact(tenant: Tenant, sales: None) -> None:
    text = read(sign_in(tenant), "chart.csv?chart=revenue&period=month")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[6] == {
        "from": "2026-05-07",
        "to": "2026-05-07",
        "net_revenue": "-5.00",
        "currency": "GBP",
        "before_from": "2026-04-07",
        "before_to": "2026-04-07",
        "net_revenue_before": "0.00",
    }
    assert rows[-1]["net_revenue"] == "40.50"


def test_a_chart_that_does_not_exist_is_not_found(tenant: Tenant) -> None:
    assert sign_in(tenant).get(f"{URL}chart.json?chart=profit").status_code == 404


def test_parts_say_the_same_as_the_whole(store: Store) -> None:
    for number in range(40):
        person = buyer()
        for place in range(number % 4):
            day = date(2026, 1, 1) + (number * 7 + place * (11 + number)) * DAY
            bought = order(store, person, f"{day}T12:00", 1000 + number)
            if number % 5 == 0:
                refund(bought, f"{day + 3 * DAY}T12:00", 300)
    rebuild_rollups()
    first = date(2026, 5, 1)
    days = [Period(first + place * DAY, first + place * DAY) for place in range(60)]
    parts = measure_parts(days)
    assert [part.buyers for part in parts] == count_buyers(days)
    for part in parts[::7]:
        figures = {kpi.key: kpi.value for kpi in list_kpis(Period(first, part.period.last))}
        upto = [other for other in parts if other.period.last <= part.period.last]
        month = Period(part.period.last - 29 * DAY, part.period.last)
        assert [(part.churned, part.active)] == count_churn([month])
        assert sum(each.net for each in upto) == figures["net_revenue"]
        assert sum(each.new_buyers for each in upto) == figures["new_buyers"]
        assert part.repeat_buyers / part.all_buyers == figures["repeat_purchase_rate"]
        assert round(part.lifetime_net / part.all_buyers) == figures["lifetime_value"]
