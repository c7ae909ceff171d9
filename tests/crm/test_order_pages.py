"""The list of orders, its export, and the page of one order."""

import csv
import io
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, cast

import pytest
from django.db import transaction
from django.http import StreamingHttpResponse
from django.test import Client

from crm.models import ExchangeRate, Order, Profile
from crm.queries.order_detail import web_address
from crm.queries.orders import WantedOrders, count_orders, list_orders
from crm.services.checks import find_differences
from crm.types import ShipmentRecord
from kernel.keyset import Place
from kernel.tenancy import tenant_scope
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.crm import NOON, apply, line, make_store, order, refund
from tests.factories.tenants import sign_in

LIST = "/t/ada-soap/orders/"
MARKUP = "<script>alert(1)</script>"


def read(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return page.content.decode()


def numbers(wanted: WantedOrders, place: Place | None = None) -> list[str]:
    return [row.number for row in list_orders(wanted, place or Place()).rows]


def test_an_empty_tenant_is_told_what_comes_next(tenant: Tenant) -> None:
    text = read(sign_in(tenant), LIST)
    assert "No orders yet" in text
    assert "Export CSV" not in text


def test_the_state_is_the_first_that_holds(tenant: Tenant) -> None:
    store = make_store()
    apply(
        store,
        order("1001"),
        order("1002"),
        order("1003", cancelled_at=NOON),
        order("1004", is_test=True),
        order("1005", is_voided=True, financial_status="voided"),
        order("1006", lines=[]),
        order("1007", financial_status="pending"),
        order("1008"),
        refund("r1", order_external_id="1002"),
        refund("r2", order_external_id="1008", amount_minor=600),
        refund("r3", order_external_id="1008", amount_minor=400),
    )
    rows = list_orders(WantedOrders(sort="time"), Place()).rows
    assert [(row.state, row.reason) for row in rows] == [
        ("paid", ""),
        ("partially_refunded", ""),
        ("cancelled", "Cancelled orders count nowhere"),
        ("test", "Test orders count nowhere"),
        ("not_counted", "The payment was voided"),
        ("not_counted", "No line was bought"),
        ("pending", ""),
        ("refunded", ""),
    ]
    assert numbers(WantedOrders(state="refunded")) == ["#1008"]
    assert numbers(WantedOrders(state="paid")) == ["#1001"]
    assert numbers(WantedOrders(is_refunded=True)) == ["#1008", "#1002"]
    assert find_differences() == []


def test_the_sum_of_refunds_follows_their_order(tenant: Tenant) -> None:
    store = make_store()
    apply(store, refund("r1"))
    apply(store, order("1001"))
    assert Order.objects.get().refunded_minor == 400
    later = NOON + timedelta(hours=1)
    apply(store, refund("r1", amount_minor=1000, version_at=later))
    assert Order.objects.get().state == "refunded"
    apply(store, order("1001", gross_minor=2000, version_at=later))
    assert Order.objects.get().state == "partially_refunded"
    assert find_differences() == []


def test_a_refund_in_another_currency_counts_at_the_rate_of_the_order(tenant: Tenant) -> None:
    ExchangeRate.objects.create(currency="EUR", on=date(2026, 3, 1), rate="0.5")
    apply(
        make_store(),
        order("1001", currency="EUR", gross_minor=1000),
        refund("r1", currency="GBP", amount_minor=250),
    )
    assert Order.objects.get().refunded_minor == 500
    assert find_differences() == []


def test_a_wrong_sum_is_named(tenant: Tenant) -> None:
    apply(make_store(), order("1001"), refund("r1"))
    Order.objects.update(refunded_minor=5)
    assert find_differences() == ["refunds of order 1001: 5, recomputed 400"]


def test_an_order_is_found_by_number_email_and_name(tenant: Tenant) -> None:
    apply(make_store(), order("1001"), order("1002", email="grace@example.com"))
    Profile.objects.filter(email="grace@example.com").update(
        first_name="Grace", name_norm="grace hopper"
    )
    for text in ("1002", "#1002", "grace@example.com", "GRACE H", "grace@ex"):
        assert numbers(WantedOrders(search=text)) == ["#1002"], text
    assert numbers(WantedOrders(search="100%")) == []


def test_filters_are_combined(tenant: Tenant) -> None:
    shop, other = make_store(), make_store("Other")
    apply(shop, order("1001", gross_minor=1000), order("1002", gross_minor=9000))
    apply(other, order("1003", email="", ordered_at=NOON - timedelta(days=40), gross_minor=5000))
    assert numbers(WantedOrders(store_id=other.pk)) == ["#1003"]
    assert numbers(WantedOrders(is_nobodys=True)) == ["#1003"]
    assert numbers(WantedOrders(low_minor=5000, high_minor=9000)) == ["#1002", "#1003"]
    assert numbers(WantedOrders(first_day=date(2026, 3, 1), high_minor=1000)) == ["#1001"]
    assert numbers(WantedOrders(last_day=date(2026, 2, 28))) == ["#1003"]
    assert numbers(WantedOrders(currency="EUR")) == []
    assert numbers(WantedOrders(sort="-total")) == ["#1002", "#1003", "#1001"]
    assert count_orders(WantedOrders(currency="GBP")) == 3


def test_pages_follow_each_other_in_both_directions(tenant: Tenant) -> None:
    apply(make_store(), *(order(str(number), email="") for number in range(1, 6)))
    for sort in ("-time", "total"):
        wanted = WantedOrders(sort=sort)
        first = list_orders(wanted, Place(limit=2))
        assert (first.previous, len(first.rows)) == (None, 2)
        second = list_orders(wanted, Place(after=first.next or "", limit=2))
        third = list_orders(wanted, Place(after=second.next or "", limit=2))
        assert third.next is None
        found = [row.number for page in (first, second, third) for row in page.rows]
        assert sorted(found) == ["#1", "#2", "#3", "#4", "#5"]
        assert list_orders(wanted, Place(before=second.previous or "", limit=2)) == first


def test_nonsense_in_the_address_is_left_out(tenant: Tenant) -> None:
    apply(make_store(), order("1001"))
    query = (
        "status=x&store=-1&from=2026-99-01&min=abc&max=1e99&currency=zz&sort=--x&after=1_x&q=%00"
    )
    assert "#1001" in read(sign_in(tenant), f"{LIST}?{query}")
    assert "#1001" in read(sign_in(tenant, Role.ADMIN), f"{LIST}?after={'9' * 40}_1&min=NaN")


def test_a_live_search_gets_the_table_alone(tenant: Tenant) -> None:
    apply(make_store(), order("1001"))
    page = sign_in(tenant).get(f"{LIST}?q=1001", headers={"HX-Request": "true"})
    assert "#1001" in page.content.decode()
    assert "<html" not in page.content.decode()


def test_filters_that_are_on_can_be_taken_away_one_by_one(tenant: Tenant) -> None:
    apply(make_store(), order("1001"))
    text = read(sign_in(tenant), f"{LIST}?min=5&person=none&from=2026-01-01")
    assert "At least £5.00" in text
    assert "From 1 Jan 2026" in text
    assert f"{LIST}?min=5&amp;from=2026-01-01" in text


def test_an_order_shows_its_documents_and_what_it_changed(tenant: Tenant) -> None:
    store = make_store()
    apply(
        store,
        order(
            "1001",
            currency="EUR",
            shipping_minor=300,
            discount_codes=["SPRING"],
            attribution={"source": "newsletter", "campaign": "spring"},
        ),
        refund("r1", currency="EUR", note="Too small"),
        ShipmentRecord(
            external_id="s1",
            version_at=NOON,
            order_external_id="1001",
            carrier="Post",
            tracking_number="AB1",
            tracking_url="https://post.example/AB1",
            shipped_at=NOON,
        ),
    )
    found = Order.objects.get()
    client = sign_in(tenant)
    text = read(client, f"{LIST}{found.pk}/")
    for words in (
        "Soap",
        "SPRING",
        "Too small",
        "newsletter",
        "€6.00",
        "no rate is known",
        'href="https://post.example/AB1"',
        f"/t/ada-soap/profiles/{found.profile_id}/",
    ):
        assert words in text, words
    for part in ("points", "segments", "flows", "deliveries"):
        assert f"{LIST}{found.pk}/{part}/" in text
        read(client, f"{LIST}{found.pk}/{part}/")


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"line_key": "1", "quantity": "2"}, "2 × Soap"),
        ({"sku": "SOAP-1", "title": "Bar", "quantity": 1}, "1 × Bar"),
        ({"sku": "SOAP-1", "title": "", "quantity": 1}, "1 × SOAP-1"),
        ({"line_key": "gone"}, "1 × an item without a name"),
        ({"line_key": "", "title": MARKUP}, "1 × &lt;script&gt;"),
    ],
)
def test_a_refund_names_what_came_back(tenant: Tenant, told: dict[str, Any], shown: str) -> None:
    bought = line(line_key="1", title="Soap")
    apply(make_store(), order("1001", lines=[bought]), refund("r1", lines=[told]))

    assert shown in read(sign_in(tenant), f"{LIST}{Order.objects.get().pk}/")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://post.example/1", "https://post.example/1"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https://", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_only_a_web_address_becomes_a_link(url: str, shown: str) -> None:
    assert web_address(url) == shown


