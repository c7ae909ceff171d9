"""Judge.me: reviews, signed with the secret of the app or the private token."""

import base64
import hmac
import re
from collections.abc import Mapping
from typing import Final

from crm.types.care import ReviewRecord
from stores.platforms.fields import Json, child, identifier, read_object, text, whole
from stores.platforms.tools import reading
from stores.types import Delivery, DeliveryHead, StoreContext, Translation

TOPICS: Final = ("review/created", "review/updated")
_EVENT: Final = re.compile(rb'"event"\s*:\s*"([a-z_/.]{1,60})"')
_HIDDEN: Final = ("spam", "hidden")
_UNDECIDED: Final = ("not-yet", "pending")
_NOT_BOUGHT: Final = ("", "nothing", "unverified", "email")


class JudgeMe:
    """The tool as the inbox sees it."""

    def read_head(self, found: Mapping[str, str], body: bytes) -> DeliveryHead:
        topic = reading.header(found, "judgeme-topic") or reading.find_in(body, _EVENT)
        return reading.make_head(
            topic or "review", signature=reading.header(found, "judgeme-hmac-sha256")
        )

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        """Say whether the body is signed; the digest is spelled in hexadecimal or base64."""
        digest = hmac.digest(secret.encode(), body, "sha256")
        spelled = (digest.hex(), base64.b64encode(digest).decode())
        return any(reading.is_equal(each, head.signature) for each in spelled)

    def make_secret(self) -> str:
        return reading.make_secret()

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Read one delivery.

        Raises:
            Untranslatable: the body cannot be read.
        """
        review = child(read_object(delivery.body), "review")
        if not review:
            return Translation(ignored=f"Topic {delivery.topic} names no review")
        return Translation([_read(review, delivery)])


def _read(review: Json, delivery: Delivery) -> ReviewRecord:
    reviewer = child(review, "reviewer")
    at = reading.moment(review, "updated_at") or delivery.arrived_at
    name = text(reviewer, "name")
    return ReviewRecord(
        external_id=identifier(review),
        version_at=at,
        rating=whole(review, "rating") or None,
        status=_status(review),
        customer=reading.person(text(reviewer, "email"), name, text(reviewer, "phone"), at=at),
        product_external_id=text(review, "product_external_id"),
        title=text(review, "title"),
        body=text(review, "body"),
        author=name,
        is_verified=text(review, "verified") not in _NOT_BOUGHT if "verified" in review else None,
        reviewed_at=reading.moment(review, "created_at"),
        answered_at=reading.moment(child(review, "reply"), "created_at"),
    )


def _status(review: Json) -> str:
    curated = text(review, "curated")
    if reading.is_yes(review, "hidden") or curated in _HIDDEN:
        return "hidden"
    return "pending" if curated in _UNDECIDED else "published"
