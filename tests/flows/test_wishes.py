"""What a message node says to the gates: who goes first, quiet hours, items, and its coupon."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Product, Profile, Variant
from flows.domain.graph import Message as Node
from flows.domain.items import Item, items_of
from flows.domain.parsing import check_graph, parse_graph
from flows.domain.words import speak_message
from flows.errors import GraphError
from flows.services.flows import create_flow, publish
from kernel import clock
from kernel.errors import Invalid
from messaging.domain.limits import Limits, QuietSettings, SmartSending
from messaging.models import Coupon, CouponCode, Message
from messaging.services.coupons import set_status
from messaging.services.senders import ensure_default_sender
from tenants.models import Tenant
from tests.factories.coupons import ACTOR, coupon_template, make_pool
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.messaging import make_recipient
from tests.factories.samples import make_store
from tests.flows.support import advance, happen, make_template
from tests.support.limits import ask, set_limits

pytestmark = pytest.mark.usefixtures("noon")
CART = {"event": "Cart Abandoned"}
QUIET_CHOSEN = {"on_quiet": "skip", "max_lateness": {"n": 2, "unit": "days"}}


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    ensure_default_sender()
    return make_recipient()


@pytest.fixture
def soap(ada: Profile) -> Variant:
    product = Product.objects.create(
        store=make_store(), external_id="p-7", title="Soap", stock_state="out"
    )
    return Variant.objects.create(
        product=product, store=product.store, external_id="v-7", sku="S-1", title="Lemon",
        inventory_quantity=0, inventory_policy="deny", is_tracked=True,
    )  # fmt: skip


def send_node(person: Profile, name: str = "Cart Abandoned", /, **node: Any) -> Message:
    """Let a flow with one message take in an event, and return what it queued."""
    properties = node.pop("properties", {})
    number = Message.objects.count()
    make_flow(
        definition({"note": message_node(**node)}, trigger={"event": name}), name=f"Flow {number}"
    )
    happen(name, person, **properties)
    advance()
    found = Message.objects.order_by("-pk").first()
    assert found is not None
    assert Message.objects.count() > number
    return found


def node_of(**node: Any) -> Node:
    found = parse_graph(definition({"note": message_node(**node)})).nodes["note"]
    assert isinstance(found, Node)
    return found


def test_what_is_usual_is_not_written(ada: Profile) -> None:
    usual: dict[str, Any] = {
        "priority": 3,
        "expected_value": None,
        "on_quiet": "hold",
        "about": "auto",
    }
    message = send_node(ada, coupon=None, **usual)
    assert set(message.context) == {"event", "max_lateness_minutes"}


def test_faults_of_wishes_are_named_with_their_place() -> None:
    wrong: dict[str, Any] = {
        "priority": 6,
        "expected_value": -1,
        "on_quiet": "shout",
        "about": "all",
        "coupon": 7,
    }
    with pytest.raises(GraphError) as caught:
        check_graph(definition({"note": message_node(**wrong)}))
    assert {problem.path: problem.text for problem in caught.value.problems} == {
        "nodes.note.priority": "must be a whole number from 1 to 5",
        "nodes.note.expected_value": "must be a number of 0 or more",
        "nodes.note.on_quiet": "must be one of hold, skip",
        "nodes.note.about": "must be one of auto, items, nothing",
        "nodes.note.coupon": "must be the id of a coupon, as text",
    }


def test_wishes_are_said_in_words() -> None:
    assert speak_message(node_of()) == "Promotional email"
    wishes: dict[str, Any] = {
        "priority": 1,
        "expected_value": 12.5,
        "on_quiet": "skip",
        "about": "items",
    }
    assert speak_message(node_of(channel="sms", coupon="4", **wishes)) == (
        "Promotional SMS, priority 1, expected to bring 12.5 in your currency, "
        "skipped in quiet hours, about the items of the event, gives a coupon code"
    )


@pytest.mark.covers("F24")
def test_of_two_flows_that_want_one_slot_the_one_with_the_better_priority_goes_first(
    ada: Profile,
) -> None:
    set_limits(smart={**Limits().smart, "email": SmartSending(hours=16)})
    usual = send_node(ada, "Product Viewed", priority=4, expected_value=100)
    better = send_node(ada, priority=1, expected_value=2.5)
    assert (better.context["priority"], better.context["expected_value"]) == (1, 2.5)

    assert ask(usual).status == "pending"
    assert usual.reason == "budget"
    assert "has priority 1 and is expected to bring 2.5, so it goes first" in usual.detail
    assert ask(better, clock.now() + timedelta(minutes=1)).status == "sending"


@pytest.mark.covers("F20")
@pytest.mark.parametrize(("node", "status"), [({}, "pending"), (QUIET_CHOSEN, "skipped")])
def test_a_node_says_what_becomes_of_it_in_quiet_hours(
    ada: Profile, noon: time_machine.Traveller, node: dict[str, Any], status: str
) -> None:
    set_limits(quiet=QuietSettings(is_on=True, has_email=True))
    noon.move_to(datetime(2026, 6, 2, 2, tzinfo=UTC))
    message = ask(send_node(ada, **node))
    assert (message.status, message.reason) == (status, "quiet_hours")


@pytest.mark.covers("F25")
@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"items": [{"sku": "S-1", "quantity": 1}, {"title": "Card"}]}, "skus"),
        ({"products": [{"product_id": "p-7", "sku": "S-1"}]}, "skus"),
        ({"sku": "S-1"}, "skus"),
    ],
)
def test_what_a_cart_holds_is_not_promoted_while_it_is_out_of_stock(
    ada: Profile, soap: Variant, properties: dict[str, Any], named: str
) -> None:
    message = send_node(ada, properties=properties)
    assert message.context[named] == ["S-1"]
    assert (ask(message).status, message.reason) == ("skipped", "out_of_stock")


@pytest.mark.covers("F25")
def test_an_item_without_a_sku_is_found_by_its_id_at_the_store_of_the_event(
    ada: Profile, soap: Variant
) -> None:
    Product.objects.create(store=make_store(name="Other"), external_id="p-7", title="Not it")
    items = {"items": [{"product_id": "p-7"}], "store_id": soap.store_id}
    message = send_node(ada, properties=items)
    assert message.context["product_ids"] == [soap.product_id]
    assert (ask(message).status, message.reason) == ("skipped", "out_of_stock")


@pytest.mark.parametrize(
    ("trigger", "about", "is_named"),
    [
        ("Order Placed", "auto", False),
        ("Order Placed", "items", True),
        ("Cart Abandoned", "nothing", False),
    ],
)
def test_a_node_says_what_it_promotes(
    ada: Profile, soap: Variant, trigger: str, about: str, is_named: bool
) -> None:
    items = {"items": [{"sku": "S-1"}]}
    assert ("skus" in send_node(ada, trigger, about=about, properties=items).context) is is_named


def test_items_are_read_from_whatever_an_event_says() -> None:
    assert items_of({"items": [{"sku": 12}, "soap", {"title": "x"}, {"product_id": True}]}) == [
        Item(sku="12")
    ]
    assert items_of({"items": "soap", "product_id": "p"}) == [Item(product="p")]
    assert items_of({}) == []
    assert len(items_of({"items": [{"sku": str(n)} for n in range(80)]})) == 50


@pytest.mark.covers("M12")
def test_a_node_names_the_coupon_whose_codes_it_gives(ada: Profile) -> None:
    own, other = make_pool(["OWN"]), make_pool(["OTHER"])
    template = coupon_template(other)
    make_template("unused")
    message = send_node(ada, template=template.key, coupon=str(own.pk))
    assert message.context["coupon"] == own.pk
    assert ask(message).status == "sending"
    given = CouponCode.objects.filter(message_id__isnull=False)
    assert list(given.values_list("code", "message_id")) == [("OWN", message.pk)]


@pytest.mark.covers("M12")
def test_a_coupon_that_is_not_there_or_has_ended_is_not_published(ada: Profile) -> None:
    ended, past = make_pool(), make_pool(ends_at=clock.now() + timedelta(days=1))
    set_status(ended.pk, "ended", actor=ACTOR)
    Coupon.objects.filter(pk=past.pk).update(ends_at=clock.now())
    flow = create_flow(name="Codes")
    faults = {}
    for coupon_id in (ended.pk, past.pk, 999_999):
        graph = definition({"note": message_node(coupon=str(coupon_id))})
        with pytest.raises(Invalid) as caught:
            publish(flow.pk, graph)
        faults[coupon_id] = caught.value.fields["nodes.note.coupon"]
    assert faults == {
        ended.pk: "names a coupon that has ended",
        past.pk: "names a coupon that has ended",
        999_999: "names coupon 999999, which does not exist",
    }
    flow.refresh_from_db()
    assert flow.version_number == 0
