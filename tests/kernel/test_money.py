"""Money is exact inside and a decimal string outside."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import MoneyError, convert, exponent, is_currency, to_decimal, to_minor, to_text

CURRENCIES = st.sampled_from(["GBP", "EUR", "USD", "JPY", "KWD"])


@pytest.mark.parametrize(
    ("currency", "digits"), [("GBP", 2), ("JPY", 0), ("KWD", 3), ("HUF", 2), ("gbp", 2)]
)
def test_each_currency_has_its_own_digits(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["GPB", "", "£", "GB", "POUND"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    assert not is_currency(currency)
    with pytest.raises(MoneyError):
        exponent(currency)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.50", "GBP", 1250),
        ("12.505", "GBP", 1251),
        ("-12.505", "GBP", -1251),
        ("12.504", "GBP", 1250),
        ("12", "JPY", 12),
        ("12.5", "JPY", 13),
        ("1.2345", "KWD", 1235),
        (" 12.50 ", "GBP", 1250),
        (0, "GBP", 0),
        (Decimal("0.1"), "GBP", 10),
    ],
)
def test_amounts_become_minor_units(amount: str | Decimal | int, currency: str, minor: int) -> None:
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize("text", ["12,50", "", "abc", "1 000", "NaN", "Infinity", "£12"])
def test_text_that_is_no_plain_amount_is_refused_and_not_guessed(text: str) -> None:
    with pytest.raises(MoneyError):
        to_minor(text, "GBP")


def test_text_has_the_currencys_digits() -> None:
    assert to_text(1250, "GBP") == "12.50"
    assert to_text(5, "GBP") == "0.05"
    assert to_text(-5, "GBP") == "-0.05"
    assert to_text(1250, "JPY") == "1250"
    assert to_text(1250, "KWD") == "1.250"
    assert to_text(0, "GBP") == "0.00"
    assert to_text(None, "GBP") is None


def test_conversion_respects_the_digits_of_both() -> None:
    assert convert(1000, source="JPY", target="GBP", rate=Decimal("0.0052")) == 520
    assert convert(520, source="GBP", target="JPY", rate=Decimal("192.31")) == 1000


@given(st.integers(min_value=-(10**15), max_value=10**15), CURRENCIES)
def test_minor_units_survive_the_way_out_and_back(minor: int, currency: str) -> None:
    text = to_text(minor, currency)
    assert text is not None
    assert "E" not in text
    assert to_minor(text, currency) == minor
    assert to_minor(to_decimal(minor, currency), currency) == minor
