"""What of a flow is tried: what somebody is making of it, or what runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows.domain.graph import Graph
from flows.domain.parsing import check_graph, parse_graph
from flows.errors import GraphError
from flows.models import Flow
from flows.queries import pages
from flows.services.drafts import open_draft
from flows.services.surroundings import check_surroundings
from kernel.errors import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Tried:
    """A definition that is tried.

    Attributes:
        is_draft: nobody has published it.
        has_other: there is both a draft and a live version, and one may choose.
    """

    raw: Mapping[str, Any]
    graph: Graph
    is_draft: bool
    has_other: bool = False


def find_tried(flow: Flow, *, is_live: bool = False) -> Tried:
    """Return the draft of a flow, where it says something new, else its live version.

    Args:
        flow: of the active tenant.
        is_live: take the live version, whatever the draft says.

    Raises:
        Conflict: nothing was made of it yet.
        Invalid: the draft cannot run as it is; ``fields`` names every place.
    """
    draft = open_draft(flow)
    version = pages.find_version(flow.pk, flow.version_number)
    has_draft = draft.revision > 0 and not draft.is_published
    has_other = has_draft and version is not None
    if has_draft and not (is_live and version is not None):
        return Tried(draft.graph, check_definition(draft.graph), is_draft=True, has_other=has_other)
    if version is None:
        raise Conflict("Nothing was made of this flow yet.")
    return Tried(version.graph, parse_graph(version.graph), is_draft=False, has_other=has_other)


def check_definition(raw: Mapping[str, Any]) -> Graph:
    """Return a definition that could run.

    Raises:
        Invalid: it cannot; ``fields`` names every place.
    """
    try:
        graph = check_graph(raw)
        check_surroundings(graph)
    except GraphError as exc:
        faults = {problem.path: problem.text for problem in exc.problems}
        raise Invalid("It cannot be tried as it is.", fields=faults) from exc
    return graph
