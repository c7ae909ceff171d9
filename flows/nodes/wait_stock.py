"""The node that waits until something can be bought again."""

from typing import Any, Final

from flows.nodes.parts import describe, target, timeout

NODE_TYPE: Final[dict[str, Any]] = describe(
    "wait_stock",
    "Wait until back in stock",
    "Waits until the variant of the event can be bought. As many go on at once as there is stock "
    "for, the next half an hour later; who then finds nothing left waits on.",
    properties={
        "variant": {
            "type": "string",
            "default": "variant_id",
            "title": "Variant",
            "description": "Property of the event that holds the variant's id: that of the shop "
            "which tells of the event, or Patron's where none does.",
        },
        "min_units": {
            "type": "integer",
            "minimum": 1,
            "maximum": 10_000,
            "default": 1,
            "title": "From so many pieces on",
        },
        "tranche": {
            "type": "integer",
            "minimum": 1,
            "maximum": 1_000,
            "default": 3,
            "title": "People for each piece",
            "description": "So many are told at once for each piece in stock.",
        },
        "first": {
            "enum": ["longest", "best"],
            "default": "longest",
            "title": "First",
            "description": "longest: who waits longest; best: who has bought for most.",
        },
        "timeout": timeout(180, "days"),
        "on_stock": target("When it is back", "Node that follows."),
        "on_timeout": target("When its time is over", "Node that follows.", is_apart=True),
    },
    required=["timeout", "on_stock", "on_timeout"],
)
