import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings
from django.urls import reverse

from crm.models import Event, Order, Product, Profile, Refund, Variant
from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from kernel.http import Answer, Client
from kernel.secrets import decrypt
from stores.models import Connection, InboxDelivery, SyncRun
from stores.platforms.woocommerce.pull import WooCommercePull
from stores.services import syncing
from stores.services.connections import connect_store, disconnect_store
from stores.services.syncing import LEASE, TRIES, drain_syncs, start_sync, take_turn
from stores.types import ConnectedStore, StoreAccess, StoreContext
from tenants.models import AuditEntry, Tenant
from tests.factories.tenants import sign_in
from tests.support.payloads import load_payload
from tests.support.woocommerce_api import KEY, SECRET, WooApi

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 5, 1, tzinfo=UTC)
FOREVER = Deadline(seconds=None)


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)


@pytest.fixture
def store(tenant: Tenant, woo_api: WooApi) -> ConnectedStore:
    data = StoreData(name="Ada Woo", platform="woocommerce", url=woo_api.url, currency="GBP")
    keys = {"consumer_key": KEY, "consumer_secret": SECRET}
    return connect_store(data, credentials=keys)


def stamp(seconds: int) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()[:19]


def order(number: int, at: int | None = None, **changes: Any) -> dict[str, Any]:
    when = stamp(number if at is None else at)
    guest = {"email": f"shopper{number}@example.com", "country": "GB", "first_name": "S"}
    return load_payload(
        "woocommerce/order",
        id=number,
        number=str(number),
        customer_id=0,
        billing=guest,
        date_created_gmt=stamp(0),
        date_modified_gmt=when,
        **changes,
    )


@transaction.atomic
def run() -> SyncRun:
    return SyncRun.objects.get()


@transaction.atomic
def numbers() -> list[int]:
    return sorted(int(each) for each in Order.objects.values_list("external_id", flat=True))


def pull(store: ConnectedStore, since: datetime | None = None) -> SyncRun:
    start_sync(store.store_id, since=since)
    drain_syncs(FOREVER)
    with transaction.atomic():
        return SyncRun.objects.order_by("-pk")[0]


def test_a_first_fill_is_complete_and_starts_nothing(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    woo_api.objects["orders"] = [order(number) for number in range(1, 251)]
    woo_api.objects["customers"] = [load_payload("woocommerce/customer")]
    parent = load_payload("woocommerce/product", id=900, type="variable", variations=[901])
    woo_api.objects["products"] = [load_payload("woocommerce/product"), parent]
    woo_api.nested["products/900/variations"] = [
        {"id": 901, "sku": "OIL-50", "price": "30.00", "date_modified_gmt": stamp(1)}
    ]
    woo_api.objects["orders"][6]["refunds"] = [{"id": 16, "reason": "", "total": "-10.00"}]
    woo_api.nested["orders/7/refunds"] = [
        {"id": 16, "amount": "10.00", "date_created_gmt": "2026-05-03T09:00:00", "reason": "late"}
    ]

    done = pull(store)

    assert (done.status, done.detail) == ("finished", "")
    assert (done.expected, done.read_count, done.quarantined_count) == (253, 253, 0)
    assert numbers() == list(range(1, 251))
    with transaction.atomic():
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.refunded_at) == (
            1000,
            datetime(2026, 5, 3, 9, 0, tzinfo=UTC),
        )
        assert Variant.objects.get(external_id="901").price_minor == 3000
        assert set(Product.objects.values_list("external_id", flat=True)) == {"900", "910"}
        assert Profile.objects.filter(email="ada@example.com").count() == 1
        assert Event.objects.filter(is_backfill=False).count() == 0
        assert Event.objects.filter(name="Order Placed").count() == 250
        assert InboxDelivery.objects.count() == 0


def test_a_second_pull_writes_nothing(store: ConnectedStore, woo_api: WooApi) -> None:
    woo_api.objects["orders"] = [order(number) for number in range(1, 6)]
    assert pull(store).written_count == 5
    again = pull(store)
    assert (again.read_count, again.written_count, again.unchanged_count) == (5, 0, 5)


def test_since_asks_for_what_changed_alone(store: ConnectedStore, woo_api: WooApi) -> None:
    woo_api.objects["orders"] = [order(number) for number in range(1, 11)]
    old = load_payload("woocommerce/customer", id=1, date_created_gmt=stamp(0))
    new = load_payload("woocommerce/customer", id=2, email="b@example.com")
    new["date_created_gmt"] = stamp(9)
    woo_api.objects["customers"] = [old, new]
    done = pull(store, START + timedelta(seconds=7))
    assert numbers() == [8, 9, 10]
    assert done.read_count == 4


