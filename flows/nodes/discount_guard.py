"""The node that keeps discounts from those who buy without one."""

from typing import Any, Final

from flows.nodes.parts import describe, target

NODE_TYPE: Final[dict[str, Any]] = describe(
    "discount_guard",
    "Discount guard",
    "Lets your best customers go another way, where they get something better than a discount.",
    properties={
        "segment": {
            "type": "string",
            "format": "segment",
            "title": "Best customers",
            "description": "Whoever is in this segment gets no discount.",
        },
        "yes": target("Best customers", "Node with what they get instead.", is_apart=True),
        "no": target("All others", "Node with the discount."),
    },
    required=["segment", "yes", "no"],
)
