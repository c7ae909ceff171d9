from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import time_machine
from django.db import connections, transaction
from django.test import override_settings
from django.urls import reverse

from crm.models import Event, Order, Profile, Shipment
from kernel import clock
from kernel.batches import Deadline
from kernel.tenancy import tenant_scope
from stores.models import Connection, InboxDelivery, SyncRun
from stores.platforms.bigcommerce.naming import SCOPES
from stores.services.connections import disconnect_store, reconnect_store, save_credentials
from stores.services.hooks import register_hooks
from stores.services.registering import drain_registrations
from stores.services.syncing import check_access, drain_syncs, start_sync
from tenants.models import AuditEntry, Tenant
from tests.factories.tenants import sign_in
from tests.support.bigcommerce import FakeBigShop
from tests.support.bigcommerce_api import TOKEN, BigApi
from tests.support.payloads import load_payload

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 5, 1, tzinfo=UTC)
FOREVER = Deadline(seconds=None)
SECURE = override_settings(PUBLIC_URL="https://crm.example")


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)


def order(number: int, at: int | None = None, **changes: Any) -> dict[str, Any]:
    changed_at = START + timedelta(seconds=number if at is None else at)
    found = load_payload("bigcommerce/order", id=number, customer_id=0, coupon_discount="0.0000")
    found["billing_address"]["email"] = f"shopper{number}@example.com"
    found["date_created"] = format_datetime(START)
    return {**found, "date_modified": format_datetime(changed_at), **changes}


def subscriber(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "email": f"reader{number}@example.com",
        "consents": ["marketing_newsletter"],
        "date_modified": START.isoformat(),
    }


@transaction.atomic
def numbers() -> list[int]:
    return sorted(int(each) for each in Order.objects.values_list("external_id", flat=True))


def pull(big: FakeBigShop, since: datetime | None = None) -> SyncRun:
    start_sync(big.store.store_id, since=since)
    drain_syncs(FOREVER)
    with transaction.atomic():
        return SyncRun.objects.order_by("-pk")[0]


def test_a_first_fill_is_complete_and_starts_nothing(big: FakeBigShop, big_api: BigApi) -> None:
    big_api.objects["orders"] = [order(number) for number in range(1, 61)]
    big_api.objects["orders"][2] |= {"items_shipped": 3}
    big_api.objects["customers"] = [load_payload("bigcommerce/customer")]
    big_api.objects["attributes"] = [{"id": 4, "name": "Skin"}]
    big_api.objects["products"] = [load_payload("bigcommerce/product")]
    big_api.objects["subscribers"] = [subscriber(number) for number in range(1, 4)]

    done = pull(big)

    assert (done.status, done.detail) == ("finished", "")
    assert (done.expected, done.read_count, done.quarantined_count) == (65, 65, 0)
    assert numbers() == list(range(1, 61))
    with transaction.atomic():
        assert Event.objects.filter(is_backfill=False).count() == 0
        assert Event.objects.filter(name="Order Placed").count() == 60
        assert Profile.objects.filter(email_consent="subscribed").count() == 3
        assert Shipment.objects.count() == 0
        assert InboxDelivery.objects.count() == 0
    again = pull(big)
    assert (again.read_count, again.written_count) == (65, 0)


def test_since_asks_for_what_changed_alone_and_brings_parcels(
    big: FakeBigShop, big_api: BigApi
) -> None:
    big_api.objects["orders"] = [order(number) for number in range(1, 11)]
    big_api.objects["orders"][9] |= {"items_shipped": 3}
    sent = {"id": 5, "date_created": format_datetime(START), "tracking_number": "EJ1"}
    big_api.nested["orders/10/shipments"] = [sent]
    done = pull(big, START + timedelta(seconds=8))
    assert numbers() == [8, 9, 10]
    assert done.expected == 3
    with transaction.atomic():
        assert Shipment.objects.get().tracking_number == "EJ1"


