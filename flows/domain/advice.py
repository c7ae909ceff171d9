"""What may be better about a flow that can run as it is."""

from typing import Final

from crm.domain.channels import CHANNEL_LABELS
from flows.domain.graph import Graph, Message, Policy, Split, ways
from flows.domain.nodes import ABSplit, Branches, ChannelChoice, Goal, RandomShare
from flows.domain.usual import comes_again
from flows.errors import Problem

PROMOTING = frozenset({"promotional", "behavioural"})
"""Classes of messages that need consent."""
ASKED_APART = frozenset({"sms", "whatsapp"})
"""Channels that few agreed to."""

NO_GOAL: Final = (
    "without a goal nobody leaves when they did what the flow is for, and nothing is counted"
)
ONLY_ONCE: Final = (
    "each person enters once in a lifetime; when this happens to them again, as with their next"
    " order, nothing starts"
)
SAME_WAY: Final = "leads everybody to the same step, so it decides nothing yet"
_DECIDING: Final = (Split, Branches, RandomShare, ABSplit, ChannelChoice)


def advise(graph: Graph) -> list[Problem]:
    """Return what a marketer should think of; none of it keeps a flow from running."""
    messages = [node for node in graph.nodes.values() if isinstance(node, Message)]
    promoting = [node for node in messages if node.message_class in PROMOTING]
    found = []
    has_goal = graph.goal is not None or any(isinstance(x, Goal) for x in graph.nodes.values())
    if promoting and not has_goal:
        found.append(Problem("goal", NO_GOAL))
    if graph.reentry.policy is Policy.ONCE and comes_again(graph.trigger):
        found.append(Problem("reentry", ONLY_ONCE))
    found += [Problem(f"nodes.{key}", SAME_WAY) for key in _undecided(graph)]
    if not any(isinstance(node, ChannelChoice) for node in graph.nodes.values()):
        found += [
            Problem(
                f"nodes.{node.id}",
                f"goes to those alone who agreed to {CHANNEL_LABELS[node.channel]}; "
                "choose the channel before it to reach the others",
            )
            for node in promoting
            if node.channel in ASKED_APART
        ]
    return found


def _undecided(graph: Graph) -> list[str]:
    """Return the nodes with several ways that all lead to one; waits are none."""
    choices = {key: ways(node) for key, node in graph.nodes.items() if isinstance(node, _DECIDING)}
    return sorted(key for key, out in choices.items() if len({target for _, target in out}) == 1)
