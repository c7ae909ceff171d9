"""Every template and every example of the requirements, over a store small enough to check by hand.

The people come in as a shop would tell of them; nothing is computed by the test. All orders of one
person are of one category, except where their line says otherwise.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from crm.models import Profile, Store
from crm.services.events import append_events
from crm.services.ingest import apply_records
from crm.types import (
    AddressData,
    CustomerRecord,
    EventRecord,
    LineData,
    NewEvent,
    OrderRecord,
    Record,
)
from crm.types.care import ReturnRecord, ReviewRecord, TicketRecord
from kernel.clock import simulated
from kernel.work import drain_tenant
from segments.choices import Cause
from segments.domain.starters import CORE, RFM, STARTERS
from segments.models import Segment
from segments.queries.listing import list_member_ids
from segments.queries.starters import define_starter, find_top_category
from segments.services.checks import find_differences
from segments.services.evaluate import matching
from segments.services.rebuild import refresh_everything
from segments.services.upkeep import request_refresh
from tenants.models import Tenant

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)

ORDERS: list[tuple[str, int, int, str]] = [
    ("ada", 71, 60, "Skincare"),
    ("ada", 51, 100, "Skincare"),
    ("bob", 10, 20, "Tea"),
    ("dee", 587, 30, "Gifts"),  # 20 November 2024
    ("dee", 202, 40, "Gifts"),  # 10 December 2025
    ("eve", 140, 25, "Skincare"),  # 10 February
    ("fay", 29, 35, "Skincare"),
    ("gil", 76, 20, "Tea"),
    ("gil", 41, 20, "Tea"),
    ("gil", 5, 20, "Tea"),
    ("jo", 20, 50, "Soap"),
    ("kim", 18, 50, "Soap"),
    ("lou", 16, 50, "Soap"),
    ("ned", 505, 15, "Tea"),
    ("oli", 576, 45, "Tea"),
    ("oli", 302, 45, "Tea"),
    ("oli", 60, 45, "Tea"),
]
"""Who ordered, how many days ago, for how many pounds, of which category."""
KNOWN_SINCE = {"dee": 600, "eve": 150, "ned": 520, "oli": 580}
"""Days since somebody is known; 29 for everybody else."""
DONE: list[tuple[str, int, str, dict[str, Any]]] = [
    ("fay", 3, "Page Viewed", {"path": "/pages/subscribe"}),
    ("hal", 3, "Product Viewed", {}),
    ("ivy", 2, "Product Viewed", {}),
    ("ivy", 2, "Product Added", {}),
    ("max", 10, "Product Added to Wishlist", {}),
]
OPENED = [("eve", 40), ("eve", 30), ("eve", 20)]
CLICKED = [("gil", 50)]


def told(name: str, **more: Any) -> CustomerRecord:
    known = NOW - timedelta(days=KNOWN_SINCE.get(name, 29))
    return CustomerRecord(
        external_id=name,
        version_at=NOW,
        email=f"{name}@example.com",
        first_name=name,
        created_at=known,
        **more,
    )


def bought() -> list[Record]:
    return [
        OrderRecord(
            external_id=f"{name}-{days}",
            version_at=NOW,
            ordered_at=NOW - timedelta(days=days),
            currency="GBP",
            gross_minor=pounds * 100,
            lines=[LineData("1", 1, 1, pounds * 100, pounds * 100, title="A", category=category)],
            customer=told(name),
            discount_codes=["REF-GIL"] if name == "fay" else [],
        )
        for name, days, pounds, category in ORDERS
    ]


def happened() -> list[Record]:
    pia = told(
        "pia",
        locale="de-DE",
        address=AddressData(country="DE", region="Berlin", city="Berlin", postcode="10115"),
        properties={
            "birthday": "1990-06-12",
            "gender": "female",
            "latitude": 52.532,
            "longitude": 13.384,
        },
    )
    return [
        told("cy", email_consent="subscribed", consent_at=NOW),
        pia,
        *(
            EventRecord(event, NOW - timedelta(days=days), told(name), properties)
            for name, days, event, properties in DONE
        ),
        TicketRecord("t1", NOW, status="open", customer=told("jo"), opened_at=NOW),
        ReturnRecord("r1", NOW, status="requested", customer=told("kim"), requested_at=NOW),
        ReviewRecord(
            "v1", NOW, rating=1, status="published", customer=told("lou"), reviewed_at=NOW
        ),
    ]


def mailed(people: dict[str, int]) -> list[NewEvent]:
    return [
        NewEvent(
            name=event,
            occurred_at=NOW - timedelta(days=days),
            source="system",
            profile_id=people[name],
            properties={"topic": "How-to"},
        )
        for event, done in (("Message Opened", OPENED), ("Message Clicked", CLICKED))
        for name, days in done
    ]


@pytest.fixture
def people(tenant: Tenant) -> Iterator[dict[int, str]]:
    """Names by profile id; every segment of `EXPECTED` and `ASKED` is decided."""
    store = Store.objects.create(
        name="Shop", platform="custom", currency="GBP", timezone="Europe/London"
    )
    with simulated(NOW):
        with transaction.atomic():
            apply_records(store.pk, [*bought(), *happened()], source="api", now=NOW)
        names = dict(Profile.objects.values_list("first_name", "pk"))
        append_events(mailed(names), now=NOW)
        for starter in STARTERS:
            definition = define_starter(starter, find_top_category())
            Segment.objects.create(name=starter.key, definition=definition)
        for name, (definition, _) in ASKED.items():
            Segment.objects.create(name=name, definition=definition)
        drain_tenant(tenant.pk, kinds=("reactions",))
        request_refresh(Cause.DEFINITION, NOW)
        refresh_everything(NOW)
        yield {pk: name for name, pk in names.items()}


EXPECTED: dict[str, str] = {
    # S2
    "new_subscribers": "cy",
    "first_time": "bob eve fay jo kim lou ned",
    "repeat": "ada dee gil oli",
    "vip": "ada oli",  # two of eleven: a tenth, rounded up
    "at_risk": "oli",
    "churned": "dee eve ned",
    # S12
    "unhappy": "jo kim lou",
    # S1: with fewer than 200 buyers scores are cut at days, orders and the average of £39.41
    "rfm_champions": "",
    "rfm_loyal": "",
    "rfm_potential": "bob fay jo kim lou",
    "rfm_promising": "ada gil oli",
    "rfm_one_time_lapsed": "eve ned",
    "rfm_needs_attention": "",
    "rfm_at_risk": "",
    "rfm_lapsed_regular": "",
    "rfm_lost": "dee",
    # P15
    "stage_subscriber": "cy",
    "stage_first_time": "bob fay jo kim lou",
    "stage_active": "ada gil",
    "stage_loyal": "",
    "happy_champions": "",
    "stage_won_back": "",
    "stage_at_risk": "oli",
    "stage_churned": "dee eve ned",
    # S3
    "browse_abandoners": "hal",
    "cart_abandoners": "ivy",
    "churning": "dee",
    "inactive": "dee ned",
    "asleep": "dee ned",
    # S7: the mean order of a buyer is £38.64
    "two_in_90_days": "ada gil",
    "ordered_in_30_days": "bob fay gil jo kim lou",
    "above_average": "ada jo kim lou oli",
    "top_category": "bob gil oli",
    "lapse_risk": "dee oli",
    "good_and_quiet": "ada",
    # S8
    "seasonal": "dee",
    "holiday": "dee",
    # S16
    "monthly": "gil",
    "occasional": "dee oli",
    "long_time": "oli",
    "upsell_ready": "ada oli",
    "wishlist": "max",
}
"""Members of every template."""


def both(*children: dict[str, Any]) -> dict[str, Any]:
    return {"op": "and", "children": list(children)}


def field(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    leaf = {"field": name, "is": operator, **more}
    return leaf if value is None else {**leaf, "value": value}


def where(name: str, operator: str, value: str) -> list[dict[str, Any]]:
    return [{"property": name, "is": operator, "value": value}]


NEVER_OPENED = "ada bob cy dee fay hal ivy jo kim lou max ned oli pia"
ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "S5 skincare in Q1, three how-to mails, no order in 45 days": (
        both(
            {"bought": {"category": "Skincare"}, "months": [1, 2, 3]},
            {
                "event": "Message Opened",
                "where": where("topic", "=", "how-to"),
                "count": {"is": ">=", "value": 3},
            },
            {"not_bought": {}, "within": {"days": 45}},
        ),
        "eve",
    ),
    "S5 first order, by referral, looked at subscriptions": (
        both(
            field("order_count", "=", 1),
            {"event": "Order Placed", "where": where("discount_codes", "starts_with", "REF-")},
            {"event": "Page Viewed", "where": where("path", "contains", "/subscribe")},
        ),
        "fay",
    ),
    "S6 average order above that of the store": (
        field("average_order_value", ">", {"store": "mean"}),
        "ada jo kim lou oli",
    ),
    "S6 best fifth by orders": (field("order_count", "top", {"percent": 20}), "ada dee gil oli"),
    "S6 lowest quarter by revenue": (field("net_revenue", "in_quartile", 1), "bob eve ned"),
    "S8 two thirds in the last quarter of two years": (
        {"season": {"quarter": 4}, "years": 2, "share": {"percent": 66}},
        "dee",
    ),
    "S9 skincare, never tea": (
        both({"bought": {"category": "Skincare"}}, {"not_bought": {"category": "Tea"}}),
        "ada eve fay",
    ),
    "S10 country": (field("country", "=", "DE"), "pia"),
    "S10 region": (field("region", "=", "berlin"), "pia"),
    "S10 city": (field("city", "=", "Berlin"), "pia"),
    "S10 language": (field("locale", "starts_with", "de"), "pia"),
    "S10 birthday month": (field("properties.birthday", "in_month", [6], type="date"), "pia"),
    "S10 gender": (field("properties.gender", "=", "female"), "pia"),
    "S10 distance": (
        {"near": {"latitude": 52.39, "longitude": 13.06}, "within": {"km": 30}},
        "pia",
    ),
    "S11 engaged in 30 days": (field("last_engaged_at", "in_the_last", {"days": 30}), "eve"),
    "S11 engaged in 60 days": (field("last_engaged_at", "in_the_last", {"days": 60}), "eve gil"),
    "S11 never engaged": (field("last_engaged_at", "missing"), NEVER_OPENED),
    "P6 has and has not bought": (
        both({"bought": {"category": "Tea"}}, {"not_bought": {"category": ["Soap", "Gifts"]}}),
        "bob gil ned oli",
    ),
}


def found(people: dict[int, str]) -> dict[str, str]:
    return {
        segment.name: " ".join(sorted(people[key] for key in list_member_ids(segment.pk)))
        for segment in Segment.objects.order_by("pk")
    }


@pytest.mark.covers(
    "S1", "S2", "S3", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S16", "P6", "P15"
)
def test_members_are_those_that_are_found_by_hand(people: dict[int, str]) -> None:
    assert EXPECTED.keys() == {starter.key for starter in STARTERS}
    assert {starter.group for starter in STARTERS} >= {CORE, RFM}
    expected = {**EXPECTED, **{name: members for name, (_, members) in ASKED.items()}}
    assert found(people) == expected
    assert find_differences() == []


@pytest.mark.covers("S4")
def test_asking_again_finds_the_same_without_what_is_stored(people: dict[int, str]) -> None:
    for name, (definition, members) in ASKED.items():
        again = matching(definition, list(people), NOW)
        assert " ".join(sorted(people[key] for key in again)) == members, name
