"""The node that compares ways."""

from typing import Any, Final

from flows.domain.nodes import METRICS
from flows.nodes.parts import SHARES, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "ab_split",
    "A/B split",
    "Draws one way for each person, the same one for ever: also after the shares were changed, "
    "and when they come again.",
    properties={
        "branches": SHARES,
        "winner": {
            "type": "string",
            "default": "",
            "title": "Winner",
            "description": "Name of the way that everybody takes who comes for the first time; "
            "empty draws lots.",
        },
        "find_winner": {
            "enum": ["", *METRICS],
            "default": "",
            "title": "Find the winner by",
            "description": "Once each way reached 500 people and one is the best with a chance of "
            "90 percent, everybody takes it who comes for the first time; the others keep theirs. "
            "A person counts 5 days after they came here; revenue is what they then bought, net of "
            "refunds. Empty: nobody decides.",
        },
    },
    required=["branches"],
)
