"""Conditions as SQL: each operator says who meets it, for real rows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crm.models import Profile
from segments.queries.impact import measure_impact
from segments.services.evaluate import matching
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer, make_segment

# 23:30 on 30 June in London: still 30 June there, though 22:30 UTC.
NOW = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)


@pytest.fixture
def people(tenant: Tenant) -> dict[int, str]:
    """Four people: Ada bought thrice, Bob once, Cy and Dee never; Dee has no facts."""
    ada = make_buyer(
        orders=3,
        net=30_050,
        last_order_at=datetime(2026, 6, 10, 12, tzinfo=UTC),
        email="Ada@Example.com",
        email_norm="ada@example.com",
        email_consent="subscribed",
        country="GB",
        city="Bath",
        first_name="Ada",
        properties={"colour": "Teal"},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    change_facts(ada, categories=["Soap", "Tea"], rfm_group="champions", recency=5)
    bob = make_buyer(
        orders=1,
        net=2_000,
        # 23:30 UTC on 30 April is 00:30 on 1 May in London: 60 calendar days ago.
        last_order_at=datetime(2026, 4, 30, 23, 30, tzinfo=UTC),
        country="JP",
        phone="+815012345678",
        created_at=datetime(2026, 4, 30, 23, 30, tzinfo=UTC),
    )
    cy = make_buyer(
        email_norm="cy@example.com",
        sms_consent="unsubscribed",
        created_at=datetime(2026, 6, 30, 5, tzinfo=UTC),
    )
    dee = Profile.objects.create(created_at=datetime(2025, 6, 30, tzinfo=UTC)).pk
    return {ada: "ada", bob: "bob", cy: "cy", dee: "dee"}


def field(name: str, operator: str, value: Any = None) -> dict[str, Any]:
    leaf = {"field": name, "is": operator}
    return leaf if value is None else {**leaf, "value": value}


CASES: list[tuple[dict[str, Any], str]] = [
    (field("order_count", "=", 0), "cy dee"),
    (field("order_count", ">=", 0), "ada bob cy dee"),
    (field("order_count", ">=", 1), "ada bob"),
    (field("order_count", "<", 1), "cy dee"),
    (field("order_count", "!=", 1), "ada cy dee"),
    (field("order_count", "between", [1, 3]), "ada bob"),
    (field("net_revenue", "=", "300.50"), "ada"),
    (field("net_revenue", ">", 0), "ada bob"),
    (field("net_revenue", "between", [0, 20]), "bob cy dee"),
    (field("net_revenue", "<", 20.01), "bob cy dee"),
    (field("average_order_value", ">", 19), "ada bob"),
    (field("average_order_value", "missing"), "cy dee"),
    (field("average_order_value", ">", {"store": "mean"}), "ada"),
    (field("net_revenue", "top", {"percent": 50}), "ada"),
    (field("net_revenue", "top", {"percent": 51}), "ada bob"),
    (field("days_since_last_order", "=", 60), "bob"),
    (field("days_since_last_order", "=", 20), "ada"),
    (field("days_since_last_order", ">=", 60), "bob"),
    (field("days_since_last_order", ">", 60), ""),
    (field("days_since_last_order", "<=", 60), "ada bob"),
    (field("days_since_last_order", "<", 60), "ada"),
    (field("days_since_last_order", "between", [60, 119]), "bob"),
    (field("days_since_last_order", "!=", 60), "ada cy dee"),
    (field("days_since_last_order", "exists"), "ada bob"),
    (field("days_since_created", "=", 0), "cy"),
    (field("last_order_at", "in_the_last", {"days": 60}), "ada bob"),
    (field("last_order_at", "in_the_last", {"days": 59}), "ada"),
    (field("last_order_at", "in_the_last", {"weeks": 2}), ""),
    (field("last_order_at", "not_in_the_last", {"days": 59}), "bob cy dee"),
    (field("last_order_at", "on", "2026-05-01"), "bob"),
    (field("last_order_at", "before", "2026-05-01"), ""),
    (field("last_order_at", "after", "2026-05-01"), "ada"),
    (field("last_order_at", "between", ["2026-05-01", "2026-06-10"]), "ada bob"),
    (field("country", "=", "gb"), "ada"),
    (field("country", "!=", "GB"), "bob cy dee"),
    (field("country", "in", ["GB", "JP"]), "ada bob"),
    (field("country", "not_in", ["GB", "JP"]), "cy dee"),
    (field("country", "missing"), "cy dee"),
    (field("email", "contains", "@EXAMPLE"), "ada cy"),
    (field("email", "contains", "%"), ""),
    (field("email", "not_contains", "ada"), "bob cy dee"),
    (field("email", "starts_with", "ada"), "ada"),
    (field("email", "ends_with", ".com"), "ada cy"),
    (field("email", "not_starts_with", "ADA"), "bob cy dee"),
    (field("email", "not_ends_with", ".com"), "bob dee"),
    (field("has_email", "=", True), "ada cy"),
    (field("has_phone", "!=", True), "ada cy dee"),
    (field("categories", "contains", "Tea"), "ada"),
    (field("categories", "not_contains", "Tea"), "bob cy dee"),
    (field("categories", "contains_any", ["Tea", "Oil"]), "ada"),
    (field("categories", "not_contains_any", ["Tea", "Oil"]), "bob cy dee"),
    (field("categories", "contains_all", ["Tea", "Oil"]), ""),
    (field("categories", "contains_text", "OA"), "ada"),
    (field("categories", "contains_text", "%"), ""),
    (field("categories", "length_is", 2), "ada"),
    (field("categories", "length_at_least", 1), "ada"),
    (field("categories", "length_at_most", 1), "bob cy dee"),
    (field("categories", "length_is", 0), "bob cy dee"),
    (field("categories", "missing"), "bob cy dee"),
    (field("rfm_group", "=", "champions"), "ada"),
    (field("rfm_group", "missing"), "bob cy dee"),
    (field("recency", ">=", 4), "ada"),
    (field("properties.colour", "=", "teal"), "ada"),
    (field("properties.colour", "!=", "teal"), "bob cy dee"),
    (field("properties.colour", "exists"), "ada"),
    ({"consent": "email", "is": "subscribed"}, "ada"),
    ({"consent": "sms", "is": "unsubscribed"}, "cy"),
    ({"op": "not", "children": [field("country", "=", "GB")]}, "bob cy dee"),
    (
        {"op": "or", "children": [field("country", "=", "GB"), field("order_count", "=", 1)]},
        "ada bob",
    ),
    (
        {"op": "and", "children": [field("order_count", ">", 0), field("country", "=", "JP")]},
        "bob",
    ),
]


@pytest.mark.parametrize(("definition", "names"), CASES)
def test_who_meets_a_condition(
    people: dict[int, str], definition: dict[str, Any], names: str
) -> None:
    found = matching(definition, list(people), NOW)
    assert sorted(people[key] for key in found) == names.split()
    looked = measure_impact(definition, NOW, segment_id=None)
    assert looked is not None
    assert sorted(people[one.pk] for one in looked.sample) == names.split()


def test_only_the_profiles_asked_for_are_looked_at(people: dict[int, str]) -> None:
    _, *others = people
    assert matching(field("order_count", ">=", 0), others, NOW) == set(others)
    assert matching(field("order_count", ">=", 0), [], NOW) == set()


def test_merged_and_erased_profiles_meet_nothing(people: dict[int, str]) -> None:
    ada, bob, cy, dee = people
    Profile.objects.filter(pk=bob).update(merged_into=ada)
    Profile.objects.filter(pk=cy).update(erased_at=NOW)
    assert matching(field("order_count", ">=", 0), list(people), NOW) == {ada, dee}


def test_values_of_a_definition_are_never_sql(people: dict[int, str]) -> None:
    make_segment({"consent": "email", "is": "subscribed"})
    for text in ("'; DROP TABLE crm_profile; --", "%(tenant_id)s", "%s", "\\", "{'a'}"):
        assert matching(field("city", "=", text), list(people), NOW) == set()
        assert matching(field(f"properties.{text}", "contains", text), list(people), NOW) == set()
    assert Profile.objects.count() == 4
