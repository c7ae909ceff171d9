"""The node that settles bad reviews."""

from typing import Any, Final

from flows.nodes.parts import NEXT, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "answer_reviews",
    "Settle bad reviews",
    "Marks the reviews with one or two stars of the person as answered, once you made it good: "
    "promotions go on.",
    properties={"next": NEXT},
    required=["next"],
)
