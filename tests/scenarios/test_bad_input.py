"""Bad input from the outside: what comes of it, and where its merchant sees it.

Each story goes in through the webhook's address or the command, and out through the pages.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from crm.models import Event, Identity, ImportRun, Order, Profile, Refund
from kernel.postgres.edge import EdgeUnavailable
from kernel.scope import current_tenant_id
from kernel.work import drain_tenant
from stores.models import InboxDelivery, RefusedDeliveries
from tenants.models import Tenant
from tests.factories.tenants import sign_in
from tests.support.payloads import load_payload
from tests.support.shopify import FakeShop, simple_order

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
BIG = b"x" * (6 * 1024 * 1024)
UNSIGNED = "1 delivery was refused in the last 24 hours: the signature is wrong"
TOO_LARGE = "1 delivery was refused in the last 24 hours: the body is over 5 MB"
NO_CUSTOMER = "The order names no customer: it counts, and belongs to no profile"
NO_ORDER = "Its order has not arrived yet: the refund is kept and joined to it when it does"


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the broker out: the stories drain by themselves."""
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)


@pytest.fixture
def merchant(tenant: Tenant) -> Client:
    return sign_in(tenant)


@transaction.atomic
def rows(model: type[Any], *fields: str) -> list[Any]:
    return list(model.objects.order_by("pk").values_list(*fields))


def see(client: Client, name: str, *arguments: int) -> str:
    """Return a page of the tenant as text, every blank made one."""
    answer = client.get(reverse(name, args=["ada-soap", *arguments]))
    assert answer.status_code == HTTPStatus.OK
    return " ".join(answer.content.decode().replace("&#x27;", "'").split())


def see_delivery(client: Client, delivery_id: str) -> str:
    ids = dict(rows(InboxDelivery, "delivery_id", "pk"))
    return see(client, "stores:delivery", ids[delivery_id])


def see_orders(client: Client) -> str:
    """Return the orders on the page of the only profile."""
    [(profile_id,)] = rows(Profile, "pk")
    return see(client, "crm:profile_orders", profile_id)


def deliver(shop: FakeShop, topic: str, payload: Any, name: str = "d-1") -> tuple[str, str]:
    """Post a delivery that is taken, work everything off, and return its outcome."""
    assert shop.deliver(topic, payload, name) == HTTPStatus.OK
    drain_tenant(current_tenant_id())
    return shop.outcome(name)


class TestRefused:
    """What is turned away at the door leaves a count by the hour and nothing else."""

    @pytest.mark.parametrize(
        ("post", "status", "words"),
        [
            (
                lambda shop: shop.deliver("orders/create", simple_order(1), "d", secret="other"),
                HTTPStatus.UNAUTHORIZED,
                UNSIGNED,
            ),
            (
                lambda shop: shop.deliver("orders/create", BIG, "d"),
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                TOO_LARGE,
            ),
        ],
        ids=["wrong signature", "6 MB"],
    )
    def test_the_store_and_home_say_how_many_and_why(
        self,
        shop: FakeShop,
        merchant: Client,
        post: Callable[[FakeShop], int],
        status: HTTPStatus,
        words: str,
    ) -> None:
        assert post(shop) == status

        assert rows(InboxDelivery, "pk") == []
        assert words in see(merchant, "stores:detail", shop.store.store_id)
        assert words in see(merchant, "analytics:attention")

    def test_an_unknown_token_belongs_to_nobody(self, shop: FakeShop, merchant: Client) -> None:
        body = b"{}"
        assert shop.post(body, {}, path="/webhooks/shopify/unknown/") == HTTPStatus.NOT_FOUND

        assert rows(InboxDelivery, "pk") == []
        assert rows(RefusedDeliveries, "pk") == []
        assert "none yet" in see(merchant, "stores:list")

    def test_refusals_are_counted_for_a_day_in_rows_that_are_used_again(
        self, shop: FakeShop, merchant: Client
    ) -> None:
        def refuse(times: int) -> None:
            for _ in range(times):
                shop.post(b"{}", {"X-Shopify-Topic": "orders/create"})

        page = ("stores:detail", shop.store.store_id)
        with time_machine.travel(NOON + timedelta(minutes=59), tick=False) as clock:
            refuse(3)
            clock.shift(timedelta(hours=1))
            refuse(2)
            assert "5 deliveries were refused" in see(merchant, *page)
            clock.shift(timedelta(hours=22, minutes=1))
            assert "5 deliveries were refused" not in see(merchant, *page)
            assert "2 deliveries were refused" in see(merchant, *page)
            refuse(1)
            assert "3 deliveries were refused" in see(merchant, *page)
            clock.shift(timedelta(days=2))
            assert "refused in the last" not in see(merchant, *page)
        assert rows(RefusedDeliveries, "reason", "hour", "count") == [
            ("signature", NOON + timedelta(days=1), 1),
            ("signature", NOON + timedelta(hours=1), 2),
        ]

    def test_a_count_that_cannot_be_written_changes_no_answer(
        self, shop: FakeShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert deliver(shop, "orders/create", simple_order(1)) == ("applied", "")

        def refuse(*args: Any, **kwargs: Any) -> None:
            raise EdgeUnavailable

        monkeypatch.setattr("stores.services.filing.write_once", refuse)
        unsigned = shop.deliver("orders/create", simple_order(2), "d-2", secret="other")

        assert unsigned == HTTPStatus.UNAUTHORIZED
        assert rows(RefusedDeliveries, "pk") == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"id": 1,', "The body is not valid JSON: "),
        (
            {**simple_order(1), "currency": "XQZ"},
            "currency is 'XQZ', which is not a known currency",
        ),
        (
            {**simple_order(1), "total_price": "12,50"},
            "total_price: '12,50' is not an amount; write 12.50",
        ),
        (
            {**simple_order(1), "processed_at": "2026-05-04T10:00:00"},
            "processed_at: '2026-05-04T10:00:00' has no time zone",
        ),
    ],
    ids=["broken JSON", "unknown currency", "money with a comma", "date without zone"],
)
def test_what_cannot_be_read_is_quarantined_with_its_reason(
    shop: FakeShop, merchant: Client, payload: Any, reason: str
) -> None:
    status, said = deliver(shop, "orders/create", payload)

    assert (status, said[: len(reason)]) == ("quarantined", reason)
    assert rows(Order, "pk") == []
    store = see(merchant, "stores:detail", shop.store.store_id)
    assert reason[:40] in store
    assert "Retry quarantined" in store
    assert reason[:40] in see_delivery(merchant, "d-1")
    assert "1 quarantined delivery" in see(merchant, "analytics:attention")


