"""Reads of the attempts to enter a flow."""

from collections.abc import Collection
from datetime import datetime

from flows.models import FlowEntry, HeldOut


def decided_pairs(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of some (flow, event) that were decided already."""
    rows = FlowEntry.objects.filter(
        flow_id__in={flow_id for flow_id, _ in pairs},
        event_id__in={event_id for _, event_id in pairs},
    )
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