def test_an_order_of_nobody_says_so(tenant: Tenant) -> None:
    apply(make_store(), order("1001", email="", is_test=True))
    client = sign_in(tenant)
    text = read(client, f"{LIST}{Order.objects.get().pk}/")
    assert "This order names nobody" in text
    assert "Test orders count nowhere" in text
    assert client.get(f"{LIST}404/").status_code == 404


def test_markup_in_any_field_stays_text(tenant: Tenant) -> None:
    apply(
        make_store(MARKUP),
        order(
            "1001",
            number=MARKUP,
            city=MARKUP,
            discount_codes=[MARKUP],
            attribution={"source": MARKUP},
            lines=[line(title=MARKUP, sku=MARKUP, category=MARKUP)],
        ),
        refund("r1", note=MARKUP),
    )
    Profile.objects.update(first_name=MARKUP)
    client = sign_in(tenant)
    assert MARKUP not in read(client, f"{LIST}?q={MARKUP}")
    assert MARKUP not in read(client, f"{LIST}{Order.objects.get().pk}/")


@pytest.mark.django_db(transaction=True)
def test_the_export_holds_what_the_list_shows() -> None:
    tenant = Tenant.objects.create(name="Ada Soap", slug="ada-soap", currency="GBP", timezone="UTC")
    with tenant_scope(tenant.pk), transaction.atomic():
        apply(make_store(), order("1001", number="=1+1"), order("1002", gross_minor=90))
    client = sign_in(tenant, Role.ANALYST)
    response = cast("StreamingHttpResponse", client.get(f"{LIST}export/?min=1"))
    body = b"".join(cast("Iterable[bytes]", response.streaming_content)).decode()
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [(row["number"], row["total"], row["status"], row["items"]) for row in rows] == [
        ("'=1+1", "10.00", "paid", "1")
    ]
    with tenant_scope(tenant.pk), transaction.atomic():
        entry = AuditEntry.objects.get(action="orders.exported")
        assert entry.after == {"filters": {"min": "1"}}


def test_who_may_not_export_sees_no_button(tenant: Tenant) -> None:
    apply(make_store(), order("1001"))
    client = sign_in(tenant, Role.SUPPORT)
    assert "Export CSV" not in read(client, LIST)
    assert client.get(f"{LIST}export/").status_code == 403