def test_what_changes_or_goes_meanwhile_is_not_missed(big: FakeBigShop, big_api: BigApi) -> None:
    big_api.objects["orders"] = [order(number) for number in range(1, 81)]
    pages = []

    def disturb(path: str, params: dict[str, str]) -> None:
        if path == "v2/orders":
            pages.append(params)
            if len(pages) == 2:
                del big_api.objects["orders"][:20]
                big_api.objects["orders"][0] = order(21, 5_000, total_inc_tax="1.0000")

    big_api.before_answer = disturb
    pull(big)
    assert numbers() == list(range(1, 81))
    with transaction.atomic():
        assert Order.objects.get(external_id="21").gross_minor == 100


def test_hundreds_of_changes_in_one_second_are_walked(big: FakeBigShop, big_api: BigApi) -> None:
    big_api.objects["orders"] = [
        *(order(number, 1) for number in range(1, 11)),
        *(order(number, 2) for number in range(11, 91)),
        *(order(number, 3) for number in range(91, 101)),
    ]
    done = pull(big)
    assert numbers() == list(range(1, 101))
    assert done.read_count == 100


def test_a_subscriber_that_is_deleted_meanwhile_hides_no_other(
    big: FakeBigShop, big_api: BigApi
) -> None:
    big_api.objects["subscribers"] = [subscriber(number) for number in range(1, 601)]
    pages = []

    def disturb(path: str, params: dict[str, str]) -> None:
        if path == "v3/customers/subscribers" and params["limit"] != "1":
            pages.append(params["page"])
            if len(pages) == 2:
                del big_api.objects["subscribers"][:100]

    big_api.before_answer = disturb
    done = pull(big)
    assert pages == ["3", "2", "1"]
    with transaction.atomic():
        found = set(Profile.objects.values_list("email", flat=True))
    assert {f"reader{number}@example.com" for number in range(101, 601)} <= found
    assert done.status == "finished"


def test_a_quota_that_is_used_up_is_waited_for(big: FakeBigShop, big_api: BigApi) -> None:
    big_api.objects["orders"] = [order(number) for number in range(1, 4)]
    big_api.quota = 6
    with time_machine.travel("2026-06-01T10:00:00Z", tick=False) as traveller:
        waiting = pull(big)
        assert (waiting.status, waiting.detail) == ("waiting", "The shop asks for patience")
        assert waiting.wake_at == clock.now() + timedelta(seconds=15)
        big_api.quota = None
        traveller.shift(16)
        drain_syncs(FOREVER)
    assert numbers() == [1, 2, 3]


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ((401, {}, {}), "paused", "BigCommerce does not accept the access token"),
        ((403, {}, {}), "paused", "give it the scope Products, read-only"),
        ((404, {}, {}), "paused", "look whether the API path is right"),
        (
            (422, {}, {"title": "Invalid", "errors": {"sort": "is wrong"}}),
            "paused",
            "BigCommerce does not understand (422): Invalid (sort: is wrong)",
        ),
        ((500, {}, {}), "waiting", "BigCommerce answers with an error of its own (500)"),
        ((200, {}, b"<html>"), "waiting", "BigCommerce's answer for v3/catalog/products is not"),
        ((200, {}, []), "waiting", "is not an object"),
        ((503, {"Retry-After": "9"}, {}), "waiting", "The shop asks for patience"),
    ],
)
def test_what_is_wrong_is_said(
    big: FakeBigShop, big_api: BigApi, answer: Any, status: str, reason: str
) -> None:
    big_api.fails = [answer]
    run = pull(big)
    assert run.status == status
    assert reason in run.detail