def test_blanks_around_an_address_are_dropped(shop: FakeShop, merchant: Client) -> None:
    order = {**simple_order(1), "email": "  Ada.Byron@Example.com "}

    assert deliver(shop, "orders/create", order) == ("applied", "")

    assert rows(Profile, "email_norm") == [("ada.byron@example.com",)]
    assert "#1" in see_orders(merchant)


def test_blanks_inside_an_address_make_it_nobodys(shop: FakeShop, merchant: Client) -> None:
    order = {**simple_order(1), "email": "ada byron@example.com"}
    remark = "'ada byron@example.com' is not an email address: nobody is known by it or written to"

    assert deliver(shop, "orders/create", order) == ("applied", remark)

    assert rows(Order, "gross_minor", "profile_id") == [(1250, None)]
    assert rows(Profile, "pk") == []
    assert remark in see_delivery(merchant, "d-1")


def test_an_order_without_a_customer_counts_and_says_so(shop: FakeShop, merchant: Client) -> None:
    order = {**simple_order(1), "email": None}

    assert deliver(shop, "orders/create", order) == ("applied", NO_CUSTOMER)

    assert rows(Order, "gross_minor", "profile_id") == [(1250, None)]
    assert rows(Profile, "pk") == []
    assert NO_CUSTOMER in see_delivery(merchant, "d-1")


def test_a_refund_before_its_order_waits_for_it(shop: FakeShop, merchant: Client) -> None:
    refund = load_payload("shopify/refund", order_id=5_000_001)

    assert deliver(shop, "refunds/create", refund, "refund") == ("applied", NO_ORDER)
    assert NO_ORDER in see_delivery(merchant, "refund")
    assert deliver(shop, "orders/create", simple_order(1), "order") == ("applied", "")

    [(order_id,)] = rows(Order, "pk")
    [(joined, amount)] = rows(Refund, "order_id", "amount_minor")
    assert joined == order_id
    assert f"£{amount / 100:.2f}" in see_orders(merchant)
    names = [name for (name,) in rows(Event, "name")]
    assert names.count("Order Refunded") == 1


