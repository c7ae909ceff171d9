"""What messages may bring that nobody has sent yet, by what messages brought before. Pure."""

import math
from dataclasses import dataclass
from typing import Final

FEWEST: Final = 30
"""Messages from which what a flow brought says something of itself."""
QUANTILE: Final = 1.96
"""Of the normal distribution, for 95 per cent."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What some messages brought: how many left, and the orders that are credited to them."""

    sent: int
    orders: int
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class Expected:
    """Between these, in minor units, lies what messages may bring; about 95 in 100 times.

    Attributes:
        is_own: by what the flow itself brought; else by what all flows did.
    """

    low_minor: int
    high_minor: int
    is_own: bool


def expect_revenue(messages: int, own: Brought, all_flows: Brought) -> Expected | None:
    """Return what messages of a flow may bring, by how many orders as many of them led to before.

    The number of orders varies like that of rare events, so that few of them say little.

    Args:
        messages: that would leave.
        own: what messages of the flow brought.
        all_flows: what those of all flows brought, itself included.

    Returns:
        None where no order was credited to a message yet.
    """
    is_own = own.sent >= FEWEST and own.orders > 0
    known = own if is_own else all_flows
    if not known.sent or not known.orders:
        return None
    middle = known.revenue_minor / known.sent * messages
    reach = QUANTILE / math.sqrt(known.orders)
    return Expected(round(middle * max(0.0, 1 - reach)), round(middle * (1 + reach)), is_own)
