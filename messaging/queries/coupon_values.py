"""What templates read as ``coupon``: the code somebody was given, and the words of its offer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crm.models import Product, Store
from kernel.calendar import to_local
from kernel.formats import find_zone
from kernel.tenancy import current_tenant_id
from messaging.choices import FREE, HELD, CodeStatus, CouponKind
from messaging.domain.coupons import (
    SAMPLE,
    OfferTerms,
    apply_address,
    describe_offer,
    end_of,
)
from messaging.models import Coupon, CouponCode, Template
from messaging.types import PendingMessage
from tenants.queries import get_tenant

SHOWN_PRODUCTS = 20


class Shops:
    """Stores and products of some coupons, read once, for the words and addresses of each."""

    def __init__(self, coupons: Iterable[Coupon]) -> None:
        known = list(coupons)
        self._stores = list(Store.objects.exclude(url="").order_by("pk")) if known else []
        ids = {each for coupon in known for each in coupon.product_ids[:SHOWN_PRODUCTS]}
        self._products = {row.pk: row for row in Product.objects.filter(pk__in=ids)} if ids else {}

    def words(self, coupon: Coupon) -> str:
        """Return the sentence of an offer."""
        return describe_offer(terms_of(coupon, [row.title for row in self._of(coupon)]))

    def value(self, coupon: Coupon, code: str, expires_at: datetime | None) -> dict[str, Any]:
        """Return what a template reads of a code; the time is in the tenant's zone."""
        return {
            "code": code,
            "has_code": True,
            "expires_at": expires_at,
            "words": self.words(coupon),
            "url": self._address(coupon, code),
        }

    def _of(self, coupon: Coupon) -> list[Product]:
        return [self._products[each] for each in coupon.product_ids if each in self._products]

    def _address(self, coupon: Coupon, code: str) -> str:
        takes = [row for row in self._stores if not coupon.store_ids or row.pk in coupon.store_ids]
        if not takes:
            return ""
        store = takes[0]
        products = [row.external_id for row in self._of(coupon) if row.store_id == store.pk]
        url = store.url if "://" in store.url else f"https://{store.url}"
        return apply_address(store.platform, url, code, products)


def terms_of(coupon: Coupon, products: Sequence[str] = ()) -> OfferTerms:
    """Return what a coupon gives, in figures."""
    return OfferTerms(
        offer=coupon.offer,
        currency=coupon.currency,
        percent=coupon.percent,
        amount_minor=coupon.amount_minor,
        minimum_minor=coupon.minimum_minor,
        words=coupon.offer_words,
        products=products,
    )


def without_code(coupon: Coupon) -> dict[str, Any]:
    """Return what a template reads when no code is left: the words for that, and no code."""
    return {
        "code": "",
        "has_code": False,
        "expires_at": None,
        "words": coupon.fallback,
        "url": "",
    }


def find_with_free(coupon_ids: Collection[int]) -> set[int]:
    """Return the coupons that have a free code, also one that another worker holds.

    Asked where a worker found none it could take, so there are few to look at.
    """
    free = CouponCode.objects.filter(coupon_id__in=coupon_ids, status__in=FREE)
    return set(free.values_list("coupon_id", flat=True).distinct())


def coupon_of(message: PendingMessage, content: Mapping[str, Any]) -> int:
    """Return the coupon that a message carries: its own, else its template's; 0 for none."""
    for said in (message.context.get("coupon"), content.get("coupon")):
        try:
            if said:
                return int(said)
        except (TypeError, ValueError):
            continue
    return 0


def preview_values(messages: Sequence[PendingMessage]) -> dict[int, dict[str, Any]]:
    """``coupon``: code, has_code, expires_at, words, url; for people who look at a message.

    Nothing is claimed here: a message that has not been given a code shows `SAMPLE`. What is sent
    gets its code from `services/coupon_gate.py`.
    """
    templates = Template.objects.filter(pk__in={message.template_id for message in messages})
    contents = dict(templates.values_list("pk", "content"))
    asked = {each.id: coupon_of(each, contents.get(each.template_id, {})) for each in messages}
    found = {row.pk: row for row in Coupon.objects.filter(pk__in=set(asked.values()))}
    if not found:
        return {}
    codes = _codes_of(messages, found.keys())
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    shops = Shops(found.values())
    values = {}
    for message in messages:
        coupon = found.get(asked[message.id])
        if coupon is None:
            continue
        sample = coupon.static_code if coupon.kind == CouponKind.STATIC else SAMPLE
        code, ends = codes.get(
            (coupon.pk, message.profile.id),
            (sample, end_of(message.planned_at, coupon.valid_hours, coupon.ends_at)),
        )
        values[message.id] = shops.value(coupon, code, to_local(ends, zone) if ends else None)
    return values


def _codes_of(
    messages: Sequence[PendingMessage], coupon_ids: Collection[int]
) -> dict[tuple[int, int], tuple[str, datetime | None]]:
    """Return the code that each person has of each coupon, the newest where there are several."""
    rows = CouponCode.objects.filter(
        profile_id__in={message.profile.id for message in messages},
        coupon_id__in=coupon_ids,
        status__in=[*HELD, CodeStatus.REDEEMED, CodeStatus.EXPIRED],
    ).order_by("pk")
    return {(row.coupon_id, row.profile_id or 0): (row.code, row.expires_at) for row in rows}
