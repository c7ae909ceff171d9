"""A segment as a metafield of a shop's customers: true for members, gone with them, and no news."""

import pytest
from django.db import transaction

from crm.models import Event
from crm.services.stores import StoreData
from kernel.errors import Conflict, Invalid
from segments.models import SegmentPush
from segments.services.lists import add_to_list, create_list, remove_from_list
from segments.services.shops import start_push, stop_push
from stores.services.connections import connect_store
from stores.services.writing import retry_writes
from tenants.models import Tenant
from tests.support.shopify import FakeShop
from tests.support.shopify_api import ShopifyApi
from tests.support.writing import ACTOR, differences, echo, quiet, row, settle, tags_at, who

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.covers("S15")]

KEY = "segment_regulars"


@pytest.fixture
def shop(written_shop: FakeShop) -> FakeShop:
    return written_shop


def regulars(*numbers: int) -> int:
    made = create_list(name="Regulars")
    add_to_list(made.pk, [who(number) for number in numbers], actor=ACTOR)
    return made.pk


def push(shop: FakeShop, segment_id: int, name: str = "Regulars", form: str = "metafield") -> bool:
    return start_push(segment_id, shop.store.store_id, tag=name, actor=ACTOR, form=form)


def fields_at(api: ShopifyApi) -> dict[tuple[int, str], tuple[str, str]]:
    found = api.writes.metafields.items()
    return {(int(owner.rpartition("/")[2]), key): value for (owner, key), value in found}


@pytest.mark.urls("stores.public_urls")
def test_members_have_it_as_they_enter_and_lose_it_as_they_leave(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    people = regulars(1)
    assert (push(shop, people), push(shop, people)) == (True, False)
    settle()
    assert fields_at(shopify_api) == {(1, KEY): ("boolean", "true")}
    add_to_list(people, [who(2)], actor=ACTOR)
    remove_from_list(people, [who(1)], actor=ACTOR)
    settle()
    assert fields_at(shopify_api) == {(2, KEY): ("boolean", "true")}
    assert quiet(shopify_api) == ["metafieldsSet 1", "metafieldsSet 2", "metafieldsDelete 1"]
    with transaction.atomic():
        events = Event.objects.count()
    echo(shop, shopify_api)
    with transaction.atomic():
        assert Event.objects.count() == events
    assert (settle(), quiet(shopify_api), differences()) == (0, [], [])

    stop_push(people, shop.store.store_id, takes_away=False, actor=ACTOR)
    settle()
    assert (fields_at(shopify_api), quiet(shopify_api)) == ({}, ["metafieldsDelete 2"])
    assert differences() == []


def test_a_tag_and_a_metafield_stand_beside_each_other_and_one_refusal_costs_neither(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    people, others = regulars(1, 2), create_list(name="Others").pk
    add_to_list(others, [who(1), who(2)], actor=ACTOR)
    shopify_api.writes.refuses = {"gid://shopify/Customer/2": "Owner is locked"}
    push(shop, people)
    push(shop, others, "Other", "tag")
    settle()
    assert tags_at(shopify_api, 1) == ["Oils", "Other", "vip"]
    assert fields_at(shopify_api) == {(1, KEY): ("boolean", "true")}
    assert row("2") == ("refused", "Shopify refuses it: Owner is locked")

    shopify_api.writes.refuses = {}
    assert retry_writes(shop.store.store_id, actor=ACTOR) == 1
    settle()
    assert tags_at(shopify_api, 2) == ["Oils", "Other", "vip"]
    assert set(fields_at(shopify_api)) == {(1, KEY), (2, KEY)}

    stop_push(others, shop.store.store_id, takes_away=True, actor=ACTOR)
    settle()
    assert [tags_at(shopify_api, number) for number in (1, 2)] == [["Oils", "vip"]] * 2
    assert set(fields_at(shopify_api)) == {(1, KEY), (2, KEY)}
    assert differences() == []


def test_a_customer_in_more_segments_than_a_request_takes_has_the_metafield_of_each(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    people = [create_list(name=f"List {number}").pk for number in range(27)]
    for number, segment_id in enumerate(people):
        add_to_list(segment_id, [who(1)], actor=ACTOR)
        push(shop, segment_id, f"List {number}")
    add_to_list(people[0], [who(2)], actor=ACTOR)
    settle()
    expected = {(1, f"segment_list_{number}") for number in range(27)} | {(2, "segment_list_0")}
    assert set(fields_at(shopify_api)) == expected
    assert quiet(shopify_api) == ["metafieldsSet 1"] * 27 + ["metafieldsSet 2"]
    assert differences() == []
    for segment_id in people:
        remove_from_list(segment_id, [who(1)], actor=ACTOR)
    settle()
    assert set(fields_at(shopify_api)) == {(2, "segment_list_0")}


def test_a_worker_that_dies_after_the_shop_took_it_is_followed_by_one_that_changes_nothing(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    people = regulars(1)
    push(shop, people)
    shopify_api.after_answer = lambda kind: kind == "metafieldsSet"
    settle()
    assert quiet(shopify_api) == ["metafieldsSet 1"]
    shopify_api.after_answer = lambda kind: False
    remove_from_list(people, [who(1)], actor=ACTOR)
    stop_push(people, shop.store.store_id, takes_away=True, actor=ACTOR)
    settle()
    assert (fields_at(shopify_api), quiet(shopify_api)) == ({}, ["metafieldsDelete 1"])


def test_a_name_makes_a_key_that_only_one_segment_has(shop: FakeShop, tenant: Tenant) -> None:
    people, others = regulars(1), create_list(name="Others").pk
    for name in ("", "!?", "a" * 41):
        with pytest.raises(Invalid, match="letters and digits"):
            push(shop, people, name)
    with pytest.raises(Invalid, match="what metafields are called"):
        push(shop, people, "patron.segment_x", "tag")
    push(shop, people, "Régulars, of Leeds!")
    with pytest.raises(Conflict, match="gives this tag there"):
        push(shop, others, "regulars of leeds")
    with transaction.atomic():
        assert SegmentPush.objects.get().tag == "patron.segment_regulars_of_leeds"


def test_a_shop_without_metafields_takes_tags_alone(tenant: Tenant) -> None:
    made = create_list(name="Regulars").pk
    data = StoreData(name="Woo", platform="woocommerce", url="https://woo.example")
    store = connect_store(data, credentials={"consumer_key": "ck", "consumer_secret": "cs"})
    with pytest.raises(Invalid, match="no metafields"):
        start_push(made, store.store_id, tag="Regulars", actor=ACTOR, form="metafield")
    with transaction.atomic():
        assert not SegmentPush.objects.exists()
