"""Sets how fast messages may leave, and wakes those that wait for a limit that changed.

A message that waits says for which limit (`rates.say_limit`), so that only those are looked at
again; in batches, by `wake_waiting`, as there may be very many.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Least

from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Invalid
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.choices import LimitKind, MessageStatus, SkipReason
from messaging.domain.buckets import Bucket
from messaging.domain.mailboxes import LABELS
from messaging.domain.server_limits import REMOTE
from messaging.models import ChannelAccount, Message, RateLimit
from messaging.services.rates import say_limit
from tenants.services import audit

BATCH: Final = 1_000
GRACE: Final = timedelta(minutes=1)
"""How long after a change what a worker wrote by the old limit is still woken."""
MOST: Final = 1_000_000
"""The highest limit a minute that can be told; 0 is none."""


@transaction.atomic
def set_limit(
    kind: str, name: str, per_minute: int | None, *, now: datetime, actor: str = ""
) -> bool:
    """Set one limit; its bucket starts full, and whoever waits for it is looked at again.

    Args:
        kind: a `LimitKind` word.
        name: of the domain or mailbox provider, or id of the account; empty for the tenant's own.
        per_minute: messages; 0 for no limit, None for the default.
        now: aware.
        actor: who sets it.

    Returns:
        False when nothing was different.

    Raises:
        Invalid: no such kind or name, or a number that is out of range.
    """
    name = name.strip().lower()
    _check(kind, name, per_minute)
    full = Bucket(kind, name, per_minute or 1, 0.0, now, now).capacity
    fresh = {"per_minute": None, "tokens": full, "refilled_at": now, "booked_until": now}
    RateLimit.objects.get_or_create(kind=kind, name=name, defaults=fresh)
    row = RateLimit.objects.select_for_update(no_key=True).get(kind=kind, name=name)
    if row.per_minute == per_minute:
        return False
    before = row.per_minute
    was = REMOTE.get((kind, name), 0) if before is None else before
    row.per_minute, row.tokens, row.refilled_at, row.booked_until = per_minute, full, now, now
    if was:
        row.waking = sorted({*row.waking, say_limit(kind, name, was)})
    row.changed_at = now
    row.save()
    told = {"kind": kind, "name": name}
    audit.record(
        "rate.changed",
        "rate",
        row.pk,
        before={**told, "per_minute": before},
        after={**told, "per_minute": per_minute},
        actor=actor,
    )
    ring("rates", current_tenant_id())
    return True


def wake_waiting(deadline: Deadline) -> int:
    """Make what waits for limits that changed due now, for the active tenant.

    Args:
        deadline: when to stop; what is left is rung for again.

    Returns:
        Messages that are looked at again.
    """
    done = 0
    with transaction.atomic():
        changed = list(RateLimit.objects.exclude(waking=[]).order_by("pk"))
    for limit in changed:
        while woken := _wake(limit.pk, clock.now()):
            done += woken
            if deadline.passed:
                return done
    return done


@transaction.atomic
def _wake(limit_id: int, now: datetime) -> int:
    """Wake one batch; a limit of which nobody waits any more is done."""
    row = RateLimit.objects.select_for_update(no_key=True).get(pk=limit_id)
    waiting = Message.objects.filter(
        status=MessageStatus.PENDING, reason=SkipReason.RATE, detail__in=row.waking
    )
    locked = waiting.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)
    woken = Message.objects.filter(pk__in=list(locked[:BATCH])).update(
        due_at=Least(F("planned_at"), Value(now)), reason="", detail=""
    )
    if woken:
        ring("messages", current_tenant_id())
    elif row.changed_at is None or now - row.changed_at >= GRACE:
        RateLimit.objects.filter(pk=row.pk).update(waking=[])
    return woken


def _check(kind: str, name: str, per_minute: int | None) -> None:
    if per_minute is not None and not 0 <= per_minute <= MOST:
        raise Invalid("That is out of range.", fields={"per_minute": f"From 0 to {MOST:,}."})
    is_known = {
        LimitKind.TENANT.value: lambda: not name,
        LimitKind.DOMAIN.value: lambda: "." in name,
        LimitKind.MAILBOX.value: lambda: name in LABELS,
        LimitKind.ACCOUNT.value: lambda: _has_account(name),
    }
    if kind not in is_known:
        raise Invalid("There is no such limit.", fields={"kind": "Choose one of the list."})
    if not is_known[kind]():
        raise Invalid("There is nothing of that name.", fields={"name": "Nothing is called so."})


def _has_account(name: str) -> bool:
    is_number = name.isascii() and name.isdigit() and len(name) < 19  # noqa: PLR2004 bigint
    return is_number and ChannelAccount.objects.filter(pk=int(name), removed_at=None).exists()
