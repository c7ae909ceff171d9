"""Zendesk: tickets, by a trigger with the body that the guide shows, or as ticket events."""

import base64
import hmac
import re
from collections.abc import Mapping
from typing import Final

from crm.types.care import TicketRecord
from stores.platforms.fields import Json, child, identifier, read_object, text
from stores.platforms.tools import reading
from stores.types import Delivery, DeliveryHead, StoreContext, Translation

TOPICS: Final = ("ticket",)
EVENT: Final = "zen:event-type:"
_SIGNATURE: Final = "x-zendesk-webhook-signature"
_STAMP: Final = f"{_SIGNATURE}-timestamp"
_TYPE: Final = re.compile(rb'"type"\s*:\s*"zen:event-type:([a-z_.]{1,80})"')
_STATUSES: Final = {
    "new": "open",
    "open": "open",
    "hold": "open",
    "on-hold": "open",
    "pending": "pending",
    "solved": "resolved",
    "closed": "resolved",
    "deleted": "resolved",
}
_GONE: Final = ("ticket.soft_deleted", "ticket.permanently_deleted")


class Zendesk:
    """The tool as the inbox sees it."""

    def read_head(self, found: Mapping[str, str], body: bytes) -> DeliveryHead:
        kept = {_STAMP: reading.header(found, _STAMP)}
        return reading.make_head(
            reading.find_in(body, _TYPE) or "ticket",
            signature=reading.header(found, _SIGNATURE),
            delivery_id=reading.header(found, "x-zendesk-webhook-invocation-id"),
            kept=kept,
        )

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        content = head.headers.get(_STAMP, "").encode() + body
        digest = hmac.digest(secret.encode(), content, "sha256")
        return reading.is_equal(base64.b64encode(digest).decode(), head.signature)

    def make_secret(self) -> str:
        return reading.make_secret()

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Read one delivery.

        Raises:
            Untranslatable: the body cannot be read.
        """
        payload = read_object(delivery.body)
        kind = text(payload, "type").removeprefix(EVENT)
        if kind.startswith("ticket."):
            detail = child(payload, "detail")
            gone = {"status": "deleted"} if kind in _GONE else {}
            at = {"updated_at": text(payload, "time")} if not text(detail, "updated_at") else {}
            return Translation([_read({**detail, **gone, **at}, delivery)])
        if kind:
            return Translation(ignored=f"Event {kind} is no ticket: people are known from theirs")
        ticket = child(payload, "ticket")
        if not ticket:
            return Translation(ignored="The body names no ticket: see the guide of the store")
        return Translation([_read(ticket, delivery)])


def _read(ticket: Json, delivery: Delivery) -> TicketRecord:
    at = reading.moment(ticket, "updated_at") or delivery.arrived_at
    who = child(ticket, "requester")
    rating = text(ticket, "satisfaction").lower()
    via = text(ticket, "channel") or text(child(ticket, "via"), "channel")
    return TicketRecord(
        external_id=identifier(ticket),
        version_at=at,
        status=_STATUSES.get(text(ticket, "status").lower(), ""),
        customer=reading.person(text(who, "email"), text(who, "name"), text(who, "phone"), at=at),
        order_external_id=text(ticket, "order_id"),
        subject=text(ticket, "subject"),
        channel=via.lower(),
        priority=text(ticket, "priority").lower(),
        tags=reading.labels(ticket, "tags"),
        satisfaction=rating if rating in ("good", "bad") else "",
        opened_at=reading.moment(ticket, "created_at"),
        url=_address(text(ticket, "url")),
    )


def _address(url: str) -> str:
    """Return the address of a ticket, which Zendesk writes without its scheme."""
    return url if not url or "://" in url else f"https://{url}"
