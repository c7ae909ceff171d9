"""What `verify` asks of this app."""

from datetime import timedelta

from django.db import transaction

from kernel import clock
from kernel.sql import run_sql
from messaging.services.coupon_redemptions import find_wrong_coupons
from messaging.services.deliveries import find_wrong_deliveries

STUCK = timedelta(minutes=10)
"""A lease that ended so long ago should have been settled."""


@transaction.atomic
def find_differences() -> list[str]:
    """Return what contradicts itself among messages, coupons and sums of the active tenant."""
    rows = run_sql("messaging.find_differences", stuck_since=clock.now() - STUCK)
    wrong = [f"message {row.message_id}: {row.problem}" for row in rows]
    return wrong + find_wrong_coupons() + find_wrong_deliveries()
