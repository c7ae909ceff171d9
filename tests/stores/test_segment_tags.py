"""Shops are told who is in a segment: exactly, once, and never back."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.models import Event, Profile, Tag
from crm.services.consent import record_consent
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from segments.choices import Cause
from segments.models import Segment, SegmentPush
from segments.services.archiving import InUse, archive_segment
from segments.services.lists import add_to_list, create_list, remove_from_list
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment, delete_segment, update_segment
from segments.services.shops import start_push, stop_push
from stores.models import WriteLane
from stores.services.connections import disconnect_store, reconnect_store
from tests.support.shopify import FakeShop
from tests.support.shopify_api import ShopifyApi
from tests.support.writing import (
    ACTOR,
    differences,
    echo,
    lane,
    on,
    quiet,
    react,
    row,
    settle,
    tag,
    tags_at,
    who,
)

pytestmark = pytest.mark.django_db(transaction=True)

BARE = ["Oils", "vip"]
TAGGED = ["Oils", "Regular", "vip"]


@pytest.fixture
def shop(written_shop: FakeShop) -> FakeShop:
    return written_shop


def regulars(*numbers: int) -> int:
    """Make a list of some customers."""
    made = create_list(name="Regulars")
    add_to_list(made.pk, [who(number) for number in numbers], actor=ACTOR)
    return made.pk


def push(shop: FakeShop, segment_id: int, word: str = "Regular") -> bool:
    return start_push(segment_id, shop.store.store_id, tag=word, actor=ACTOR)


def stop(shop: FakeShop, segment_id: int, *, takes_away: bool) -> None:
    stop_push(segment_id, shop.store.store_id, takes_away=takes_away, actor=ACTOR)
    settle()


@pytest.mark.covers("S15")
def test_members_are_tagged_as_they_enter_and_lose_the_tag_as_they_leave(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    people = regulars(1)
    assert (push(shop, people), push(shop, people)) == (True, False)
    settle()
    assert [tags_at(shopify_api, number) for number in (1, 2)] == [TAGGED, BARE]
    add_to_list(people, [who(2)], actor=ACTOR)
    remove_from_list(people, [who(1)], actor=ACTOR)
    settle()
    assert [tags_at(shopify_api, number) for number in (1, 2, 3)] == [BARE, TAGGED, BARE]
    assert quiet(shopify_api) == ["tagsAdd 1", "tagsAdd 2", "tagsRemove 1"]
    assert (settle(), quiet(shopify_api), differences()) == (0, [], [])


@pytest.mark.urls("stores.public_urls")
@pytest.mark.covers("S15")
def test_the_webhook_that_comes_back_is_no_news(shop: FakeShop, shopify_api: ShopifyApi) -> None:
    push(shop, regulars(1))
    settle()
    with transaction.atomic():
        events = Event.objects.count()
    assert [echo(shop, shopify_api) for _ in range(3)] == [1, 0, 0]
    assert quiet(shopify_api) == ["tagsAdd 1"]
    with transaction.atomic():
        assert Event.objects.count() == events
        assert Profile.objects.get(pk=who(1)).properties["tags"] == BARE


@pytest.mark.covers("S15")
def test_another_definition_moves_the_tags_though_nobody_hears_of_an_event(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    tag(1, "gold")
    tag(2, "silver")
    settle()
    gold = {"field": "tags", "is": "contains", "value": "gold"}
    made = create_segment(name="Gold", definition=gold)
    rebuild(clock.now(), Cause.DEFINITION)
    push(shop, made.pk)
    settle()
    assert [tags_at(shopify_api, number) for number in (1, 2)] == [TAGGED, BARE]
    other = {"field": "tags", "is": "contains", "value": "silver"}
    update_segment(made.pk, definition=other)
    rebuild(clock.now(), Cause.DEFINITION)
    settle()
    assert [tags_at(shopify_api, number) for number in (1, 2)] == [BARE, TAGGED]
    assert differences() == []


def test_a_tag_that_is_taken_away_goes_and_one_that_is_left_is_the_shops_own(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    people = regulars(1, 2)
    push(shop, people)
    settle()
    stop(shop, people, takes_away=True)
    assert [tags_at(shopify_api, number) for number in (1, 2)] == [BARE, BARE]

    push(shop, people)
    settle()
    quiet(shopify_api)
    stop(shop, people, takes_away=False)
    remove_from_list(people, [who(1)], actor=ACTOR)
    settle()
    assert [tags_at(shopify_api, number) for number in (1, 2)] == [TAGGED, TAGGED]
    assert (quiet(shopify_api), lane("segments").is_on, differences()) == ([], False, [])

    push(shop, people)
    add_to_list(people, [who(3)], actor=ACTOR)
    settle()
    assert [tags_at(shopify_api, number) for number in (1, 2, 3)] == [TAGGED, TAGGED, TAGGED]
    stop(shop, people, takes_away=True)
    assert [tags_at(shopify_api, number) for number in (1, 2, 3)] == [TAGGED, TAGGED, BARE]
    assert (quiet(shopify_api), differences()) == (["tagsAdd 3", "tagsRemove 3"], [])


@pytest.mark.urls("stores.public_urls")
def test_a_tag_that_was_left_is_read_as_the_shops_while_another_goes_on(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    people, others = regulars(1), create_list(name="Others").pk
    add_to_list(others, [who(1)], actor=ACTOR)
    push(shop, people)
    push(shop, others, "Other")
    settle()
    stop(shop, people, takes_away=False)
    remove_from_list(people, [who(1)], actor=ACTOR)
    remove_from_list(others, [who(1)], actor=ACTOR)
    settle()
    assert tags_at(shopify_api, 1) == TAGGED
    echo(shop, shopify_api)
    with transaction.atomic():
        assert Profile.objects.get(pk=who(1)).properties["tags"] == TAGGED
    assert differences() == []


def test_a_word_that_a_segment_gives_is_no_tag_of_people_there(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    people = regulars(1)
    push(shop, people, "Gold")
    on(shop, "tags", prefix="")
    tag(2, "gold", "zulu")
    settle()
    assert tags_at(shopify_api, 2) == [*BARE, "zulu"]
    remove_from_list(people, [who(1)], actor=ACTOR)
    settle()
    assert (tags_at(shopify_api, 1), differences()) == (BARE, [])
    stop(shop, people, takes_away=False)
    assert (tags_at(shopify_api, 2), differences()) == (["Oils", "gold", "vip", "zulu"], [])

    with transaction.atomic():
        tenant_id = lane("tags").tenant_id
        Tag.objects.bulk_create(Tag(tenant_id=tenant_id, name=f"a{at}") for at in range(501))
    with pytest.raises(Conflict):
        push(shop, people, "Zulu")


def test_tags_of_people_are_not_switched_on_over_a_segment_that_gives_one_of_them(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    push(shop, regulars(1), "Gold")
    tag(2, "gold")
    settle()
    quiet(shopify_api)
    with pytest.raises(Conflict, match="A segment gives the tag gold there"):
        on(shop, "tags", prefix="")
    with transaction.atomic():
        assert not WriteLane.objects.filter(kind="tags").exists()
    on(shop, "tags", prefix="crm:")
    assert quiet(shopify_api) == ["tagsAdd 2"]


def test_what_breaks_a_rule_is_refused_and_changes_nothing(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    people, others = regulars(1), create_list(name="Others").pk
    push(shop, people)
    tag(2, "gold")
    on(shop, "tags", prefix="crm:")
    quiet(shopify_api)
    for segment_id, word, error in (
        (people, "Else", Conflict),
        (others, "REGULAR", Conflict),
        (others, "CRM:gold", Conflict),
        (others, "a,b", Invalid),
        (others, " ", Invalid),
        (others, "x" * 41, Invalid),
    ):
        with pytest.raises(error):
            push(shop, segment_id, word)
    with pytest.raises(NotFound):
        stop_push(others, shop.store.store_id, takes_away=True, actor=ACTOR)
    with transaction.atomic(), pytest.raises(Conflict):
        delete_segment(people)
    with pytest.raises(InUse):
        archive_segment(people)
    with transaction.atomic():
        assert [each.tag for each in SegmentPush.objects.all()] == ["Regular"]
        assert Segment.objects.get(pk=people).archived_at is None
    assert (settle(), quiet(shopify_api)) == (0, [])


def test_who_is_refused_is_named_and_the_others_are_tagged(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    shopify_api.writes.refuses = {"gid://shopify/Customer/1": "Too many tags"}
    push(shop, regulars(1, 2))
    settle()
    assert row("1", "segments") == ("refused", "Shopify refuses it: Too many tags")
    assert tags_at(shopify_api, 2) == TAGGED


def test_what_changes_while_a_store_is_cut_off_is_written_when_it_comes_back(
    shop: FakeShop, shopify_api: ShopifyApi
) -> None:
    people = regulars(1)
    push(shop, people)
    on(shop, "consent")
    quiet(shopify_api)
    disconnect_store(shop.store.store_id, actor=ACTOR)
    add_to_list(people, [who(2)], actor=ACTOR)
    record_consent(who(3), "email", "unsubscribed", method="one_click")
    assert (settle(), quiet(shopify_api)) == (0, [])
    reconnect_store(shop.store.store_id, actor=ACTOR)
    settle()
    assert sorted(quiet(shopify_api)) == ["customerEmailMarketingConsentUpdate 3", "tagsAdd 2"]


def test_telling_costs_the_same_for_one_and_for_many(shop: FakeShop) -> None:
    people = regulars()
    push(shop, people)
    settle()
    costs = []
    for numbers in ([1], [2, 3]):
        add_to_list(people, [who(number) for number in numbers], actor=ACTOR)
        with CaptureQueriesContext(connection) as context:
            react()
        costs.append(len(context))
    assert costs[0] == costs[1]
