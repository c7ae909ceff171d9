"""What the page shows on which somebody says how an order was."""

from dataclasses import dataclass

from crm.models import Order, OrderLine, Review
from messaging.queries.recipients import Subscription, find_ordered
from messaging.types import RecipientToken

MOST_TITLES = 3


@dataclass(frozen=True, slots=True)
class RatingPage:
    """An order that is asked about, and what was said of it so far.

    Attributes:
        titles: of what was bought first in it.
        product: what the first of them is called at its store; empty where it is not known.
        review: None before anything was said.
    """

    subscription: Subscription
    order: Order
    titles: list[str]
    product: str
    review: Review | None


def find_rating(token: RecipientToken) -> RatingPage | None:
    """Return what the page shows; None where message, order or person are known no longer."""
    found = find_ordered(token)
    if found is None:
        return None
    subscription, order = found
    lines = list(
        OrderLine.objects.filter(order=order, quantity__gt=0)
        .select_related("product")
        .order_by("position", "pk")[:MOST_TITLES]
    )
    return RatingPage(
        subscription=subscription,
        order=order,
        titles=[line.title or line.sku for line in lines],
        product=next((line.product.external_id for line in lines if line.product), ""),
        review=Review.objects.filter(
            store_id=order.store_id, external_id=review_key(order.pk)
        ).first(),
    )


def review_key(order_id: int) -> str:
    """Return what a review is called that was given here: one for each order."""
    return f"patron-{order_id}"
