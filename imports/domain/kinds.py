"""How the rows of each kind of file become records. Pure."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from crm.types import Record
from imports.choices import Kind
from imports.domain.consent import consent_keys, read_consent
from imports.domain.customers import customer_keys, read_customer
from imports.domain.events import event_keys, read_event
from imports.domain.goods import product_keys, read_product, read_stock, stock_keys
from imports.domain.orders import order_keys, read_order
from imports.domain.points import balance_keys, read_balance, read_tier
from imports.domain.stops import (
    read_lists,
    read_stops,
    read_suppression,
    suppression_keys,
)
from imports.types import Options, Row, Stop


def _no_stops(_: Row, __: Options) -> Sequence[Stop]:
    return ()


def _no_lists(_: Row) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Rules:
    """How rows of one kind are read.

    Attributes:
        keys: texts that make two rows be about the same; none: about nothing that others are.
        read: makes records of the rows about the same, in the order of the file, or raises
            `Refused`.
        gathers: whether rows about the same belong together, as the lines of an order do; else
            the first one is taken and the others are duplicates.
        stops: addresses of a row that must not be contacted.
        lists: names of lists that a row is a member of, which become tags.
        same: what a duplicate is, for people.
    """

    keys: Callable[[Row], Sequence[str]]
    read: Callable[[Sequence[Row], Options], Sequence[Record]]
    gathers: bool = False
    stops: Callable[[Row, Options], Sequence[Stop]] = _no_stops
    lists: Callable[[Row], Sequence[str]] = _no_lists
    same: str = ""


RULES: Mapping[str, Rules] = {
    Kind.CUSTOMERS: Rules(
        keys=customer_keys,
        read=lambda rows, options: read_customer(rows[0], options),
        stops=read_stops,
        lists=read_lists,
        same="Names the same person as row {first:,}, which was taken.",
    ),
    Kind.ORDERS: Rules(keys=order_keys, read=read_order, gathers=True),
    Kind.CONSENT: Rules(
        keys=consent_keys,
        read=lambda rows, options: read_consent(rows[0], options),
        stops=read_stops,
        same="Is about the same person and channel as row {first:,}, which was taken.",
    ),
    Kind.SUPPRESSIONS: Rules(
        keys=suppression_keys,
        read=lambda rows, options: (),
        stops=read_suppression,
        same="Is the same address as row {first:,}, which was taken.",
    ),
    Kind.EVENTS: Rules(
        keys=event_keys,
        read=lambda rows, options: read_event(rows[0], options),
        same="Is the same event as row {first:,}, which was taken.",
    ),
    Kind.POINTS: Rules(
        keys=balance_keys,
        read=lambda rows, options: read_balance(rows[0], options)[1],
        lists=read_tier,
        same="Is the same balance as row {first:,}, which was taken.",
    ),
    Kind.PRODUCTS: Rules(keys=product_keys, read=read_product, gathers=True),
    Kind.STOCK: Rules(
        keys=stock_keys,
        read=lambda rows, options: read_stock(rows[0], options),
        same="Is about the same variant as row {first:,}, which was taken.",
    ),
}


def digest_key(key: str) -> UUID:
    """Return a key in the size in which it is stored."""
    return UUID(bytes=hashlib.blake2b(key.encode(), digest_size=16).digest())
