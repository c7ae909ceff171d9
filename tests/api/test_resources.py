"""What each resource answers with."""

import json
from typing import Any

import pytest
from django.test import Client

from analytics.services.rollups import rebuild_rollups
from crm.models import Identity, ProfileFacts
from kernel import clock
from segments.models import Membership
from stores.models import InboxDelivery
from tenants.models import Tenant
from tests.factories.samples import (
    make_delivery,
    make_event,
    make_everything,
    make_order,
    make_profile,
    make_store,
)


def post(client: Client, path: str, body: object) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def results(client: Client, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


@pytest.fixture
def ids(tenant: Tenant) -> dict[str, int]:
    """One of each thing."""
    return make_everything()


def test_a_profile_carries_what_the_contract_says(tenant: Tenant, api: Client) -> None:
    store = make_store()
    profile = make_profile(
        email="Ada@Example.com", email_norm="ada@example.com", country="GB", properties={"vip": 1}
    )
    Identity.objects.create(kind="email", value_norm="ada@example.com", profile=profile)
    Identity.objects.create(
        kind="customer_id", value_norm=f"{store.pk}:77", profile=profile, store=store
    )
    ProfileFacts.objects.create(
        profile_id=profile.pk,
        order_count=3,
        gross_minor=10_000,
        refunded_minor=1_000,
        net_minor=9_000,
        days_between_orders="12.50",
        categories=["Soap"],
        recency=5,
        frequency=4,
        monetary=3,
        rfm_group="loyal",
        points_balance=90,
    )
    body = api.get(f"/api/v1/profiles/{profile.pk}/").json()
    facts = body.pop("facts")
    assert {name: body[name] for name in ("id", "email", "country", "properties")} == {
        "id": str(profile.pk),
        "email": "Ada@Example.com",
        "country": "GB",
        "properties": {"vip": 1},
    }
    assert body["consent"]["email"] == {"state": "never", "at": None}
    assert body["identities"] == [
        {"kind": "email", "value": "ada@example.com", "store_id": None},
        {"kind": "customer_id", "value": "77", "store_id": str(store.pk)},
    ]
    assert facts["currency"] == "GBP"
    assert facts["gross_revenue"] == "100.00"
    assert facts["refunded"] == "10.00"
    assert facts["net_revenue"] == "90.00"
    assert facts["average_order_value"] == "33.33"
    assert facts["days_between_orders"] == 12.5
    assert facts["rfm"] == {"recency": 5, "frequency": 4, "monetary": 3, "group": "loyal"}
    assert facts["loyalty"] == {
        "balance": 90,
        "pending": 0,
        "expiring": 0,
        "expires_at": None,
        "tier": None,
    }
    assert set(facts["predicted"]) == {
        "clv_12m",
        "orders_12m",
        "churn_probability",
        "next_order_on",
    }


def test_a_profile_that_never_bought_has_zeros_and_nulls(tenant: Tenant, api: Client) -> None:
    facts = api.get(f"/api/v1/profiles/{make_profile().pk}/").json()["facts"]
    assert (facts["order_count"], facts["net_revenue"]) == (0, "0.00")
    assert facts["average_order_value"] is None
    assert facts["rfm"]["group"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("email=ADA@example.com", ["Ada"]),
        ("email=old@example.com", ["Ada"]),
        ("phone=%2B447700900123", ["Basho"]),
        ("phone=+447700900123", ["Basho"]),
        ("external_id=77", ["Basho", "Ada"]),
        ("q=ash", ["Basho"]),
        ("q=EXAMPLE", ["Ada"]),
        ("email=nobody@example.com", []),
        ("country=GB", ["Ada"]),
        ("created_at__gte=2100-01-01", []),
    ],
)
def test_profiles_are_found_by_what_points_at_them(
    tenant: Tenant, api: Client, query: str, found: list[str]
) -> None:
    stores = [make_store("one"), make_store("two")]
    ada = make_profile(
        first_name="Ada", name_norm="ada byron", email_norm="ada@example.com", country="GB"
    )
    basho = make_profile(first_name="Basho", name_norm="basho")
    for kind, value, profile in (
        ("email", "ada@example.com", ada),
        ("email", "old@example.com", ada),
        ("customer_id", f"{stores[0].pk}:77", ada),
        ("customer_id", f"{stores[1].pk}:77", basho),
        ("phone", "+447700900123", basho),
    ):
        Identity.objects.create(kind=kind, value_norm=value, profile=profile)
    rows = results(api, f"/api/v1/profiles/?{query}")
    assert [row["first_name"] for row in rows] == found


