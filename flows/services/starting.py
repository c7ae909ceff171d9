"""What a new flow can begin with beside the library: an empty canvas, one of the merchant's."""

from dataclasses import dataclass
from typing import Final

from flows.models import Flow
from flows.queries.builder import find_live_graph, list_models
from flows.services.drafts import EMPTY, NEW_NAME, start_flow
from kernel.errors import NotFound

BLANK: Final = "blank"
OWN: Final = "flow:"
"""Before the id of a flow of the merchant's."""


@dataclass(frozen=True, slots=True)
class Start:
    """One thing to begin with; ``icon`` is of the page's sprite."""

    key: str
    name: str
    description: str
    icon: str


def list_starts() -> list[Start]:
    """Return the merchant's flows, which a new one can begin with."""
    return [
        Start(f"{OWN}{pk}", name, description, "flow") for pk, name, description in list_models()
    ]


def start_from(key: str, *, actor: str) -> Flow:
    """Create a flow that begins with something.

    Args:
        key: `BLANK`, or `OWN` with an id.
        actor: e-mail address of the member.

    Raises:
        NotFound: there is no such thing.
    """
    if key == BLANK:
        return start_flow(EMPTY, name=NEW_NAME, description="", actor=actor)
    return _copy(key.removeprefix(OWN), actor=actor)


def _copy(word: str, *, actor: str) -> Flow:
    models = {str(pk): (name, description) for pk, name, description in list_models()}
    graph = find_live_graph(int(word)) if word in models else None
    if graph is None:
        raise NotFound("Choose what the flow begins with.")
    name, description = models[word]
    return start_flow(graph, name=f"Copy of {name}", description=description, actor=actor)
