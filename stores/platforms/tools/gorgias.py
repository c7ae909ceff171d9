"""Gorgias: tickets, by an HTTP integration with the body that the guide shows.

It signs nothing, and sends the headers that one gives it: one of them is the secret.
"""

from collections.abc import Mapping
from typing import Final

from crm.types.care import TicketRecord
from stores.platforms.fields import Json, child, identifier, read_object, text
from stores.platforms.tools import reading
from stores.types import Delivery, DeliveryHead, StoreContext, Translation

TOPICS: Final = ("Ticket created", "Ticket updated", "Message created")
_STATUSES: Final = {"open": "open", "snoozed": "pending", "closed": "resolved"}


class Gorgias:
    """The tool as the inbox sees it."""

    def read_head(self, found: Mapping[str, str], body: bytes) -> DeliveryHead:
        return reading.make_head("ticket", signature=reading.header(found, reading.KEY_HEADER))

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        return reading.is_equal(secret, head.signature)

    def make_secret(self) -> str:
        return reading.make_secret()

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Read one delivery.

        Raises:
            Untranslatable: the body cannot be read.
        """
        payload = read_object(delivery.body)
        ticket = child(payload, "ticket") or payload
        if not text(ticket, "id"):
            return Translation(ignored="The body names no ticket: see the guide of the store")
        return Translation([_read(ticket, delivery)])


def _read(ticket: Json, delivery: Delivery) -> TicketRecord:
    at = reading.moment(ticket, "updated_datetime") or delivery.arrived_at
    customer = child(ticket, "customer")
    is_snoozed = text(ticket, "snooze_datetime") != ""
    status = _STATUSES.get(text(ticket, "status").lower(), "")
    return TicketRecord(
        external_id=identifier(ticket),
        version_at=at,
        status="pending" if is_snoozed and status == "open" else status,
        customer=reading.person(
            text(customer, "email"), text(customer, "name"), text(customer, "phone"), at=at
        ),
        order_external_id=text(ticket, "order_id"),
        subject=text(ticket, "subject"),
        channel=text(ticket, "channel").lower(),
        priority=text(ticket, "priority").lower(),
        tags=reading.labels(ticket, "tags"),
        opened_at=reading.moment(ticket, "created_datetime"),
        resolved_at=reading.moment(ticket, "closed_datetime"),
        url=text(ticket, "url"),
    )
