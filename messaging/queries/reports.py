"""What became of the messages of a flow in a period, and what they brought."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kernel.arrays import array
from kernel.sql import run_sql
from messaging.domain.attribution import WINDOWS


def count_fates(flow_id: int, *, since: datetime, until: datetime, zone: str) -> Sequence[Any]:
    """Return the messages of a flow that left in a period, or were to, and how far they got.

    Args:
        flow_id: of the active tenant.
        since: aware.
        until: aware; not included.
        zone: IANA zone that says what a day is.

    Returns:
        Rows of ``day``, ``node_id``, ``channel``, ``status``, ``reason`` (of what was not sent),
        ``messages``, ``delivered``, ``opened``, ``clicked``, ``bounced``, ``unsubscribed``.
    """
    return run_sql("messaging.report_flow", flow_id=flow_id, since=since, until=until, zone=zone)


def credit_orders(flow_id: int, *, since: datetime, until: datetime, zone: str) -> Sequence[Any]:
    """Return the orders that are credited to messages of a flow which left in a period.

    Args:
        flow_id: of the active tenant.
        since: aware.
        until: aware; not included.
        zone: IANA zone that says what a day is.

    Returns:
        Rows of ``day`` on which the message left, ``node_id``, ``channel``, ``orders``, ``gross``
        and ``refunded``, in minor units of the tenant's currency.
    """
    return run_sql(
        "messaging.credit_flow",
        flow_id=flow_id,
        since=since,
        until=until,
        zone=zone,
        **credit_windows(),
    )


def credit_windows() -> dict[str, Any]:
    """Return the windows of `messaging.domain.attribution` as parameters of a statement.

    Returns:
        ``channels`` and ``kinds`` of the touches that count, ``spans`` of how long after one an
        order does, and the ``longest`` of these.
    """
    return {
        "channels": array(window.channel for window in WINDOWS),
        "kinds": array(window.kind for window in WINDOWS),
        "spans": [window.span for window in WINDOWS],
        "longest": max(window.span for window in WINDOWS),
    }