def test_a_path_that_is_none_is_said_before_anything_is_asked(
    big: FakeBigShop, big_api: BigApi
) -> None:
    for keys, reason in (
        ({"api_path": "soap.example", "access_token": TOKEN}, "Enter the API path as BigCommerce"),
        ({"api_path": big_api.path, "access_token": ""}, "Enter the access token"),
    ):
        save_credentials(big.store.store_id, url="https://x.example", credentials=keys, actor="a")
        found = check_access(big.store.store_id)
        assert not found.is_good
        assert reason in found.text
    assert big_api.asked == []


def test_the_credential_is_tested_in_plain_words(big: FakeBigShop, big_api: BigApi) -> None:
    big_api.objects["orders"] = [order(1)]
    found = check_access(big.store.store_id)
    assert (found.is_good, found.text) == (
        True,
        "BigCommerce answers for Ada Soap: 0 products, 0 customers, 1 order.",
    )


class TestWebhooks:
    def test_they_are_made_once_and_switched_on_again(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        with SECURE:
            made = register_hooks(big.store.store_id, actor="ada@example.com")
            assert (made.is_good, made.text) == (True, "9 webhooks are registered: 9 made.")
            assert {hook["scope"] for hook in big_api.objects["hooks"]} == set(SCOPES)
            again = register_hooks(big.store.store_id, actor="ada@example.com")
            assert again.text == "9 webhooks are registered: all were there already."
            big_api.objects["hooks"][3]["is_active"] = False
            woken = register_hooks(big.store.store_id, actor="ada@example.com")
        assert woken.text == "9 webhooks are registered: 1 switched on again."
        assert len(big_api.objects["hooks"]) == 9
        assert all(hook["is_active"] for hook in big_api.objects["hooks"])
        with transaction.atomic():
            assert AuditEntry.objects.filter(action="store.webhooks_registered").count() == 3

    def test_every_pull_switches_on_what_the_shop_gave_up(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        with SECURE:
            pull(big)
            for hook in big_api.objects["hooks"]:
                hook["is_active"] = False
            pull(big, START)
        assert len(big_api.objects["hooks"]) == len(SCOPES)
        assert all(hook["is_active"] for hook in big_api.objects["hooks"])

    def test_they_are_made_without_asking_and_taken_away_where_a_store_is_cut_off(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        with SECURE:
            drain_registrations(FOREVER)
            assert {hook["scope"] for hook in big_api.objects["hooks"]} == set(SCOPES)
            disconnect_store(big.store.store_id, actor="ada@example.com")
            drain_registrations(FOREVER)
        assert big_api.objects["hooks"] == []

    def test_a_webhook_that_is_gone_already_holds_up_no_other(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        with SECURE:
            drain_registrations(FOREVER)
            big_api.broken["v3/hooks/2"] = (404, {}, {"title": "Not found"})
            disconnect_store(big.store.store_id, actor="ada@example.com")
            drain_registrations(FOREVER)
        assert [hook["id"] for hook in big_api.objects["hooks"]] == [2]
        with transaction.atomic():
            assert Connection.objects.get().register_due_at is None

    def test_a_store_that_is_connected_again_at_once_is_sent_to_at_its_new_address(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        with SECURE:
            drain_registrations(FOREVER)
            disconnect_store(big.store.store_id, actor="ada@example.com")
            again = reconnect_store(big.store.store_id, actor="ada@example.com")
            drain_registrations(FOREVER)
        found = {(hook["scope"], hook["destination"]) for hook in big_api.objects["hooks"]}
        assert found == {(scope, again) for scope in SCOPES}

    @pytest.mark.parametrize("comes_back", [True, False])
    def test_a_pull_that_was_begun_before_a_store_was_cut_off_leaves_no_old_address(
        self, big: FakeBigShop, big_api: BigApi, tenant: Tenant, comes_back: bool
    ) -> None:
        store_id = big.store.store_id
        addresses: list[str] = []

        def cut_off(path: str, params: dict[str, str]) -> None:
            if path != "v3/hooks":
                return
            big_api.before_answer = None
            with tenant_scope(tenant.pk):
                disconnect_store(store_id, actor="ada@example.com")
                if comes_back:
                    addresses.append(reconnect_store(store_id, actor="ada@example.com"))
                drain_registrations(FOREVER)
            connections.close_all()

        big_api.before_answer = cut_off
        with SECURE:
            pull(big)
            drain_registrations(FOREVER)
        found = {(hook["scope"], hook["destination"]) for hook in big_api.objects["hooks"]}
        assert found == {(scope, address) for scope in SCOPES for address in addresses}
        with transaction.atomic():
            assert Connection.objects.get().stray_tokens == []

    def test_hooks_of_other_apps_stay_as_they_are(self, big: FakeBigShop, big_api: BigApi) -> None:
        other = {"id": 1, "scope": SCOPES[0], "destination": "https://other.example/"}
        big_api.objects["hooks"] = [{**other, "is_active": False}]
        with SECURE:
            register_hooks(big.store.store_id, actor="ada@example.com")
        assert big_api.objects["hooks"][0] == {**other, "is_active": False}

    def test_an_address_that_cannot_be_reached_is_said_and_pulls_go_on(
        self, big: FakeBigShop, big_api: BigApi
    ) -> None:
        with override_settings(PUBLIC_URL="http://127.0.0.1:8000"):
            found = register_hooks(big.store.store_id, actor="ada@example.com")
            assert not found.is_good
            assert "only to an https address" in found.text
            assert pull(big).status == "finished"
        assert big_api.objects["hooks"] == []


class TestOnThePages:
    def address(self, big: FakeBigShop, name: str) -> str:
        return reverse(f"stores:{name}", args=["ada-soap", big.store.store_id])

    def test_the_client_secret_and_the_token_are_asked_for(self, tenant: Tenant) -> None:
        owner = sign_in(tenant)
        address = reverse("stores:connect", args=["ada-soap"]) + "?platform=bigcommerce"
        page = owner.post(address, {"name": "Big", "currency": "GBP"})
        assert page.status_code == 422
        assert set(page.context["form"].errors) == {"secret", "api_path", "access_token"}
        keys = {"api_path": "https://api.bigcommerce.com/stores/abc123/v3/", "access_token": "t"}
        data = {"name": "Big", "currency": "GBP", "secret": "client-secret", **keys}
        page = owner.post(address, data)
        assert page.status_code == 201
        assert "Its webhooks are being registered in the shop" in page.content.decode()
        assert "client-secret" not in page.content.decode()

    def test_no_address_is_offered_that_nobody_can_enter(
        self, tenant: Tenant, big: FakeBigShop
    ) -> None:
        page = sign_in(tenant).get(self.address(big, "detail")).content.decode()
        assert "What changes in the shop shows up here at once" in page
        assert big.store.webhook_url not in page

    def test_webhooks_are_registered_by_a_button(
        self, tenant: Tenant, big: FakeBigShop, big_api: BigApi
    ) -> None:
        owner = sign_in(tenant)
        with SECURE:
            page = owner.post(self.address(big, "register_webhooks"), follow=True)
        assert "9 webhooks are registered: 9 made." in page.content.decode()
        assert len(big_api.objects["hooks"]) == 9

    def test_why_deliveries_wait_is_shown(
        self, tenant: Tenant, big: FakeBigShop, big_api: BigApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
        big_api.fails = [(401, {}, {})]
        with time_machine.travel("2026-06-01T10:00:00Z", tick=False) as traveller:
            big.tell("order", 1, "d-1")
            big.fetch()
            traveller.shift(120)
            owner = sign_in(tenant)
            page = owner.get(self.address(big, "detail")).content.decode()
            assert "Deliveries wait" in page
            notices = owner.get(reverse("analytics:notices", args=["ada-soap"])).content.decode()
        assert "BigCommerce does not accept the access token" in page
        assert "Ada Big is behind" in notices
        assert "BigCommerce does not accept the access token" in notices
