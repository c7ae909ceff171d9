"""How fast messages may leave: mail in all, from a domain and to mailboxes, and each account.

Rows are the truth.

What has to wait stays pending with its reason, and is looked at again when its turn may have come.
Tokens are taken when a message is claimed, and given back where none of it was handed over, so that
what is not sent costs none.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction

from crm.choices import Channel
from kernel.arrays import columns
from kernel.sql import count_sql
from messaging.choices import URGENT, LimitKind
from messaging.domain.buckets import Bucket
from messaging.domain.mailboxes import LABELS, mailbox_of
from messaging.domain.server_limits import LimitName
from messaging.models import RateLimit
from messaging.services.lanes import Lane
from messaging.types import PendingMessage, Verdict

_TAKEN: Final = "ids counts capacities per_seconds bookings"


@dataclass(slots=True)
class Rates:
    """The limits of one set.

    Attributes:
        buckets: by kind and name, with the id of their row.
        held: what has to wait, by message id.
        account: id of the account over which they leave; empty for the installation's own.
        is_mail: whether the limits of mail count.
    """

    buckets: dict[LimitName, tuple[int, Bucket]] = field(default_factory=dict)
    held: dict[int, Verdict] = field(default_factory=dict)
    account: str = ""
    is_mail: bool = True

    def buckets_of(self, message: PendingMessage) -> list[tuple[int, Bucket]]:
        """Return the limits that a message counts for."""
        names = [(LimitKind.ACCOUNT.value, self.account)]
        if self.is_mail:
            names += [
                (LimitKind.TENANT.value, ""),
                (LimitKind.DOMAIN.value, _domain_of(message)),
                (LimitKind.MAILBOX.value, mailbox_of(message.address)),
            ]
        return [self.buckets[name] for name in names if name in self.buckets]


def find_rates(lane: Lane, messages: Sequence[PendingMessage], now: datetime) -> Rates:
    """Say which messages of a set have to wait for their turn, inside the caller's transaction.

    Args:
        lane: over which they leave; its limits are those that nobody set.
        messages: in the order in which they are to leave.
        now: aware.
    """
    rates = Rates(account=str(lane.account_id or ""), is_mail=lane.channel == Channel.EMAIL)
    _load(rates, lane.limits, now)
    if not rates.buckets:
        return rates
    for message in messages:
        own = [bucket for _, bucket in rates.buckets_of(message)]
        is_urgent = message.message_class in URGENT
        empty = [bucket for bucket in own if not bucket.has_token(is_urgent=is_urgent)]
        if empty:
            rates.held[message.id] = _hold(empty, now, is_urgent=is_urgent)
        else:
            for bucket in own:
                bucket.take()
    return rates


def book_turns(rates: Rates, now: datetime) -> None:
    """Keep the turns of what has to wait, inside the caller's transaction.

    After the messages were written: whoever claims locks messages first, and limits then.
    """
    if rates.held:
        _write(rates, Counter(), now, is_booked=True)


@transaction.atomic
def free_turns(now: datetime) -> None:
    """Give up the turns of messages that were cancelled: whoever waits next queues from now on.

    The others keep their own times; where several then meet, they queue again.
    """
    booked = RateLimit.objects.select_for_update(no_key=True).filter(booked_until__gt=now)
    ids = list(booked.order_by("pk").values_list("pk", flat=True))
    RateLimit.objects.filter(pk__in=ids).update(booked_until=now)


def take_tokens(rates: Rates, messages: Sequence[PendingMessage], now: datetime) -> None:
    """Count messages that are being claimed, inside the caller's transaction."""
    _count(rates, messages, now, each=1)


def give_back_tokens(rates: Rates, messages: Sequence[PendingMessage], now: datetime) -> None:
    """Count messages no more that were claimed and not handed over, likewise."""
    _count(rates, messages, now, each=-1)


def _count(rates: Rates, messages: Sequence[PendingMessage], now: datetime, *, each: int) -> None:
    taken: Counter[int] = Counter()
    for message in messages if rates.buckets else ():
        for row_id, _ in rates.buckets_of(message):
            taken[row_id] += each
    if taken:
        _write(rates, taken, now, is_booked=False)


def _hold(empty: Sequence[Bucket], now: datetime, *, is_urgent: bool) -> Verdict:
    """Let a message wait for the scarcest of its limits; what is urgent stands in no queue."""
    scarcest = min(empty, key=lambda bucket: bucket.per_minute)
    words = say_limit(scarcest.kind, scarcest.name, scarcest.per_minute)
    until = scarcest.next_token(now) if is_urgent else scarcest.book(now)
    return Verdict(passed=False, detail=words, wait_until=until)


def say_limit(kind: str, name: str, per_minute: int) -> str:
    """Return what a message says that waits for a limit; so it is found when the limit changes."""
    labels = {
        LimitKind.TENANT.value: "all mail",
        LimitKind.DOMAIN.value: name,
        LimitKind.MAILBOX.value: LABELS.get(name, name),
        LimitKind.ACCOUNT.value: f"account {name}",
    }
    return f"{labels[kind]}: {per_minute:,} a minute"


def _domain_of(message: PendingMessage) -> str:
    return message.sender.domain if message.sender is not None else ""


def _load(rates: Rates, defaults: Mapping[LimitName, int], now: datetime) -> None:
    rows = {(row.kind, row.name): row for row in RateLimit.objects.all()}
    if missing := [name for name in defaults if name not in rows]:
        RateLimit.objects.bulk_create(
            [_new_row(name, defaults[name], now) for name in missing], ignore_conflicts=True
        )
        rows = {(row.kind, row.name): row for row in RateLimit.objects.all()}
    for name, row in rows.items():
        per_minute = defaults.get(name, 0) if row.per_minute is None else row.per_minute
        if per_minute > 0:
            bucket = Bucket(*name, per_minute, row.tokens, row.refilled_at, row.booked_until)
            bucket.refill(now)
            rates.buckets[name] = (row.pk, bucket)


def _new_row(name: LimitName, per_minute: int, now: datetime) -> RateLimit:
    kind, own_name = name
    full = Bucket(kind, own_name, per_minute, 0.0, now, now).capacity
    return RateLimit(
        kind=kind, name=own_name, per_minute=None, tokens=full, refilled_at=now, booked_until=now
    )


def _write(rates: Rates, taken: Counter[int], now: datetime, *, is_booked: bool) -> None:
    rows = [
        (
            row_id,
            taken[row_id],
            bucket.capacity,
            bucket.per_minute / 60,
            bucket.booked_until if is_booked else None,
        )
        for row_id, bucket in sorted(rates.buckets.values(), key=lambda pair: pair[0])
    ]
    count_sql("messaging.take_tokens", now=now, **columns(_TAKEN, rows))
