"""What of an order is still there after returns and refunds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.domain.pieces import Pieces, Taken, read_pieces, take_back

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = {"line_key": "1"}
RETURN, REFUND = False, True


def left_after(*taken: tuple[bool, list[dict[str, Any]]]) -> tuple[list[int], int]:
    """Return what is left of two pieces of soap, and of one in each of two lines of tea."""
    lines = [
        Pieces("1", "SOAP", "Soap", 2),
        Pieces("2", "TEA", "Tea", 1),
        Pieces("3", "TEA", "Tea", 1),
    ]
    found = [
        Taken(NOON + timedelta(hours=hour), is_refund=is_refund, items=items)
        for hour, (is_refund, items) in enumerate(taken)
    ]
    nameless = take_back(lines, reversed(found))
    return [line.left for line in lines], nameless


def test_a_refund_pays_for_what_came_back_before_it_and_takes_the_rest() -> None:
    one = [{**KEY, "quantity": 1}]
    assert left_after((RETURN, one), (REFUND, one)) == ([1, 1, 1], 0)
    assert left_after((REFUND, one), (RETURN, one)) == ([0, 1, 1], 0)
    assert left_after((RETURN, one), (REFUND, one), (REFUND, one)) == ([0, 1, 1], 0)
    assert left_after((REFUND, [{**KEY, "quantity": 9}])) == ([0, 1, 1], 0)


def test_what_has_no_key_is_known_by_its_sku_or_title() -> None:
    assert left_after((REFUND, [{"sku": "TEA"}])) == ([2, 0, 1], 0)
    assert left_after((REFUND, [{"sku": "TEA", "quantity": "2"}])) == ([2, 0, 0], 0)
    assert left_after((REFUND, [{"line_key": "9", "title": "Tea"}])) == ([2, 0, 1], 0)
    # What is paid for is what came back, also where both are named by the SKU.
    tea = [{"sku": "TEA"}]
    assert left_after((RETURN, [{"line_key": "3"}]), (REFUND, tea)) == ([2, 1, 0], 0)


def test_a_refund_that_names_nothing_takes_nothing_and_is_counted() -> None:
    assert left_after((REFUND, []), (REFUND, [{"sku": "PEN"}])) == ([2, 1, 1], 2)
    assert left_after((RETURN, [{"sku": "PEN"}])) == ([2, 1, 1], 0)


@pytest.mark.parametrize(
    ("said", "pieces"),
    [
        (2, 2),
        ("2", 2),
        ("1.0", 1),
        (1.0, 1),
        ("-3", 3),
        (0, 0),
        ("", 1),
        (None, 1),
        ("two", 1),
        ("1e9", 1),
        ("9" * 40, 1),
        ([], 1),
    ],
)
def test_a_quantity_that_cannot_be_read_is_one(said: object, pieces: int) -> None:
    assert read_pieces({"quantity": said}) == pieces
    assert read_pieces({}) == 1
