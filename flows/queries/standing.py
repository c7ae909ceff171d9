"""Where those stand who are on their way, and what an edit would mean for them."""

from collections.abc import Sequence
from dataclasses import replace

from flows.domain.graph import Graph, Node
from flows.domain.moving import find_place
from flows.queries.node_words import find_names, node_words
from flows.queries.versions import find_graphs
from flows.types import MovePreview, Moving, Standing
from kernel.sql import run_sql

UNKNOWN = "A step that cannot be read any more"


def count_standing(flow_id: int, *, before: int | None = None) -> list[Standing]:
    """Return how many are on their way or have failed, by version and node, the newest first.

    Args:
        flow_id: the flow.
        before: id of a version; only runs of older ones are counted. None counts all.
    """
    rows = run_sql("flows.count_standing", flow_id=flow_id, before=before)
    return [Standing(row.version_id, row.node, row.people) for row in rows]


def tell_standing(found: Sequence[Standing], new: Graph) -> MovePreview:
    """Return by node what becomes of those who stand somewhere, with the words of both nodes."""
    graphs = find_graphs({each.version_id for each in found})
    nodes: dict[str, Node] = {}
    for version_id in sorted(graphs):
        nodes |= graphs[version_id].nodes
    names = find_names(replace(new, nodes={**nodes, **new.nodes}))
    people: dict[tuple[str, str, str], int] = {}
    for each in found:
        place = find_place(graphs.get(each.version_id), each.node, new)
        key = (each.node, place.outcome, place.node)
        people[key] = people.get(key, 0) + each.people
    return MovePreview(
        tuple(
            Moving(
                node=node,
                title=node_words(nodes[node], names)[0] if node in nodes else UNKNOWN,
                people=number,
                outcome=outcome,
                target=target,
                target_title=node_words(new.nodes[target], names)[0] if target else "",
            )
            for (node, outcome, target), number in people.items()
        )
    )
