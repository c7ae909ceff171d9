"""Tickets of a batch, and what they set off."""

from datetime import datetime
from typing import Any, Final

from crm.choices import TicketStatus
from crm.models import Ticket
from crm.services.batch import Batch
from crm.services.care import Change, Kind


def _settle(values: dict[str, Any], version_at: datetime) -> None:
    values["status"] = values["status"] or str(TicketStatus.OPEN)
    values["opened_at"] = values["opened_at"] or version_at
    is_resolved = values["status"] == TicketStatus.RESOLVED
    values["resolved_at"] = (values["resolved_at"] or version_at) if is_resolved else None


def _speak(batch: Batch, change: Change) -> None:
    row, was = change.row, change.heard.status if change.heard is not None else ""
    said = {
        "ticket": row.external_id,
        "subject": row.subject,
        "status": row.status,
        "channel": row.channel,
        "priority": row.priority,
        "tags": row.tags,
        "satisfaction": row.satisfaction,
    }

    def add(name: str, at: datetime, key: str) -> None:
        batch.add_event(
            name,
            at,
            profile_id=row.profile_id,
            object_id=row.pk,
            properties=said,
            dedupe_key=key,
        )

    add("Ticket Opened", row.opened_at, f"ticket_opened:{row.pk}")
    version = row.source_version_at
    if row.status == TicketStatus.RESOLVED and was != TicketStatus.RESOLVED:
        add("Ticket Resolved", row.resolved_at, f"ticket_resolved:{row.pk}:{version.isoformat()}")
    if was == TicketStatus.RESOLVED and row.status != TicketStatus.RESOLVED:
        add("Ticket Reopened", version, f"ticket_reopened:{row.pk}:{version.isoformat()}")


TICKETS: Final = Kind(
    model=Ticket,
    fields=(
        "subject",
        "status",
        "channel",
        "priority",
        "tags",
        "satisfaction",
        "opened_at",
        "answered_at",
        "resolved_at",
    ),
    settle=_settle,
    speak=_speak,
)
