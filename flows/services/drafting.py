"""Flows made with one click for a group of buyers: drafts, which take nobody in before a switch."""

from typing import Any, Final

from django.db import transaction

from flows.library.steps import message
from flows.library.win_back import FIRST
from flows.models import Flow
from flows.services.flows import create_flow, publish
from kernel.errors import Conflict, NotFound
from segments.domain.rfm import GROUP_LABELS
from segments.queries.rfm import ADVICE
from segments.services.library import ensure_starter

KEY: Final = "rfm_"
"""Before the word of the group: key of its segment, and of its flow."""
STAYING_AWAY: Final = frozenset(
    {"one_time_lapsed", "needs_attention", "at_risk", "lapsed_regular", "lost"}
)
"""Groups that the win-back mail of the library is written for."""


def draft_group_flow(group: str, *, actor: str) -> tuple[Flow, bool]:
    """Make the draft of a flow that takes in whoever enters an RFM group; a repeat makes none.

    The segment of the group is installed where it is not there yet.

    Args:
        group: a word of `GROUP_LABELS`.
        actor: e-mail address of the member.

    Returns:
        The flow, and whether it is new.

    Raises:
        NotFound: no such group.
        Conflict: a flow of the merchant's has the name already.
    """
    if group not in GROUP_LABELS:
        raise NotFound(f"no group {group}")
    if (found := _find(group)) is not None:
        return found, False
    try:
        return _draft(group, actor), True
    except Conflict:
        # Somebody else was quicker with the same click, unless the name is the merchant's.
        if (found := _find(group)) is None:
            raise
        return found, False


def list_group_flows() -> dict[str, int]:
    """Return the ids of the flows that were made for RFM groups, by group."""
    found = Flow.objects.filter(key__in=[f"{KEY}{group}" for group in GROUP_LABELS])
    return {key.removeprefix(KEY): pk for key, pk in found.values_list("key", "pk")}


def build_group_flow(segment_id: int, group: str) -> dict[str, Any]:
    """Return the definition: who stays away is written to, of the others nothing is known yet."""
    nodes: dict[str, Any] = {
        "day": {"type": "delay", "n": 1, "unit": "days", "next": "end"},
        "end": {"type": "exit", "reason": "went all the way"},
    }
    if group in STAYING_AWAY:
        nodes["day"]["next"] = "first"
        nodes["first"] = message(FIRST, "end")
    return {
        "trigger": {"segment": str(segment_id)},
        "reentry": {"policy": "after", "n": 60, "unit": "days"},
        "exit_on": [{"event": "Order Placed"}],
        "goal": {"event": "Order Placed"},
        "entry_node": "day",
        "nodes": nodes,
    }


@transaction.atomic
def _draft(group: str, actor: str) -> Flow:
    segment = ensure_starter(f"{KEY}{group}")
    flow = create_flow(
        name=f"RFM: {GROUP_LABELS[group]}", key=f"{KEY}{group}", description=ADVICE[group]
    )
    publish(flow.pk, build_group_flow(segment.pk, group), actor=actor)
    flow.refresh_from_db()
    return flow


def _find(group: str) -> Flow | None:
    return Flow.objects.filter(key=f"{KEY}{group}").first()
