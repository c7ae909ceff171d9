"""Which segments lose people: from how many of the mails to them somebody unsubscribed."""

from datetime import datetime

from kernel.sql import run_sql
from messaging.panels import Losing


def count_unsubscribes(since: datetime) -> list[Losing]:
    """Return each segment whose people got marketing mails since a time; may take a while."""
    return [
        Losing(
            "Segment", "segments:detail", row.segment_id, row.name, row.arrived, row.unsubscribed
        )
        for row in run_sql("segments.count_unsubscribes", since=since)
    ]
