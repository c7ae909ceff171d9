"""Canonical records of what happens after the sale; times are aware UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.types.people import CustomerRecord


@dataclass(frozen=True, slots=True)
class ReturnRecord:
    """Goods that go back, or news of it; what is empty says nothing and keeps what is known.

    Attributes:
        status: a `ReturnStatus` word.
        customer: who sends it back; the order's person where none is named.
        items: ``line_key``, ``sku``, ``title``, ``quantity``, ``reason`` of what goes back, and
            ``instead_sku``, ``instead`` of what is wanted for it, such as "Lemon soap, Large".
        url: of the return in the tool that it comes from.
        label_url: where the customer prints the label for the parcel.
    """

    external_id: str
    version_at: datetime
    status: str = ""
    order_external_id: str = ""
    customer: CustomerRecord | None = None
    number: str = ""
    requested_at: datetime | None = None
    closed_at: datetime | None = None
    reason: str = ""
    note: str = ""
    items: Sequence[Mapping[str, Any]] = ()
    url: str = ""
    label_url: str = ""


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """What somebody says of a product or shop; what is empty keeps what is known.

    Attributes:
        rating: 1 to 5 stars; None: news that do not name it.
        status: a `ReviewStatus` word.
        author: the name that others read.
        is_consented: whether who wrote it lets others read it; None: its tool asked for that.
        answered_at: when the merchant answered it; a negative one is settled then.
    """

    external_id: str
    version_at: datetime
    rating: int | None = None
    status: str = ""
    customer: CustomerRecord | None = None
    product_external_id: str = ""
    order_external_id: str = ""
    title: str = ""
    body: str = ""
    author: str = ""
    is_verified: bool | None = None
    is_consented: bool | None = None
    reviewed_at: datetime | None = None
    answered_at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """A question or complaint at the helpdesk; what is empty keeps what is known.

    Attributes:
        status: a `TicketStatus` word.
        channel: how they wrote, such as ``email`` or ``chat``, in the tool's word.
        priority: in the tool's word.
        satisfaction: a `Satisfaction` word.
        answered_at: when somebody answered first.
    """

    external_id: str
    version_at: datetime
    status: str = ""
    customer: CustomerRecord | None = None
    order_external_id: str = ""
    subject: str = ""
    channel: str = ""
    priority: str = ""
    tags: Sequence[str] = ()
    satisfaction: str = ""
    opened_at: datetime | None = None
    answered_at: datetime | None = None
    resolved_at: datetime | None = None
    url: str = ""


CareRecord = ReturnRecord | ReviewRecord | TicketRecord
