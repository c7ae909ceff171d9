"""Coupons and their codes as lists and pages show them, page by page at the cost of one page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from crm.models import Store, Variant
from kernel import clock
from kernel.arrays import array
from kernel.keyset import (
    COUNT_CEILING,
    Place,
    Sorting,
    Statement,
    count_up_to,
    has_any,
    select_page,
)
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from messaging.choices import CodeStatus, CouponKind, CouponStatus
from messaging.models import Coupon, CouponCode
from messaging.queries.coupon_values import Shops
from stores.choices import WriteKind
from stores.models import WriteLane
from tenants.queries import get_tenant

NEWEST: Final = Sorting("p.created_at", "p.id", "created_at", is_time=True)
NEWEST_CODES: Final = Sorting("c.id", "c.id", "id")
CODES_SHOWN: Final = 50
EXPORTED: Final = 1_000
_FROM = "FROM messaging_coupon AS p"
_SELECT = f"SELECT p.id, p.created_at {_FROM}"
_FROM_CODES = "FROM messaging_couponcode AS c"
_SELECT_CODES = f"""
SELECT c.id, c.code, c.status, c.holder, c.message_id, c.claimed_at, c.sent_at, c.expires_at,
    c.redeemed_at, c.profile_id,
    btrim(coalesce(f.first_name, '') || ' ' || coalesce(f.last_name, '')) AS name,
    coalesce(f.email, '') AS email
{_FROM_CODES}
LEFT JOIN crm_profile AS f ON f.tenant_id = %(tenant_id)s AND f.id = c.profile_id
"""


@dataclass(frozen=True, slots=True)
class CouponRow:
    """One coupon with its figures; each count stops at `COUNT_CEILING`.

    Attributes:
        words: its offer as a sentence.
        revenue_minor: of counted orders that carry a code, in ``currency`` of the tenant.
    """

    coupon: Coupon
    words: str
    left: int
    sent: int
    waiting: int
    redeemed: int
    revenue_minor: int
    currency: str

    @property
    def is_static(self) -> bool:
        """Whether everybody gets the same code."""
        return self.coupon.kind == CouponKind.STATIC

    @property
    def left_text(self) -> str:
        """Return how many are left, for people."""
        return _capped(self.left)

    @property
    def sent_text(self) -> str:
        """Return how many were given out, for people."""
        return _capped(self.sent)

    @property
    def good_for(self) -> str:
        """Return how long a code is good, for people."""
        hours = self.coupon.valid_hours
        if hours is None:
            return "As long as the coupon"
        many, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
        return f"{many:,} {unit}{'' if many == 1 else 's'} from sending"

    @property
    def is_over(self) -> bool:
        """Whether nothing can be changed any more."""
        return self.coupon.status == CouponStatus.ENDED


@dataclass(frozen=True, slots=True)
class CouponPage:
    """One page of coupons, newest first; the marks lead to its neighbours."""

    rows: list[CouponRow]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code and who has it."""

    id: int
    code: str
    status: str
    holder: str
    message_id: int | None
    claimed_at: datetime | None
    sent_at: datetime | None
    expires_at: datetime | None
    redeemed_at: datetime | None
    profile_id: int | None
    name: str
    email: str

    @property
    def dialog(self) -> str:
        """The name of the dialog in which it is given back."""
        return f"release-{self.id}"

    @property
    def status_label(self) -> str:
        """Return where it stands, for people."""
        return CodeStatus(self.status).label

    @property
    def can_release(self) -> bool:
        """Whether a member may give it back."""
        return self.status in (CodeStatus.SENT, CodeStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class CodePage:
    """One page of codes, newest first; the marks lead to its neighbours."""

    rows: list[CodeRow]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class WantedCodes:
    """Which codes of a coupon; an empty value does not narrow.

    Attributes:
        status: a word of `CodeStatus`.
        search: a whole code.
    """

    coupon_id: int
    status: str = ""
    search: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen."""
        return bool(self.status or self.search)


def list_coupons(status: str, place: Place) -> CouponPage:
    """Return a page of coupons, newest first, with their figures; four statements."""
    parts, params = ["p.tenant_id = %(tenant_id)s"], dict[str, Any]()
    if status:
        parts.append("p.status = %(status)s")
        params["status"] = status
    found = select_page(Statement(_SELECT, parts, params), NEWEST, descending=True, place=place)
    ids = [row.id for row in found.rows]
    known = {row.pk: row for row in Coupon.objects.filter(pk__in=ids)} if ids else {}
    rows = add_figures([known[each] for each in ids if each in known])
    return CouponPage(rows, found.next, found.previous)


def count_coupons(status: str) -> int:
    """Return how many coupons there are, up to the ceiling of counts."""
    parts, params = ["p.tenant_id = %(tenant_id)s"], dict[str, Any]()
    if status:
        parts.append("p.status = %(status)s")
        params["status"] = status
    return count_up_to(_FROM, parts, params)


def has_coupons() -> bool:
    """Say whether the tenant has any coupon."""
    return has_any(Coupon.objects.all())


def find_coupon(coupon_id: int) -> CouponRow | None:
    """Return one coupon with its figures, or None."""
    coupon = Coupon.objects.filter(pk=coupon_id).first()
    return add_figures([coupon])[0] if coupon is not None else None


def list_codes(wanted: WantedCodes, place: Place) -> CodePage:
    """Return a page of the codes of a coupon, newest first."""
    parts, params = _conditions(wanted)
    statement = Statement(_SELECT_CODES, parts, params)
    found = select_page(statement, NEWEST_CODES, descending=True, place=place)
    return CodePage([CodeRow(**row._asdict()) for row in found.rows], found.next, found.previous)


def count_codes(wanted: WantedCodes) -> int:
    """Return how many codes there are, up to the ceiling of counts."""
    return count_up_to(_FROM_CODES, *_conditions(wanted))


def list_codes_after(coupon_id: int, mark: str, *, limit: int = EXPORTED) -> list[CouponCode]:
    """Return the codes of a coupon behind a mark, which is the id of one; for a file."""
    rows = CouponCode.objects.filter(coupon_id=coupon_id, pk__gt=int(mark or 0))
    return list(rows.select_related("profile").order_by("pk")[:limit])


def list_stores_of(coupon: Coupon) -> list[Store]:
    """Return the stores that take a coupon; empty: all."""
    return list(Store.objects.filter(pk__in=coupon.store_ids).order_by("pk"))


def list_skus_of(coupon: Coupon) -> list[str]:
    """Return the article numbers of the products that a coupon is good for."""
    if not coupon.product_ids:
        return []
    rows = Variant.objects.filter(product_id__in=coupon.product_ids).exclude(sku="")
    return list(rows.order_by("product_id", "pk").values_list("sku", flat=True))


def list_code_stores() -> list[int]:
    """Return the stores that take codes which Patron makes, in order."""
    lanes = WriteLane.objects.filter(kind=WriteKind.CODES, is_on=True)
    return sorted(lanes.values_list("store_id", flat=True))


def find_free_name(wanted: str) -> str:
    """Return a name that no coupon has: the wanted one, else with a number behind it."""
    names = Coupon.objects.filter(name__istartswith=wanted).values_list("name", flat=True)
    taken = {name.lower() for name in names}
    numbered = (f"{wanted} {number}" for number in range(2, len(taken) + 3))
    return next(name for name in (wanted, *numbered) if name.lower() not in taken)


def find_currencies(store_ids: Collection[int]) -> dict[int, str]:
    """Return the currencies of those of some stores that exist, by id of the store in order."""
    rows = Store.objects.filter(pk__in=store_ids).order_by("pk")
    return dict(rows.values_list("pk", "currency"))


def find_products(skus: Collection[str]) -> list[tuple[str, int]]:
    """Return article number and product of every variant that has one of some numbers."""
    return list(Variant.objects.filter(sku__in=skus).values_list("sku", "product_id"))


def list_choices() -> list[tuple[int, str]]:
    """Return id and name of the coupons that a message can carry, by name."""
    rows: QuerySet[Coupon] = Coupon.objects.exclude(status=CouponStatus.ENDED)
    return list(rows.order_by("name").values_list("pk", "name")[:200])


def find_ended(coupon_ids: Collection[int]) -> dict[int, bool]:
    """Return of each of some coupons whether it has ended; unknown ones are left out."""
    now = clock.now()
    rows = Coupon.objects.filter(pk__in=coupon_ids).values_list("pk", "status", "ends_at")
    return {
        pk: status == CouponStatus.ENDED or (ends_at is not None and ends_at <= now)
        for pk, status, ends_at in rows
    }


def _conditions(wanted: WantedCodes) -> tuple[list[str], dict[str, Any]]:
    parts = ["c.tenant_id = %(tenant_id)s", "c.coupon_id = %(coupon_id)s"]
    params: dict[str, Any] = {"coupon_id": wanted.coupon_id}
    if wanted.status:
        parts.append("c.status = %(status)s")
        params["status"] = wanted.status
    if wanted.search:
        parts.append("c.code_norm = %(code)s")
        params["code"] = wanted.search.upper()
    return parts, params


def add_figures(coupons: Sequence[Coupon]) -> list[CouponRow]:
    """Return coupons of the active tenant with their figures, in three statements."""
    if not coupons:
        return []
    ids = array([coupon.pk for coupon in coupons])
    counts = {
        row.coupon_id: row
        for row in run_sql("messaging.count_codes", ids=ids, ceiling=COUNT_CEILING)
    }
    shops = Shops(coupons)
    currency = get_tenant(current_tenant_id()).currency
    return [
        CouponRow(
            coupon=coupon,
            words=_sentence(shops.words(coupon)),
            left=counts[coupon.pk].left_count,
            sent=counts[coupon.pk].sent_count,
            waiting=counts[coupon.pk].waiting_count,
            redeemed=int(counts[coupon.pk].redeemed_count),
            revenue_minor=int(counts[coupon.pk].revenue_minor),
            currency=currency,
        )
        for coupon in coupons
    ]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _capped(count: int) -> str:
    return f"{count:,}+" if count >= COUNT_CEILING else f"{count:,}"
