from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kernel import formats

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (124050, "GBP", "£1,240.50"),
        (4500, "USD", "$45.00"),
        (-300, "EUR", "-€3.00"),
        (1240, "JPY", "¥1,240"),
        (1500, "KWD", "KWD 1.500"),
        (0, "GBP", "£0.00"),
        (None, "GBP", "–"),
    ],
)
def test_money_is_written_with_its_currency(minor: int | None, currency: str, written: str) -> None:
    assert formats.format_money(minor, currency).replace("\xa0", " ") == written


def test_figures_have_thousands_marks_and_only_the_digits_they_need() -> None:
    assert formats.format_number(12480) == "12,480"
    assert formats.format_number(Decimal("2.40"), 2) == "2.4"
    assert formats.format_rate(0.032) == "3.2%"
    assert formats.format_rate(1) == "100%"


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(days=29, hours=23), "29 days ago"),
        (timedelta(days=30), "16 May 2026"),
        (timedelta(hours=-3), "in 3 hours"),
    ],
)
def test_how_long_ago_is_written_in_words(distance: timedelta, words: str) -> None:
    assert formats.format_ago(NOW - distance, NOW, "Europe/London") == words


def test_an_instant_is_written_in_the_zone_that_is_handed_in() -> None:
    assert formats.format_time(NOW, "Asia/Tokyo") == "15 Jun 2026, 21:00"
    assert formats.format_time(NOW, "Nowhere/Land") == "15 Jun 2026, 12:00"
    later = NOW + timedelta(minutes=34, seconds=56)
    assert formats.format_time(later, "Asia/Tokyo") == "15 Jun 2026, 21:34"
    assert formats.format_time(later, "Asia/Tokyo", "HH:mm:ss") == "21:34:56"
    assert formats.format_day(date(2026, 5, 4)) == "4 May 2026"
