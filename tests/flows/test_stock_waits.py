"""Runs that wait until something can be bought again."""

from datetime import timedelta

import pytest
import time_machine

from crm.models import Product, Profile, ProfileFacts, Store, Variant
from crm.services.reactions import drain_reactions
from crm.types import ProductRecord, VariantData
from flows.models import FlowRun
from flows.services import checks
from flows.services.waiting import wake_for_stock
from kernel import clock
from kernel.batches import Deadline
from tenants.models import Tenant
from tests.factories.crm import apply, make_store
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.flows.nodes import wait_stock
from tests.flows.support import advance, happen, make_event, queued, steps

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F1")]


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile()


def shelf(platform: str, external_id: str) -> tuple[Store, Variant]:
    """Return a new store with one variant that is sold out."""
    store = Store.objects.create(
        name=f"{platform} {external_id}",
        platform=platform,
        currency="GBP",
        timezone="Europe/London",
    )
    product = Product.objects.create(
        store=store, external_id="p1", title="Soap", status="active", source_version_at=clock.now()
    )
    variant = Variant.objects.create(
        product=product,
        store=store,
        external_id=external_id,
        inventory_quantity=0,
        inventory_policy="deny",
        is_tracked=True,
    )
    return store, variant


@pytest.fixture
def soap(tenant: Tenant) -> Variant:
    return shelf("custom", "v1")[1]


def restock(soap: Variant, pieces: int) -> None:
    Variant.objects.filter(pk=soap.pk).update(inventory_quantity=pieces)


def come_back(soap: Variant, pieces: int, ada: Profile) -> None:
    restock(soap, pieces)
    ref = make_event("Back In Stock", ada, object_id=soap.pk, pieces=pieces)
    wake_for_stock([ref])


@pytest.mark.covers("F24")
def test_people_who_wait_for_a_variant_are_told_in_tranches_while_stock_lasts(
    soap: Variant, ada: Profile, noon: time_machine.Traveller
) -> None:
    waiters = [make_profile() for _ in range(5)]
    nodes = {"back": wait_stock(tranche=2), "note": message_node()}
    make_flow(definition(nodes, trigger={"event": "Waitlist Joined"}))
    for waiter in waiters:
        happen("Waitlist Joined", waiter, variant_id=str(soap.pk))
        noon.shift(timedelta(minutes=1))
    advance()
    noon.shift(timedelta(minutes=1))
    advance()
    until = list(FlowRun.objects.values_list("wake_at", flat=True))
    assert min(at - clock.now() for at in until if at) > timedelta(days=179)

    come_back(soap, 1, ada)
    assert advance() == 2
    assert queued() == [("note", waiters[0].pk), ("note", waiters[1].pk)]
    noon.shift(timedelta(minutes=30))
    assert advance() == 2
    assert len(queued()) == 4

    Variant.objects.update(inventory_quantity=0)
    noon.shift(timedelta(minutes=30))
    advance()
    last = FlowRun.objects.get(profile=waiters[4])
    assert (last.status, last.current_node, len(queued())) == ("active", "back", 4)

    come_back(soap, 3, ada)
    advance()
    assert queued()[4:] == [("note", waiters[4].pk)]
    assert checks.find_differences() == []


def test_stock_that_comes_back_unnoticed_is_seen_a_minute_later(
    soap: Variant, ada: Profile, noon: time_machine.Traveller
) -> None:
    make_flow(
        definition(
            {"back": wait_stock(), "note": message_node()}, trigger={"event": "Waitlist Joined"}
        )
    )
    happen("Waitlist Joined", ada, variant_id=str(soap.pk))
    advance()
    restock(soap, 1)
    noon.shift(timedelta(minutes=1))
    advance()
    assert queued() == [("note", ada.pk)]


def test_who_comes_while_it_is_in_stock_goes_on_at_once(soap: Variant, ada: Profile) -> None:
    restock(soap, 5)
    make_flow(
        definition(
            {"back": wait_stock(min_units=5), "note": message_node()},
            trigger={"event": "Waitlist Joined"},
        )
    )
    happen("Waitlist Joined", ada, variant_id=str(soap.pk))
    advance()
    assert steps()[0] == ("back", 1, "in_stock")


def test_the_best_customers_go_first_where_that_is_wanted(
    soap: Variant, ada: Profile, noon: time_machine.Traveller
) -> None:
    rich, other = make_profile(), make_profile()
    ProfileFacts.objects.update_or_create(profile=rich, defaults={"net_minor": 90_000})
    make_flow(
        definition(
            {"back": wait_stock(tranche=1, first="best"), "note": message_node()},
            trigger={"event": "Waitlist Joined"},
        )
    )
    for waiter in (ada, other, rich):
        happen("Waitlist Joined", waiter, variant_id=str(soap.pk))
    advance()
    noon.shift(timedelta(minutes=1))
    advance()
    come_back(soap, 1, ada)
    advance()
    assert queued() == [("note", rich.pk)]


