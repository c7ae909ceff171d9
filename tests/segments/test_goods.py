"""Products that become something else later: their buyers are decided anew, quietly."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.models import Event, Product, Store
from crm.types import ProductRecord
from kernel.batches import Deadline
from kernel.clock import simulated
from segments.choices import Cause
from segments.models import GoodsChange, Membership, MembershipChange, Segment
from segments.services import goods
from segments.services.checks import find_differences
from segments.services.goods import decide_buyers
from segments.services.rebuild import rebuild
from tenants.models import Tenant
from tests.factories.crm import apply, line, make_store, order
from tests.factories.segments import make_segment

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
TEA = {"product_external_id": "tea", "title": "Tea", "sku": "T1", "category": ""}


@pytest.fixture
def store(tenant: Tenant) -> Store:
    """Ada, Bob and Cy bought the same tea, which nobody has described yet; Dan bought soap."""
    shop = make_store()
    for number, name in enumerate(("ada", "bob", "cy"), 1):
        apply(shop, order(str(number), email=f"{name}@example.com", lines=[line(**TEA)]))
    apply(shop, order("9", email="dan@example.com"))
    return shop


def make_and_decide(definition: dict[str, Any]) -> Segment:
    segment = make_segment(definition)
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
    return segment


def describe(
    shop: Store, minutes: int = 1, *, title: str = "Tea", brand: str = "", category: str = ""
) -> None:
    version = NOW + timedelta(minutes=minutes)
    said = ProductRecord(
        external_id="tea", version_at=version, title=title, brand=brand, category=category
    )
    apply(shop, said)


def decide() -> int:
    with simulated(NOW):
        return decide_buyers(Deadline(seconds=None))


def members(segment: Segment) -> list[str]:
    rows = Membership.objects.filter(segment_ids__contains=[segment.pk]).order_by("profile_id")
    return [row.profile.email.partition("@")[0] for row in rows.select_related("profile")]


def differences() -> list[str]:
    with simulated(NOW):
        return [each for each in find_differences() if each.startswith("segments of")]


@pytest.mark.parametrize(
    ("definition", "brand", "category"),
    [
        ({"bought": {"brand": "Leaf"}}, "Leaf", ""),
        ({"bought": {"category": "Drinks"}}, "", "Drinks"),
        ({"field": "categories", "is": "contains", "value": "Drinks"}, "", "Drinks"),
    ],
)
@pytest.mark.covers("S4")
def test_who_bought_a_product_moves_when_it_is_described(
    store: Store, definition: dict[str, Any], brand: str, category: str
) -> None:
    segment = make_and_decide(definition)
    assert members(segment) == []
    describe(store, brand=brand, category=category)
    assert decide() > 0
    assert members(segment) == ["ada", "bob", "cy"]
    assert differences() == []
    assert not Event.objects.filter(name="Segment Entered").exists()
    assert set(MembershipChange.objects.values_list("cause", flat=True)) == {Cause.CATALOG}
    assert decide() == 0


def test_buyers_leave_when_the_brand_is_put_right(store: Store) -> None:
    describe(store, brand="Laef")
    segment = make_and_decide({"bought": {"brand": "laef"}})
    decide()
    assert members(segment) == ["ada", "bob", "cy"]
    describe(store, 2, brand="Leaf")
    decide()
    assert members(segment) == []
    assert differences() == []


def test_a_walk_goes_on_where_its_last_batch_ended(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = make_and_decide({"bought": {"brand": "Leaf"}})
    monkeypatch.setattr(goods, "LINES", 1)
    describe(store, brand="Leaf")
    with simulated(NOW):
        goods._decide_batch(NOW)
    assert members(segment) == ["cy"]
    assert differences() == []
    decide()
    assert members(segment) == ["ada", "bob", "cy"]
    assert not GoodsChange.objects.exists()


def test_one_walk_covers_several_changes_of_a_product(store: Store) -> None:
    segment = make_and_decide({"bought": {"brand": "Leaf"}})
    describe(store, 1, brand="Laef")
    describe(store, 2, brand="Leaf")
    assert GoodsChange.objects.count() == 2
    assert decide() == 4
    assert members(segment) == ["ada", "bob", "cy"]
    assert not GoodsChange.objects.exists()


def test_where_no_definition_asks_nobody_is_decided(store: Store) -> None:
    make_and_decide({"bought": {"sku": "T1"}})
    before = list(Membership.objects.values_list("profile_id", "evaluated_at"))
    describe(store, brand="Leaf")
    decide()
    assert list(Membership.objects.values_list("profile_id", "evaluated_at")) == before
    assert not GoodsChange.objects.exists()


def test_a_product_that_says_the_same_notes_nothing(store: Store) -> None:
    describe(store, brand="Leaf")
    GoodsChange.objects.all().delete()
    describe(store, 2, brand="Leaf", title="Green tea")
    assert not GoodsChange.objects.exists()
    assert Product.objects.get(external_id="tea").title == "Green tea"
