"""What a new flow can begin with: an empty canvas, a flow of the library, one of the merchant's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flows.models import Flow
from flows.queries import people
from flows.queries.builder import find_live_graph, list_models
from flows.services.drafts import EMPTY, NEW_NAME, start_flow
from flows.services.library import POST_PURCHASE, build_win_back
from kernel.errors import NotFound
from segments.services.library import ensure_starter

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


def _post_purchase() -> Mapping[str, Any]:
    return POST_PURCHASE


def _win_back() -> Mapping[str, Any]:
    segment_id = people.find_segment("at_risk") or ensure_starter("rfm_at_risk").pk
    return build_win_back(segment_id)


LIBRARY: Final[Mapping[str, tuple[Start, Callable[[], Mapping[str, Any]]]]] = {
    "post_purchase": (
        Start(
            "post_purchase",
            "Thank you for your order",
            "Starts with every order and thanks at once.",
            "order",
        ),
        _post_purchase,
    ),
    "win_back": (
        Start(
            "win_back",
            "Win-back",
            "Writes to customers at risk, and once more a week later to those who did not open.",
            "return",
        ),
        _win_back,
    ),
}


def list_starts() -> dict[str, list[Start]]:
    """Return what a flow can begin with: from the library, and flows of the merchant's."""
    return {
        "library": [start for start, _ in LIBRARY.values()],
        "own": [
            Start(f"{OWN}{pk}", name, description, "flow")
            for pk, name, description in list_models()
        ],
    }


def start_from(key: str, *, actor: str) -> Flow:
    """Create a flow that begins with something.

    Args:
        key: `BLANK`, a key of `LIBRARY`, or `OWN` with an id.
        actor: e-mail address of the member.

    Raises:
        NotFound: there is no such thing.
    """
    if key == BLANK:
        return start_flow(EMPTY, name=NEW_NAME, description="", actor=actor)
    if key in LIBRARY:
        start, build = LIBRARY[key]
        return start_flow(build(), name=start.name, description=start.description, actor=actor)
    return _copy(key.removeprefix(OWN), actor=actor)


def _copy(word: str, *, actor: str) -> Flow:
    models = {str(pk): (name, description) for pk, name, description in list_models()}
    graph = find_live_graph(int(word)) if word in models else None
    if graph is None:
        raise NotFound("Choose what the flow begins with.")
    name, description = models[word]
    return start_flow(graph, name=f"Copy of {name}", description=description, actor=actor)
