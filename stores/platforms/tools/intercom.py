"""Intercom: conversations, signed with the client secret of the app."""

import hmac
import re
from collections.abc import Mapping
from typing import Final

from crm.types.care import TicketRecord
from stores.platforms.fields import Json, child, children, identifier, read_object, text, whole
from stores.platforms.tools import reading
from stores.types import Delivery, DeliveryHead, StoreContext, Translation

TOPICS: Final = (
    "conversation.user.created",
    "conversation.user.replied",
    "conversation.admin.replied",
    "conversation.admin.closed",
    "conversation.admin.opened",
    "conversation.admin.snoozed",
    "conversation.admin.unsnoozed",
    "conversation.rating.added",
)
_TOPIC: Final = re.compile(rb'"topic"\s*:\s*"([a-z_.]{1,80})"')
_NAME: Final = re.compile(rb'"id"\s*:\s*"(notif_[A-Za-z0-9-]{1,80})"')
_SCHEME: Final = "sha1="
_STATUSES: Final = {"open": "open", "snoozed": "pending", "closed": "resolved"}
_SAID: Final = {
    "conversation.admin.closed": "resolved",
    "conversation.admin.opened": "open",
    "conversation.admin.snoozed": "pending",
    "conversation.admin.unsnoozed": "open",
}
"""What a topic says of the state, whatever the conversation itself says."""
_TAG: Final = re.compile(r"<[^>]*>")
_GOOD_FROM: Final = 4
_BAD_UNTIL: Final = 2


class Intercom:
    """The tool as the inbox sees it."""

    def read_head(self, found: Mapping[str, str], body: bytes) -> DeliveryHead:
        return reading.make_head(
            reading.find_in(body, _TOPIC),
            signature=reading.header(found, "x-hub-signature"),
            delivery_id=reading.find_in(body, _NAME),
        )

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        expected = _SCHEME + hmac.digest(secret.encode(), body, "sha1").hex()
        return reading.is_equal(expected, head.signature)

    def make_secret(self) -> str:
        return reading.make_secret()

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Read one delivery; what counts is the topic that the body itself names.

        Raises:
            Untranslatable: the body cannot be read.
        """
        payload = read_object(delivery.body)
        topic = text(payload, "topic")
        if topic not in TOPICS:
            return Translation(ignored=f"Topic {topic or '(none)'} is not used")
        return Translation([_read(payload, topic, delivery)])


def _read(payload: Json, topic: str, delivery: Delivery) -> TicketRecord:
    item = child(child(payload, "data"), "item")
    at = reading.moment(item, "updated_at") or reading.moment(payload, "created_at")
    at = at or delivery.arrived_at
    source, figures = child(item, "source"), child(item, "statistics")
    author = child(source, "author")
    is_theirs = text(author, "type") in ("user", "lead", "contact")
    app, name = text(payload, "app_id"), identifier(item)
    return TicketRecord(
        external_id=name,
        version_at=at,
        status=_SAID.get(topic) or _STATUSES.get(text(item, "state"), ""),
        customer=reading.person(text(author, "email"), text(author, "name"), at=at)
        if is_theirs
        else None,
        subject=_plain(text(item, "title") or text(source, "subject")),
        channel=text(source, "type").lower(),
        priority="high" if text(item, "priority") == "priority" else "",
        tags=[text(tag, "name")[:100] for tag in children(child(item, "tags"), "tags")],
        satisfaction=_satisfaction(child(item, "conversation_rating")),
        opened_at=reading.moment(item, "created_at"),
        answered_at=reading.moment(figures, "first_admin_reply_at"),
        resolved_at=reading.moment(figures, "last_close_at"),
        url=f"https://app.intercom.com/a/apps/{app}/conversations/{name}" if app else "",
    )


def _plain(subject: str) -> str:
    return _TAG.sub("", subject).strip()[:500]


def _satisfaction(rating: Json) -> str:
    stars = whole(rating, "rating")
    if not stars:
        return ""
    if stars >= _GOOD_FROM:
        return "good"
    return "bad" if stars <= _BAD_UNTIL else ""
