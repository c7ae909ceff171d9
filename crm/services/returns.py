"""Returns of a batch, and what they set off."""

from datetime import datetime
from typing import Any, Final

from crm.choices import OPEN_RETURNS, ReturnStatus
from crm.models import Return
from crm.queries.giving_back import OURS
from crm.services.batch import Batch
from crm.services.care import Change, Kind

_SAID: Final = ("sku", "title", "quantity", "instead")


def _settle(values: dict[str, Any], version_at: datetime) -> None:
    values["status"] = values["status"] or str(ReturnStatus.REQUESTED)
    values["requested_at"] = values["requested_at"] or version_at
    is_open = values["status"] in OPEN_RETURNS
    values["closed_at"] = None if is_open else values["closed_at"] or version_at


def _speak(batch: Batch, change: Change) -> None:
    row, was = change.row, change.heard.status if change.heard is not None else ""
    said = {
        "number": change.order.number if change.order is not None else row.order_external_id,
        "order_id": row.order_id,
        "return_number": row.number,
        "status": row.status,
        "reason": row.reason,
        "items": [{name: item[name] for name in _SAID if item.get(name)} for item in row.items],
        "label_url": row.label_url,
        "via": "patron" if row.external_id.startswith(OURS) else "",
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

    add("Return Initiated", row.requested_at, f"return_initiated:{row.pk}")
    if row.status == was:
        return
    if row.status == ReturnStatus.COMPLETED:
        add("Return Completed", row.closed_at, f"return_completed:{row.pk}")
    if was and row.status != ReturnStatus.COMPLETED:
        version = row.source_version_at.isoformat()
        add("Return Updated", row.source_version_at, f"return_updated:{row.pk}:{version}")


RETURNS: Final = Kind(
    model=Return,
    fields=(
        "number",
        "status",
        "requested_at",
        "closed_at",
        "reason",
        "note",
        "items",
        "label_url",
    ),
    settle=_settle,
    speak=_speak,
)
