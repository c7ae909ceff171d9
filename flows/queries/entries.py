"""Reads of the attempts to enter a flow."""

from collections.abc import Collection

from flows.models import FlowEntry


def decided_pairs(event_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return (flow, event) of the attempts that were decided already."""
    rows = FlowEntry.objects.filter(event_id__in=set(event_ids))
    return set(rows.values_list("flow_id", "event_id"))