def test_a_customer_who_changes_the_address_stays_one_person(
    shop: FakeShop, merchant: Client
) -> None:
    before = load_payload("shopify/customer", id=77, email="old@example.com")
    after = {**before, "email": "new@example.com", "updated_at": "2026-11-01T00:00:00Z"}

    assert deliver(shop, "customers/create", before, "d-1") == ("applied", "")
    assert deliver(shop, "customers/update", after, "d-2") == ("applied", "")
    again = {**simple_order(1), "email": "old@example.com"}
    assert deliver(shop, "orders/create", again, "d-3") == ("applied", "")

    assert rows(Profile, "email") == [("new@example.com",)]
    known = {value for kind, value in rows(Identity, "kind", "value_norm") if kind == "email"}
    assert known == {"old@example.com", "new@example.com"}
    [(profile_id,)] = rows(Profile, "pk")
    assert "new@example.com" in see(merchant, "crm:profile", profile_id)
    assert "#1" in see_orders(merchant)


def test_repeats_of_a_delivery_are_one_order(shop: FakeShop, merchant: Client) -> None:
    order = simple_order(1)
    for _ in range(100):
        assert shop.deliver("orders/create", order, "d-1") == HTTPStatus.OK
    drain_tenant(current_tenant_id())
    for _ in range(100):
        assert shop.deliver("orders/create", order, "d-1") == HTTPStatus.OK
    assert drain_tenant(current_tenant_id()) == 0

    assert rows(InboxDelivery, "delivery_id", "status") == [("d-1", "applied")]
    assert rows(Order, "external_id") == [("5000001",)]
    assert [name for (name,) in rows(Event, "name")].count("Order Placed") == 1
    assert see(merchant, "stores:detail", shop.store.store_id).count("d-1") == 1


def import_file(path: Path, content: bytes, store_id: int) -> None:
    path.write_bytes(content)
    call_command("import_orders", str(path), tenant="ada-soap", store=store_id, stdout=StringIO())


class TestFiles:
    """Files come in by the command; their runs stand on the page of the store."""

    def test_a_byte_order_mark_and_semicolons_are_read(
        self, shop: FakeShop, merchant: Client, tmp_path: Path
    ) -> None:
        content = (
            "\ufefforder_id;ordered_at;email;sku;quantity;unit_price\r\n"
            "A1;2026-03-01 10:00;ada@example.com;SOAP;2;4.25\r\n"
        ).encode()

        import_file(tmp_path / "spring.csv", content, shop.store.store_id)

        assert rows(Order, "external_id", "gross_minor") == [("A1", 850)]
        assert rows(ImportRun, "status", "new_count", "detail") == [("finished", 1, "")]
        page = see(merchant, "stores:detail", shop.store.store_id)
        assert "spring.csv" in page
        assert "1 new, 0 updated, 0 unchanged, 0 quarantined" in page
        assert "£8.50" in see_orders(merchant)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (
                b"id,ordered_at,quantity,unit_price\n1,2026-03-01,1,2\n",
                (
                    "The file has no column 'order_id'. It has: id, ordered_at, quantity, "
                    "unit_price. Say which column holds it with --map order_id=COLUMN."
                ),
            ),
            (b"", "The file is empty"),
            (
                b"order_id,ordered_at,quantity,unit_price,title\n1,2026-03-01,1,2,caf\xe9\n",
                "The file is not UTF-8; save it as CSV UTF-8 and try again",
            ),
        ],
        ids=["wrong header", "empty", "not UTF-8"],
    )
    def test_a_file_that_cannot_be_read_leaves_a_failed_run(
        self, shop: FakeShop, merchant: Client, tmp_path: Path, content: bytes, reason: str
    ) -> None:
        with pytest.raises(CommandError) as refused:
            import_file(tmp_path / "wrong.csv", content, shop.store.store_id)

        assert str(refused.value) == reason
        assert rows(Order, "pk") == []
        assert rows(ImportRun, "filename", "status", "detail") == [("wrong.csv", "failed", reason)]
        page = see(merchant, "stores:detail", shop.store.store_id)
        assert "wrong.csv" in page
        assert reason in page

    def test_a_document_that_cannot_be_read_leads_to_its_delivery(
        self, shop: FakeShop, merchant: Client, tmp_path: Path
    ) -> None:
        content = (
            b"order_id,ordered_at,sku,quantity,unit_price\n"
            b'A1,2026-03-01 10:00,SOAP,1,"4,25"\n'
            b"A2,2026-03-01 10:00,SOAP,1,4.25\n"
        )

        import_file(tmp_path / "spring.csv", content, shop.store.store_id)

        reason = "Line 1: unit_price '4,25' is not a number; write 12.50"
        assert shop.outcome("import:A1") == ("quarantined", reason)
        assert rows(Order, "external_id") == [("A2",)]
        page = see(merchant, "stores:detail", shop.store.store_id)
        address = reverse("stores:detail", args=["ada-soap", shop.store.store_id])
        assert f'href="{address}?status=quarantined&amp;topic=import/order"' in page
        assert reason in see_delivery(merchant, "import:A1")
