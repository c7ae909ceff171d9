"""Where messages wait until a member has looked at them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from flows.types import NewReview
from kernel.arrays import columns
from kernel.sql import run_sql

KEPT: Final = timedelta(days=7)
"""So long somebody may send what waits; then it has expired."""


def queue_reviews(items: Sequence[NewReview], now: datetime) -> None:
    """Let messages wait for review, in the transaction that moves their runs on."""
    if not items:
        return
    rows = [
        (item.run_id, item.flow_id, item.profile_id, item.node_id, item.visit, item.coupon_id)
        for item in items
    ]
    names = "run_ids flow_ids profile_ids nodes visits coupons"
    run_sql("flows.queue_reviews", now=now, expires_at=now + KEPT, **columns(names, rows))
