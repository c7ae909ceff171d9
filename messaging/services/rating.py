"""What somebody says of an order on our own page: a review like those of other tools."""

from dataclasses import dataclass
from typing import Final

from django.db import transaction

from crm.choices import EventSource, ReviewStatus
from crm.services.ingest import apply_records
from crm.services.publishing import replace_words
from crm.types.care import ReviewRecord
from kernel import clock
from messaging.queries.rating import RatingPage, review_key

MOST_WORDS: Final = 2_000
MOST_NAME: Final = 60
STARS: Final = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Rated:
    """What was said.

    Attributes:
        stars: 1 to 5.
        is_public: whether others may read it, under ``author``, once a member publishes it.
    """

    stars: int
    words: str = ""
    is_public: bool = False
    author: str = ""


@transaction.atomic
def rate(page: RatingPage, said: Rated) -> None:
    """Keep what somebody said of the order of a page; a later word takes the place of this one.

    It stays with the merchant, also where who wrote it lets others read it: a member publishes it,
    and again after each change.
    """
    now, key = clock.now(), review_key(page.order.pk)
    words, author = said.words.strip()[:MOST_WORDS], said.author.strip()[:MOST_NAME]
    record = ReviewRecord(
        external_id=key,
        version_at=now,
        rating=said.stars,
        status=ReviewStatus.PENDING.value,
        product_external_id=page.product,
        order_external_id=page.order.external_id,
        body=words,
        author=author,
        is_verified=True,
        is_consented=said.is_public,
        reviewed_at=page.review.reviewed_at if page.review else now,
    )
    apply_records(page.order.store_id, [record], source=EventSource.SYSTEM, now=now)
    replace_words(page.order.store_id, key, body=words, author=author)