def test_a_merged_id_leads_to_the_winner(tenant: Tenant, api: Client) -> None:
    winner = make_profile()
    middle = make_profile(merged_into=winner)
    loser = make_profile(merged_into=middle)
    answer = api.get(f"/api/v1/profiles/{loser.pk}/")
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"http://testserver/api/v1/profiles/{winner.pk}/"
    assert answer.json() == {"id": str(loser.pk), "merged_into": str(winner.pk)}
    assert [row["id"] for row in results(api, "/api/v1/profiles/")] == [str(winner.pk)]


def test_an_order_has_lines_refunds_and_exact_money(tenant: Tenant, api: Client) -> None:
    order = make_order(make_store(), make_profile(), currency="JPY", base_gross_minor=650)
    body = api.get(f"/api/v1/orders/{order.pk}/").json()
    assert (body["total"], body["currency"], body["base_total"]) == ("1250", "JPY", "6.50")
    assert [(line["title"], line["unit_price"]) for line in body["lines"]] == [("Soap", "1250")]
    assert body["refunds"] == []
    assert body["profile_id"] == str(order.profile_id)


def test_an_order_without_a_rate_has_no_base_total(tenant: Tenant, api: Client) -> None:
    make_order(make_store(), base_gross_minor=None, currency="EUR")
    [row] = results(api, "/api/v1/orders/")
    assert (row["base_total"], row["profile_id"]) == (None, None)


def test_orders_are_filtered_by_profile_and_number(tenant: Tenant, api: Client) -> None:
    store, profile = make_store(), make_profile()
    mine, _ = make_order(store, profile), make_order(store)
    for query in (f"profile_id={profile.pk}", f"external_id={mine.external_id}"):
        assert [row["id"] for row in results(api, f"/api/v1/orders/?{query}")] == [str(mine.pk)]


def test_an_order_tells_its_channel_payment_and_visit(tenant: Tenant, api: Client) -> None:
    body = {
        "external_id": "A1",
        "ordered_at": "2026-03-01T12:00:00Z",
        "currency": "GBP",
        "total": "10.00",
        "profile": {"email": "ada@example.com"},
        "channel": "app",
        "payment_method": "Visa 4242 4242 4242 4242",
        "visit": {
            "landing_page": "/oils?utm_source=news",
            "referrer": "https://mail.example/?token=x",
            "utm_campaign": "May",
        },
        "lines": [{"quantity": 1, "unit_price": "10.00"}],
    }
    wrong = {**body, "external_id": "A2", "channel": "fax"}
    answer = post(api, "/api/v1/orders/bulk/", {"items": [body, wrong]}).json()
    assert [item["status"] for item in answer["results"]] == ["new", "rejected"]
    assert set(answer["results"][1]["fields"]) == {"channel"}

    [row] = results(api, "/api/v1/orders/?channel=app&payment_method=card")
    assert (row["channel"], row["payment_method"], row["payment_name"]) == ("app", "card", "")
    assert results(api, "/api/v1/orders/?payment_method=paypal") == []
    [person] = results(api, "/api/v1/profiles/?email=ada@example.com")
    assert person["facts"]["first_touch"] == {
        "source": "news",
        "medium": "",
        "campaign": "May",
        "content": "",
        "term": "",
        "landing_page": "/oils",
        "referrer": "https://mail.example/",
        "at": "2026-03-01T12:00:00Z",
    }
    assert person["facts"]["last_touch"] == person["facts"]["first_touch"]


