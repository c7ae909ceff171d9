"""The flows that every new tenant starts with."""

from typing import Any

from django.db import transaction

from flows.choices import FlowStatus
from flows.models import Flow
from flows.queries import people
from flows.services.flows import create_flow, publish, set_status
from kernel.errors import NotFound

POST_PURCHASE: dict[str, Any] = {
    "trigger": {"event": "Order Placed"},
    "reentry": {"policy": "every_time"},
    "exit_on": [],
    "entry_node": "confirmation",
    "nodes": {
        "confirmation": {
            "type": "message",
            "channel": "email",
            "template": "post_purchase",
            "message_class": "transactional",
            "next": "end",
        },
        "end": {"type": "exit", "reason": "confirmation queued"},
    },
}


def build_win_back(segment_id: int) -> dict[str, Any]:
    """Return the win-back definition for the tenant's at-risk segment."""
    segment = str(segment_id)
    return {
        "trigger": {"segment": segment},
        "reentry": {"policy": "after", "n": 60, "unit": "days"},
        "exit_on": [{"event": "Order Placed"}],
        "goal": {"event": "Order Placed"},
        "entry_node": "first",
        "nodes": {
            "first": win_back_message("win_back", "week"),
            "week": {"type": "delay", "n": 7, "unit": "days", "next": "still_away"},
            "still_away": {
                "type": "split",
                "condition": {
                    "op": "and",
                    "children": [
                        {"segment": segment, "is": "member"},
                        {"op": "not", "children": [{"message": "first", "is": "opened"}]},
                    ],
                },
                "yes": "second",
                "no": "read",
            },
            "second": win_back_message("win_back_reminder", "reminded"),
            "read": {"type": "exit", "reason": "opened, or no longer at risk"},
            "reminded": {"type": "exit", "reason": "reminded once"},
        },
    }


@transaction.atomic
def install_flows() -> None:
    """Install the library flows and switch them on; what is installed already stays as it is.

    Raises:
        NotFound: the core segments are not installed.
    """
    segment_id = people.find_segment("at_risk")
    if segment_id is None:
        raise NotFound("Install the core segments before the flows.")
    _install(
        "post_purchase",
        "Post-purchase confirmation",
        "Thanks for every order at once and says what was bought and where to get help.",
        POST_PURCHASE,
    )
    _install(
        "win_back",
        "Win-back",
        "Writes to customers who have not ordered for 60 days, and once more a week later.",
        build_win_back(segment_id),
    )


def _install(key: str, name: str, description: str, graph: dict[str, Any]) -> None:
    if Flow.objects.filter(key=key).exists():
        return
    flow = create_flow(name=name, key=key, description=description)
    publish(flow.pk, graph)
    set_status(flow.pk, FlowStatus.LIVE)


def win_back_message(template: str, then: str) -> dict[str, Any]:
    """Return the node of a mail that wins people back, and what comes after it."""
    return {
        "type": "message",
        "channel": "email",
        "template": template,
        "message_class": "promotional",
        "next": then,
    }
