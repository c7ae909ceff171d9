"""Coupons: what an offer says, what codes look like, for whom one is given. Pure."""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from kernel.formats import format_money
from messaging.choices import CouponScope, Offer

MAX_CODE: Final = 50
MAX_CODES: Final = 100_000
"""Codes of one upload."""
MAX_PREFIX: Final = 12
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Nothing that people confuse when they type a code: no O and 0, no I and 1."""
_RANDOM: Final = 9
"""Signs of a code that nobody can guess: 45 bits."""
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,50}")
_QUOTED: Final = re.compile(r'\s*"((?:[^"]|"")*)"')
_HEADINGS: Final = frozenset({"code", "codes", "coupon", "coupon code", "discount code", "voucher"})
SAMPLE: Final = "YOUR-CODE"
"""Stands in previews where nobody has been given a code."""


@dataclass(frozen=True, slots=True)
class ReadCodes:
    """What a list of codes says.

    Attributes:
        codes: as they were written, each once.
        repeated: how often a code came again.
        broken: lines that are no codes, the first of them.
        broken_count: how many there are.
    """

    codes: list[str]
    repeated: int
    broken: list[str]
    broken_count: int


def read_codes(text: str, *, shown: int = 5) -> ReadCodes:
    """Read codes from a CSV file or a text: the first column of each line, with or without heading.

    Args:
        text: commas, semicolons or tabs part columns; blank lines are left out.
        shown: broken lines that are named.
    """
    codes: dict[str, str] = {}
    repeated, broken, broken_count, is_first = 0, list[str](), 0, True
    for line in text.removeprefix("\ufeff").splitlines():
        cell = _first_cell(line)
        if not cell:
            continue
        if is_first:
            is_first = False
            if cell.lower() in _HEADINGS:
                continue
        if not _CODE.fullmatch(cell):
            broken_count += 1
            if len(broken) < shown:
                broken.append(cell[:60])
        elif cell.upper() in codes:
            repeated += 1
        else:
            codes[cell.upper()] = cell
    return ReadCodes(list(codes.values()), repeated, broken, broken_count)


def _first_cell(line: str) -> str:
    if quoted := _QUOTED.match(line):
        return quoted[1].replace('""', '"').strip()
    return re.split(r"[,;\t]", line, maxsplit=1)[0].strip()


def is_code(text: str) -> bool:
    """Say whether shops take a text as a code: letters, digits, ``-`` and ``_``, 50 at most."""
    return _CODE.fullmatch(text) is not None


def make_codes(prefix: str, count: int) -> list[str]:
    """Return codes that nobody can guess, each once."""
    made: set[str] = set()
    while len(made) < count:
        made.add(prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM)))
    return sorted(made)


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """What a coupon gives, in figures.

    Attributes:
        percent: of ``percent``; ``amount_minor`` of ``amount``; None of the others.
        words: what a bundle or a free product is.
        minimum_minor: what an order must come to; None: anything.
        products: names of what it is good for; empty: everything.
    """

    offer: str
    currency: str
    percent: Decimal | None = None
    amount_minor: int | None = None
    minimum_minor: int | None = None
    words: str = ""
    products: Sequence[str] = ()


def describe_offer(terms: OfferTerms) -> str:
    """Return an offer as people read it: 10% off Lavender Soap on orders from £30.00."""
    said = _describe_gift(terms)
    if terms.products:
        link = " on " if terms.offer == Offer.FREE_SHIPPING else " with "
        is_off = terms.offer in (Offer.PERCENT, Offer.AMOUNT)
        said += (" " if is_off else link) + _list_words(terms.products)
    if terms.minimum_minor:
        said += f" on orders from {format_money(terms.minimum_minor, terms.currency)}"
    return said


def _describe_gift(terms: OfferTerms) -> str:
    match terms.offer:
        case Offer.PERCENT:
            return f"{(terms.percent or Decimal(0)).normalize():f}% off"
        case Offer.AMOUNT:
            return f"{format_money(terms.amount_minor or 0, terms.currency)} off"
        case Offer.FREE_SHIPPING:
            return "free shipping"
        case Offer.BUNDLE:
            return f"{terms.words or 'a bundle'} at a special price"
        case _:
            return f"{terms.words or 'a product'} for free"


def _list_words(names: Sequence[str], most: int = 3) -> str:
    shown = list(names[:most])
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def name_holder(
    scope: str, *, profile_id: int, message_id: int, run_id: int | None, campaign_id: int | None
) -> str:
    """Return for what a code is given; what is neither a run nor a campaign counts by message."""
    if scope == CouponScope.PROFILE:
        return f"profile:{profile_id}"
    if scope == CouponScope.RUN and run_id is not None:
        return f"run:{run_id}"
    if scope == CouponScope.RUN and campaign_id is not None:
        return f"campaign:{campaign_id}:{profile_id}"
    return f"message:{message_id}"


def end_of(now: datetime, valid_hours: int | None, ends_at: datetime | None) -> datetime | None:
    """Return when a code ends that is given out now; None: never."""
    ends = [ends_at] if ends_at else []
    if valid_hours is not None:
        ends.append(now + timedelta(hours=valid_hours))
    return min(ends, default=None)


def apply_address(platform: str, store_url: str, code: str, products: Iterable[str] = ()) -> str:
    """Return the address that takes a code into the cart, or that of the shop where there is none.

    Shopify takes any code by address. WooCommerce takes one together with products alone, and
    empties the cart before; without products, and on other platforms, people type the code.

    Args:
        platform: a word of `crm.choices.Platform`.
        store_url: with its scheme; empty gives an empty address.
        code: of somebody.
        products: the shop's ids of what it is good for.
    """
    root = store_url.rstrip("/")
    if not root:
        return ""
    if platform == "shopify":
        return f"{root}/discount/{quote(code, safe='')}"
    ids = ",".join(f"{quote(each, safe='')}:1" for each in products)
    if platform == "woocommerce" and ids:
        return f"{root}/checkout-link/?products={ids}&coupon={quote(code, safe='')}"
    return root