def test_what_changes_or_goes_meanwhile_is_not_missed(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    woo_api.objects["orders"] = [order(number) for number in range(1, 301)]
    pages = []

    def disturb(path: str, params: dict[str, str]) -> None:
        if path == "orders" and params["per_page"] == "100":
            pages.append(params)
            if len(pages) == 2:
                del woo_api.objects["orders"][:50]
                woo_api.objects["orders"][0] = order(51, 5_000, total="1.00")

    woo_api.before_answer = disturb
    pull(store)
    assert numbers() == list(range(1, 301))
    with transaction.atomic():
        assert Order.objects.get(external_id="51").gross_minor == 100


def test_hundreds_of_changes_in_one_second_are_walked(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    woo_api.objects["orders"] = [
        *(order(number, 1) for number in range(1, 31)),
        *(order(number, 2) for number in range(31, 291)),
        *(order(number, 3) for number in range(291, 301)),
    ]
    done = pull(store)
    assert numbers() == list(range(1, 301))
    assert (done.expected, done.read_count) == (300, 300)


def test_a_worker_that_dies_leaves_the_run_at_its_last_page(
    store: ConnectedStore, woo_api: WooApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    woo_api.objects["orders"] = [order(number) for number in range(1, 251)]
    fetch = WooCommercePull.fetch
    asked: list[str] = []

    def die(self: Any, access: Any, client: Any, cursor: Any) -> Any:
        page = fetch(self, access, client, cursor)
        asked.append(cursor["stage"])
        if len(asked) == 4:
            raise Killed
        return page

    with time_machine.travel("2026-06-01T10:00:00Z", tick=False) as traveller:
        start_sync(store.store_id)
        with monkeypatch.context() as patch:
            patch.setattr(WooCommercePull, "fetch", die)
            with pytest.raises(Killed):
                drain_syncs(FOREVER)
        assert (run().status, run().read_count, len(numbers())) == ("running", 100, 100)

        assert not take_turn(FOREVER)
        traveller.shift(LEASE)
        assert take_turn(FOREVER)
    assert (run().status, run().read_count) == ("finished", 250)
    assert numbers() == list(range(1, 251))
    with transaction.atomic():
        assert Event.objects.filter(name="Order Placed").count() == 250


def test_a_worker_that_comes_back_late_writes_nothing(
    store: ConnectedStore, woo_api: WooApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    woo_api.objects["orders"] = [order(number) for number in range(1, 4)]
    fetch = WooCommercePull.fetch
    with time_machine.travel("2026-06-01T10:00:00Z", tick=False) as traveller:
        start_sync(store.store_id)

        def dawdle(self: Any, access: Any, client: Any, cursor: Any) -> Any:
            page = fetch(self, access, client, cursor)
            monkeypatch.setattr(WooCommercePull, "fetch", fetch)
            traveller.shift(LEASE)
            assert take_turn(FOREVER)
            return page

        monkeypatch.setattr(WooCommercePull, "fetch", dawdle)
        assert take_turn(FOREVER)
    assert (run().status, run().read_count, run().written_count) == ("finished", 3, 3)


def test_a_shop_that_asks_for_patience_gets_it(store: ConnectedStore, woo_api: WooApi) -> None:
    woo_api.fails = [(429, {"Retry-After": "7"}, {})]
    with time_machine.travel("2026-06-01T10:00:00Z", tick=False) as traveller:
        pull(store)
        assert (run().status, run().detail) == ("waiting", "The shop asks for patience")
        assert run().wake_at == clock.now() + timedelta(seconds=7)
        traveller.shift(6)
        assert drain_syncs(FOREVER) == 0
        traveller.shift(2)
        assert drain_syncs(FOREVER) == 1
    assert run().status == "finished"


def test_a_refused_key_pauses_the_pull_until_somebody_starts_it(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    error = {"message": "Consumer key is invalid."}
    woo_api.fails = [(401, {}, error)]
    pull(store)
    assert (run().status, run().detail) == (
        "paused",
        "WooCommerce refuses the key: Consumer key is invalid.",
    )
    assert drain_syncs(FOREVER) == 0
    assert pull(store).pk == run().pk
    assert run().status == "finished"


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ((404, {}, {}), "paused", "There is no WooCommerce REST API at"),
        ((301, {"Location": "https://x.example/"}, {}), "paused", "leads on to https://x.example/"),
        ((400, {}, {"message": "Invalid parameter(s): orderby"}), "paused", "orderby"),
        ((500, {}, {}), "waiting", "The shop answers with an error of its own (500)"),
        ((200, {}, b"<br>Notice: x"), "waiting", "The shop's answer for products is not JSON"),
        ((200, {}, {"id": 1}), "waiting", "is not a list of objects"),
    ],
)
def test_what_is_wrong_is_said(
    store: ConnectedStore, woo_api: WooApi, answer: Any, status: str, reason: str
) -> None:
    woo_api.fails = [answer]
    pull(store)
    assert run().status == status
    assert reason in run().detail


def test_a_shop_that_is_down_is_asked_less_and_less_and_given_up(
    store: ConnectedStore, woo_api: WooApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncing, "TRIES", 4)
    woo_api.fails = [(502, {}, {})] * 4
    waits = []
    with time_machine.travel("2026-06-01T10:00:00Z", tick=False) as traveller:
        start_sync(store.store_id)
        for _ in range(4):
            drain_syncs(FOREVER)
            wait = run().wake_at - clock.now()
            waits.append(wait.total_seconds())
            traveller.shift(wait)
    assert waits[:3] == [10, 30, 60]
    assert run().status == "failed"
    assert "Given up after 4 tries" in run().detail
    assert TRIES == 100


def test_what_cannot_be_read_is_put_aside_and_taken_when_it_can(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    woo_api.objects["orders"] = [order(1), order(2, total="12,50"), order(3)]
    done = pull(store)
    assert (done.written_count, done.quarantined_count) == (2, 1)
    with transaction.atomic():
        kept = InboxDelivery.objects.get()
        assert (kept.delivery_id, kept.topic, kept.source) == (
            "sync:order:2",
            "order.updated",
            "sync",
        )
        assert kept.reason == "total: '12,50' is not an amount; write 12.50"
    woo_api.objects["orders"][1] = order(2, total="12.50")
    assert pull(store).written_count == 1
    assert numbers() == [1, 2, 3]
    with transaction.atomic():
        assert InboxDelivery.objects.get().status == "ignored"


def test_a_disconnected_store_is_not_asked_any_more(store: ConnectedStore, woo_api: WooApi) -> None:
    start_sync(store.store_id)
    disconnect_store(store.store_id, actor="ada@example.com")
    assert drain_syncs(FOREVER) == 0
    assert (run().status, woo_api.asked) == ("cancelled", [])


@override_settings(OUTGOING_PRIVATE=False)
def test_no_address_of_a_private_network_is_asked(store: ConnectedStore, woo_api: WooApi) -> None:
    pull(store)
    assert (run().status, woo_api.asked) == ("paused", [])
    assert run().detail == "The shop cannot be reached: its address lies in a private network"


def test_over_https_the_keys_are_sent_as_they_are() -> None:
    seen: list[Any] = []

    class Recorder(Client):
        def get(self, url: str, **kwargs: Any) -> Answer:
            seen.append((url, kwargs["auth"], "oauth_signature" in kwargs["params"]))
            return Answer(200, {"X-WP-Total": "3"}, b"[]")

    context = StoreContext(1, "woocommerce", "GBP", "UTC")
    keys = {"consumer_key": KEY, "consumer_secret": SECRET}
    access = StoreAccess("https://soap.example", keys, context)
    with Recorder() as client:
        plan = WooCommercePull().start(access, client, None)
    assert plan.expected == 9
    assert seen[0] == ("https://soap.example/wp-json/wc/v3/products", (KEY, SECRET), False)


def test_the_command_pulls_and_counts(store: ConnectedStore, woo_api: WooApi) -> None:
    woo_api.objects["orders"] = [order(1), order(2, total="12,50")]
    out = StringIO()
    name = str(store.store_id)
    call_command("sync_store", "--tenant", "ada-soap", "--store", name, "--json", stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1]) == {
        "read": 2,
        "written": 1,
        "unchanged": 0,
        "ignored": 0,
        "quarantined": 1,
    }


def test_the_command_says_why_it_stops(store: ConnectedStore, woo_api: WooApi) -> None:
    woo_api.fails = [(401, {}, {"message": "Consumer key is invalid."})]
    with pytest.raises(CommandError, match=r"The pull is paused: WooCommerce refuses the key"):
        call_command("sync_store", tenant="ada-soap", store=store.store_id)
    with pytest.raises(CommandError, match=r"not connected"):
        call_command("sync_store", tenant="ada-soap", store=999)


class TestOnThePages:
    def address(self, store: ConnectedStore, name: str) -> str:
        return reverse(f"stores:{name}", args=["ada-soap", store.store_id])

    def test_a_key_is_tested_in_plain_words(
        self, tenant: Tenant, store: ConnectedStore, woo_api: WooApi
    ) -> None:
        owner = sign_in(tenant)
        woo_api.objects["orders"] = [order(1), order(2)]
        woo_api.objects["products"] = [load_payload("woocommerce/product")]
        page = owner.post(self.address(store, "test_credentials"), follow=True)
        found = "The shop answers: 1 product, 0 customers, 2 orders."
        assert found in page.content.decode()
        keys = {"url": woo_api.url, "consumer_key": "ck_2", "consumer_secret": SECRET}
        owner.post(self.address(store, "change_credentials"), keys)
        page = owner.post(self.address(store, "test_credentials"), follow=True)
        assert "WooCommerce refuses the key: Consumer key is invalid." in page.content.decode()
        assert "ck_2" not in page.content.decode()
        with transaction.atomic():
            entry = AuditEntry.objects.get(action="store.credentials_changed")
        assert "ck_2" not in json.dumps(entry.after)

    def test_a_pull_is_started_and_shown(
        self, tenant: Tenant, store: ConnectedStore, woo_api: WooApi
    ) -> None:
        owner = sign_in(tenant)
        woo_api.objects["orders"] = [order(number) for number in range(1, 4)]
        page = owner.get(self.address(store, "detail")).content.decode()
        assert "Fetch everything" in page
        owner.post(self.address(store, "start_pull"))
        page = owner.get(self.address(store, "pull")).content.decode()
        assert "hx-trigger" in page
        drain_syncs(FOREVER)
        page = owner.get(self.address(store, "pull")).content.decode()
        assert "3 written, 0 unchanged, 0 quarantined" in page
        assert "hx-trigger" not in page

    def test_why_a_pull_is_paused_is_shown(
        self, tenant: Tenant, store: ConnectedStore, woo_api: WooApi
    ) -> None:
        woo_api.fails = [(401, {}, {"message": "Consumer key is invalid."})]
        pull(store)
        owner = sign_in(tenant)
        page = owner.get(self.address(store, "detail")).content.decode()
        assert "Fetching from the shop is paused" in page
        notices = owner.get(reverse("analytics:notices", args=["ada-soap"])).content.decode()
        assert "Fetching from Ada Woo has stopped" in notices
        assert "WooCommerce refuses the key: Consumer key is invalid." in page

    def test_a_store_is_connected_with_its_key(self, tenant: Tenant, woo_api: WooApi) -> None:
        owner = sign_in(tenant)
        keys = {"consumer_key": KEY, "consumer_secret": SECRET}
        data = {"name": "Mine", "url": woo_api.url, "currency": "GBP", **keys}
        owner.post(reverse("stores:connect", args=["ada-soap"]) + "?platform=woocommerce", data)
        with transaction.atomic():
            kept = Connection.objects.get()
        assert json.loads(decrypt(kept.credentials_encrypted)) == keys


def test_what_webhooks_missed_is_fetched_every_hour(store: ConnectedStore, woo_api: WooApi) -> None:
    woo_api.objects["orders"] = [order(1)]
    with time_machine.travel("2026-05-10T01:00:00Z", tick=False) as traveller:
        assert drain_syncs(FOREVER) == 0
        pull(store)
        assert drain_syncs(FOREVER) == 0
        since = []
        for hours in (1, 1, 22):
            traveller.shift(timedelta(hours=hours))
            assert drain_syncs(FOREVER) > 0
            assert drain_syncs(FOREVER) == 0
            with transaction.atomic():
                last = SyncRun.objects.order_by("-pk")[0]
            assert (last.status, last.started_at) == ("finished", clock.now())
            since.append(last.since)
    assert since == [
        datetime(2026, 5, 9, 22, tzinfo=UTC),
        datetime(2026, 5, 9, 23, tzinfo=UTC),
        datetime(2026, 5, 7, 3, tzinfo=UTC),
    ]


def test_a_paused_pull_is_not_begun_again_by_the_hour(
    store: ConnectedStore, woo_api: WooApi
) -> None:
    with time_machine.travel("2026-05-10T01:00:00Z", tick=False) as traveller:
        pull(store)
        traveller.shift(timedelta(hours=1))
        woo_api.fails = [(401, {}, {})]
        drain_syncs(FOREVER)
        traveller.shift(timedelta(hours=1))
        drain_syncs(FOREVER)
        with transaction.atomic():
            found = list(SyncRun.objects.order_by("pk").values_list("status", flat=True))
    assert found == ["finished", "paused"]
