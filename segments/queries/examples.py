"""Conditions on what people did, as examples beside the editor."""

import json
from typing import Any, Final

from segments.queries.listing import describe_definition

_EXAMPLES: Final[tuple[dict[str, Any], ...]] = (
    {
        "event": "Product Viewed",
        "count": {"is": ">=", "value": 3},
        "where": [{"property": "category", "is": "=", "value": "Skincare"}],
        "within": {"days": 7},
    },
    {"event": "Message Opened", "count": {"is": "=", "value": 0}, "within": {"days": 90}},
    {"bought": {"category": "Skincare"}, "months": [1, 2, 3]},
    {"not_bought": {"brand": ["Acme", "Umbra"]}},
    {"bought": {}, "count": {"is": ">=", "value": 2}, "within": {"days": 90}},
    {"season": {"quarter": 4}, "years": 2, "share": {"percent": 30}},
    {"random_bucket": {"percent": 10}},
)


def list_examples() -> list[dict[str, str]]:
    """Return each example as ``words`` and ``definition``, the latter as JSON."""
    return [{"words": describe_definition(one), "definition": json.dumps(one)} for one in _EXAMPLES]
