"""Flags of products: rules, the word of a hand above them, and who asks for them."""

from typing import Any

import pytest
from django.test import Client

from crm.choices import ProductFlag
from crm.models import FlagRule, Product
from crm.queries.catalog import WantedProducts, list_products
from crm.services import flags
from crm.services.checks import find_differences
from crm.services.flags import RuleData, add_rule, flag_by_hand, remove_rule
from crm.types import ProductRecord, VariantData
from kernel import clock
from kernel.errors import Conflict, Invalid
from kernel.keyset import Place
from kernel.work import drain_tenant
from segments.choices import Cause
from segments.domain.happenings import FLAGS
from segments.models import Membership, Segment
from segments.services.rebuild import rebuild
from tenants.models import Job, Tenant
from tests.factories.crm import NOON, apply, line, make_store, order
from tests.factories.tenants import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tenant")]
ACTOR = "ada@example.com"


def product(name: str, price: int, currency: str = "GBP", **fields: Any) -> ProductRecord:
    variant = VariantData(f"{name}-v", price_minor=price, currency=currency)
    return ProductRecord(name, NOON, title=name.title(), variants=[variant], **fields)


def flagged() -> dict[str, list[str]]:
    rows = Product.objects.exclude(flags=[]).order_by("external_id")
    return dict(rows.values_list("external_id", "flags"))


@pytest.fixture
def catalogue(tenant: Tenant) -> None:
    apply(
        make_store(),
        product("beans", 900, category="Coffee > Beans"),
        product("grinder", 24_000, category="Coffee machines", brand="Volt"),
        product("kettle", 8_000, category="coffee", brand="VOLT"),
        product("yen", 90_000, currency="JPY"),
    )


@pytest.mark.covers("S4")
@pytest.mark.usefixtures("catalogue")
def test_rules_ask_for_category_brand_and_price_and_all_of_a_rule_must_hold() -> None:
    add_rule(RuleData("consumable", category="Coffee"), actor=ACTOR)
    add_rule(RuleData("technical", brand="volt"), actor=ACTOR)
    high = RuleData("high_value", brand="Volt", from_minor=10_000, currency="GBP")
    rule = add_rule(high, actor=ACTOR)

    assert flagged() == {
        "beans": ["consumable"],
        "grinder": ["high_value", "technical"],
        "kettle": ["consumable", "technical"],
    }
    remove_rule(rule.pk, actor=ACTOR)
    assert flagged()["grinder"] == ["technical"]
    assert find_differences() == []


@pytest.mark.usefixtures("catalogue")
def test_a_hand_wins_over_the_rules_until_it_is_taken_away() -> None:
    add_rule(RuleData("consumable", category="Coffee"), actor=ACTOR)
    beans, grinder = (Product.objects.get(external_id=name).pk for name in ("beans", "grinder"))
    flag_by_hand(beans, "consumable", said=False, actor=ACTOR)
    flag_by_hand(grinder, "high_value", said=True, actor=ACTOR)
    assert flagged() == {"grinder": ["high_value"], "kettle": ["consumable"]}
    add_rule(RuleData("consumable", category="Coffee > Beans"), actor=ACTOR)
    assert "beans" not in flagged()

    flag_by_hand(beans, "consumable", said=None, actor=ACTOR)

    assert flagged()["beans"] == ["consumable"]
    assert find_differences() == []


@pytest.mark.usefixtures("catalogue")
def test_a_product_that_changes_is_flagged_anew_and_a_list_finds_it() -> None:
    add_rule(RuleData("high_value", from_minor=10_000, currency="GBP"), actor=ACTOR)
    store = make_store("Other")
    apply(store, product("lamp", 500))
    assert flagged() == {"grinder": ["high_value"]}

    dearer = ProductRecord(
        "lamp",
        NOON,
        title="Lamp",
        variants=[VariantData("lamp-v", price_minor=10_000, currency="GBP")],
    )
    apply(store, dearer)

    page = list_products(WantedProducts(flag="high_value", sort="new"), Place())
    assert [row.title for row in page.rows] == ["Grinder", "Lamp"]


def test_a_rule_must_name_something_that_makes_sense_and_stands_once() -> None:
    for data in (
        RuleData("consumable"),
        RuleData("shiny", category="Coffee"),
        RuleData("technical", from_minor=5, currency="pounds"),
        RuleData("technical", from_minor=5, to_minor=4, currency="GBP"),
    ):
        with pytest.raises(Invalid):
            add_rule(data, actor=ACTOR)
    add_rule(RuleData("consumable", category="Coffee"), actor=ACTOR)
    with pytest.raises(Conflict):
        add_rule(RuleData("consumable", category="Coffee"), actor=ACTOR)
    assert FlagRule.objects.count() == 1


@pytest.mark.usefixtures("catalogue")
def test_a_large_catalogue_is_flagged_by_a_job(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flags, "AT_ONCE", 1)

    add_rule(RuleData("consumable", category="Coffee"), actor=ACTOR)

    assert flagged() == {}
    drain_tenant(tenant.pk, kinds=["jobs"])
    assert flagged() == {"beans": ["consumable"], "kettle": ["consumable"]}
    assert Job.objects.get().status == "done"


def test_segments_know_the_same_flags() -> None:
    assert list(FLAGS) == ProductFlag.values


@pytest.mark.usefixtures("catalogue", "noting_handlers")
def test_a_segment_asks_who_bought_what_has_a_flag(tenant: Tenant) -> None:
    add_rule(RuleData("consumable", category="Coffee"), actor=ACTOR)
    store = make_store("Other")
    apply(store, product("beans", 900, category="Coffee"))
    bought = line(product_external_id="beans")
    apply(store, order("1", lines=[bought]), order("2", email="bo@example.com"))
    segment = Segment.objects.create(name="Drinkers", definition={"bought": {"flag": "consumable"}})

    rebuild(clock.now(), Cause.IMPORT)

    members = Membership.objects.filter(segment_ids__contains=[segment.pk])
    assert [row.profile.email for row in members.select_related("profile")] == ["ada@example.com"]


@pytest.mark.usefixtures("catalogue")
def test_the_page_shows_what_a_rule_would_catch_before_it_is_added(tenant: Tenant) -> None:
    client: Client = sign_in(tenant, "owner")
    base = f"/t/{tenant.slug}/catalog/flags/"
    data = {"flag": "technical", "brand": "Volt", "from_price": "100"}

    seen = client.post(f"{base}add/", {**data, "preview": "1"}).content.decode()

    assert "would catch 1 product, such as Grinder" in " ".join(seen.split())
    assert not FlagRule.objects.exists()
    assert client.post(f"{base}add/", data).status_code == 302
    rule = FlagRule.objects.get()
    assert (rule.brand, rule.from_minor, rule.currency) == ("Volt", 10_000, "GBP")
    refused = client.post(f"{base}add/", {"flag": "technical"})
    assert refused.status_code == 422
    grinder = Product.objects.get(external_id="grinder")
    client.post(f"/t/{tenant.slug}/catalog/{grinder.pk}/flag/", {"flag": "technical", "said": "no"})
    assert flagged() == {}
    page = client.get(f"/t/{tenant.slug}/catalog/{grinder.pk}/").content.decode()
    assert "by hand; wins over the rules" in page
