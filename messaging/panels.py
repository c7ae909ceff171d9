"""What the pages of messages show of the apps above, which fill it in when they start."""

from collections.abc import Callable, Mapping

ListFlows = Callable[[], Mapping[int, str]]
"""Answers names by the id that `Message.flow_id` carries, for the active tenant."""

_lists: list[ListFlows] = []


def fill_flows(list_flows: ListFlows) -> None:
    """Say who knows what the flows of messages are called."""
    if list_flows not in _lists:
        _lists.append(list_flows)


def list_flows() -> dict[int, str]:
    """Return the names of what messages come from, by id."""
    return {flow_id: name for names in _lists for flow_id, name in names().items()}
