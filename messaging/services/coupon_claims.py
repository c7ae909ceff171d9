"""Gives coupon codes to the messages of a batch, in the transaction that claims the messages.

A code has one holder. It is given once; what certainly did not arrive gives it back
(`settle_codes`), and what may have arrived keeps it for ever.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from kernel.arrays import array, columns
from kernel.calendar import to_local
from kernel.formats import find_zone, format_time
from kernel.sql import count_sql, run_sql
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.choices import CodeStatus, CouponKind, CouponScope, CouponStatus, WhenOut
from messaging.domain.coupons import end_of, name_holder
from messaging.models import Coupon
from messaging.queries import coupon_values
from messaging.services.coupon_endings import take_back
from messaging.types import PendingMessage, Verdict
from tenants.queries import get_tenant

PAUSE: Final = timedelta(minutes=15)
"""When a message that waits for codes is asked again."""
SHORT_PAUSE: Final = timedelta(seconds=30)
"""The same where codes are there, but in the hands of other workers."""
MISSING: Final = "This coupon does not exist"
PAUSED: Final = "The coupon is paused"
ENDED: Final = "The coupon has ended"
USED: Final = "Their code was redeemed already"
OUT: Final = "No code is left"
BUSY: Final = "Other messages hold the last codes just now"


@dataclass(slots=True)
class Claims:
    """What a batch of messages got.

    Attributes:
        values: what templates read as ``coupon``, by message id.
        verdicts: why the others go no further, or not yet.
    """

    values: dict[int, dict[str, Any]] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Want:
    """A code for one holder, and the messages of the batch that will carry it."""

    coupon: Coupon
    profile_id: int
    holder: str
    messages: tuple[PendingMessage, ...]

    @property
    def message_id(self) -> int:
        """Return the message that is noted on the code."""
        return self.messages[-1].id


@dataclass(slots=True)
class _Plan:
    """What becomes of the codes of a batch: those to claim, and those that people have."""

    fresh: list[tuple[int, _Want]] = field(default_factory=list)
    kept: list[tuple[int, int, int, datetime | None, str]] = field(default_factory=list)
    again: dict[int, tuple[_Want, "_Given"]] = field(default_factory=dict)
    over: dict[int, Coupon] = field(default_factory=dict)
    """Who uses a code again, and whose time is over, by id of the code."""

    def keep(self, want: _Want, row: Any, now: datetime) -> None:
        """Use a code again; what was promised once stands."""
        coupon, is_claimed = want.coupon, row.status == CodeStatus.CLAIMED
        is_own = is_claimed and all(each.id == row.message_id for each in want.messages)
        ends = end_of(now, coupon.valid_hours, coupon.ends_at) if is_claimed else row.expires_at
        # Two messages carry it from now on: neither may give it back when the other has left.
        status = CodeStatus.CLAIMED.value if is_own else CodeStatus.SENT.value
        self.kept.append((row.id, want.profile_id, want.message_id, ends, status))
        self.again[row.id] = (want, _Given(row.code, ends))

    def expire(self, want: _Want, row: Any) -> None:
        """Note that the time of a code is over, where somebody had one that was not redeemed."""
        if row is not None and row.status == CodeStatus.SENT:
            status = CodeStatus.EXPIRED.value
            self.kept.append((row.id, want.profile_id, row.message_id, row.expires_at, status))
            self.over[row.id] = want.coupon


@dataclass(frozen=True, slots=True)
class _Given:
    code: str
    expires_at: datetime | None


def claim_coupons(
    messages: Sequence[PendingMessage],
    coupon_of: Mapping[int, int],
    *,
    now: datetime,
    can_do_without: Iterable[int] = (),
) -> Claims:
    """Give each message its code, inside the transaction that claimed the messages.

    Within the scope of its coupon somebody gets the code again that they have.

    Args:
        messages: of the active tenant that passed every gate and carry a code.
        coupon_of: coupon by message id; 0 where none was named.
        now: aware.
        can_do_without: ids of messages whose template says something else without a code.

    Returns:
        Values and verdicts; every message is in one of them.
    """
    claims = Claims()
    found = {row.pk: row for row in Coupon.objects.filter(pk__in=set(coupon_of.values()))}
    wanted: dict[tuple[int, str], list[PendingMessage]] = {}
    given: dict[int, _Given] = {}
    for message in messages:
        coupon = found.get(coupon_of[message.id])
        if coupon is None:
            claims.verdicts[message.id] = Verdict(passed=False, detail=MISSING)
        elif coupon.status == CouponStatus.PAUSED:
            claims.verdicts[message.id] = _later(PAUSED, now + PAUSE)
        elif _has_ended(coupon, now):
            claims.verdicts[message.id] = _refuse(coupon, ENDED, now, is_final=True)
        elif coupon.kind == CouponKind.STATIC:
            given[message.id] = _Given(coupon.static_code, coupon.ends_at)
        else:
            wanted.setdefault((coupon.pk, _holder(coupon, message)), []).append(message)
    wants = [
        _Want(found[coupon_id], group[0].profile.id, holder, tuple(group))
        for (coupon_id, holder), group in sorted(wanted.items())
    ]
    _give(wants, claims, given, now)
    _fall_back(claims, messages, found, coupon_of, frozenset(can_do_without))
    _speak(claims, found, coupon_of, given)
    return claims


def give_back(message_ids: Sequence[int]) -> int:
    """Give back what messages claimed in this transaction and cannot carry; returns how many."""
    return count_sql("messaging.give_back_codes", messages=array(message_ids)) if message_ids else 0


@transaction.atomic(savepoint=False)
def settle_codes(now: datetime) -> int:
    """Let the codes of the active tenant follow what became of their messages.

    Asked before and after each turn of sending, so that nothing depends on who ended a message:
    a gate, a provider, a person, or the death of a worker.

    Returns:
        Codes that were settled.
    """
    return count_sql("messaging.settle_codes", now=now)


def _give(wants: Sequence[_Want], claims: Claims, given: dict[int, _Given], now: datetime) -> None:
    if not wants:
        return
    pairs = [(want.coupon.pk, want.profile_id) for want in wants]
    run_sql("messaging.lock_coupons", **columns("coupons profiles", pairs))
    held = _find_held(wants)
    plan = _Plan()
    for number, want in enumerate(wants):
        row = held.get(number)
        if row is None or _is_over(row, now):
            plan.fresh.append((number, want))
            plan.expire(want, row)
        elif row.status == CodeStatus.REDEEMED:
            _stop(claims, want, _refuse(want.coupon, USED, now, is_final=True))
        else:
            plan.keep(want, row, now)
    _keep(plan, claims, given, now)
    _claim(plan.fresh, claims, given, now)


def _keep(plan: _Plan, claims: Claims, given: dict[int, _Given], now: datetime) -> None:
    """Carry out what becomes of codes that people have; one that slipped away is asked again."""
    if not plan.kept:
        return
    rows = columns("ids profiles messages expiries statuses", plan.kept)
    done = {row.id: row.code for row in run_sql("messaging.keep_codes", now=now, **rows)}
    for code_id, (want, promise) in plan.again.items():
        if code_id in done:
            given |= {message.id: promise for message in want.messages}
        else:
            _stop(claims, want, _later(BUSY, now + SHORT_PAUSE))
    ended: dict[Coupon, list[str]] = {}
    for code_id, coupon in plan.over.items():
        if code_id in done:
            ended.setdefault(coupon, []).append(done[code_id])
    for coupon, codes in ended.items():
        take_back(coupon, codes)


def _find_held(wants: Sequence[_Want]) -> dict[int, Any]:
    rows = [
        (
            number,
            want.coupon.pk,
            want.profile_id,
            want.holder,
            want.coupon.scope == CouponScope.PROFILE,
        )
        for number, want in enumerate(wants)
    ]
    held: dict[int, Any] = {}
    for row in run_sql(
        "messaging.find_held_codes", **columns("numbers coupons profiles holders personal", rows)
    ):
        held.setdefault(row.number, row)
    return held


def _is_over(row: Any, now: datetime) -> bool:
    """Say whether a code that somebody has makes place for another one.

    What a message claimed and did not deliver yet begins anew, however late it is.
    """
    is_promised = row.status != CodeStatus.CLAIMED
    return is_promised and row.expires_at is not None and row.expires_at <= now


def _claim(
    fresh: Sequence[tuple[int, _Want]],
    claims: Claims,
    given: dict[int, _Given],
    now: datetime,
) -> None:
    if not fresh:
        return
    ends = {
        number: end_of(now, want.coupon.valid_hours, want.coupon.ends_at) for number, want in fresh
    }
    rows = [
        (
            number,
            want.coupon.pk,
            want.profile_id,
            want.holder,
            want.message_id,
            ends[number],
            CodeStatus.CLAIMED.value if len(want.messages) == 1 else CodeStatus.SENT.value,
        )
        for number, want in fresh
    ]
    names = "numbers coupons profiles holders messages expiries statuses"
    got = {
        row.number: row.code
        for row in run_sql("messaging.claim_codes", now=now, **columns(names, rows))
    }
    short = [want for number, want in fresh if number not in got]
    for number, want in fresh:
        if number in got:
            for message in want.messages:
                given[message.id] = _Given(got[number], ends[number])
    if short:
        _run_dry(short, claims, now)


def _run_dry(short: Sequence[_Want], claims: Claims, now: datetime) -> None:
    """Stop what got no code, and have its coupon looked after at once."""
    counts = Counter(want.coupon.pk for want in short)
    busy = coupon_values.find_with_free(counts)
    unaware = Coupon.objects.filter(pk__in=counts, is_low=False, due_at__gt=now)
    if unaware.update(due_at=now):
        ring("coupons", current_tenant_id())
    for want in short:
        if want.coupon.pk in busy:
            _stop(claims, want, _later(BUSY, now + SHORT_PAUSE))
        else:
            _stop(claims, want, _refuse(want.coupon, OUT, now, is_final=False))


def _stop(claims: Claims, want: _Want, verdict: Verdict) -> None:
    for message in want.messages:
        claims.verdicts[message.id] = verdict


def _later(words: str, at: datetime) -> Verdict:
    return Verdict(passed=False, detail=words, wait_until=at)


def _refuse(coupon: Coupon, words: str, now: datetime, *, is_final: bool) -> Verdict:
    """Say no by what the coupon wants for this; what can never change does not wait."""
    if coupon.when_out == WhenOut.HOLD and not is_final:
        return _later(words, now + PAUSE)
    return Verdict(passed=False, detail=words)


def _fall_back(
    claims: Claims,
    messages: Sequence[PendingMessage],
    found: Mapping[int, Coupon],
    coupon_of: Mapping[int, int],
    can_do_without: frozenset[int],
) -> None:
    """Let messages go without a code where their coupon and their template know what to say."""
    for message in messages:
        coupon = found.get(coupon_of[message.id])
        verdict = claims.verdicts.get(message.id)
        if coupon is None or verdict is None or verdict.wait_until is not None:
            continue
        if coupon.when_out == WhenOut.FALLBACK and message.id in can_do_without:
            del claims.verdicts[message.id]
            claims.values[message.id] = coupon_values.without_code(coupon)


def _speak(
    claims: Claims,
    found: Mapping[int, Coupon],
    coupon_of: Mapping[int, int],
    given: Mapping[int, _Given],
) -> None:
    if not given:
        return
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    shops = coupon_values.Shops({found[coupon_of[message_id]] for message_id in given})
    for message_id, each in given.items():
        coupon = found[coupon_of[message_id]]
        ends = to_local(each.expires_at, zone) if each.expires_at else None
        claims.values[message_id] = shops.value(coupon, each.code, ends)


def _has_ended(coupon: Coupon, now: datetime) -> bool:
    is_past = coupon.ends_at is not None and coupon.ends_at <= now
    return is_past or coupon.status == CouponStatus.ENDED


def _holder(coupon: Coupon, message: PendingMessage) -> str:
    campaign_id = message.context.get("campaign_id")
    return name_holder(
        coupon.scope,
        profile_id=message.profile.id,
        message_id=message.id,
        run_id=message.flow_run_id,
        campaign_id=int(campaign_id) if campaign_id is not None else None,
    )


def say_given(value: Mapping[str, Any], zone: str) -> str:
    """Return what the gate's line says of a message that got its code."""
    if not value["has_code"]:
        return "without a code: no code is left"
    ends = value["expires_at"]
    until = f", good until {format_time(ends, zone)}" if ends else ""
    return f"{value['code']}{until}"
