"""Events out of rows: what somebody did, once each. Pure."""

import hashlib
from collections.abc import Sequence

from crm.types import EventRecord, Record
from imports.domain.people import read_person
from imports.domain.values import read_time
from imports.types import Options, Refused, Row


def read_event(row: Row, options: Options) -> Sequence[Record]:
    """Turn a row into an event.

    Raises:
        Refused: nobody is named, or there is no name or no time.
    """
    occurred_at = read_time(row.get("occurred_at"), "Time", options)
    if occurred_at is None:
        raise Refused("The event has no time.")
    if not row.get("event"):
        raise Refused("The event has no name.")
    return [
        EventRecord(
            name=row.get("event"),
            occurred_at=occurred_at,
            customer=read_person(row, options),
            properties=dict(row.properties),
            dedupe_key=f"import:{_dedupe_key(row)}",
        )
    ]


def event_keys(row: Row) -> list[str]:
    """Return what makes two rows be the same event."""
    return [_dedupe_key(row)]


def _dedupe_key(row: Row) -> str:
    """Return the id of an event, or a digest of all that its row says."""
    if found := row.get("event_id"):
        return f"id:{found[:150]}"
    parts = sorted(
        {**row.properties, **{f"\x1e{key}": text for key, text in row.values.items()}}.items()
    )
    joined = "\x1f".join(f"{key}\x1d{text}" for key, text in parts)
    return f"row:{hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()}"
