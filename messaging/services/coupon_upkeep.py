"""Looks after coupons: makes codes in time, ends those whose time is over, says what runs low.

One coupon at a time, in a transaction of its own; stores are only asked by rows
(`stores.services.writing`), so no request is made here.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.errors import DomainError
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from kernel.work import ring
from messaging.choices import FREE, CodeStatus, CouponKind, CouponStatus
from messaging.domain.coupons import make_codes
from messaging.models import Coupon, CouponCode
from messaging.services.coupon_claims import settle_codes
from messaging.services.coupon_endings import take_back
from messaging.services.coupons import WORK, add_waiting, terms_at_stores
from stores.choices import WriteState
from stores.services.code_states import list_code_states
from stores.services.writing import request_codes

EVERY: Final = timedelta(minutes=5)
SOON: Final = timedelta(seconds=30)
"""While stores make codes."""
PATIENCE: Final = timedelta(hours=1)
"""After a store refused codes, or takes none."""
BATCH: Final = 100
"""Codes that are asked for together."""
TURN: Final = 1_000
"""Codes that are looked at, or ended, together."""
DAY: Final = timedelta(hours=24)


def look_after_due(deadline: Deadline) -> int:
    """Look after the coupons of the active tenant that are due.

    Args:
        deadline: when to stop; a coupon that was begun ends first.

    Returns:
        Coupons looked after.
    """
    return deadline.repeat(_look_after_one)


@transaction.atomic
def _look_after_one() -> bool:
    now = clock.now()
    coupon = (
        Coupon.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(due_at__lte=now)
        .order_by("due_at", "pk")
        .first()
    )
    if coupon is None:
        return False
    settle_codes(now)
    refused = _confirm(coupon)
    more = _end_codes(coupon, now)
    _count(coupon, now)
    if refused:
        coupon.detail, pause = refused, PATIENCE
    else:
        pause = _top_up(coupon, now)
    coupon.due_at = _next(coupon, now, SOON if more else pause)
    coupon.save(update_fields=["daily_demand", "is_low", "detail", "due_at"])
    if coupon.due_at is not None and coupon.due_at <= now:
        ring(WORK, current_tenant_id())
    return True


def _confirm(coupon: Coupon) -> str:
    """Give out from now on what stores have made; returns why they refused some, for people."""
    waiting = CouponCode.objects.filter(coupon_id=coupon.pk, status=CodeStatus.WAITING)
    rows = dict(waiting.order_by("pk").values_list("code_norm", "pk")[:TURN])
    if not rows:
        return ""
    states = [list_code_states(store_id, list(rows)) for store_id in coupon.store_ids]
    made, refused, why = list[int](), list[int](), ""
    for code, pk in rows.items():
        told = [state.get(code) for state in states]
        no = next((each for each in told if each and each.state == WriteState.REFUSED), None)
        if no is not None:
            refused.append(pk)
            why = no.reason
        elif told and all(each and each.state == WriteState.SENT for each in told):
            made.append(pk)
    waiting.filter(pk__in=made).update(status=CodeStatus.AVAILABLE)
    waiting.filter(pk__in=refused).update(status=CodeStatus.REFUSED)
    return f"The shop refused {len(refused)} codes: {why}" if refused else ""


def _end_codes(coupon: Coupon, now: datetime) -> bool:
    """End what has expired, and at the end of a coupon what nobody has; are there more?"""
    is_over = coupon.status == CouponStatus.ENDED or (
        coupon.ends_at is not None and coupon.ends_at <= now
    )
    ended = run_sql("messaging.expire_codes", coupon_id=coupon.pk, now=now, batch=TURN)
    retired = run_sql("messaging.retire_codes", coupon_id=coupon.pk, batch=TURN) if is_over else []
    take_back(coupon, [row.code for row in [*ended, *retired]])
    return max(len(ended), len(retired)) == TURN


def _count(coupon: Coupon, now: datetime) -> None:
    """Say whether what is left lasts for a day."""
    codes = CouponCode.objects.filter(coupon_id=coupon.pk)
    coupon.daily_demand = codes.filter(claimed_at__gt=now - DAY).count()
    needed = max(coupon.low_water, coupon.daily_demand)
    left = len(codes.filter(status__in=FREE).order_by("pk").values_list("pk")[:needed])
    is_given = coupon.kind != CouponKind.STATIC and coupon.status == CouponStatus.ACTIVE
    coupon.is_low = is_given and left < needed


def _top_up(coupon: Coupon, now: datetime) -> timedelta:
    """Ask stores for the next codes where too few are left; returns when to look again."""
    is_over = coupon.ends_at is not None and coupon.ends_at <= now
    if coupon.kind != CouponKind.GENERATED or coupon.status != CouponStatus.ACTIVE or is_over:
        coupon.detail = ""
        return EVERY
    codes = CouponCode.objects.filter(coupon_id=coupon.pk)
    needed = max(coupon.low_water, coupon.daily_demand)
    ready = codes.filter(status__in=[*FREE, CodeStatus.WAITING]).order_by("pk")
    short = needed - len(ready.values_list("pk")[:needed])
    if coupon.code_limit is not None:
        short = min(short, coupon.code_limit - codes.exclude(status=CodeStatus.REFUSED).count())
    coupon.detail = ""
    if short > 0 and (fault := _make(coupon, min(short, BATCH))):
        coupon.detail = fault
        return PATIENCE
    is_waiting = bool(codes.filter(status=CodeStatus.WAITING).order_by("pk")[:1])
    if short > BATCH:
        return timedelta()
    return SOON if is_waiting else EVERY


def _make(coupon: Coupon, count: int) -> str:
    """Ask every store of a coupon for the same new codes; returns why that is not possible."""
    codes = make_codes(coupon.prefix, count)
    try:
        with transaction.atomic():
            for store_id in coupon.store_ids:
                request_codes(store_id, codes, terms_at_stores(coupon))
            add_waiting(coupon, codes)
    except DomainError as exc:
        return exc.detail
    return ""


def _next(coupon: Coupon, now: datetime, pause: timedelta) -> datetime | None:
    """Return when a coupon is looked after next; one of which nothing can change rests."""
    if coupon.status != CouponStatus.ENDED:
        return now + pause
    open_codes = CouponCode.objects.filter(
        coupon_id=coupon.pk,
        status__in=[*FREE, CodeStatus.WAITING, CodeStatus.CLAIMED, CodeStatus.SENT],
    )
    return now + pause if open_codes.order_by("pk")[:1] else None
