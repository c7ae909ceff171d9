"""How long one piece of a product lasts, and whether it is known who bought any."""

from dataclasses import dataclass

from crm.domain.refills import LEAST_REORDERS, pick_days
from crm.models import CatalogCount, Product, RefillCycle


@dataclass(frozen=True, slots=True)
class Refill:
    """What is known of how long one piece lasts.

    Attributes:
        days: that count; None where nobody knows.
        said: by a member.
        is_measured: whether the days are those of re-orders.
        reorder_count: how many re-orders there were.
        least: so many are needed.
    """

    days: float | None
    said: int | None
    is_measured: bool
    reorder_count: int
    least: int = LEAST_REORDERS


def find_refill(product: Product) -> Refill:
    """Return how long one piece of a product lasts."""
    cycle = RefillCycle.objects.filter(product_id=product.pk).first()
    measured, count = (cycle.days, cycle.reorder_count) if cycle else (None, 0)
    days = pick_days(measured, count, product.refill_days)
    is_measured = measured is not None and days == measured and count >= LEAST_REORDERS
    return Refill(days, product.refill_days, is_measured, count)


def are_purchases_known() -> bool:
    """Say whether all purchases of what runs out are kept, of old orders too.

    They are not between the update that began to keep them and the next count of products.
    """
    return not CatalogCount.objects.filter(refills_at=None).exists()
