"""What of messages waits for a person: channels that stand still, mails that fare badly."""

from collections.abc import Iterator, Mapping, Sequence

from analytics.types import Attention
from crm.domain.channels import CHANNEL_LABELS
from kernel import clock
from messaging.choices import CouponKind, GuardLevel, MessageStatus, SkipReason
from messaging.domain.frequency import FLOOD
from messaging.queries.accounts import list_paused_channels
from messaging.queries.messages import LowCoupon, find_problems
from messaging.queries.senders import list_failing_domains


def list_held() -> Iterator[Attention]:
    """Return why messages wait: a channel is paused, a domain fails its records."""
    yield from _channels()
    yield from _domains()


def list_troubles() -> Iterator[Attention]:
    """Return what became of messages that somebody should know, and what is to be decided."""
    problems = find_problems(clock.now())
    yield from _coupons(problems.low)
    yield from _messages(problems.messages)
    yield from _guard(*problems.guard)
    yield from _losing(problems.losing)
    yield from _reviews(*problems.reviews)


def _channels() -> Iterator[Attention]:
    for account in list_paused_channels(clock.now()):
        yield Attention(
            key=f"channel.paused:{account.channel}",
            mark=account.paused_reason,
            tone="bad",
            title=f"{CHANNEL_LABELS[account.channel]} is paused",
            text=account.paused_reason
            or "Nothing is sent on it; what is due waits. Switch it on again once it is right.",
            route="messaging:list",
            query="?status=waiting",
            action="See what waits",
        )


def _domains() -> Iterator[Attention]:
    for domain, failure in list_failing_domains():
        yield Attention(
            key=f"domain.failing:{domain.pk}",
            mark=failure,
            tone="bad",
            title=failure,
            text="Marketing waits until the records are mended in Settings → Senders, and ends when"
            " its moment has passed. Mails about orders still go out.",
            route="messaging:list",
            query="?reason=sender_dns",
            action="See what waits",
        )


def _coupons(low: Sequence[LowCoupon]) -> Iterator[Attention]:
    """Name coupons whose codes do not last for a day, or that cannot be made."""
    for coupon in low:
        yield Attention(
            key=f"coupon.low:{coupon.id}",
            mark=coupon.detail or "low",
            tone="warn",
            title=f"{coupon.name} runs out of codes",
            text=_why_low(coupon),
            route="messaging:coupon",
            id=coupon.id,
            action="See its codes",
        )


def _why_low(coupon: LowCoupon) -> str:
    if coupon.detail:
        return f"{coupon.detail}. No more codes are made until that is mended."
    if coupon.kind == CouponKind.GENERATED:
        return "The shop is making more. Messages that find none do what the coupon says."
    return (
        f"Fewer than {coupon.needed:,} are left. Upload more; messages that find none do what the"
        " coupon says."
    )


def _messages(problems: Mapping[str, int]) -> Iterator[Attention]:
    texts = {
        MessageStatus.FAILED: (
            "failed",
            ("The mail server refused them, or a check broke. Read why, then send them again."),
        ),
        MessageStatus.UNKNOWN: (
            "with unknown outcome",
            (
                "They were handed over, but nobody knows whether they were taken. Promotions are"
                " not sent a second time."
            ),
        ),
    }
    for status, (words, text) in texts.items():
        if count := problems.get(status.value):
            yield Attention(
                key=f"messages.{status.value}",
                mark=str(count),
                tone="warn",
                title=f"{count:,} message{'' if count == 1 else 's'} {words}",
                text=text,
                route="messaging:list",
                query=f"?status={status.value}",
                action="See them",
            )
    if count := problems[SkipReason.FLOOD]:
        yield _flood(count)


def _flood(count: int) -> Attention:
    """Say that people would have got far too many messages; each of them was stopped."""
    return Attention(
        key="messages.flood",
        mark=str(count),
        tone="bad",
        title=f"{count:,} message{'' if count == 1 else 's'} stopped: far too many at once",
        text=f"People would have got {FLOOD} or more marketing messages within 72 hours. See"
        " which flows write to them, and give these flows a priority or a frequency rule.",
        route="messaging:list",
        query="?reason=flood",
        action="See which",
    )


def _guard(level: str, words: str) -> Iterator[Attention]:
    """Say that too many mails bounce or are marked as spam."""
    if not level:
        return
    is_paused = level == GuardLevel.STOP
    then = (
        "Promotions wait until you have found out why, and resume them."
        if is_paused
        else ("Look which list or flow they come from before mailboxes refuse you.")
    )
    yield Attention(
        key="mails.guard",
        mark=f"{level} {words}" if is_paused else level,
        tone="bad" if is_paused else "warn",
        title="Promotions are paused" if is_paused else "Mails fare worse than they should",
        text=f"{words}. {then}",
        route="messaging:stops" if is_paused else "messaging:list",
        query="" if is_paused else "?status=failed",
        action="See the pause" if is_paused else "See them",
    )


def _losing(words: str) -> Iterator[Attention]:
    """Say from which flows and segments too many people unsubscribe."""
    if words:
        yield Attention(
            key="mails.losing",
            mark=words,
            tone="warn",
            title="Many people unsubscribe",
            text=f"{words} in 30 days. Write to them less often, or about something else.",
            route="messaging:reputation",
            action="See where",
        )


def _reviews(count: int, newest: str) -> Iterator[Attention]:
    """Say that reviews wait; put aside, they are new again once somebody else has written one."""
    if count:
        yield Attention(
            key="reviews.waiting",
            mark=newest,
            tone="warn",
            title="1 review waits" if count == 1 else f"{count:,} reviews wait",
            text="Nobody else reads them until you publish them. Mails show those that have four"
            " stars or more, words and a name.",
            route="messaging:reviews",
            action="Read them",
        )
