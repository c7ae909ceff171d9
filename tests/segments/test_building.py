"""What the builder of segments asks the server: values to choose from, who would be in a draft."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from crm.models import Event, Product, Profile, ProfileFacts, Store
from kernel import clock
from kernel.tenancy import tenant_scope
from segments.queries import impact, suggestions
from segments.queries.conditions import LIVE_PROFILES
from segments.queries.drafts import Examined, examine
from segments.queries.impact import measure_impact
from segments.queries.suggestions import PERSONAL, Asked, list_suggestions
from tenants.models import Tenant
from tests.factories.samples import make_event, make_profile, make_store
from tests.factories.segments import make_buyer, make_segment
from tests.factories.tenants import sign_in

BASE = "/t/ada-soap/segments/"
TWO = {"field": "order_count", "is": ">=", "value": 2}


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


def values(client: Client, **asked: str) -> list[tuple[str, str, str]]:
    answer = client.get(f"{BASE}values/", asked)
    assert answer.status_code == 200
    return [(one["value"], one["label"], one["note"]) for one in answer.json()["values"]]


def make_product(
    title: str, category: str = "", brand: str = "", *, is_deleted: bool = False
) -> Product:
    store = Store.objects.first() or make_store()
    return Product.objects.create(
        store=store,
        external_id=title,
        title=title,
        category=category,
        brand=brand,
        deleted_at=clock.now() if is_deleted else None,
    )


def test_categories_and_brands_come_with_how_many_products_they_have(client: Client) -> None:
    for number in range(2):
        make_product(f"Balm {number}", "Skincare", "Acme")
    make_product("Leaf", "Tea", "Acme")
    make_product("Bare")
    make_product("Gone", "Candles", "Acme", is_deleted=True)
    assert values(client, of="goods", name="category") == [
        ("Skincare", "Skincare", "2 products"),
        ("Tea", "Tea", "1 product"),
    ]
    assert values(client, of="goods", name="category", text="TE") == [("Tea", "Tea", "1 product")]
    assert values(client, of="goods", name="brand") == [("Acme", "Acme", "3 products")]
    assert values(client, of="goods", name="title); DROP") == []


def test_products_are_found_by_title_and_named_by_id(client: Client) -> None:
    balm, leaf = make_product("100% Balm", "Skincare"), make_product("Leaf")
    gone = make_product("Red leaf", is_deleted=True)
    assert values(client, of="product", text="0% b") == [(str(balm.pk), "100% Balm", "Skincare")]
    assert values(client, of="product", name="title", text="lea") == [("Leaf", "Leaf", "")]
    assert values(client, of="product", ids=f"{leaf.pk},nonsense,{leaf.pk + 999}") == [
        (str(leaf.pk), "Leaf", "")
    ]
    # What stands in a definition keeps its name.
    assert values(client, of="product", ids=str(gone.pk))[0][1] == "Red leaf"


def test_fields_offer_what_people_have_and_never_who_they_are(client: Client) -> None:
    for country, tags in (("GB", ["VIP", "Old"]), ("GB", ["VIP"]), ("DE", [])):
        made = make_profile(country=country, tags=tags, email_norm="ada@example.com", city="Leeds")
        ProfileFacts.objects.create(profile=made, first_touch={"source": "news"})
    make_profile(country="FR", is_anonymous=True)
    assert values(client, of="field", name="country") == [
        ("GB", "United Kingdom", "2 people"),
        ("DE", "Germany", "1 person"),
    ]
    assert values(client, of="field", name="country", text="king")[0][0] == "GB"
    assert values(client, of="field", name="tags") == [
        ("VIP", "VIP", "2 people"),
        ("Old", "Old", "1 person"),
    ]
    assert values(client, of="field", name="first_touch_source") == [("news", "news", "3 people")]
    for name in (*PERSONAL, "order_count", "loyalty_tier", "nonsense"):
        assert values(client, of="field", name=name) == []


def test_events_and_what_they_carry_are_offered(client: Client) -> None:
    lines = [{"category": "Tea"}, {"category": "Soap"}]
    make_event(properties={"topic": "education", "products": lines, "is_new": True, "n": 3})
    make_event(properties={"topic": "education", "long": "x" * 200, "": None})
    make_event(name="Order Placed")
    make_event(name="Segment Entered")
    make_event(name="Segment Exited")
    names = ["Order Placed", "Product Viewed"]
    assert [value for value, _, _ in values(client, of="event")] == names
    assert values(client, of="event", text="view")[0][0] == "Product Viewed"
    viewed = {"event": "Product Viewed"}
    found = values(client, of="event_property", **viewed)
    assert found[0] == ("topic", "topic", "2 events")
    assert {value for value, _, _ in found} >= {"products.category", "is_new", "n", "long"}
    of_topic = values(client, of="event_value", name="topic", **viewed)
    assert of_topic == [("education", "education", "2 events")]
    of_lines = values(client, of="event_value", name="products.category", **viewed)
    assert [value for value, _, _ in of_lines] == ["Soap", "Tea"]
    assert values(client, of="event_value", name="is_new", **viewed)[0][0] == "true"
    assert values(client, of="event_value", name="long", **viewed) == []


def test_properties_of_people_and_segments_are_offered(client: Client) -> None:
    make_profile(properties={"size": "M", "birthday": "1990-05-01"})
    make_profile(properties={"size": "M"})
    make_profile(properties={"cookie": "yes"}, is_anonymous=True)
    loyal = make_segment(TWO, "Loyal")
    assert values(client, of="property") == [
        ("size", "size", "2 people"),
        ("birthday", "birthday", "1 person"),
    ]
    assert values(client, of="property_value", name="size") == [("M", "M", "2 people")]
    assert values(client, of="segment", text="loy") == [(str(loyal.pk), "Loyal", "0 people")]
    assert values(client, of="segment", ids=str(loyal.pk))[0][1] == "Loyal"
    assert values(client, of="anything") == []


def test_properties_are_looked_for_among_the_newest_people_alone(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "NEWEST_PEOPLE", 2)
    for properties in ({"old": "yes"}, {"size": "M"}, {}):
        make_profile(properties=properties)
    assert [one.value for one in list_suggestions(Asked("property"))] == ["size"]
    assert list_suggestions(Asked("property_value", "old")) == []


def test_older_products_are_found_by_three_letters_of_their_title(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "NEWEST_PRODUCTS", 2)
    for title in ("Rose soap", "Rosemary", "Gone rose", "Wax"):
        make_product(title, is_deleted=title.startswith("Gone"))

    def found(text: str) -> list[str]:
        return [one.label for one in list_suggestions(Asked("product", text=text))]

    assert found("ROS") == ["Rosemary", "Rose soap"]
    assert found("wa") == found("Wax") == ["Wax"]
    assert found("ro") == []
    monkeypatch.setattr(suggestions, "MOST", 1)
    assert found("ros") == ["Rosemary"]


def test_no_value_of_another_merchant_is_offered_or_named(
    client: Client, other_tenant: Tenant
) -> None:
    with tenant_scope(other_tenant.pk):
        theirs = make_segment(TWO, "Theirs")
        balm = make_product("Their balm", "Secret", "Hidden")
        person = make_profile(country="FR", tags=["Theirs"], properties={"theirs": "yes"})
        make_event(person, name="Their Event", properties={"theirs": "yes"})
    asked: list[dict[str, Any]] = [
        {"of": "goods", "name": "category"},
        {"of": "goods", "name": "brand"},
        {"of": "product"},
        {"of": "product", "ids": str(balm.pk)},
        {"of": "segment"},
        {"of": "segment", "ids": str(theirs.pk)},
        {"of": "field", "name": "country"},
        {"of": "field", "name": "tags"},
        {"of": "property"},
        {"of": "property_value", "name": "theirs"},
        {"of": "event"},
        {"of": "event_property", "event": "Their Event"},
        {"of": "event_value", "event": "Their Event", "name": "theirs"},
    ]
    assert [one for one in asked if values(client, **one)] == []


def test_a_draft_is_blamed_condition_by_condition() -> None:
    draft = {
        "op": "and",
        "children": [
            TWO,
            {"field": "country", "is": "="},
            {"op": "or", "children": []},
            {"op": "not", "children": [{"event": "X", "where": [{"property": "", "is": "="}]}]},
            7,
        ],
    }
    found = examine(draft)
    assert found[0] == Examined("definition.children[0]", words="Orders: at least 2")
    assert [(one.path, one.at) for one in found[1:]] == [
        ("definition.children[1]", "value"),
        ("definition.children[2]", "children"),
        ("definition.children[3].children[0]", "where[0].property"),
        ("definition.children[4]", ""),
    ]
    assert all(one.fault for one in found[1:])


def test_the_preview_tells_each_condition_and_who_would_be_in_it(client: Client) -> None:
    make_buyer(orders=2, last_order_at=clock.now(), first_name="Ada", email="ada@example.com")
    Profile.objects.create(first_name="Bob")
    data = {"definition": json.dumps(TWO), "quick": "1"}
    shown = client.post(f"{BASE}preview/", data).content.decode()
    assert 'data-said="1 person"' in shown
    assert "50% of 2" in " ".join(shown.split())
    assert "ada@example.com" in shown
    assert _leaves(shown) == [
        {"path": "definition", "words": "Orders: at least 2", "at": "", "fault": ""}
    ]
    unfinished = {"op": "and", "children": [TWO, {"field": "country", "is": "="}]}
    data["definition"] = json.dumps(unfinished)
    shown = client.post(f"{BASE}preview/", data).content.decode()
    assert "Finish what is marked" in shown
    assert [leaf["at"] for leaf in _leaves(shown)] == ["", "value"]


def _leaves(html: str) -> Any:
    [told] = re.findall(r'id="impact-leaves" type="application/json">(.*?)</script>', html)
    return json.loads(told)


def test_the_preview_marks_what_saving_would_be_refused_for(client: Client) -> None:
    regulars = make_segment(TWO, "Regulars")
    outer = make_segment({"segment": str(regulars.pk), "is": "member"}, "Outer")

    def marked(leaf: dict[str, Any]) -> tuple[str, str]:
        definition = {"op": "and", "children": [TWO, leaf]}
        data = {"segment": str(regulars.pk), "definition": json.dumps(definition)}
        shown = client.post(f"{BASE}preview/", data).content.decode()
        assert "Finish what is marked" in shown
        first, second = _leaves(shown)
        assert (first["path"], first["fault"]) == ("definition.children[0]", "")
        return second["at"], second["fault"]

    way = "segments refer to each other: “Regulars” → “Outer” → “Regulars”"
    assert marked({"segment": str(outer.pk), "is": "member"}) == ("segment", way)
    assert marked({"segment": "987654", "is": "member"}) == (
        "segment",
        "no segment has id 987654, or it is archived",
    )
    assert marked({"bought": {"product": "987654"}}) == (
        "bought.product",
        "no product has id 987654",
    )
    assert marked({"first_event": "Segment Entered"}) == (
        "",
        "“Segment Entered” is told by segments; ask for the segment",
    )
    many = {"op": "and", "children": [TWO] * 101}
    shown = client.post(f"{BASE}preview/", {"definition": json.dumps(many)}).content.decode()
    assert "has more than 100 conditions" in shown
    assert "Finish what is marked" not in shown


def test_a_quick_look_rather_estimates_than_waits(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(60):
        make_buyer(orders=2, last_order_at=clock.now())
    slow = f"{LIVE_PROFILES} AND (p.id > 0 AND pg_sleep(0.005) IS NOT NULL)"
    monkeypatch.setattr(impact, "LIVE_PROFILES", slow)
    monkeypatch.setattr(impact, "QUICK_MS", 50)
    quick = measure_impact(TWO, clock.now(), segment_id=None, is_quick=True)
    exact = measure_impact(TWO, clock.now(), segment_id=None)
    assert quick
    assert exact
    assert (quick.is_estimate, exact.is_estimate, exact.members) == (True, False, 60)


def test_an_event_that_never_happened_has_nothing_to_choose(tenant: Tenant) -> None:
    assert Event.objects.count() == 0
    assert list_suggestions(Asked("event_property", event="Nothing")) == []
