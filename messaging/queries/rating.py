"""What the page shows on which somebody says how an order was."""

from dataclasses import dataclass

from crm.models import Order, OrderLine, Review
from messaging.queries.recipients import Subscription, find_message, find_subscription
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
    subscription = find_subscription(token)
    message = find_message(token.message_id)
    if subscription is None or subscription.is_erased or message is None:
        return None
    order = Order.objects.filter(pk=message.context.get("order_id") or 0).first()
    if order is None or order.profile_id != message.profile_id:
        return None
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
