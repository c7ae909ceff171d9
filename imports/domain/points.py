"""Balances of points out of rows: whose they are, how many, and since when. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm.types import Record
from imports.domain.customers import read_customer
from imports.domain.values import plain_number, read_time, without_quote
from imports.types import Options, Refused, Row

MAX_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Balance:
    """What one row says of the points of somebody.

    Attributes:
        name: by what the other tool knows it, also each movement of a history.
        points: whole points, 1 or more.
        since: from when on they hold; None: from the import.
        tier: of the other tool; empty for none.
    """

    name: str
    points: int
    since: datetime | None
    tier: str


def balance_keys(row: Row) -> list[str]:
    """Return what makes two rows be the same balance."""
    return [f"balance:{name}"] if (name := _name(row)) else []


def read_tier(row: Row) -> list[str]:
    """Return the tier of a row as the tag that its person gets."""
    return [row.get("tier")] if row.get("tier") else []


def read_balance(row: Row, options: Options) -> tuple[Balance, Sequence[Record]]:
    """Turn a row into a balance, and the person whose it is.

    Raises:
        Refused: nobody is named, or the points are no whole number above zero.
    """
    since = read_time(row.get("since"), "Since", options)
    balance = Balance(_name(row), _read_points(row, options), since, row.get("tier"))
    return balance, read_customer(row, options)


def _name(row: Row) -> str:
    names = ("member_id", "email", "phone", "customer_id")
    who = next((text for name in names if (text := without_quote(row.get(name)))), "")
    movement = without_quote(row.get("entry_id"))
    return f"{who.lower()}:{movement}" if who and movement else who.lower()


def _read_points(row: Row, options: Options) -> int:
    text = row.get("points")
    whole, _, rest = plain_number(text, options).partition(".")
    if not whole.isdecimal() or rest.strip("0") or len(whole) > MAX_DIGITS or int(whole) < 1:
        raise Refused(f"Points “{text[:40]}” are no whole number above zero.")
    return int(whole)