def test_a_list_costs_the_same_statements_however_long_it_is(
    tenant: Tenant, api: Client, django_assert_max_num_queries: Any
) -> None:
    store = make_store()
    for _ in range(20):
        make_order(store, make_profile())
    for path in ("/api/v1/orders/", "/api/v1/profiles/", "/api/v1/products/"):
        api.get(path)
        with django_assert_max_num_queries(9):
            assert len(results(api, path)) in {0, 20}


def test_the_time_line_shows_the_newest_event_first(tenant: Tenant, api: Client) -> None:
    profile = make_profile()
    make_event(profile, name="first")
    make_event(profile, name="second")
    make_event(make_profile(), name="other")
    rows = results(api, f"/api/v1/profiles/{profile.pk}/timeline/")
    assert [row["name"] for row in rows] == ["second", "first"]


def test_an_export_has_everything_of_somebody(ids: dict[str, int], api: Client) -> None:
    answer = post(api, f"/api/v1/profiles/{ids['profile_id']}/export/", {})
    body = answer.json()
    assert answer.status_code == 200
    assert body["profile"]["id"] == str(ids["profile_id"])
    assert [order["id"] for order in body["orders"]] == [str(ids["order_id"])]
    assert str(ids["event_id"]) in [event["id"] for event in body["events"]]
    assert [note["text"] for note in body["notes"]] == ["Hello"]


def test_the_inbox_says_what_became_of_each_delivery(tenant: Tenant, api: Client) -> None:
    store = make_store()
    make_delivery(store, status="applied")
    bad = make_delivery(store, status="quarantined", reason="Unknown currency", topic="refunds")
    [row] = results(api, f"/api/v1/inbox/?status=quarantined&topic=refunds&store_id={store.pk}")
    assert (row["id"], row["reason"]) == (str(bad.pk), "Unknown currency")
    assert {"status", "topic", "reason", "received_at"} <= set(row)
    assert "body" not in row


def test_a_quarantined_delivery_is_worked_on_again(tenant: Tenant, api: Client) -> None:
    bad = make_delivery(make_store(), status="quarantined", reason="Unknown currency")
    answer = post(api, f"/api/v1/inbox/{bad.pk}/retry/", {})
    assert answer.status_code == 200
    assert answer.json()["status"] == "pending"
    assert InboxDelivery.objects.get().status == "pending"


def test_a_segment_is_shown_in_words_with_its_members(ids: dict[str, int], api: Client) -> None:
    found = {row["id"]: row for row in results(api, "/api/v1/segments/")}
    assert found.keys() == {str(ids["segment_id"]), str(ids["list_id"])}
    assert found[str(ids["segment_id"])]["words"]
    path = f"/api/v1/segments/{ids['segment_id']}"
    assert [row["id"] for row in results(api, f"{path}/members/")] == [str(ids["profile_id"])]
    [change] = results(api, f"{path}/history/")
    assert (change["entered"], change["cause"]) == (True, "event")


def test_members_are_paged(ids: dict[str, int], api: Client) -> None:
    more = [make_profile() for _ in range(3)]
    for profile in more:
        Membership.objects.create(profile_id=profile.pk, segment_ids=[ids["segment_id"]])
    path = f"/api/v1/segments/{ids['segment_id']}/members/"
    first = api.get(f"{path}?limit=3").json()
    assert [row["id"] for row in first["results"]] == [str(row.pk) for row in reversed(more)]
    assert [row["id"] for row in results(api, first["next"])] == [str(ids["profile_id"])]


def test_the_fields_of_conditions_are_described(tenant: Tenant, api: Client) -> None:
    fields = {row["name"]: row for row in results(api, "/api/v1/segments/fields/")}
    assert {"order_count", "net_revenue", "average_order_value", "rfm_group"} <= set(fields)
    assert ">=" in fields["order_count"]["operators"]


def test_somebodys_segments_come_with_reasons(ids: dict[str, int], api: Client) -> None:
    path = f"/api/v1/profiles/{ids['profile_id']}/segments/"
    found = {row["name"]: row for row in results(api, path)}
    assert {name: row["is_member"] for name, row in found.items()} == {
        "Buyers": True,
        "Fair in May": True,
    }
    assert found["Buyers"]["reasons"][0]["words"]
    assert results(api, f"/api/v1/profiles/{make_profile().pk}/segments/") == []
    outside = results(api, f"/api/v1/profiles/{make_profile().pk}/segments/?include=all")
    assert [row["is_member"] for row in outside] == [False, False]


