"""Yotpo: reviews. It signs nothing; each body names the app key, which must be the shop's own."""

import re
from collections.abc import Mapping
from typing import Final

from crm.types.care import ReviewRecord
from stores.platforms.fields import Json, child, identifier, read_object, text, whole
from stores.platforms.tools import reading
from stores.types import Delivery, DeliveryHead, StoreContext, Translation

TOPICS: Final = ("review_create", "review_updated")
_EVENT: Final = re.compile(rb'"event"\s*:\s*"([a-z_]{1,60})"')
_APP_KEY: Final = re.compile(rb'"app_key"\s*:\s*"([A-Za-z0-9_-]{1,100})"')


class Yotpo:
    """The tool as the inbox sees it."""

    def read_head(self, found: Mapping[str, str], body: bytes) -> DeliveryHead:
        return reading.make_head(
            reading.find_in(body, _EVENT),
            signature=reading.find_in(body, _APP_KEY),
            delivery_id=reading.header(found, "eventid"),
        )

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        return reading.is_equal(secret, head.signature)

    def make_secret(self) -> str:
        return reading.make_secret()

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Read one delivery; what counts is the event that the body itself names.

        Raises:
            Untranslatable: the body cannot be read.
        """
        payload = read_object(delivery.body)
        event = text(payload, "event")
        if event not in TOPICS:
            return Translation(ignored=f"Event {event or '(none)'} is not used")
        return Translation([_read(child(payload, "data"), delivery)])


def _read(review: Json, delivery: Delivery) -> ReviewRecord:
    at = reading.moment(review, "updated_at") or delivery.arrived_at
    author = text(review, "reviewer_display_name")
    order_id = text(review, "external_order_id") or text(child(review, "order"), "external_id")
    is_gone = reading.is_yes(review, "deleted") or reading.is_yes(review, "archived")
    comment = child(review, "comment")
    return ReviewRecord(
        external_id=identifier(review),
        version_at=at,
        rating=whole(review, "score") or None,
        status="hidden" if is_gone else "published",
        customer=reading.person(text(review, "customer_email"), author, at=at),
        product_external_id=text(review, "external_product_id") or text(review, "product_sku"),
        order_external_id=order_id,
        title=text(review, "title"),
        body=text(review, "content"),
        author=author,
        is_verified=reading.is_yes(review, "verified_buyer"),
        reviewed_at=reading.moment(review, "created_at"),
        answered_at=reading.moment(comment, "created_at"),
    )
