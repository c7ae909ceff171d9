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


def credit_orders(
    flow_id: int | None, *, since: datetime, until: datetime, zone: str
) -> Sequence[Any]:
    """Return the orders that are credited to messages of a flow which left in a period.

    Args:
        flow_id: of the active tenant; None: of each flow.
        since: aware.
        until: aware; not included.
        zone: IANA zone that says what a day is.

    Returns:
        Rows of ``flow_id``, ``day`` on which the message left, ``node_id``, ``channel``,
        ``orders``, ``gross`` and ``refunded``, in minor units of the tenant's currency.
    """
    asked = credit_params(flow_id=flow_id, since=since, until=until)
    return run_sql("messaging.credit_flow", zone=zone, **asked)


def credit_params(
    *,
    flow_id: int | None = None,
    campaign_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, Any]:
    """Return what ``messaging.credit_orders`` takes, with `messaging.domain.attribution`'s windows.

    Args:
        flow_id: whose messages; None: of any flow, or of the campaign.
        campaign_id: likewise.
        since: aware, from when on they left; None: whenever.
        until: aware; not included.
    """
    return {
        "flow_id": flow_id,
        "campaign_id": campaign_id,
        "since": since,
        "until": until,
        "channels": array(window.channel for window in WINDOWS),
        "kinds": array(window.kind for window in WINDOWS),
        "spans": [window.span for window in WINDOWS],
        "longest": max(window.span for window in WINDOWS),
    }
