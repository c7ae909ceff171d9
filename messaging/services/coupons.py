"""Coupons as merchants make and change them: terms, codes by upload, pause and end."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction

from kernel import clock
from kernel.arrays import array
from kernel.errors import Conflict, Invalid, NotFound
from kernel.money import to_decimal
from kernel.sql import count_sql, run_sql
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.choices import CodeStatus, CouponKind, CouponStatus, MessageStatus, Offer
from messaging.domain.coupons import MAX_CODES, read_codes
from messaging.models import Coupon, CouponCode, Message
from messaging.services.coupon_checks import TAKEN, CouponData, check_coupon, wrong
from stores.domain.codes import CodeTerms
from stores.services.writing import request_code
from tenants.services import audit

WORK: Final = "coupons"
UNDER_WAY: Final = (MessageStatus.PENDING.value, MessageStatus.SENDING.value)
SLICE: Final = 10_000
"""Codes that are written in one statement."""
TERMS: Final = ("offer", "percent", "amount_minor", "minimum_minor", "currency", "store_ids")
"""What the codes of a coupon at the stores say; it stands once there are any."""

_AUDITED: Final = (
    "name",
    "kind",
    "offer",
    "amount_minor",
    "minimum_minor",
    "currency",
    "offer_words",
    "product_ids",
    "store_ids",
    "static_code",
    "prefix",
    "is_written",
    "scope",
    "valid_hours",
    "when_out",
    "fallback",
    "low_water",
    "code_limit",
)


@dataclass(frozen=True, slots=True)
class Upload:
    """What an upload of codes comes to.

    Attributes:
        new: codes that are added, or would be.
        repeated: how often the list itself says a code again.
        known: codes that this coupon has; ``elsewhere``: that another one has.
        broken: lines that are no codes, the first of them; ``broken_count`` is all of them.
    """

    new: int
    repeated: int
    known: int
    elsewhere: int
    broken: list[str]
    broken_count: int


@transaction.atomic
def create_coupon(data: CouponData, *, actor: str) -> Coupon:
    """Make a coupon; codes that are to be made in stores are asked for from now on.

    Args:
        data: all of it.
        actor: e-mail address of the member.

    Raises:
        Invalid: a part breaks a rule; ``fields`` names it.
        Conflict: a store does not take the code.
    """
    values = check_coupon(data)
    coupon = Coupon(**values, due_at=clock.now())
    _save(coupon)
    if coupon.kind == CouponKind.STATIC:
        _add(coupon, [coupon.static_code], CodeStatus.AVAILABLE.value)
        _ask_stores(coupon)
    audit.record("coupon.created", "coupon", coupon.pk, after=_said(coupon), actor=actor)
    ring(WORK, current_tenant_id())
    return coupon


@transaction.atomic
def update_coupon(coupon_id: int, data: CouponData, *, actor: str) -> bool:
    """Change a coupon; what people were given stays as it was promised.

    Returns:
        False when nothing was different.

    Raises:
        NotFound: the tenant has no such coupon.
        Invalid: a part breaks a rule, or codes with the present terms are in the stores.
        Conflict: it has ended.
    """
    coupon = _lock(coupon_id)
    if coupon.status == CouponStatus.ENDED:
        raise Conflict("This coupon has ended.")
    before = _said(coupon)
    values = check_coupon(replace(data, kind=coupon.kind), coupon)
    changed = [name for name, value in values.items() if getattr(coupon, name) != value]
    if not changed:
        return False
    _refuse_new_terms(coupon, changed)
    for name in changed:
        setattr(coupon, name, values[name])
    coupon.due_at = clock.now()
    _save(coupon, update_fields=[*changed, "due_at"])
    audit.record(
        "coupon.changed", "coupon", coupon.pk, before=before, after=_said(coupon), actor=actor
    )
    ring(WORK, current_tenant_id())
    return True


def _save(coupon: Coupon, update_fields: Collection[str] | None = None) -> None:
    """Save a coupon, of whose name another one may have been made this very moment."""
    try:
        with transaction.atomic():
            coupon.save(update_fields=update_fields)
    except IntegrityError as exc:
        raise wrong("name", TAKEN) from exc


@transaction.atomic
def set_status(coupon_id: int, status: str, *, actor: str) -> bool:
    """Pause a coupon, let it go on, or end it for good.

    While it is paused, messages with it wait. When it has ended nobody is given a code any more;
    what people have stays good until it expires.

    Returns:
        False when it is so already.

    Raises:
        NotFound: the tenant has no such coupon.
        Conflict: it has ended.
    """
    coupon = _lock(coupon_id)
    before, wanted = coupon.status, CouponStatus(status).value
    if before == wanted:
        return False
    if before == CouponStatus.ENDED:
        raise Conflict("This coupon has ended.")
    Coupon.objects.filter(pk=coupon.pk).update(status=wanted, due_at=clock.now())
    audit.record(
        "coupon.status_changed",
        "coupon",
        coupon.pk,
        before={"status": before},
        after={"status": wanted},
        actor=actor,
    )
    ring(WORK, current_tenant_id())
    return True


@transaction.atomic
def upload_codes(coupon_id: int, text: str, *, is_dry: bool, actor: str) -> Upload:
    """Add the codes of a list to a coupon; those it has, or another one has, are left out.

    Args:
        coupon_id: of a coupon whose codes are uploaded.
        text: one code a line, or the first column of a CSV file.
        is_dry: only says what it would come to.
        actor: e-mail address of the member.

    Raises:
        NotFound: the tenant has no such coupon.
        Conflict: its codes come from elsewhere, or it has ended.
        Invalid: there is no code in it, or there are more than `MAX_CODES`.
    """
    coupon = _lock(coupon_id)
    if coupon.kind != CouponKind.POOL:
        raise Conflict("The codes of this coupon are not uploaded.")
    if coupon.status == CouponStatus.ENDED:
        raise Conflict("This coupon has ended.")
    found = read_codes(text)
    if not found.codes:
        raise wrong("codes", "There is no code in it.")
    if len(found.codes) > MAX_CODES:
        raise wrong("codes", f"At most {MAX_CODES:,} codes at a time; these are more.")
    known = _find_known(found.codes)
    own = {code for code, owners in known.items() if coupon.pk in owners}
    fresh = [code for code in found.codes if code.upper() not in known]
    if fresh and not is_dry:
        _add(coupon, fresh, CodeStatus.AVAILABLE.value)
        Coupon.objects.filter(pk=coupon.pk).update(due_at=clock.now())
        after = {"codes": len(fresh)}
        audit.record("coupon.codes_added", "coupon", coupon.pk, after=after, actor=actor)
        ring(WORK, current_tenant_id())
    return Upload(
        new=len(fresh),
        repeated=found.repeated,
        known=len(own),
        elsewhere=len(known) - len(own),
        broken=found.broken,
        broken_count=found.broken_count,
    )


@transaction.atomic
def release_code(coupon_id: int, code_id: int, *, actor: str) -> str:
    """Give back a code that somebody has, so that the next one gets it; returns the code.

    Raises:
        NotFound: the coupon has no such code.
        Conflict: nobody has it, it is in a message that is being sent, or it was redeemed.
    """
    row = (
        CouponCode.objects.select_for_update(no_key=True)
        .filter(pk=code_id, coupon_id=coupon_id)
        .first()
    )
    if row is None:
        raise NotFound("There is no such code.")
    if row.status not in (CodeStatus.SENT, CodeStatus.EXPIRED):
        raise Conflict("Only a code that was sent and not redeemed can be given back.")
    if Message.objects.filter(pk=row.message_id or 0, status__in=UNDER_WAY).exists():
        raise Conflict("A message that is being sent carries this code.")
    before = {"code": row.code, "profile_id": row.profile_id, "status": row.status}
    CouponCode.objects.filter(pk=row.pk).update(
        status=CodeStatus.RELEASED,
        profile=None,
        holder="",
        message_id=None,
        claimed_at=None,
        sent_at=None,
        expires_at=None,
    )
    audit.record("coupon.code_released", "coupon", coupon_id, before=before, actor=actor)
    return row.code


@transaction.atomic
def record_export(coupon_id: int, *, actor: str) -> None:
    """Note that somebody takes away the codes of a coupon with the addresses of their people."""
    audit.record("coupon.exported", "coupon", coupon_id, after={"codes": "all"}, actor=actor)


def terms_at_stores(coupon: Coupon) -> CodeTerms:
    """Return the terms with which stores are asked to take the codes of a coupon.

    A code of one's own is good once. What ends some time after it was given out is ended at the
    store by then (`services/coupon_upkeep.py`), as nobody knows that time beforehand.
    """
    is_static = coupon.kind == CouponKind.STATIC
    amounts = {
        Offer.PERCENT.value: coupon.percent or Decimal(0),
        Offer.AMOUNT.value: to_decimal(coupon.amount_minor or 0, coupon.currency),
    }
    minimum = coupon.minimum_minor
    return CodeTerms(
        kind=coupon.offer,
        amount=amounts.get(coupon.offer, Decimal(0)),
        ends_at=coupon.ends_at,
        minimum=None if minimum is None else to_decimal(minimum, coupon.currency),
        usage_limit=coupon.code_limit if is_static else 1,
        once_per_customer=is_static,
    )


def add_waiting(coupon: Coupon, codes: Sequence[str]) -> None:
    """Add codes that stores were asked to take, to be given out once they have them."""
    _add(coupon, codes, CodeStatus.WAITING.value)


def _add(coupon: Coupon, codes: Sequence[str], status: str) -> None:
    for start in range(0, len(codes), SLICE):
        count_sql(
            "messaging.add_codes",
            coupon_id=coupon.pk,
            status=status,
            now=clock.now(),
            codes=array(codes[start : start + SLICE]),
        )


def _ask_stores(coupon: Coupon) -> None:
    if coupon.is_written:
        for store_id in coupon.store_ids:
            request_code(store_id, coupon.static_code, terms_at_stores(coupon))


def _find_known(codes: Sequence[str]) -> dict[str, set[int]]:
    """Return the coupons that have codes, by code in capitals."""
    known: dict[str, set[int]] = {}
    for start in range(0, len(codes), SLICE):
        part = array([code.upper() for code in codes[start : start + SLICE]])
        for row in run_sql("messaging.find_known_codes", codes=part):
            known.setdefault(row.code_norm, set()).add(row.coupon_id)
    return known


def _refuse_new_terms(coupon: Coupon, changed: Collection[str]) -> None:
    """Refuse other terms than those with which stores were asked to take codes."""
    fixed = {*TERMS, "static_code", "is_written", "ends_at"} & set(changed)
    if fixed and coupon.is_written and CouponCode.objects.filter(coupon_id=coupon.pk)[:1]:
        raise Invalid(
            "The stores have codes with the present terms. End this coupon and make another.",
            fields={"offer": "The stores have codes with the present terms."},
        )


def _said(coupon: Coupon) -> dict[str, Any]:
    """Return a coupon as the audit trail keeps it."""
    said: dict[str, Any] = {name: getattr(coupon, name) for name in _AUDITED}
    said["percent"] = None if coupon.percent is None else f"{coupon.percent:f}"
    said["ends_at"] = coupon.ends_at.isoformat() if coupon.ends_at else None
    return said


def _lock(coupon_id: int) -> Coupon:
    coupon = Coupon.objects.select_for_update(no_key=True).filter(pk=coupon_id).first()
    if coupon is None:
        raise NotFound("This coupon does not exist.")
    return coupon
