"""What a coupon may be told to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from kernel import clock
from kernel.errors import Invalid
from kernel.money import MoneyError, to_decimal, to_minor
from kernel.tenancy import current_tenant_id
from messaging.choices import CouponKind, CouponScope, Offer, WhenOut
from messaging.domain.coupons import MAX_PREFIX, OfferTerms, describe_offer, is_code
from messaging.models import Coupon
from messaging.queries.coupons import find_currencies, find_products
from tenants.queries import get_tenant

MAX_NAME: Final = 80
MAX_WORDS: Final = 200
TAKEN: Final = "There is a coupon of this name."
LONGEST: Final = timedelta(days=36_525)
"""How far ahead a coupon may end; what ends later does not end."""
_WHOLE: Final = 100
MADE_BY_PATRON: Final = frozenset({Offer.PERCENT, Offer.AMOUNT, Offer.FREE_SHIPPING})
"""What stores can be asked to take (`stores.domain.codes.KINDS`)."""


@dataclass(frozen=True, slots=True)
class CouponData:
    """What a coupon is told to be; `Coupon` says what each part means.

    Attributes:
        skus: article numbers of the products it is good for; empty: all.
        store_ids: stores that take it; empty: all.
    """

    name: str
    kind: str
    offer: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    minimum: Decimal | None = None
    offer_words: str = ""
    skus: Sequence[str] = ()
    store_ids: Sequence[int] = ()
    static_code: str = ""
    prefix: str = ""
    is_written: bool = False
    scope: str = CouponScope.PROFILE.value
    valid_hours: int | None = None
    ends_at: datetime | None = None
    when_out: str = WhenOut.SKIP.value
    fallback: str = ""
    low_water: int = 500
    code_limit: int | None = None


def check_coupon(data: CouponData, known: Coupon | None = None) -> dict[str, Any]:
    """Return the columns of a coupon.

    Raises:
        Invalid: a part breaks a rule.
    """
    name = " ".join(data.name.split())
    if not 0 < len(name) <= MAX_NAME:
        raise wrong("name", f"Give it a name of at most {MAX_NAME} signs.")
    taken = Coupon.objects.filter(name__iexact=name)
    if any(row.pk != (known.pk if known else None) for row in taken):
        raise wrong("name", TAKEN)
    stores = _check_stores(data)
    currency = next(iter(stores.values()), "") or get_tenant(current_tenant_id()).currency
    values = {
        "name": name,
        "kind": CouponKind(data.kind).value,
        **_check_offer(data, currency),
        "product_ids": _find_products(data.skus),
        "store_ids": sorted(stores),
        "is_written": data.kind == CouponKind.GENERATED
        or (data.kind == CouponKind.STATIC and data.is_written),
        "scope": CouponScope(data.scope).value,
        "valid_hours": None if data.kind == CouponKind.STATIC else data.valid_hours,
        "ends_at": data.ends_at,
        "when_out": WhenOut(data.when_out).value,
        "fallback": data.fallback.strip()[:MAX_WORDS],
        "low_water": data.low_water,
        "code_limit": None if data.kind == CouponKind.POOL else data.code_limit,
        **_check_codes(data),
    }
    _check_end(data.ends_at)
    if data.when_out == WhenOut.FALLBACK and not values["fallback"]:
        raise wrong("fallback", "Write what the message says when no code is left.")
    _check_written(values)
    return values


def _check_end(ends_at: datetime | None) -> None:
    now = clock.now()
    if ends_at is None:
        return
    if ends_at <= now:
        raise wrong("ends_at", "It must end in the future.")
    if ends_at > now + LONGEST:
        raise wrong("ends_at", "At most 100 years ahead. Leave it empty if it does not end.")


def _check_stores(data: CouponData) -> dict[int, str]:
    """Return the chosen stores with their currencies."""
    wanted = set(data.store_ids)
    found = find_currencies(wanted)
    if len(found) != len(wanted):
        raise wrong("store_ids", "There is no such store.")
    if len(set(found.values())) > 1 and (data.amount or data.minimum):
        raise wrong("store_ids", "These stores have different currencies: make a coupon for each.")
    return found


def _check_offer(data: CouponData, currency: str) -> dict[str, Any]:
    offer = Offer(data.offer)
    if offer == Offer.PERCENT and not (data.percent and 0 < data.percent <= _WHOLE):
        raise wrong("percent", "Above 0 and at most 100.")
    if offer == Offer.AMOUNT and not (data.amount and data.amount > 0):
        raise wrong("amount", "Above 0.")
    if offer in (Offer.BUNDLE, Offer.FREE_PRODUCT) and not data.offer_words.strip():
        raise wrong("offer_words", "Say what they get.")
    if data.minimum is not None and data.minimum <= 0:
        raise wrong("minimum", "Above 0, or empty.")
    return {
        "offer": offer.value,
        "currency": currency,
        "percent": data.percent if offer == Offer.PERCENT else None,
        "amount_minor": _minor(data.amount, currency, "amount") if offer == Offer.AMOUNT else None,
        "minimum_minor": _minor(data.minimum, currency, "minimum"),
        "offer_words": data.offer_words.strip()[:MAX_WORDS],
    }


def _minor(amount: Decimal | None, currency: str, field: str) -> int | None:
    if amount is None:
        return None
    minor = amount / to_decimal(1, currency)
    if minor != int(minor):
        raise wrong(field, f"{currency} has no such small amounts.")
    return int(minor)


def _check_codes(data: CouponData) -> dict[str, Any]:
    static, prefix = data.static_code.strip(), data.prefix.strip().upper()
    if data.kind == CouponKind.STATIC and not is_code(static):
        raise wrong("static_code", "Letters, digits, - and _, at most 50 of them.")
    if data.kind == CouponKind.GENERATED and prefix and not is_code(prefix):
        raise wrong("prefix", "Letters, digits, - and _.")
    if len(prefix) > MAX_PREFIX:
        raise wrong("prefix", f"At most {MAX_PREFIX} signs.")
    if data.valid_hours is not None and data.valid_hours <= 0:
        raise wrong("valid_hours", "One hour at least, or empty.")
    if data.code_limit is not None and data.code_limit <= 0:
        raise wrong("code_limit", "One at least, or empty.")
    if data.low_water < 0:
        raise wrong("low_water", "0 or more.")
    is_static = data.kind == CouponKind.STATIC
    is_made = data.kind == CouponKind.GENERATED
    return {"static_code": static if is_static else "", "prefix": prefix if is_made else ""}


def _check_written(values: dict[str, Any]) -> None:
    """Refuse what stores cannot be asked to take."""
    if not values["is_written"]:
        return
    if not values["store_ids"]:
        raise wrong("store_ids", "Choose the stores in which the codes are made.")
    if values["offer"] not in MADE_BY_PATRON:
        raise wrong(
            "offer",
            "Patron makes codes for per cent, amounts and free shipping. For a bundle or a free"
            " product make the codes in the shop and upload them.",
        )
    if values["product_ids"]:
        raise wrong(
            "skus",
            "Codes that Patron makes are good for the whole shop. For some products alone make"
            " the codes in the shop and upload them.",
        )


def _find_products(skus: Sequence[str]) -> list[int]:
    wanted = {sku.strip() for sku in skus if sku.strip()}
    if not wanted:
        return []
    rows = find_products(wanted)
    missing = sorted(wanted - {sku for sku, _ in rows})
    if missing:
        raise wrong("skus", f"No product has the article number {', '.join(missing[:5])}.")
    return sorted({product_id for _, product_id in rows})


def wrong(field: str, text: str) -> Invalid:
    """Return the error of one field."""
    return Invalid(text, fields={field: text})


def describe_wanted(said: Mapping[str, Any], currency: str) -> str:
    """Return the sentence of an offer from what a form says so far; empty: not enough yet."""
    offer = said.get("offer") or ""
    percent, amount, minimum = (said.get(name) for name in ("percent", "amount", "minimum"))
    words = said.get("offer_words") or ""
    needed = {Offer.PERCENT: percent, Offer.AMOUNT: amount, Offer.FREE_SHIPPING: True}
    if offer not in Offer.values or not needed.get(Offer(offer), words):
        return ""
    try:
        minors = [
            to_minor(each, currency) if each is not None and each > 0 else None
            for each in (amount, minimum)
        ]
    except MoneyError:
        return ""
    terms = OfferTerms(
        offer=offer,
        currency=currency,
        percent=percent,
        amount_minor=minors[0],
        minimum_minor=minors[1],
        words=words,
    )
    text = describe_offer(terms)
    return text[:1].upper() + text[1:]
