"""Whose raw deliveries an erasure empties in a shop that counts from 1, and whose stay."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from crm.models import Identity, Order
from crm.services.erasure import erase_profiles
from kernel import clock
from kernel.batches import Deadline
from stores.domain import traces
from stores.domain.traces import CUSTOMER, EMAIL, EMPTY, ORDER, PHONE, digest, forget
from stores.models import ErasedTrace, InboxDelivery
from stores.services import erasure
from stores.services.erasure import NOTE, forget_due
from stores.services.inbox import retry_deliveries
from tests.support.payloads import load_payload
from tests.support.tracking import FakeSite
from tests.support.woocommerce import FakeWooShop

FOREVER = Deadline(seconds=None)
ADA = {"first_name": "Ada", "email": "Ada@Example.com", "country": "GB"}
BOB = {"first_name": "Bob", "email": "bob.ada@example.com", "country": "GB"}
TWINS = {CUSTOMER: "12", ORDER: "727", EMAIL: "ada@example.com", PHONE: "+447911123456"}
NAMES = frozenset(digest(kind, value) for kind, value in TWINS.items())


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)


@pytest.fixture
def still() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        yield traveller


def order(number: int, customer: int, who: dict[str, str], **fields: Any) -> dict[str, Any]:
    billing = {**who, "phone": ""}
    found = {"id": number, "number": str(number), "customer_id": customer, "billing": billing}
    return load_payload("woocommerce/order", **found, shipping={}, **fields)


def with_lines(*numbers: int) -> list[dict[str, Any]]:
    line = load_payload("woocommerce/order")["line_items"][0]
    return [{**line, "id": number, "product_id": number, "variation_id": 0} for number in numbers]


DELIVERIES: dict[str, tuple[str, Any]] = {
    "ada": ("customer.updated", load_payload("woocommerce/customer", id=12, **ADA, billing={})),
    "ada 512": ("order.created", order(512, 12, ADA)),
    "ada 727": ("order.created", order(727, 12, ADA)),
    "ada bad": ("order.created", order(728, 12, ADA, currency="QQQ")),
    "soap 727": ("product.updated", load_payload("woocommerce/product", id=727)),
    "soap 12": ("product.updated", load_payload("woocommerce/product", id=12)),
    "bob": ("customer.updated", load_payload("woocommerce/customer", id=512, **BOB, billing={})),
    "bob 12": ("order.created", order(12, 512, BOB, line_items=with_lines(727, 12))),
    "bob bad": ("order.created", order(13, 512, BOB, currency="QQQ", line_items=with_lines(727))),
}


def fill(woo: FakeWooShop) -> None:
    for topic, payload in DELIVERIES.values():
        woo.deliver(topic, payload)
    woo.drain()


@transaction.atomic
def profile_of(email: str) -> int:
    return Identity.objects.get(kind="email", value_norm=email).profile_id


@transaction.atomic
def bodies() -> dict[str, bytes]:
    found = InboxDelivery.objects.order_by("pk").values_list("body", flat=True)
    return dict(zip(DELIVERIES, map(bytes, found), strict=False))


def emptied() -> set[str]:
    return {name for name, body in bodies().items() if body == EMPTY}


@transaction.atomic
def statuses() -> dict[str, tuple[str, str]]:
    found = InboxDelivery.objects.order_by("pk").values_list("status", "reason")
    return dict(zip(DELIVERIES, found, strict=False))


@transaction.atomic
def open_traces() -> list[int]:
    return list(ErasedTrace.objects.order_by("pk").values_list("after_id", flat=True))


edge = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]


class TestSmallIds:
    pytestmark = edge

    def test_an_erasure_takes_her_deliveries_and_nobody_elses(
        self, woo: FakeWooShop, site: FakeSite
    ) -> None:
        fill(woo)
        before = bodies()
        quarantined = statuses()["bob bad"]
        assert quarantined[0] == statuses()["ada bad"][0] == "quarantined"
        calls = [
            {"type": "identify", "userId": "12", "traits": {}, "messageId": "other store's 12"},
            {"type": "identify", "userId": "a", "traits": {"email": "ADA@example.com"}},
        ]
        site.post("batch", {"batch": calls})

        erase_profiles([profile_of("ada@example.com")])
        assert emptied() == {"ada 512", "ada 727"}
        woo.drain()
        assert forget_due(FOREVER) == 2

        assert emptied() == {"ada", "ada 512", "ada 727", "ada bad"}
        assert {name: body for name, body in bodies().items() if body != EMPTY} == {
            name: body for name, body in before.items() if not name.startswith("ada")
        }
        assert statuses()["ada bad"] == ("ignored", NOTE)
        assert statuses()["ada"] == ("applied", NOTE)
        assert statuses()["bob bad"] == quarantined
        assert open_traces() == []
        with transaction.atomic():
            tracked = json.loads(bytes(InboxDelivery.objects.latest("pk").body))
        assert tracked["batch"] == [calls[0], {}]

        with transaction.atomic():
            row = InboxDelivery.objects.get(status="quarantined")
            mended = {**json.loads(bytes(row.body)), "currency": "GBP"}
            InboxDelivery.objects.filter(pk=row.pk).update(body=json.dumps(mended).encode())
        assert retry_deliveries([row.pk]) == 1
        woo.drain()
        with transaction.atomic():
            assert Order.objects.get(external_id="13").profile is not None

    def test_the_other_way_round_she_stays(self, woo: FakeWooShop) -> None:
        fill(woo)
        erase_profiles([profile_of("bob.ada@example.com")])
        assert forget_due(FOREVER) == 1
        assert emptied() == {"bob", "bob 12", "bob bad"}
        assert statuses()["ada bad"][0] == "quarantined"

    def test_a_worker_that_dies_goes_on_where_it_was_and_a_second_person_joins(
        self, woo: FakeWooShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(woo)
        monkeypatch.setattr(erasure, "PAGE", 3)
        erase_profiles([profile_of("ada@example.com")])
        real, seen = traces.forget, list[str]()

        def die_at_the_third(topic: str, body: bytes, names: set[str]) -> bytes | None:
            seen.append(topic)
            if len(seen) == 3:
                raise SystemExit
            return real(topic, body, names)

        monkeypatch.setattr(traces, "forget", die_at_the_third)
        with pytest.raises(SystemExit):
            forget_due(FOREVER)
        assert len(open_traces()) == 1
        assert emptied() == {"ada", "ada 512", "ada 727"}
        monkeypatch.setattr(traces, "forget", real)

        erase_profiles([profile_of("bob.ada@example.com")])
        first, second = open_traces()
        assert (first > 0, second) == (True, 0)
        assert forget_due(FOREVER) == 3
        assert emptied() == {name for name in DELIVERIES if not name.startswith("soap")}
        assert open_traces() == []

    def test_what_waited_already_is_looked_at_once_it_was_worked_off(
        self, woo: FakeWooShop, still: time_machine.Traveller
    ) -> None:
        fill(woo)
        late = load_payload("woocommerce/customer", id=12, **ADA, billing={}, role="late")
        woo.deliver("customer.updated", late)
        erase_profiles([profile_of("ada@example.com")])
        assert forget_due(FOREVER) == 0
        still.shift(timedelta(seconds=10))
        woo.drain()
        assert forget_due(FOREVER) == 1
        with transaction.atomic():
            assert bytes(InboxDelivery.objects.latest("pk").body) == EMPTY


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("customer.updated", {"id": 12}),
        ("customers/update", {"id": 12, "first_name": "Ada"}),
        ("customer.upserted", {"type": "customer.upserted", "data": {"external_id": "12"}}),
        ("store/customer/updated", {"data": {"type": "customer", "id": 12}}),
        ("carts/update", {"customer": {"id": 12}}),
        ("tracking/track", {"userId": "12", "event": "Seen"}),
        ("order.created", {"id": 1, "customer_id": 12}),
        ("products/update", {"note": "gid://shopify/Customer/12"}),
        ("order.updated", {"id": 727}),
        ("fulfillments/create", {"id": 5, "order_id": 727}),
        ("any", {"said": "Write to ADA@example.com."}),
        ("any", {"page": "https://soap.example/?email=ada%40example.com&x=1"}),
        ("any", {"deep": [[{"email": " Ada@Example.com "}]]}),
        ("any", {"sms": "+44 7911 123456"}),
        ("any", {"sms": "0044 7911 123456"}),
        ("any", {"from": "whatsapp:+447911123456"}),
    ],
)
def test_a_body_that_names_her_is_emptied(topic: str, payload: Any) -> None:
    assert forget(topic, json.dumps(payload).encode(), NAMES) == EMPTY


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("product.updated", {"id": 727, "tags": [{"id": 12}]}),
        ("order.created", {"id": 12, "customer_id": 727, "line_items": [{"id": 727}, {"id": 12}]}),
        ("customer.updated", {"id": 727, "meta_data": [{"id": 12}], "orders_count": 12}),
        ("customer.updated", {"id": 120, "customer_id": "121"}),
        ("customer.updated", {"id": True, "billing": {"id": 12}}),
        ("store/customer/address/updated", {"data": {"id": 12}}),
        ("orders/create", {"id": 1, "user_id": 12, "location": {"id": 12}}),
        ("any", {"email": "nada@example.com", "other": "ada@example.com.au"}),
        ("any", {"sms": "+4479111234567", "other": "+44791112345"}),
        ("any", [None, 12, "727", {"name": "12"}]),
        ("tracking/batch", {"batch": [{"userId": "13"}, 12, None]}),
        ("any", "\ud83d"),
    ],
)
def test_a_body_that_only_has_her_numbers_is_left_alone(topic: str, payload: Any) -> None:
    assert forget(topic, json.dumps(payload).encode(), NAMES) is None


def test_what_is_no_json_is_searched_for_addresses_alone() -> None:
    assert forget("any", b'{"customer_id":12, "email": "ada@example.com', NAMES) == EMPTY
    assert forget("any", b'{"customer_id":12, "email": "\xff\x00', NAMES) is None
    assert forget("any", b"[" * 100_000, NAMES) is None


def test_of_many_calls_the_others_stay_each_in_its_place() -> None:
    calls = [{"userId": "13"}, {"userId": "12"}, {"userId": "14"}]
    left = forget("tracking/batch", json.dumps({"batch": calls, "sentAt": "x"}).encode(), NAMES)
    assert left is not None
    assert json.loads(left) == {"batch": [calls[0], {}, calls[2]], "sentAt": "x"}
    assert forget("tracking/batch", json.dumps({"batch": calls[1:2]}).encode(), NAMES) == EMPTY
    around = {"batch": calls[:1], "context": {"traits": {"email": "ada@example.com"}}}
    assert forget("tracking/batch", json.dumps(around).encode(), NAMES) == EMPTY
