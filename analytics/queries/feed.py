"""What just happened: the newest orders and messages."""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from crm.models import Order, Profile
from crm.queries.person import list_recent_orders
from kernel.formats import format_money
from messaging.choices import MessageStatus
from messaging.queries.messages import list_recent_messages

FEED_EACH = 5
"""Newest orders, and newest messages: neither pushes the other out of sight."""
_MESSAGES_READ = 40


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


def list_feed() -> list[FeedItem]:
    """Return the newest orders and sent messages, newest first."""
    orders = [_ordered(order) for order in list_recent_orders(limit=FEED_EACH)]
    return sorted(chain(orders, _sent()), key=lambda item: item.at, reverse=True)


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
