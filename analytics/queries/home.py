"""What the home page shows beside its figures: what needs a person, what just happened."""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from crm.models import Order, Profile
from crm.queries.person import has_orders, list_recent_orders
from flows.choices import FlowStatus
from flows.models import Flow
from flows.queries.runs import count_failed
from kernel.formats import format_money
from messaging.choices import MessageStatus
from messaging.queries.messages import count_problems, list_paused_channels, list_recent_messages
from stores.queries import list_refused, list_stores, list_sync_health

FEED_EACH = 5
"""Newest orders, and newest messages: neither pushes the other out of sight."""
_MESSAGES_READ = 40


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that waits for a person.

    Attributes:
        tone: ``warn`` or ``bad``.
        route, id: name of the address that shows it, and the id it takes; None without one.
        query: of the address, with its ``?``.
    """

    tone: str
    title: str
    text: str
    route: str
    id: int | None = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One thing that just happened.

    Attributes:
        person: name or address; empty for an order without a person.
        profile_id: None likewise.
    """

    at: datetime
    symbol: str
    tone: str
    person: str
    verb: str
    thing: str
    amount: str
    profile_id: int | None


@dataclass(frozen=True, slots=True)
class Start:
    """How far a new tenant has come."""

    has_store: bool
    has_orders: bool
    has_live_flow: bool

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.has_store and self.has_orders and self.has_live_flow


def find_start() -> Start:
    """Return how far the tenant has come."""
    return Start(
        has_store=bool(list_stores()),
        has_orders=has_orders(),
        has_live_flow=Flow.objects.filter(status=FlowStatus.LIVE).exists(),
    )


def list_attention() -> list[Attention]:
    """Return what waits for a person, the most urgent first."""
    return [*_channels(), *_stores(), *_refusals(), *_messages(), *_runs()]


def list_feed() -> list[FeedItem]:
    """Return the newest orders and sent messages, newest first."""
    orders = [_ordered(order) for order in list_recent_orders(limit=FEED_EACH)]
    return sorted(chain(orders, _sent()), key=lambda item: item.at, reverse=True)


def _channels() -> list[Attention]:
    return [
        Attention(
            "bad",
            f"{account.get_channel_display()} is paused",
            account.paused_reason or "Nothing is sent on it until it is switched on.",
            "flows:list",
        )
        for account in list_paused_channels()
    ]


def _stores() -> list[Attention]:
    found = []
    for store in list_sync_health():
        if store.is_late:
            minutes = store.lag_seconds // 60
            text = f"The oldest delivery has waited {minutes} minutes."
            found.append(
                Attention("bad", f"{store.name} is behind", text, "stores:detail", store.store_id)
            )
        if store.quarantined:
            many = "delivery" if store.quarantined == 1 else "deliveries"
            found.append(
                Attention(
                    "warn",
                    f"{store.quarantined:,} quarantined {many}",
                    f"{store.name}. They are kept with their reason and can be retried.",
                    "stores:detail",
                    store.store_id,
                    "?status=quarantined",
                )
            )
    return found


def _refusals() -> list[Attention]:
    names = {store.pk: store.name for store in list_stores()}
    return [
        Attention("warn", item.title, f"{names[item.store_id]}.", "stores:detail", item.store_id)
        for item in list_refused()
    ]


def _messages() -> list[Attention]:
    problems = count_problems()
    texts = {
        MessageStatus.UNKNOWN: (
            "with unknown outcome",
            "Handed over, but nobody knows whether they were taken.",
        ),
        MessageStatus.FAILED: ("failed", "The mail server refused them, or a check broke."),
    }
    return [
        Attention(
            "warn",
            f"{problems[status]:,} message{'' if problems[status] == 1 else 's'} {words}",
            text,
            "flows:list",
        )
        for status, (words, text) in texts.items()
        if problems.get(status)
    ]


def _runs() -> list[Attention]:
    return [
        Attention(
            "warn",
            f"{count:,} failed run{'' if count == 1 else 's'}",
            f"{name}. They go on once they are resumed.",
            "flows:runs",
            flow_id,
            "?status=failed",
        )
        for flow_id, name, count in count_failed()
    ]


def _ordered(order: Order) -> FeedItem:
    amount = format_money(order.gross_minor, order.currency)
    is_cancelled = order.cancelled_at is not None
    return FeedItem(
        at=order.ordered_at,
        symbol="order",
        tone="neutral" if is_cancelled else "good",
        person=_name(order.profile),
        verb="ordered, then cancelled," if is_cancelled else "placed order",
        thing=order.number or order.external_id,
        amount=amount,
        profile_id=order.profile_id,
    )


def _sent() -> list[FeedItem]:
    rows = [
        row
        for row in list_recent_messages(limit=_MESSAGES_READ)
        if row["status"] == MessageStatus.SENT
    ][:FEED_EACH]
    people = Profile.objects.in_bulk([row["profile_id"] for row in rows])
    return [_mailed(row, people.get(row["profile_id"])) for row in rows]


def _mailed(row: dict[str, Any], profile: Profile | None) -> FeedItem:
    return FeedItem(
        at=row["sent_at"] or row["created_at"],
        symbol="mail",
        tone="accent",
        person=_name(profile),
        verb="got",
        thing=f"“{row['subject'] or row['template']['name']}”",
        amount="",
        profile_id=row["profile_id"],
    )


def _name(profile: Profile | None) -> str:
    return "Somebody" if profile is None or profile.erased_at else str(profile)
