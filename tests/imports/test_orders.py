"""Orders out of files: lines wherever they lie, totals as the shop wrote them."""

from datetime import UTC, datetime

import pytest

from crm.models import Event, Order, OrderLine, Profile, ProfileFacts, Refund
from crm.services.checks import find_differences
from imports.models import ImportRow
from imports.services import applying, staging
from kernel.work import drain_tenant
from tenants.models import Tenant
from tests.factories.samples import make_store
from tests.imports.files import bring, check, counted

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
    "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing Country,"
    "Cancelled at,Refunded Amount,Id,Phone\n"
    "#1001,ada@example.com,paid,2024-05-31 14:05:00 +0100,fulfilled,,yes,GBP,25.00,4.00,4.83,"
    "29.00,HELLO,2.50,2024-05-31 14:05:00 +0100,2,Soap,10.00,S-1,Ada Byron,GB,,0.00,9001,\n"
    "#1002,bo@example.com,refunded,2024-06-01 09:00:00 +0100,,,no,GBP,8.00,0.00,0.00,8.00,,0.00,"
    "2024-06-01 09:00:00 +0100,1,Towel,8.00,T-1,Bo Ek,SE,,8.00,9002,\n"
    "#1001,ada@example.com,,,,,,,,,,,,,2024-05-31 14:05:00 +0100,1,Brush,7.50,B-1,,,,,,\n"
)
PLAIN = "order_id,ordered_at,email,sku,quantity,unit_price,currency\n"


def test_an_export_of_shopify_needs_no_mapping_by_hand(tenant: Tenant) -> None:
    store = make_store(platform="shopify")

    done = bring(SHOPIFY, kind="orders", store_id=store.pk)

    assert counted(done.counts) == {"rows": 3, "new": 2}
    first = Order.objects.get(external_id="9001")
    assert (first.number, first.gross_minor, first.shipping_minor, first.tax_minor) == (
        "#1001",
        2900,
        400,
        483,
    )
    assert (first.subtotal_minor, first.discount_minor, first.discount_codes) == (
        2500,
        250,
        ["HELLO"],
    )
    assert first.ordered_at == datetime(2024, 5, 31, 13, 5, tzinfo=UTC)
    assert (first.state, first.fulfillment_status) == ("paid", "fulfilled")
    lines = OrderLine.objects.filter(order=first).order_by("position")
    assert [(line.sku, line.quantity, line.total_minor) for line in lines] == [
        ("S-1", 2, 2000),
        ("B-1", 1, 750),
    ]
    second = Order.objects.get(external_id="9002")
    assert (second.state, second.refunded_minor) == ("refunded", 800)
    ada = Profile.objects.get(email_norm="ada@example.com")
    assert (ada.first_name, ada.last_name, ada.country) == ("Ada", "Byron", "GB")
    drain_tenant(tenant.pk)
    assert ProfileFacts.objects.get(profile=ada).net_minor == 2900
    assert find_differences() == []
    placed = Event.objects.filter(name="Order Placed")
    assert set(placed.values_list("is_backfill", flat=True)) == {True}


def test_a_second_import_of_the_same_file_changes_nothing(tenant: Tenant) -> None:
    bring(SHOPIFY, kind="orders")
    events = Event.objects.count()

    again = bring(SHOPIFY, kind="orders")

    assert counted(again.counts) == {"rows": 3, "unchanged": 2}
    assert (Event.objects.count(), Order.objects.count(), Refund.objects.count()) == (events, 2, 1)


def test_lines_of_an_order_are_found_in_any_batch(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "BATCH_ROWS", 2)
    monkeypatch.setattr(applying, "BATCH_DOCUMENTS", 1)
    body = PLAIN + "".join(
        f"{order},2024-05-0{order},p{order}@example.com,{sku},1,5.00,GBP\n"
        for sku in ("A", "B", "C")
        for order in (1, 2, 3)
    )

    checked = check(body, kind="orders")

    assert counted(checked.checked) == {"rows": 9, "new": 3}
    assert Order.objects.count() == 0
    bring(body, kind="orders")
    assert list(
        Order.objects.order_by("external_id").values_list("external_id", "gross_minor")
    ) == [
        ("1", 1500),
        ("2", 1500),
        ("3", 1500),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",2024-05-01,a@example.com,A,1,5.00,GBP", "The order has no number."),
        ("1,,a@example.com,A,1,5.00,GBP", "The order has no date."),
        ("1,03/04/2024,a@example.com,A,1,5.00,GBP", "Ordered at “03/04/2024” is not a date"),
        ('1,2024-05-01,a@example.com,A,1,"5,00",GBP', "unit_price '5,00' is not a number"),
        ("1,2024-05-01,a@example.com,A,1,5.00,XQZ", "currency 'XQZ' is not a known currency"),
        ("1,2024-05-01,a@example.com,A,half,5.00,GBP", "quantity 'half' is not a number"),
        ("1,1999-05-01,a@example.com,A,1,5.00,GBP", "ordered_at is out of range"),
    ],
)
def test_an_order_that_breaks_a_rule_is_refused_whole(
    tenant: Tenant, line: str, reason: str
) -> None:
    done = bring(f"{PLAIN}{line}\n2,2024-05-02,b@example.com,B,1,6.00,GBP\n", kind="orders")
    assert counted(done.counts) == {"rows": 2, "new": 1, "refused": 1}
    assert reason in ImportRow.objects.exclude(outcome="").get().reason
    assert list(Order.objects.values_list("external_id", flat=True)) == ["2"]


def test_dates_with_slashes_are_read_as_the_merchant_says(tenant: Tenant) -> None:
    body = PLAIN + "1,03/04/2024 10:00,a@example.com,A,1,5.00,GBP\n"
    bring(body, {"date_order": "dmy"}, kind="orders")
    assert Order.objects.get().ordered_at == datetime(2024, 4, 3, 9, 0, tzinfo=UTC)


def test_one_bad_line_takes_its_order_and_no_other_out(tenant: Tenant) -> None:
    body = PLAIN + (
        "1,2024-05-01,a@example.com,A,1,5.00,GBP\n"
        "2,2024-05-01,b@example.com,A,1,5.00,GBP\n"
        "1,2024-05-01,a@example.com,B,none,5.00,GBP\n"
    )
    done = bring(body, kind="orders")
    assert counted(done.counts) == {"rows": 3, "new": 1, "refused": 2}
    assert ImportRow.objects.filter(outcome="refused").count() == 2
