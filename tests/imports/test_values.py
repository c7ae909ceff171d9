"""Dates and amounts as the exports of shops and mail tools write them."""

from datetime import UTC, datetime
from io import BytesIO

import pytest

from imports.domain.reading import read_layout
from imports.domain.values import plain_number, read_money, read_time
from imports.types import Options, Refused


def header_of(body: bytes) -> list[str]:
    return read_layout(BytesIO(body))[1]


IN_LONDON = "Europe/London"


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("2026-05-31 14:05:00 +0100", "iso"),
        ("2026-05-31T13:05:00+00:00", "iso"),
        ("2026-05-31 14:05:00", "iso"),
        ("2026-05-31 13:05:00 UTC", "iso"),
        ("2026-05-31 02:05 PM", "iso"),
        ("May 31, 2026 2:05 pm", "iso"),
        ("May 31, 2026 at 2:05 PM", "iso"),
        ("31 May 2026 14:05", "iso"),
        ("Sun, 31 May 2026 14:05:00 +0100", "iso"),
        ("5/31/26 2:05PM", "mdy"),
        ("31/05/2026 14:05", "dmy"),
        ("31.05.2026 14:05", "dmy"),
        ("31-05-2026 14:05", "dmy"),
        ("1780232700", "iso"),
        ("1780232700000", "iso"),
    ],
)
def test_a_time_is_read_in_the_zone_of_the_tenant(text: str, order: str) -> None:
    options = Options(timezone=IN_LONDON, date_order=order)
    assert read_time(text, "Time", options) == datetime(2026, 5, 31, 13, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["03/04/2026", "03.04.26", "31/31/2026", "2026-05-31 25:00", "13:05 pm", "soon", "12"]
)
def test_a_date_that_could_mean_two_days_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="is not a date"):
        read_time(text, "Time", Options(timezone=IN_LONDON))


@pytest.mark.parametrize(
    ("text", "decimal", "minor"),
    [
        ("12.50", "point", 1250),
        ("£1,234.50", "point", 123450),
        ("GBP 12", "point", 1200),
        ("-5", "point", -500),
        ("1.234,50 €", "comma", 123450),
        ("12,5", "comma", 1250),
        ("1 234,50", "comma", 123450),
        ("1'234,50", "comma", 123450),
        ("1.234", "comma", 123400),
    ],
)
def test_an_amount_is_read_with_the_decimal_sign_of_the_file(
    text: str, decimal: str, minor: int
) -> None:
    assert read_money(text, "Price", "GBP", Options(decimal=decimal)) == minor


@pytest.mark.parametrize("text", ["12,50", "12.50x3", "free", "1,23,4", "1.2.3"])
def test_an_amount_that_is_not_clear_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"is not an amount; write 12\.50"):
        read_money(text, "Price", "GBP", Options())
    assert plain_number("", Options()) == ""


def test_columns_of_one_name_are_told_apart() -> None:
    assert header_of(b"Email,Email,Soap,Email\na,b,c,d\n") == [
        "Email",
        "Email (2)",
        "Soap",
        "Email (3)",
    ]


def test_a_delimiter_inside_quotes_does_not_count() -> None:
    assert header_of(b'"Name; first; last; full",Email\na,b\n') == [
        "Name; first; last; full",
        "Email",
    ]
