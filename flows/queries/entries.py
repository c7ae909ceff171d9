"""Reads of the attempts to enter a flow."""

from collections.abc import Collection
from datetime import datetime

from flows.models import FlowEntry, HeldOut


def decided_pairs(event_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return (flow, event) of the attempts that were decided already."""
    rows = FlowEntry.objects.filter(event_id__in=set(event_ids))
    return set(rows.values_list("flow_id", "event_id"))


def find_held_out(
    flow_ids: Collection[int], profile_ids: Collection[int]
) -> dict[tuple[int, int, str], tuple[int, datetime]]:
    """Return id and time of those who were held out before, by flow, profile and run key."""
    if not flow_ids:
        return {}
    rows = HeldOut.objects.filter(flow_id__in=set(flow_ids), profile_id__in=set(profile_ids))
    found = rows.values_list("flow_id", "profile_id", "run_key", "pk", "at")
    return {(flow_id, profile_id, key): (pk, at) for flow_id, profile_id, key, pk, at in found}