def test_stock_that_never_ends_wakes_everybody(
    soap: Variant, ada: Profile, noon: time_machine.Traveller
) -> None:
    """Some shops write the highest number they know for what they always have."""
    make_flow(
        definition(
            {"back": wait_stock(tranche=1_000), "note": message_node()},
            trigger={"event": "Waitlist Joined"},
        )
    )
    happen("Waitlist Joined", ada, variant_id=str(soap.pk))
    advance()
    noon.shift(timedelta(minutes=1))
    advance()
    come_back(soap, 2_147_483_647, ada)
    advance()
    assert queued() == [("note", ada.pk)]


def test_who_wants_several_pieces_looks_every_day(
    soap: Variant, ada: Profile, noon: time_machine.Traveller
) -> None:
    timeout = {"n": 3, "unit": "days"}
    make_flow(
        definition(
            {"back": wait_stock(min_units=5, timeout=timeout), "note": message_node()},
            trigger={"event": "Waitlist Joined"},
        )
    )
    begun = clock.now()
    happen("Waitlist Joined", ada, variant_id=str(soap.pk))
    advance()
    looks = []
    for _ in range(2):
        noon.move_to(FlowRun.objects.get().wake_at or begun)
        come_back(soap, 2, ada)
        advance()
        looks.append(FlowRun.objects.get().wake_at)
    minute, day = timedelta(minutes=1), timedelta(days=1)
    assert looks == [begun + minute + day, begun + minute + 2 * day]
    restock(soap, 5)
    noon.move_to(begun + minute + 2 * day)
    advance()
    assert steps()[0] == ("back", 1, "in_stock")
    assert queued() == [("note", ada.pk)]


def test_who_wants_several_pieces_waits_no_longer_for_that(
    soap: Variant, ada: Profile, noon: time_machine.Traveller
) -> None:
    timeout = {"n": 3, "unit": "hours"}
    make_flow(
        definition(
            {"back": wait_stock(min_units=5, timeout=timeout), "note": message_node()},
            trigger={"event": "Waitlist Joined"},
        )
    )
    happen("Waitlist Joined", ada, variant_id=str(soap.pk))
    advance()
    noon.shift(timedelta(minutes=1))
    advance()
    noon.shift(timedelta(hours=2, minutes=59))
    advance()
    assert steps() == [("back", 1, "timeout"), ("end", 1, "exit")]


def test_a_variant_is_the_one_that_the_store_of_the_event_means(
    soap: Variant, ada: Profile, noon: time_machine.Traveller
) -> None:
    """Ids of one shop are numbers of something else in another one, and in Patron."""
    shopify, far = shelf("shopify", "44123456789012")
    woo, near = shelf("woocommerce", str(soap.pk))
    custom, own = shelf("custom", str(near.pk))
    make_flow(
        definition(
            {"back": wait_stock(), "note": message_node()}, trigger={"event": "Waitlist Joined"}
        )
    )
    asked: list[tuple[Store | None, str, Variant | None]] = [
        (shopify, "44123456789012", far),
        (woo, str(soap.pk), near),
        (woo, str(far.pk), None),
        (woo, "", None),
        (custom, str(near.pk), own),
        (custom, str(far.pk), far),
        (custom, "v1", None),
        (None, str(near.pk), near),
    ]
    for store, said, _ in asked:
        happen("Waitlist Joined", ada, store_id=store and store.pk, variant_id=said)
    advance()
    assert list(FlowRun.objects.order_by("pk").values_list("waits_for", flat=True)) == [
        f"variant:{meant.pk}" if meant else "" for _, _, meant in asked
    ]
    noon.shift(timedelta(minutes=1))
    advance()
    come_back(near, 5, ada)
    advance()
    woken = FlowRun.objects.filter(status="completed").order_by("pk")
    assert list(woken.values_list("waits_for", "context")) == [("", {}), ("", {})]
    assert len(queued()) == 2


@pytest.mark.covers("F24")
def test_what_a_shop_says_of_its_stock_wakes_who_named_its_variant(ada: Profile) -> None:
    """The ids of the shop on both sides, as a theme and a catalogue send them."""
    shop = make_store()

    def stock(pieces: int, minutes: int) -> ProductRecord:
        return ProductRecord(
            external_id="p1",
            version_at=clock.now() + timedelta(minutes=minutes),
            title="Soap",
            variants=[
                VariantData(
                    external_id="44123456789012",
                    sku="SOAP",
                    title="Soap",
                    price_minor=600,
                    inventory_quantity=pieces,
                    inventory_policy="deny",
                    is_tracked=True,
                )
            ],
        )

    make_flow(
        definition(
            {"back": wait_stock(), "note": message_node()}, trigger={"event": "Waitlist Joined"}
        )
    )
    apply(shop, stock(0, 0), now=clock.now())
    happen("Waitlist Joined", ada, store_id=shop.pk, variant_id="44123456789012")
    advance()
    apply(shop, stock(3, 1), now=clock.now())
    drain_reactions(Deadline(seconds=None))
    advance()
    assert queued() == [("note", ada.pk)]