def test_somebodys_messages_are_listed(ids: dict[str, int], api: Client) -> None:
    [message] = results(api, f"/api/v1/profiles/{ids['profile_id']}/messages/")
    assert message["id"] == str(ids["message_id"])
    assert (message["status"], message["flow_id"]) == ("pending", str(ids["flow_id"]))


def test_a_flow_has_versions_and_runs_with_their_steps(ids: dict[str, int], api: Client) -> None:
    path = f"/api/v1/flows/{ids['flow_id']}"
    assert api.get(f"{path}/").json()["version_number"] == 1
    [version] = results(api, f"{path}/versions/")
    assert version["graph"]["entry_node"] == "n1"
    [run] = results(api, f"{path}/runs/")
    assert (run["profile_id"], run["version"]) == (str(ids["profile_id"]), 1)
    assert [step["result"] for step in run["steps"]] == ["queued"]


def test_every_node_type_has_a_schema(tenant: Tenant, api: Client) -> None:
    nodes = {row["type"]: row["schema"] for row in results(api, "/api/v1/flows/nodes/")}
    assert {"message", "delay", "split", "exit"} <= set(nodes)
    assert all(schema["type"] == "object" for schema in nodes.values())


def test_points_are_listed_by_account_and_by_entry(ids: dict[str, int], api: Client) -> None:
    number = str(ids["profile_id"])
    assert api.get(f"/api/v1/loyalty/accounts/{number}/").json() == {
        "profile_id": number,
        "balance": 5,
        "pending": 0,
        "expiring": 0,
        "expires_at": None,
        "tier": None,
        "tier_since": None,
        "tier_falls_at": None,
    }
    [entry] = results(api, f"/api/v1/loyalty/entries/?profile_id={number}&kind=earn")
    assert (entry["points"], entry["source_key"]) == (5, "order:1")


def test_the_key_figures_are_money_text_and_rates(ids: dict[str, int], api: Client) -> None:
    rebuild_rollups()
    body = api.get("/api/v1/reports/kpis/").json()
    figures = {row["key"]: row for row in body["results"]}
    assert figures["net_revenue"]["value"] == "12.50"
    assert figures["net_revenue"]["currency"] == body["currency"] == "GBP"
    assert figures["repeat_purchase_rate"]["value"] == 0.0
    assert figures["repeat_purchase_rate"]["target"] == {"low": 0.25, "high": 0.4}
    assert all(row["formula"] for row in figures.values())


def test_reports_look_at_history_and_speak_csv(ids: dict[str, int], api: Client) -> None:
    query = "from=2010-12-01&to=2011-12-31&as_of=2011-12-09"
    body = api.get(f"/api/v1/reports/kpis/?{query}").json()
    assert (body["from"], body["to"], body["as_of"]) == ("2010-12-01", "2011-12-09", "2011-12-09")
    answer = api.get("/api/v1/reports/revenue/?from=2011-12-08&to=2011-12-09&format=csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.decode().splitlines() == [
        "day,currency,gross_revenue,refunded,net_revenue,orders",
        "2011-12-08,GBP,0.00,0.00,0.00,0",
        "2011-12-09,GBP,0.00,0.00,0.00,0",
    ]


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-02-30", "from=2026-05-02&to=2026-05-01", "form=2026"]
)
def test_a_period_that_is_none_is_refused(tenant: Tenant, api: Client, query: str) -> None:
    answer = api.get(f"/api/v1/reports/kpis/?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def test_rfm_has_nine_groups_and_a_grid(tenant: Tenant, api: Client) -> None:
    body = api.get("/api/v1/reports/rfm/").json()
    assert body["scale"] is None
    assert len(body["grid"]) == 25
    assert len(body["results"]) == 9


def test_times_are_utc(tenant: Tenant, api: Client) -> None:
    make_event(occurred_at=clock.now())
    [event] = results(api, "/api/v1/events/")
    assert event["occurred_at"].endswith("Z")
