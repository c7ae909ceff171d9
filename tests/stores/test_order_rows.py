from datetime import UTC, datetime

import pytest

from crm.types import LineData, OrderRecord, RefundRecord
from stores.errors import Untranslatable
from stores.platforms.order_file import FileDefaults, OrderRow, read_document

LONDON = FileDefaults(currency="GBP", timezone="Europe/London")


def row(**values: str) -> OrderRow:
    given = {
        "order_id": "A1",
        "ordered_at": "2026-07-01 10:00",
        "quantity": "1",
        "unit_price": "2.55",
    }
    return OrderRow(**{**given, **values})


def test_rows_of_one_order_become_one_order() -> None:
    rows = [
        row(sku="S1", title="Lantern", quantity="6", customer_id="", country="EIRE"),
        row(sku="S2", quantity="2", unit_price="0", customer_id="17850.0", email="a@example.com"),
    ]
    (order,) = read_document(rows, LONDON)

    assert isinstance(order, OrderRecord)
    assert order.external_id == order.number == "A1"
    assert order.ordered_at == order.version_at == datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
    assert (order.currency, order.gross_minor, order.country) == ("GBP", 1530, "IE")
    assert order.customer is not None
    assert (order.customer.external_id, order.customer.email) == ("17850", "a@example.com")
    assert order.lines == [
        LineData("1", 1, 6, 255, 1530, sku="S1", title="Lantern", product_external_id="S1"),
        LineData("2", 2, 2, 0, 0, sku="S2", title="S2", product_external_id="S2"),
    ]


def test_rows_without_customer_are_an_order_without_one() -> None:
    (order,) = read_document([row()], LONDON)
    assert isinstance(order, OrderRecord)
    assert order.customer is None


def test_lines_are_rounded_one_by_one_and_discounts_come_off() -> None:
    (order,) = read_document([row(quantity="3", unit_price="0.335", discount="0.10")], LONDON)
    assert isinstance(order, OrderRecord)
    assert order.gross_minor == 101 - 10
    assert order.lines[0].discount_minor == 10


def test_negative_quantities_are_a_refund_without_an_order() -> None:
    rows = [row(order_id="C1", quantity="-2", customer_id="7"), row(order_id="C1", quantity="-1")]
    (refund,) = read_document(rows, LONDON)
    assert isinstance(refund, RefundRecord)
    assert (refund.external_id, refund.order_external_id) == ("C1", "")
    assert refund.amount_minor == 765
    assert refund.customer is not None
    assert refund.customer.external_id == "7"


def test_a_mixed_document_is_an_order_and_its_refund() -> None:
    order, refund = read_document([row(quantity="4"), row(status="refunded")], LONDON)
    assert isinstance(order, OrderRecord)
    assert isinstance(refund, RefundRecord)
    assert order.gross_minor == 1020
    assert (refund.external_id, refund.order_external_id) == ("A1:refund", "A1")
    assert refund.amount_minor == 255


def test_a_time_with_a_zone_keeps_it_and_a_cancelled_order_says_so() -> None:
    (order,) = read_document(
        [row(ordered_at="2026-07-01T10:00:00-05:00", status="Cancelled", currency="usd")], LONDON
    )
    assert isinstance(order, OrderRecord)
    assert order.ordered_at == datetime(2026, 7, 1, 15, 0, tzinfo=UTC)
    assert order.cancelled_at == order.ordered_at
    assert order.currency == "USD"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"unit_price": "-1.50"}, "Line 1: unit_price -1.50 is below zero"),
        ({"unit_price": "12,50"}, "Line 1: unit_price '12,50' is not a number; write 12.50"),
        ({"unit_price": ""}, "Line 1: unit_price '' is not a number; write 12.50"),
        ({"discount": "-1"}, "Line 1: discount -1 is below zero"),
        ({"quantity": "1.5"}, "Line 1: quantity '1.5' is not a whole number of pieces"),
        ({"quantity": "0"}, "Line 1: quantity '0' is not a whole number of pieces"),
        ({"quantity": "inf"}, "Line 1: quantity 'inf' is not a number; write 12.50"),
        ({"currency": "QQQ"}, "currency 'QQQ' is not a known currency"),
        ({"ordered_at": ""}, "ordered_at is missing"),
        (
            {"ordered_at": "01/12/2010 08:26"},
            "ordered_at '01/12/2010 08:26' is not a date; write 2026-05-31 14:05",
        ),
        ({"order_id": ""}, "order_id is missing"),
    ],
)
def test_what_is_wrong_with_a_document_is_said(values: dict[str, str], expected: str) -> None:
    with pytest.raises(Untranslatable) as caught:
        read_document([row(**values)], LONDON)
    assert str(caught.value) == expected
