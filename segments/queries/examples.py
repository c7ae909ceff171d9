"""Conditions of every kind, as examples beside the editor."""

import json

from segments.domain.grammar import list_leaf_examples
from segments.queries.listing import describe_definition


def list_examples() -> list[dict[str, str]]:
    """Return each example as ``words`` and ``definition``, the latter as JSON."""
    return [
        {"words": describe_definition(one), "definition": json.dumps(one)}
        for one in list_leaf_examples()
    ]
