"""The node that tells the merchant's own software."""

from typing import Any, Final

from flows.nodes.parts import NEXT, describe

NODE_TYPE: Final[dict[str, Any]] = describe(
    "webhook",
    "Call a webhook",
    "Tells one of the account's endpoints who came here, as flow.reached: signed, tried again and "
    "logged like every other delivery.",
    properties={
        "endpoint": {
            "type": "string",
            "format": "endpoint",
            "title": "Endpoint",
            "description": "Id of an endpoint of the settings.",
        },
        "data": {
            "type": "object",
            "default": {},
            "title": "Data",
            "description": "Sent along as it is.",
        },
        "next": NEXT,
    },
    required=["endpoint", "next"],
)
