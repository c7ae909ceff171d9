"""How many points an order is worth, and how many a refund takes back."""

from decimal import Decimal


def points_for(paid_minor: int, *, unit: int, rate: Decimal) -> int:
    """Return the points that a payment earns.

    Args:
        paid_minor: what was paid in minor units of the tenant's currency.
        unit: minor units in one whole unit of that currency (100 for GBP, 1 for JPY).
        rate: points per whole unit, 0 or more.

    Returns:
        Whole points, rounded down; 0 for nothing or less paid.
    """
    return max(0, int(Decimal(paid_minor) * rate // unit))


def points_taken(earned: int, *, refunded_minor: int, paid_minor: int) -> int:
    """Return how many of the earned points all refunds of an order together take back.

    Args:
        earned: points of the order's own earn entry, 0 or more.
        refunded_minor: sum of the refunds in minor units of the order's currency.
        paid_minor: what was paid for the order in the same unit.

    Returns:
        0 to ``earned``: the refunded share of them, rounded down, which is toward the customer.
    """
    if paid_minor <= 0 or refunded_minor <= 0:
        return 0
    return earned * min(refunded_minor, paid_minor) // paid_minor


def points_kept(earned: int, *, refunded_minor: int, paid_minor: int, is_counted: bool) -> int:
    """Return what the entries of one order must sum up to.

    Args:
        earned: points that the payment earns at the order's pinned rate.
        refunded_minor: sum of the refunds in minor units of the order's currency.
        paid_minor: what was paid for the order in the same unit.
        is_counted: False for a cancelled, voided or test order, which keeps nothing.
    """
    if not is_counted:
        return 0
    return earned - points_taken(earned, refunded_minor=refunded_minor, paid_minor=paid_minor)
